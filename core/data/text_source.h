// Text files as a corpus: each file is one document.
#pragma once

#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/mapped_file.h"

namespace upcycle {

// A file of text, mapped. Throws Error where it cannot be read or is empty.
MappedFile OpenText(const fs::path& path);

class TextSource final : public Corpus {
 public:
  // The files of the patterns (glob.h); all of their bytes are hashed. Throws Error(kInput) where a
  // pattern matches nothing, none is given, or a file is empty.
  explicit TextSource(const std::vector<std::string>& patterns);

  // Held-out text is cut out of the files (held_out.h); what is left of a file around a held-out
  // chunk is one document on either side of it. Throws Error(kInput) for text that is not UTF-8,
  // and where the text is too short to be divided.
  void Visit(CorpusPart part, double held_out, const Visitor& visit) const override;
  int64_t EstimateBytes() const override;
  // Of the documents' bytes in their order.
  Fingerprint Identity() const override;
  std::vector<CorpusFile> Files() const override { return files_; }

 private:
  std::vector<CorpusFile> files_;
};

}  // namespace upcycle
