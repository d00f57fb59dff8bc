#include "tests/core/tokenizers/piece_file.h"

#include <bit>
#include <cstdint>
#include <unordered_map>

#include <gtest/gtest.h>
#include <sentencepiece_trainer.h>

namespace upcycle {
namespace {

class LineIterator final : public sentencepiece::SentenceIterator {
 public:
  explicit LineIterator(const std::vector<std::string>& lines) : lines_(lines) {}

  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  size_t next_ = 0;
};

void PutVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7F));
  out += static_cast<char>(value);
}

void PutInteger(uint64_t number, uint64_t value, std::string& out) {
  PutVarint(number << 3, out);
  PutVarint(value, out);
}

void PutBytes(uint64_t number, std::string_view bytes, std::string& out) {
  PutVarint(number << 3 | 2, out);
  PutVarint(bytes.size(), out);
  out += bytes;
}

void PutFloat(uint64_t number, float value, std::string& out) {
  PutVarint(number << 3 | 5, out);
  for (int i = 0; i < 4; ++i) out += static_cast<char>(std::bit_cast<uint32_t>(value) >> (8 * i));
}

bool HasBytes(const PieceModel& model) {
  for (const Piece& piece : model.pieces) {
    if (piece.kind == PieceKind::kByte) return true;
  }
  return false;
}

}  // namespace

std::string PieceFile(const PieceModel& model) {
  std::string file, trainer, normalizer;
  for (const Piece& piece : model.pieces) {
    std::string message;
    PutBytes(1, piece.text, message);
    PutFloat(2, piece.score, message);
    PutInteger(3, static_cast<uint64_t>(piece.kind), message);
    PutBytes(1, message, file);
  }
  PutInteger(3, static_cast<uint64_t>(model.kind), trainer);
  PutInteger(24, model.spaces_end_words, trainer);
  PutInteger(35, HasBytes(model), trainer);
  PutBytes(2, trainer, file);
  PutBytes(2, model.character_map, normalizer);
  PutInteger(3, model.puts_space_before, normalizer);
  PutInteger(4, model.drops_extra_spaces, normalizer);
  PutInteger(5, model.escapes_spaces, normalizer);
  PutBytes(3, normalizer, file);
  return file;
}

std::string TrainedPieceFile(const std::map<std::string, std::string>& options,
                             const std::vector<std::string>& lines) {
  std::unordered_map<std::string, std::string> all = {
      {"hard_vocab_limit", "false"}, {"num_threads", "1"}, {"minloglevel", "3"}};
  for (const auto& [name, value] : options) all[name] = value;
  LineIterator iterator(lines);
  std::string file;
  const auto status = sentencepiece::SentencePieceTrainer::Train(all, &iterator, &file);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return file;
}

PieceLibrary::PieceLibrary(const std::string& file) {
  const auto status = processor_.LoadFromSerializedProto(file);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

std::vector<int32_t> PieceLibrary::Tokens(std::string_view text) const {
  std::vector<int32_t> tokens;
  const auto status = processor_.Encode(text, &tokens);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return tokens;
}

}  // namespace upcycle
