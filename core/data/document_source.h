// Files of many documents as a corpus.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/data/document_format.h"

namespace upcycle {

// Whole documents are held out, by the hash of their text: equal documents are never on both sides,
// in one source or in several; which ones they are depends neither on their order nor on the other
// documents; and they come from everywhere. Of few documents the share is therefore rough, but at
// least one is held out.
class DocumentSource final : public Corpus {
 public:
  // As HashTextFiles (text_files.h).
  DocumentSource(const std::vector<std::string>& patterns, std::unique_ptr<DocumentFormat> format);

  // Throws Error(kInput) as DocumentFormat::Visit does, where there is no document, and where all
  // are equal or so few that none would be left to train on.
  void Visit(const CorpusView& view, const Visitor& visit) const override;
  int64_t EstimateBytes() const override;
  Fingerprint Identity() const override;
  std::vector<CorpusFile> Files() const override { return files_; }

 private:
  void VisitAll(const Visitor& visit) const;
  const Fingerprint& LastHeldOut(double share) const;

  std::vector<CorpusFile> files_;
  std::unique_ptr<DocumentFormat> format_;
  mutable std::map<double, Fingerprint> last_held_out_;  // by share
};

}  // namespace upcycle
