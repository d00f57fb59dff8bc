// Text files as a corpus: each file is one document.
#pragma once

#include <string>
#include <vector>

#include "core/data/corpus.h"

namespace upcycle {

class TextSource final : public Corpus {
 public:
  // As HashTextFiles (text_files.h).
  explicit TextSource(const std::vector<std::string>& patterns);

  // Held-out text is cut out of the files (held_out.h); what is left of a file around a held-out
  // chunk is one document on either side of it. Throws Error(kInput) for text that is not UTF-8,
  // and where the text is too short to be divided.
  void Visit(const CorpusView& view, const Visitor& visit) const override;
  int64_t EstimateBytes() const override;
  // Of the documents' bytes in their order.
  Fingerprint Identity() const override;
  std::vector<CorpusFile> Files() const override { return files_; }

 private:
  std::vector<CorpusFile> files_;
};

}  // namespace upcycle
