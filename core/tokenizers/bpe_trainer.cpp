#include "core/tokenizers/bpe_trainer.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include "core/check.h"
#include "core/error.h"
#include "core/recipe/settings.h"
#include "core/tokenizers/bpe_text.h"
#include "core/tokenizers/tokenizer_json.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr int64_t kFixedPieces = 256 + 2;  // bytes, unknown, end of text
// Characters beyond this share of all text are left to their bytes.
constexpr double kCharacterCoverage = 0.9995;
// A longer word, as in text without spaces, is counted in parts: pieces have at most 16 characters,
// so little is lost, and sentencepiece searches a word's length for each merge.
constexpr size_t kLongestWord = 256;

using WordCounts = std::map<std::string, int64_t>;

class WordIterator final : public sentencepiece::SentenceIterator {
 public:
  explicit WordIterator(const WordCounts& words)
      : next_(words.begin()), end_(words.end()), line_(Line()) {}

  bool done() const override { return next_ == end_; }
  void Next() override {
    ++next_;
    line_ = Line();
  }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::string Line() const {
    return next_ == end_ ? "" : fmt::format("{}\t{}", next_->first, next_->second);
  }

  WordCounts::const_iterator next_;
  WordCounts::const_iterator end_;
  std::string line_;
};

// The characters that become pieces: the space, and the commonest ones, at most half of what is
// free where not all of them fit well.
std::set<std::string, std::less<>> ChosenCharacters(const WordCounts& words, int64_t free_pieces) {
  std::map<std::string, int64_t> counts;
  int64_t total = 0;
  for (const auto& [word, count] : words) {
    for (std::string_view rest = word; !rest.empty();) {
      const size_t bytes = DecodeCharacter(rest).bytes;
      counts[std::string(rest.substr(0, bytes))] += count;
      total += count;
      rest.remove_prefix(bytes);
    }
  }
  std::vector<std::pair<int64_t, std::string>> by_count;
  for (const auto& [character, count] : counts) by_count.emplace_back(-count, character);
  std::sort(by_count.begin(), by_count.end());

  size_t chosen = 0;
  double covered = 0;
  while (chosen < by_count.size() && covered < kCharacterCoverage * static_cast<double>(total)) {
    covered -= static_cast<double>(by_count[chosen++].first);
  }
  const auto room = static_cast<size_t>(free_pieces);
  if (chosen > room * 3 / 4) chosen = std::min(chosen, room / 2);
  std::set<std::string, std::less<>> characters = {" "};
  for (size_t i = 0; i < chosen; ++i) characters.insert(by_count[i].second);
  return characters;
}

// Cuts words at characters that are not chosen: what is learned has only chosen ones.
WordCounts OnlyChosen(const WordCounts& words, const std::set<std::string, std::less<>>& chosen) {
  WordCounts parts;
  for (const auto& [word, count] : words) {
    std::string part;
    const auto finish = [&, count = count] {
      if (!part.empty()) parts[part] += count;
      part.clear();
    };
    for (std::string_view rest = word; !rest.empty();) {
      const auto character = rest.substr(0, DecodeCharacter(rest).bytes);
      rest.remove_prefix(character.size());
      if (!chosen.contains(character)) {
        finish();
        continue;
      }
      part += character;
      if (part.size() >= kLongestWord) finish();
    }
    finish();
  }
  return parts;
}

// sentencepiece makes pieces of the characters that it sees. A space that it has not seen would be
// written as U+2581 and then fall back to the bytes of that, which are no space.
void ShowASpace(WordCounts& words) {
  const bool seen = std::any_of(words.begin(), words.end(),
                                [](const auto& word) { return word.first.starts_with(' '); });
  if (!seen) words.emplace(" ", 1);
}

std::unordered_map<std::string, std::string> Options(int64_t vocabulary) {
  return {
      {"model_type", "bpe"},
      {"input_format", "tsv"},
      {"vocab_size", std::to_string(vocabulary)},
      {"hard_vocab_limit", "false"},  // too few pieces are our error, with the number
      {"byte_fallback", "true"},
      {"character_coverage", "1.0"},  // the words hold only characters that were chosen
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"allow_whitespace_only_pieces", "true"},
      {"split_digits", "true"},
      {"unk_id", "0"},
      {"eos_id", "1"},
      {"eos_piece", std::string(kEndOfText)},
      {"bos_id", "-1"},
      {"pad_id", "-1"},
      {"num_threads", "1"},
      {"minloglevel", "3"},
  };
}

}  // namespace

void BpeTrainer::Add(std::string_view text) {
  while (!text.empty()) {
    const TextPart part = FirstPart(text);
    text.remove_prefix(part.text.size());
    if (!part.word) continue;
    const auto found = words_.find(part.text);
    if (found != words_.end()) {
      ++found->second;
    } else {
      words_.emplace(part.text, 1);
    }
  }
}

std::string BpeTrainer::TrainModel(int64_t vocabulary) const {
  const WordCounts sorted(words_.begin(), words_.end());
  WordCounts words = OnlyChosen(sorted, ChosenCharacters(sorted, vocabulary - kFixedPieces));
  if (words.empty()) {
    throw Error(Cause::kInput,
                "the training text has no words to train a bpe tokenizer on; give it more text or "
                "set data.tokenizer: bytes");
  }
  ShowASpace(words);
  WordIterator iterator(words);
  std::string model;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train(Options(vocabulary), &iterator, &model);
  if (!status.ok()) {
    throw Error(Cause::kInput,
                fmt::format("sentencepiece cannot train a bpe tokenizer of {} pieces "
                            "on the training text: {}",
                            vocabulary, status.error_message()));
  }
  return model;
}

std::unique_ptr<BpeTokenizer> BpeTrainer::Train(int64_t vocabulary) const {
  UPCYCLE_CHECK(vocabulary > kFixedPieces + 1);
  auto tokenizer = std::make_unique<BpeTokenizer>(TrainModel(vocabulary));
  if (tokenizer->Vocabulary() == vocabulary) return tokenizer;

  // How many characters become pieces depends on the size asked for, so what was reached is only a
  // bound: the largest possible size is the first that gives what it asks.
  int64_t largest = tokenizer->Vocabulary();
  while (largest > kFixedPieces + 1) {
    const int64_t reached = BpeTokenizer(TrainModel(largest)).Vocabulary();
    if (reached == largest) break;
    largest = reached;
  }
  const bool can_be_lowered = largest >= kSmallestBpeVocabulary;
  throw Error(
      Cause::kInput,
      fmt::format("data.tokenizer.vocabulary is {}, but the training text allows at most {} "
                  "pieces: {}give more text, or set data.tokenizer: bytes",
                  vocabulary, largest, can_be_lowered ? "lower it, " : ""));
}

}  // namespace upcycle
