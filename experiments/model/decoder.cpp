#include "experiments/model/decoder.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

void RequireDecodable(const Architecture& architecture, int64_t capacity) {
  if (architecture.has_experts && architecture.moe.ExpertsChoose()) {
    throw Error(Cause::kInput,
                "the model's experts choose their tokens, and they choose among those of a whole "
                "text: it cannot be continued token by token");
  }
  if (capacity > architecture.model.sequence_length) {
    throw Error(Cause::kInput,
                fmt::format("sequences of {} tokens are asked for, and the model has positions for "
                            "{}; ask for shorter ones",
                            capacity, architecture.model.sequence_length));
  }
}

}  // namespace

int64_t Decoder::CacheBytes(const Architecture& architecture, DataType type, int64_t slots,
                            int64_t capacity) {
  const AttentionShape shape = architecture.Attention(1, 1);
  return architecture.model.layers * slots * capacity * 2 * shape.kv_heads * shape.head_width *
         SizeOf(type);
}

Decoder::Decoder(Transformer& model, int64_t slots, int64_t capacity)
    : model_(model), capacity_(capacity), lengths_(static_cast<size_t>(slots)) {
  UPCYCLE_CHECK(slots >= 1 && capacity >= 1);
  const Architecture& architecture = model.architecture();
  RequireDecodable(architecture, capacity);
  Plan(slots);
  try {
    block_ = plan_.Bind(model.backend());
  } catch (const Error& error) {
    if (!IsWantOfMemory(error.cause())) throw;
    const double bytes = static_cast<double>(
        CacheBytes(architecture, model.build().activation_type, slots, capacity));
    throw Error(error.cause(),
                fmt::format("keys and values of {} sequences of {} tokens need {:.0f} MiB: {}. "
                            "Fewer or shorter sequences need less",
                            slots, capacity, bytes / (1 << 20), error.what()));
  }
  if (!rope_.cosines.empty()) FillRopeTables(model.backend(), rope_, architecture.model);
}

void Decoder::Plan(int64_t slots) {
  const Architecture& architecture = model_.architecture();
  const AttentionShape shape = architecture.Attention(1, 1);
  const auto add = [&](Tensor* tensor, Shape extents, DataType type) {
    plan_.Add(tensor, MemoryCategory::kActivations, type, extents);
  };
  layers_.resize(static_cast<size_t>(architecture.model.layers));
  for (Tensor& layer : layers_) {
    add(&layer, {slots, capacity_, 2 * shape.kv_heads * shape.head_width},
        model_.build().activation_type);
  }
  if (!architecture.traits().learned_positions) {
    for (Tensor* angles : {&rope_.cosines, &rope_.sines}) {
      add(angles, {capacity_, architecture.model.RotaryWidth() / 2}, DataType::kFloat32);
    }
  }
  for (Tensor* numbers : {&slots_, &past_, &new_}) add(numbers, {slots}, DataType::kInt32);
  add(&starts_, {most_tokens()}, DataType::kInt32);
}

void Decoder::CheckExtend(std::span<const int32_t> slots, std::span<const int32_t> tokens,
                          std::span<const int32_t> lengths) const {
  UPCYCLE_CHECK(!slots.empty() && slots.size() == lengths.size());
  UPCYCLE_CHECK(slots.size() <= lengths_.size());
  UPCYCLE_CHECK(!tokens.empty() && tokens.size() % slots.size() == 0);
  UPCYCLE_CHECK(static_cast<int64_t>(tokens.size()) <= most_tokens());
  const auto length = static_cast<int64_t>(tokens.size() / slots.size());
  UPCYCLE_CHECK(length <= capacity_);
  std::vector<bool> taken(lengths_.size());
  for (size_t b = 0; b < slots.size(); ++b) {
    UPCYCLE_CHECK(slots[b] >= 0 && slots[b] < this->slots());
    UPCYCLE_CHECK(lengths[b] >= 0 && lengths[b] <= length);
    UPCYCLE_CHECK(!taken[static_cast<size_t>(slots[b])]);
    taken[static_cast<size_t>(slots[b])] = true;
    if (Length(slots[b]) + lengths[b] <= capacity_) continue;
    throw Error(Cause::kInput,
                fmt::format("a sequence of {} tokens cannot take {} more: the cache holds {}",
                            Length(slots[b]), lengths[b], capacity_));
  }
}

void Decoder::CopyPlaces(std::span<const int32_t> slots, std::span<const int32_t> lengths,
                         int64_t length) {
  Backend& backend = model_.backend();
  const auto sequences = static_cast<int64_t>(slots.size());
  host_past_.clear();
  for (const int32_t slot : slots) host_past_.push_back(static_cast<int32_t>(Length(slot)));
  has_past_ = std::ranges::any_of(host_past_, [](int32_t past) { return past > 0; });
  const auto copy = [&](const Tensor& to, const int32_t* from) {
    backend.CopyFromHost(to.Slice(0, sequences), ConstTensor(from, {sequences}));
  };
  copy(slots_, slots.data());
  copy(past_, host_past_.data());
  copy(new_, lengths.data());
  host_starts_.clear();
  if (has_past_) CopyStarts(lengths, length);
}

