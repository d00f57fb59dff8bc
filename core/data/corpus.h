// A source of text, as a recipe names it: documents to train on and documents to validate on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/benchmarks/multiple_choice.h"
#include "core/data/seen_documents.h"
#include "core/files.h"
#include "core/fingerprint.h"
#include "core/recipe/settings.h"

namespace upcycle {

// A file that a source reads, and what is in it.
struct CorpusFile {
  fs::path path;
  Fingerprint content;
};

enum class CorpusPart { kTraining, kValidation };

// Which documents of a source are read.
struct CorpusView {
  CorpusPart part = CorpusPart::kTraining;
  // Above 0 that share of the source is kept apart for kValidation; where it is 0 the source is
  // named either for training or for validation and is used whole.
  double held_out = 0;
  // Documents that it has seen are left out, as if the source had none of them; null: all are read.
  SeenDocuments* seen = nullptr;
};

class Corpus {
 public:
  using Visitor = std::function<void(std::string_view document)>;

  virtual ~Corpus() = default;
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  // Calls `visit` with each document of a view, in order; none is empty.
  virtual void Visit(const CorpusView& view, const Visitor& visit) const = 0;

  // About how many bytes the training documents have, cheaply.
  virtual int64_t EstimateBytes() const = 0;

  // Everything that decides what Visit and the questions give, where it came from left out.
  virtual Fingerprint Identity() const = 0;
  virtual std::vector<CorpusFile> Files() const { return {}; }

  // Questions about the text: solved examples, and those that count. Empty where there are none.
  virtual std::vector<MultipleChoiceItem> DevQuestions() const { return {}; }
  virtual std::vector<MultipleChoiceItem> TestQuestions() const { return {}; }

 protected:
  Corpus() = default;
};

// A source of any kind but ready-made tokens. Throws Error(kInput), naming pattern or file, where a
// pattern matches nothing or a file is missing, unreadable, empty, or (when it is visited) not
// UTF-8: that is refused for every tokenizer, since the same text must be comparable under each.
std::unique_ptr<Corpus> OpenCorpus(const SourceSettings& source);

}  // namespace upcycle
