// The files of sources of text.
#pragma once

#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/mapped_file.h"

namespace upcycle {

// A file of text, mapped. Throws Error where it cannot be read or is empty.
MappedFile OpenText(const fs::path& path);

// The files of the patterns (glob.h); all of their bytes are hashed. Throws Error(kInput) where a
// pattern matches nothing, none is given, or a file is empty.
std::vector<CorpusFile> HashTextFiles(const std::vector<std::string>& patterns);

int64_t BytesOf(const std::vector<CorpusFile>& files);

}  // namespace upcycle
