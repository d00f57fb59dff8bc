// A dataset: what the tokens stage makes of a recipe's data settings, as a folder.
//
//   dataset.json                 what is in it
//   checksums.json               of every file; written last
//   tokenizer/                   Tokenizer::Save
//   train/NAME.tokens            one file a training source (token_file.h)
//   validation/NAME.tokens       one file a held-out set
//   …/NAME.json                  instead, where the source is ready-made tokens: where they lie and
//                                which part of them it is (token_description.h)
//   questions/NAME/dev.csv       for sources that have questions (multiple_choice.h)
//   questions/NAME/test.csv
//
// End of text follows every document. The weights of a blend are no part of it: runs that differ
// in nothing else share one dataset.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/benchmarks/multiple_choice.h"
#include "core/data/batches.h"
#include "core/data/tokens.h"
#include "core/fingerprint.h"
#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

struct TokenSet {
  std::string name;
  std::unique_ptr<const Tokens> tokens;
  int64_t documents = 0;  // 0 where that is not known
  // What was left out because equal documents came before.
  int64_t repeated_documents = 0;
  int64_t repeated_bytes = 0;
};

struct QuestionSet {
  std::string name;
  std::vector<MultipleChoiceItem> dev;   // solved examples for prompts
  std::vector<MultipleChoiceItem> test;  // the questions that count
};

struct Dataset {
  std::unique_ptr<Tokenizer> tokenizer;
  std::vector<TokenSet> train;       // in the order of DataSettings::train
  std::vector<TokenSet> validation;  // of DataSettings::validation, or of train where that is empty
  std::vector<QuestionSet> questions;
  bool holds_out = false;  // `validation` was cut from the sources of `train`
};

// What a source is called: its name, or its kind where it has none.
std::string NameOf(const SourceSettings& source);

// Of everything that decides the dataset's tokens: settings and the content of the files. Throws
// Error(kInput) as BuildDataset does for what can be seen without reading the text: no training
// source, a name that is no file name or is used twice, a file that is missing, empty, or both
// trained and validated on.
Fingerprint DatasetFingerprint(const DataSettings& settings);

// Makes the dataset in `folder`, which exists. One document, or one generated world, is in memory
// at a time. Throws Error(kInput) also for text that is not UTF-8, a vocabulary that the text does
// not allow, a ready-made token that is none of the vocabulary, and a source without text.
void BuildDataset(const DataSettings& settings, const fs::path& folder);

// Maps a dataset and verifies every byte of its folder; ready-made tokens outside of it are read
// whole where their files' time or size is another than it was. Throws Error(kInput) where
// something is missing, damaged, or of a newer format, saying which folder to delete.
Dataset OpenDataset(const fs::path& folder);

// What is wrong with a dataset's files, inside and outside of its folder, as a sentence; empty if
// nothing is.
std::string FindDatasetDamage(const fs::path& folder);

// Those of the dataset's training sources that have a weight, by their names: what Batches reads.
// Every weight is a source's. The dataset must outlive them.
std::vector<BatchSource> TrainingSources(const Dataset& dataset,
                                         const std::map<std::string, double>& weights);

}  // namespace upcycle
