#include "core/data/batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"
#include "core/random.h"

namespace upcycle {
namespace {

// Keeps sums of counts far from overflow and exact in a double.
constexpr int64_t kLargestSample = int64_t{1} << 48;

std::vector<double> WeightsOf(const std::vector<BatchSource>& sources) {
  std::vector<double> weights;
  for (const BatchSource& source : sources) weights.push_back(source.weight);
  return weights;
}

}  // namespace

Batches::Batches(std::vector<BatchSource> sources, int64_t sequence_length, uint64_t seed)
    : blend_(WeightsOf(sources)), length_(sequence_length), seed_(seed), drawn_(sources.size(), 0) {
  UPCYCLE_CHECK(sequence_length >= 1);
  for (BatchSource& source : sources) {
    const int64_t count = source.tokens->count();
    if (count <= length_) {
      const std::string held_out =
          source.held_out_tokens == 0
              ? ""
              : fmt::format(", as {} more are held out for validation", source.held_out_tokens);
      throw Error(Cause::kInput,
                  fmt::format("the source \"{}\" has {} tokens to train on{}, fewer than one "
                              "sequence needs ({} and a last target): give it more text or lower "
                              "model.sequence_length",
                              source.name, count, held_out, length_));
    }
    sources_.push_back({source.name, fmt::format("batches/{}/order", source.name),
                        fmt::format("batches/{}/offset", source.name), source.tokens,
                        count / length_});
  }
}

int64_t Batches::WindowBegin(const Source& source, int64_t draw) const {
  const auto windows = static_cast<uint64_t>(source.windows);
  const uint64_t epoch = static_cast<uint64_t>(draw) / windows;
  const uint64_t place = static_cast<uint64_t>(draw) % windows;
  const auto count = static_cast<uint64_t>(source.tokens->count());
  const uint64_t window = Permutation(windows, seed_, source.order_name, epoch).At(place);
  const uint64_t offset = RandomStream(seed_, source.offset_name).Below(epoch, count);
  return static_cast<int64_t>((offset + window * static_cast<uint64_t>(length_)) % count);
}

void Batches::ReadWrapped(const Tokens& file, int64_t begin, std::span<int32_t> out) const {
  const int64_t left = file.count() - begin;
  const size_t first = std::min<size_t>(out.size(), static_cast<size_t>(left));
  file.Read(begin, out.first(first));
  file.Read(0, out.subspan(first));
}

void Batches::Fill(int64_t first_sample, int64_t count, std::span<int32_t> tokens,
                   std::span<int32_t> targets) {
  UPCYCLE_CHECK(first_sample >= 0 && count >= 0);
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(tokens.size()), count * length_);
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(targets.size()), count * length_);
  Seek(first_sample);
  const auto length = static_cast<size_t>(length_);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i, ++sample_) {
    const int s = blend_.Next(drawn_, sample_);
    const Source& source = sources_[s];
    const int64_t begin = WindowBegin(source, drawn_[s]++);
    ReadWrapped(*source.tokens, begin, tokens.subspan(i * length, length));
    ReadWrapped(*source.tokens, (begin + 1) % source.tokens->count(),
                targets.subspan(i * length, length));
  }
}

void Batches::Seek(int64_t sample) {
  if (sample < sample_) {
    sample_ = 0;
    std::fill(drawn_.begin(), drawn_.end(), 0);
  }
  for (; sample_ < sample; ++sample_) ++drawn_[blend_.Next(drawn_, sample_)];
}

double Batches::EpochsOf(int s) const {
  return static_cast<double>(drawn_[s]) / static_cast<double>(sources_[s].windows);
}

std::vector<SourceUse> Batches::UseOf(int64_t samples) {
  Seek(samples);
  std::vector<SourceUse> uses;
  for (size_t s = 0; s < sources_.size(); ++s) {
    uses.push_back({sources_[s].name, drawn_[s] * length_, EpochsOf(static_cast<int>(s))});
  }
  return uses;
}

nlohmann::json Batches::Cursor() const { return {{"sample", sample_}, {"drawn", drawn_}}; }

void Batches::SetCursor(const nlohmann::json& cursor) {
  const auto is_count = [](const nlohmann::json& value) {
    if (!value.is_number_integer()) return false;
    const auto count = value.get<int64_t>();
    return count >= 0 && count <= kLargestSample;
  };
  const bool valid = cursor.is_object() && cursor.contains("sample") && cursor.contains("drawn") &&
                     is_count(cursor["sample"]) && cursor["drawn"].is_array() &&
                     cursor["drawn"].size() == drawn_.size() &&
                     std::all_of(cursor["drawn"].begin(), cursor["drawn"].end(), is_count);
  const auto drawn = valid ? cursor["drawn"].get<std::vector<int64_t>>() : std::vector<int64_t>();
  if (!valid ||
      std::accumulate(drawn.begin(), drawn.end(), int64_t{0}) != cursor["sample"].get<int64_t>()) {
    throw Error(
        Cause::kInput,
        fmt::format(
            "{} is not a data cursor of {} sources: the checkpoint is damaged or "
            "belongs to another data blend",
            cursor.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace).substr(0, 120),
            drawn_.size()));
  }
  drawn_ = drawn;
  sample_ = cursor["sample"].get<int64_t>();
}

SequentialWindows::SequentialWindows(const Tokens& tokens, int32_t first_input,
                                     int64_t sequence_length)
    : tokens_(tokens), first_input_(first_input), length_(sequence_length) {
  UPCYCLE_CHECK(sequence_length >= 1);
}

int64_t SequentialWindows::count() const { return (tokens_.count() + length_ - 1) / length_; }

int64_t SequentialWindows::targets() const { return tokens_.count(); }

void SequentialWindows::Fill(int64_t first, int64_t count, std::span<int32_t> tokens,
                             std::span<int32_t> targets) const {
  UPCYCLE_CHECK(first >= 0 && count >= 0);
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(tokens.size()), count * length_);
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(targets.size()), count * length_);
  const int64_t begin = std::min(first * length_, tokens_.count());
  const auto real = static_cast<size_t>(std::min(count * length_, tokens_.count() - begin));
  tokens_.Read(begin, targets.first(real));
  std::fill(targets.begin() + static_cast<ptrdiff_t>(real), targets.end(), -1);
  if (tokens.empty()) return;
  if (begin == 0) {
    tokens[0] = first_input_;
  } else {
    tokens_.Read(begin - 1, tokens.first(1));
  }
  for (size_t i = 1; i < tokens.size(); ++i) {
    tokens[i] = i < real ? targets[i - 1] : first_input_;
  }
}

}  // namespace upcycle
