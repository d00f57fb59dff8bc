#include "experiments/conversion/parallel_layout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace upcycle {
namespace {

constexpr int64_t kMostRanks = 65536;
// So many rows of a matrix that is cut by columns are in memory at a time.
constexpr int64_t kCutAtATime = 1 << 20;

// "tp=2,ep=8" in the directions tp, ep, pp.
std::array<int64_t, 3> ParseDirections(std::string_view text, int64_t otherwise) {
  static constexpr std::array<std::string_view, 3> kNames = {"tp", "ep", "pp"};
  const auto refuse = [&] {
    throw Error(
        Cause::kInput,
        fmt::format("\"{}\" is no parallel layout; write tp=2,ep=8,pp=4, each at most once", text));
  };
  std::array<std::optional<int64_t>, 3> values;
  for (size_t begin = 0; begin < text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, comma - begin);
    const size_t equals = item.find('=');
    const auto name = std::find(kNames.begin(), kNames.end(), item.substr(0, equals));
    if (equals == item.npos || name == kNames.end()) refuse();
    std::optional<int64_t>& value = values[static_cast<size_t>(name - kNames.begin())];
    int64_t number = -1;
    const char* end = item.data() + item.size();
    const auto [last, error] = std::from_chars(item.data() + equals + 1, end, number);
    const bool is_number = error == std::errc() && last == end;
    if (!is_number || value || number < otherwise || number > kMostRanks) refuse();
    value = number;
    begin = comma + 1;
  }
  return {values[0].value_or(otherwise), values[1].value_or(otherwise),
          values[2].value_or(otherwise)};
}

// The share of `count` things that lie in order on `ranks`, the first ones with one more.
struct Range {
  int64_t begin = 0, end = 0;
};
Range ShareOf(int64_t count, int64_t ranks, int64_t rank) {
  const int64_t each = count / ranks, more = count % ranks;
  const int64_t begin = rank * each + std::min(rank, more);
  return {begin, begin + each + (rank < more ? 1 : 0)};
}

// Rows of a table of the vocabulary: as many on each rank, fewer on the last.
int64_t VocabularyRows(int64_t vocabulary, int64_t ranks) {
  return (vocabulary + ranks - 1) / ranks;
}

int64_t ColumnsOf(const Shape& shape) { return shape.rank() == 1 ? 1 : shape[1]; }

}  // namespace

ParallelLayout ParseLayout(std::string_view text) {
  const auto [tensor, expert, pipeline] = ParseDirections(text, 1);
  return {tensor, expert, pipeline};
}

ParallelRank ParseRank(std::string_view text, const ParallelLayout& layout) {
  const auto [tensor, expert, pipeline] = ParseDirections(text, 0);
  if (tensor >= layout.tensor || expert >= layout.expert || pipeline >= layout.pipeline) {
    throw Error(Cause::kInput, fmt::format("the layout tp={},ep={},pp={} has no rank {}; ranks are "
                                           "counted from 0",
                                           layout.tensor, layout.expert, layout.pipeline, text));
  }
  return {tensor, expert, pipeline};
}

std::string NameOf(const ParallelRank& rank) {
  return fmt::format("tp{}-ep{}-pp{}", rank.tensor, rank.expert, rank.pipeline);
}

std::vector<ParallelRank> RanksOf(const ParallelLayout& layout) {
  std::vector<ParallelRank> ranks;
  for (int64_t pipeline = 0; pipeline < layout.pipeline; ++pipeline) {
    for (int64_t expert = 0; expert < layout.expert; ++expert) {
      for (int64_t tensor = 0; tensor < layout.tensor; ++tensor) {
        ranks.push_back({tensor, expert, pipeline});
      }
    }
  }
  return ranks;
}

void RequireShares(const Architecture& architecture, const ParallelLayout& layout) {
  const ModelSettings& model = architecture.model;
  const auto refuse = [&](const std::string& what) { throw Error(Cause::kInput, what); };
  if (layout.tensor > kMostRanks || layout.Ranks() > kMostRanks) {
    refuse(fmt::format("{} ranks are more than {}", layout.Ranks(), kMostRanks));
  }
  const auto require = [&](int64_t count, const char* what, int64_t ranks, const char* direction) {
    if (count % ranks == 0) return;
    refuse(
        fmt::format("{} {} cannot be shared out evenly to {}={}", count, what, direction, ranks));
  };
  require(model.heads, "heads", layout.tensor, "tp");
  const int64_t shared_heads = std::max(model.KvHeads(), layout.tensor);
  if (shared_heads % model.KvHeads() != 0 || shared_heads % layout.tensor != 0) {
    refuse(fmt::format("{} key-value heads cannot be shared out evenly to tp={}", model.KvHeads(),
                       layout.tensor));
  }
  require(model.ffn_width, "hidden neurons", layout.tensor, "tp");
  if (model.layers < layout.pipeline) {
    refuse(fmt::format("{} layers are fewer than pp={}", model.layers, layout.pipeline));
  }
  if (!architecture.has_experts) {
    if (layout.expert > 1) refuse("a dense model has no experts to share out; leave ep out");
    return;
  }
  require(architecture.ExpertWidth(), "neurons of an expert", layout.tensor, "tp");
  require(architecture.moe.Experts(), "experts", layout.expert, "ep");
}

