#include "core/data/text_files.h"

#include <fmt/format.h>

#include "core/data/glob.h"
#include "core/error.h"

namespace upcycle {

MappedFile OpenText(const fs::path& path) {
  MappedFile file(path);
  if (file.text().empty()) {
    throw Error(Cause::kInput, fmt::format("{} is empty; put text in it, or take it out of the "
                                           "source with \"!{}\"",
                                           path.native(), path.native()));
  }
  return file;
}

std::vector<CorpusFile> HashTextFiles(const std::vector<std::string>& patterns) {
  std::vector<CorpusFile> files;
  for (const fs::path& path : ExpandGlobs(patterns)) {
    files.push_back({path, FingerprintOfText(OpenText(path).text())});
  }
  if (files.empty()) {
    throw Error(Cause::kInput,
                "a text source names no files; give it `files`, a list of paths or globs");
  }
  return files;
}

int64_t BytesOf(const std::vector<CorpusFile>& files) {
  int64_t bytes = 0;
  for (const CorpusFile& file : files) bytes += static_cast<int64_t>(fs::file_size(file.path));
  return bytes;
}

}  // namespace upcycle
