#include "experiments/upcycling/expert_neurons.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

// Neurons that follow each other in the parent and in the expert.
struct Run {
  int64_t from = 0, to = 0, count = 0;
};

std::vector<Run> RunsOf(std::span<const int64_t> neurons) {
  std::vector<Run> runs;
  for (size_t i = 0; i < neurons.size(); ++i) {
    if (!runs.empty() && neurons[i] == runs.back().from + runs.back().count) {
      ++runs.back().count;
    } else {
      runs.push_back({neurons[i], static_cast<int64_t>(i), 1});
    }
  }
  return runs;
}

// The numbers [begin, begin + count) of a permutation.
std::vector<int64_t> SliceOf(const Permutation& permutation, int64_t begin, int64_t count) {
  std::vector<int64_t> slice(static_cast<size_t>(count));
  for (size_t i = 0; i < slice.size(); ++i) {
    slice[i] = static_cast<int64_t>(permutation.At(static_cast<uint64_t>(begin) + i));
  }
  return slice;
}

}  // namespace

ExpertNeurons::ExpertNeurons(const Architecture& target, const UpcycleSettings& settings,
                             uint64_t seed)
    : granularity_(target.moe.granularity),
      dense_width_(target.model.ffn_width),
      expert_width_(target.ExpertWidth()),
      settings_(settings),
      seed_(seed) {
  UPCYCLE_CHECK(target.has_experts);
  UPCYCLE_CHECK(settings.method != UpcycleMethod::kNone &&
                settings.method != UpcycleMethod::kScratch);
  // Another way of cutting would leave neurons out or take them twice.
  UPCYCLE_CHECK(!MakesWholeExperts(settings.method) || granularity_ == 1);
  UPCYCLE_CHECK(settings.method != UpcycleMethod::kSplit || target.moe.expansion == 1);
}

std::vector<int64_t> ExpertNeurons::Taken(int64_t layer, int64_t expert) const {
  const int64_t replica = expert / granularity_;
  const int64_t begin = expert % granularity_ * expert_width_;
  if (settings_.method == UpcycleMethod::kQwen || settings_.method == UpcycleMethod::kSplit) {
    const Permutation permutation(static_cast<uint64_t>(dense_width_), seed_,
                                  fmt::format("upcycle/neurons/{}/{}", layer, replica));
    return SliceOf(permutation, begin, expert_width_);
  }
  std::vector<int64_t> shard(static_cast<size_t>(expert_width_));
  std::iota(shard.begin(), shard.end(), begin);
  return shard;
}

std::vector<int64_t> ExpertNeurons::Changed(int64_t layer, int64_t expert) const {
  if (!ChangesNeurons(settings_.method)) return {};
  const Permutation permutation(static_cast<uint64_t>(expert_width_), seed_,
                                fmt::format("upcycle/changed/{}/{}", layer, expert));
  const double count = std::round(settings_.ratio * static_cast<double>(expert_width_));
  std::vector<int64_t> changed = SliceOf(permutation, 0, static_cast<int64_t>(count));
  std::sort(changed.begin(), changed.end());
  return changed;
}

PartKind DenseKindOf(PartKind expert_kind) {
  switch (expert_kind) {
    case PartKind::kExpertGate:
    case PartKind::kSharedGate:
      return PartKind::kGate;
    case PartKind::kExpertUp:
    case PartKind::kSharedUp:
      return PartKind::kUp;
    case PartKind::kExpertDown:
    case PartKind::kSharedDown:
      return PartKind::kDown;
    default:
      UPCYCLE_CHECK(expert_kind == PartKind::kExpertDown);
      return expert_kind;
  }
}

void TakeNeuronRows(std::span<float> out, int64_t begin, const RowReader& dense, const Part& part,
                    int64_t width, int64_t hidden, std::span<const int64_t> neurons) {
  const auto taken = static_cast<int64_t>(neurons.size());
  if (part.kind != PartKind::kDown) {
    const int64_t rows = static_cast<int64_t>(out.size()) / width;
    const auto some = neurons.subspan(static_cast<size_t>(begin), static_cast<size_t>(rows));
    for (const Run& run : RunsOf(some)) {
      dense(
          part, run.from,
          out.subspan(static_cast<size_t>(run.to * width), static_cast<size_t>(run.count * width)));
    }
    return;
  }
  const std::vector<Run> runs = RunsOf(neurons);
  std::vector<float> row(static_cast<size_t>(hidden));
  for (int64_t i = 0; i * taken < static_cast<int64_t>(out.size()); ++i) {
    dense(part, begin + i, row);
    for (const Run& run : runs) {
      std::copy_n(row.begin() + run.from, run.count, out.begin() + i * taken + run.to);
    }
  }
}

void TakeNeurons(std::span<float> out, std::span<const float> dense, PartKind dense_kind,
                 int64_t width, std::span<const int64_t> neurons) {
  UPCYCLE_CHECK_EQ(out.size(), neurons.size() * static_cast<size_t>(width));
  const int64_t hidden = static_cast<int64_t>(dense.size()) / width;
  const int64_t columns = dense_kind == PartKind::kDown ? hidden : width;
  const RowReader reader = [&](const Part&, int64_t begin, std::span<float> rows) {
    std::copy_n(dense.begin() + begin * columns, rows.size(), rows.begin());
  };
  TakeNeuronRows(out, 0, reader, {dense_kind}, width, hidden, neurons);
}

}  // namespace upcycle