RankShare::RankShare(const Architecture& whole, const ParallelLayout& layout,
                     const ParallelRank& rank)
    : whole_(whole), sizes_(whole), layout_(layout), rank_(rank) {
  RequireShares(whole, layout);
  ModelSettings& model = sizes_.model;
  model.head_width = whole.model.HeadWidth();
  model.heads = whole.model.heads / layout.tensor;
  model.kv_heads = std::max<int64_t>(1, whole.model.KvHeads() / layout.tensor);
  model.ffn_width = whole.model.ffn_width / layout.tensor;
  const int64_t rows = VocabularyRows(whole.vocabulary, layout.tensor);
  sizes_.vocabulary = std::clamp<int64_t>(whole.vocabulary - rank.tensor * rows, 0, rows);
  const Range layers = ShareOf(model.layers, layout.pipeline, rank.pipeline);
  first_layer_ = layers.begin;
  end_layer_ = layers.end;
  for (const Part& part : ListParts(whole)) {
    if (Holds(part)) parts_.push_back(part);
  }
}

bool RankShare::Holds(const Part& part) const {
  const bool is_first = rank_.pipeline == 0, is_last = rank_.pipeline == layout_.pipeline - 1;
  switch (part.kind) {
    case PartKind::kEmbedding:
      return is_first || (is_last && whole_.model.tied_embeddings);
    case PartKind::kPositions:
      return is_first;
    case PartKind::kFinalNorm:
    case PartKind::kFinalNormBias:
    case PartKind::kHead:
      return is_last;
    default:
      break;
  }
  if (part.layer < first_layer_ || part.layer >= end_layer_) return false;
  if (part.expert < 0) return true;
  const int64_t each = whole_.moe.Experts() / layout_.expert;
  return part.expert / each == rank_.expert;
}

RankShare::Slice RankShare::SliceOf(const Part& part) const {
  const Shape all = PartShape(part, whole_), mine = PartShape(part, sizes_);
  Slice slice = {.row = 0, .column = 0, .columns = ColumnsOf(all)};
  const bool is_table = part.kind == PartKind::kEmbedding || part.kind == PartKind::kHead;
  if (is_table) {
    slice.row = std::min(rank_.tensor * VocabularyRows(whole_.vocabulary, layout_.tensor), all[0]);
  } else if (mine[0] != all[0]) {
    // Neighbours share a key-value head where there are fewer heads than ranks.
    slice.row = rank_.tensor * all[0] / layout_.tensor / mine[0] * mine[0];
  } else if (ColumnsOf(mine) != slice.columns) {
    slice.column = rank_.tensor * ColumnsOf(mine);
  }
  return slice;
}

nlohmann::json RankShare::ToJson() const {
  const int64_t experts = whole_.has_experts ? whole_.moe.Experts() / layout_.expert : 0;
  return {{"layout", {{"tp", layout_.tensor}, {"ep", layout_.expert}, {"pp", layout_.pipeline}}},
          {"rank", {{"tp", rank_.tensor}, {"ep", rank_.expert}, {"pp", rank_.pipeline}}},
          {"layers", {first_layer_, end_layer_}},
          {"experts", {rank_.expert * experts, (rank_.expert + 1) * experts}},
          {"first_row_of_vocabulary", SliceOf({PartKind::kEmbedding}).row}};
}

RowReader RankShare::Cut(const RowReader& whole) const {
  return [this, &whole](const Part& part, int64_t begin, std::span<float> out) {
    const Slice slice = SliceOf(part);
    const int64_t columns = ColumnsOf(PartShape(part, sizes_));
    if (columns == slice.columns) return whole(part, slice.row + begin, out);
    const int64_t rows = static_cast<int64_t>(out.size()) / columns;
    const int64_t at_a_time = std::clamp<int64_t>(kCutAtATime / slice.columns, 1, rows);
    std::vector<float> piece(static_cast<size_t>(at_a_time * slice.columns));
    for (int64_t row = 0; row < rows; row += at_a_time) {
      const int64_t count = std::min(at_a_time, rows - row);
      const std::span<float> read(piece.data(), static_cast<size_t>(count * slice.columns));
      whole(part, begin + row, read);
      for (int64_t i = 0; i < count; ++i) {
        const float* from = read.data() + i * slice.columns + slice.column;
        std::copy(from, from + columns, out.data() + (row + i) * columns);
      }
    }
  };
}

}  // namespace upcycle
