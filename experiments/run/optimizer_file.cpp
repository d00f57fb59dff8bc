#include "experiments/run/optimizer_file.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/checkpoints/safetensors.h"
#include "core/error.h"
#include "experiments/formats/model_folder.h"

namespace upcycle {
namespace {

constexpr const char* kName = "optimizer.safetensors";

// How the moments of a part are named in front of the part's name.
constexpr std::pair<Moment, const char*> kMoments[] = {{Moment::kFirst, "m."},
                                                       {Moment::kSecond, "v."}};

// One of the moments of every part of a model, as a file has them.
class MomentFile {
 public:
  MomentFile(const fs::path& folder, const Architecture& architecture)
      : path_(folder / kName), reader_(path_), architecture_(architecture) {}

  std::span<const float> Values(const char* prefix, const Part& part) const {
    const std::string name = prefix + PartName(part, architecture_);
    const ConstTensor values = reader_.View(name);
    if (!(values.shape() == PartShape(part, architecture_)) ||
        values.type() != DataType::kFloat32) {
      throw Error(Cause::kInput,
                  fmt::format("{}: {} has another shape than the model", path_.native(), name));
    }
    return {values.floats(), static_cast<size_t>(values.size())};
  }

 private:
  fs::path path_;
  SafetensorsReader reader_;
  Architecture architecture_;
};

// Fills in the moments of every part; `values_of` gives those of one, and is called for parts in
// the order in which they lie, several times for a large one.
template <typename ValuesOf>
void StoreParts(ModelParameters& parameters, Backend& backend, Moment which,
                const ValuesOf& values_of) {
  std::vector<ModelParameters::Piece> pieces = parameters.pieces();
  std::sort(pieces.begin(), pieces.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  parameters.StoreMoment(backend, which, [&](int64_t begin, std::span<float> values) {
    std::fill(values.begin(), values.end(), 0.0f);  // what lies between pieces
    const int64_t end = begin + static_cast<int64_t>(values.size());
    auto piece = std::upper_bound(pieces.begin(), pieces.end(), begin,
                                  [](int64_t at, const auto& p) { return at < p.begin; });
    if (piece != pieces.begin()) --piece;
    for (; piece != pieces.end() && piece->begin < end; ++piece) {
      const int64_t from = std::max(begin, piece->begin);
      const int64_t to = std::min(end, piece->begin + piece->value.size());
      if (from >= to) continue;
      const std::span<const float> of_part = values_of(piece->part);
      std::copy_n(of_part.begin() + (from - piece->begin), to - from,
                  values.begin() + (from - begin));
    }
  });
}

// What a part of the model takes over from its parent, one part in memory at a time.
class CarriedPart {
 public:
  CarriedPart(const MomentFile& parent, const char* prefix, const ExpertNeurons* neurons,
              const Architecture& target)
      : parent_(parent), prefix_(prefix), neurons_(neurons), target_(target) {}

  std::span<const float> operator()(const Part& part) {
    if (IsOfSharedExpert(part.kind)) {
      return parent_.Values(prefix_, {DenseKindOf(part.kind), part.layer});
    }
    if (!IsOfRouting(part) && part.expert < 0) return parent_.Values(prefix_, part);
    if (made_ != part) Make(part);
    return values_;
  }

 private:
  // What no dense model has.
  static bool IsOfRouting(const Part& part) {
    return part.kind == PartKind::kRouter || BeginsAtZero(part.kind);
  }

  void Make(const Part& part) {
    values_.assign(static_cast<size_t>(PartShape(part, target_).size()), 0.0f);
    made_ = part;
    if (IsOfRouting(part)) return;
    const PartKind kind = DenseKindOf(part.kind);
    TakeNeurons(values_, parent_.Values(prefix_, {kind, part.layer}), kind, target_.model.width,
                neurons_->Taken(part.layer, part.expert));
  }

  const MomentFile& parent_;
  const char* prefix_;
  const ExpertNeurons* neurons_;
  const Architecture& target_;
  std::optional<Part> made_;
  std::vector<float> values_;
};

}  // namespace

void WriteMoments(const fs::path& folder, const ModelParameters& parameters, Backend& backend) {
  const Architecture& architecture = parameters.architecture();
  std::vector<SafetensorsEntry> entries;
  for (const auto& [which, prefix] : kMoments) {
    const auto more = EntriesOf(architecture, prefix);
    entries.insert(entries.end(), more.begin(), more.end());
  }
  SafetensorsWriter writer(folder / kName, entries);
  std::vector<float> values;
  for (const auto& [which, prefix] : kMoments) {
    for (const ModelParameters::Piece& piece : parameters.pieces()) {
      values.resize(static_cast<size_t>(piece.value.size()));
      parameters.LoadMoment(backend, which, piece.begin, values);
      writer.Write(prefix + PartName(piece.part, architecture),
                   ConstTensor(values.data(), piece.value.shape()));
    }
  }
  writer.Commit();
}

void ReadMoments(const fs::path& folder, ModelParameters& parameters, Backend& backend) {
  const MomentFile file(folder, parameters.architecture());
  for (const auto& [which, prefix] : kMoments) {
    StoreParts(parameters, backend, which,
               [&, name = prefix](const Part& part) { return file.Values(name, part); });
  }
}

void CarryMoments(const fs::path& parent, const ExpertNeurons* neurons, ModelParameters& parameters,
                  Backend& backend) {
  const Architecture& target = parameters.architecture();
  const MomentFile file(parent, target.Dense());
  for (const auto& [which, prefix] : kMoments) {
    CarriedPart carried(file, prefix, neurons, target);
    StoreParts(parameters, backend, which, [&](const Part& part) { return carried(part); });
  }
}

}  // namespace upcycle