// A sequence began as many places before the batch as it has tokens; padding stands at position 0.
void Decoder::CopyStarts(std::span<const int32_t> lengths, int64_t length) {
  for (size_t b = 0; b < lengths.size(); ++b) {
    for (int32_t i = 0; i < length; ++i) {
      host_starts_.push_back(i < lengths[b] ? -host_past_[b] : i);
    }
  }
  const auto n = static_cast<int64_t>(host_starts_.size());
  model_.backend().CopyFromHost(starts_.Slice(0, n), ConstTensor(host_starts_.data(), {n}));
}

void Decoder::Extend(std::span<const int32_t> slots, std::span<const int32_t> tokens,
                     std::span<const int32_t> lengths) {
  CheckExtend(slots, tokens, lengths);
  const auto sequences = static_cast<int64_t>(slots.size());
  batch_length_ = static_cast<int64_t>(tokens.size()) / sequences;
  CopyPlaces(slots, lengths, batch_length_);
  const CachedBatch cached = {
      .layers = layers_,
      .places = {slots_.Slice(0, sequences), past_.Slice(0, sequences), new_.Slice(0, sequences)},
      .has_past = has_past_};
  Transformer::CachedPositions positions = {.rope = rope_, .starts = {}, .host_starts = {}};
  if (has_past_) {
    positions.starts = starts_.Slice(0, sequences * batch_length_);
    positions.host_starts = host_starts_;
  }
  const TokenBatch batch = {
      .tokens = tokens.data(), .sequences = sequences, .length = batch_length_};
  model_.ForwardCached(batch, cached, positions);
  added_.assign(lengths.begin(), lengths.end());
  for (size_t b = 0; b < slots.size(); ++b) lengths_[static_cast<size_t>(slots[b])] += lengths[b];
}

void Decoder::Copy(int64_t from, int64_t to, int64_t length) {
  UPCYCLE_CHECK(from >= 0 && from < slots() && to >= 0 && to < slots());
  UPCYCLE_CHECK(length >= 0 && length <= Length(from));
  if (from == to) return Truncate(to, length);
  lengths_[static_cast<size_t>(to)] = length;
  if (length == 0) return;
  for (const Tensor& layer : layers_) {
    model_.backend().Copy(layer[to].Slice(0, length), layer[from].Slice(0, length));
  }
}

void Decoder::Truncate(int64_t slot, int64_t length) {
  UPCYCLE_CHECK(slot >= 0 && slot < slots());
  UPCYCLE_CHECK(length >= 0 && length <= Length(slot));
  lengths_[static_cast<size_t>(slot)] = length;
}

int64_t Decoder::RowOf(int64_t b, int64_t token) const {
  UPCYCLE_CHECK(b >= 0 && b < static_cast<int64_t>(added_.size()));
  UPCYCLE_CHECK(token >= 0 && token < added_[static_cast<size_t>(b)]);
  return b * batch_length_ + token;
}

void Decoder::Logits(int64_t b, int64_t token, std::span<float> logits) {
  model_.LogitsOf(RowOf(b, token), logits);
}

void Decoder::LastLogits(int64_t b, std::span<float> logits) {
  UPCYCLE_CHECK(b >= 0 && b < static_cast<int64_t>(added_.size()));
  Logits(b, added_[static_cast<size_t>(b)] - 1, logits);
}

std::vector<Decoder::Score> Decoder::ScoresOf(std::span<const Target> targets) {
  std::vector<Score> scores;
  std::vector<int32_t> rows, tokens, likeliest;
  std::vector<float> losses;
  const auto piece = static_cast<size_t>(most_tokens());
  for (size_t begin = 0; begin < targets.size(); begin += piece) {
    const auto some = targets.subspan(begin, std::min(piece, targets.size() - begin));
    rows.clear();
    tokens.clear();
    for (const Target& target : some) {
      UPCYCLE_CHECK(target.target >= 0 && target.target < vocabulary());
      rows.push_back(static_cast<int32_t>(RowOf(target.b, target.token)));
      tokens.push_back(target.target);
    }
    losses.resize(some.size());
    likeliest.resize(some.size());
    model_.Score(rows, tokens, losses, likeliest);
    for (size_t i = 0; i < some.size(); ++i) {
      scores.push_back({losses[i], likeliest[i] == tokens[i]});
    }
  }
  return scores;
}

}  // namespace upcycle
