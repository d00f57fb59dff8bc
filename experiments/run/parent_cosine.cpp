#include "experiments/run/parent_cosine.h"

#include <cmath>
#include <map>

namespace upcycle {
namespace {

struct Products {
  double expert_parent = 0, expert_expert = 0, parent_parent = 0;

  void Add(std::span<const float> expert, std::span<const float> parent) {
    for (size_t i = 0; i < expert.size(); ++i) {
      const double e = expert[i], p = parent[i];
      expert_parent += e * p;
      expert_expert += e * e;
      parent_parent += p * p;
    }
  }
  double Cosine() const {
    const double norms = std::sqrt(expert_expert * parent_parent);
    return norms > 0 ? expert_parent / norms : 0;
  }
};

bool IsExpertMatrix(PartKind kind) {
  return kind == PartKind::kExpertGate || kind == PartKind::kExpertUp ||
         kind == PartKind::kExpertDown;
}

}  // namespace

std::vector<double> ParentCosines(const ModelParameters& parameters, Backend& backend,
                                  const ModelFolder& parent, const ExpertNeurons& neurons) {
  const Architecture& architecture = parameters.architecture();
  const MoeSettings& moe = architecture.moe;
  std::map<std::pair<int64_t, int64_t>, Products> products;  // by layer and expert
  std::vector<float> values, shard;
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    if (!IsExpertMatrix(piece.part.kind)) continue;
    const PartKind kind = DenseKindOf(piece.part.kind);
    values.resize(static_cast<size_t>(piece.value.size()));
    shard.resize(values.size());
    backend.CopyToHost(Tensor(values.data(), piece.value.shape()), piece.value);
    TakeNeurons(shard, parent.Values({kind, piece.part.layer}), kind, architecture.model.width,
                neurons.Taken(piece.part.layer, piece.part.expert));
    products[{piece.part.layer, piece.part.expert}].Add(values, shard);
  }
  std::map<int64_t, double> sums;
  for (const auto& [key, product] : products) sums[key.first] += product.Cosine();
  std::vector<double> means;
  for (const auto& [layer, sum] : sums) means.push_back(sum / static_cast<double>(moe.Experts()));
  return means;
}

}  // namespace upcycle
