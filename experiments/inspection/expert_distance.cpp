#include "experiments/inspection/expert_distance.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace upcycle {
namespace {

// So many numbers of all experts together are in memory at a time.
constexpr int64_t kPiece = 1 << 23;

// Sums over what rows of a layer's experts have so far: products of their differences from the
// first, which lose nothing where experts are nearly equal, and squares of what they are.
class Products {
 public:
  Products(int64_t experts, Backend& backend)
      : experts_(experts),
        backend_(backend),
        differences_(static_cast<size_t>(experts * experts)),
        with_first_(static_cast<size_t>(experts)) {}

  // rows [experts, columns], which is overwritten.
  void Add(std::vector<float>& rows, int64_t columns) {
    for (int64_t i = 0; i < columns; ++i) {
      const double value = static_cast<double>(rows[static_cast<size_t>(i)]);
      first_square_ += value * value;
    }
    for (int64_t expert = experts_ - 1; expert >= 1; --expert) {
      float* row = rows.data() + expert * columns;
      double product = 0;
      for (int64_t i = 0; i < columns; ++i) {
        row[i] -= rows[static_cast<size_t>(i)];
        product += static_cast<double>(row[i]) * static_cast<double>(rows[static_cast<size_t>(i)]);
      }
      with_first_[static_cast<size_t>(expert)] += product;
    }
    std::fill_n(rows.begin(), columns, 0.0f);
    std::vector<float> products(differences_.size());
    const ConstTensor x(rows.data(), {experts_, columns});
    backend_.MatMul(Tensor(products.data(), {experts_, experts_}), x, Transpose::kNo, x,
                    Transpose::kYes);
    for (size_t i = 0; i < products.size(); ++i) {
      differences_[i] += static_cast<double>(products[i]);
    }
  }

  // a·b, where a = first + d_a.
  double Product(int64_t a, int64_t b) const {
    return first_square_ + with_first_[static_cast<size_t>(a)] +
           with_first_[static_cast<size_t>(b)] + Difference(a, b);
  }
  double Square(int64_t a) const { return NotBelowZero(Product(a, a)); }
  double SquaredDistance(int64_t a, int64_t b) const {
    return NotBelowZero(Difference(a, a) + Difference(b, b) - 2 * Difference(a, b));
  }

 private:
  // Rounding takes squares below; what is no number stays none, and no distance of 0.
  static double NotBelowZero(double square) { return square < 0 ? 0 : square; }
  double Difference(int64_t a, int64_t b) const {
    return differences_[static_cast<size_t>(a * experts_ + b)];
  }

  int64_t experts_;
  Backend& backend_;
  std::vector<double> differences_;
  std::vector<double> with_first_;
  double first_square_ = 0;
};

void AddMatrices(Products& products, const ModelSource& source, PartKind kind, int64_t layer,
                 const std::function<void(int64_t)>& observe) {
  const Architecture& architecture = source.architecture();
  const int64_t experts = architecture.moe.Experts();
  const Shape shape = PartShape({kind, layer, 0}, architecture);
  const int64_t at_a_time = std::clamp<int64_t>(kPiece / (experts * shape[1]), 1, shape[0]);
  std::vector<float> rows;
  for (int64_t row = 0; row < shape[0]; row += at_a_time) {
    const int64_t columns = std::min(at_a_time, shape[0] - row) * shape[1];
    rows.resize(static_cast<size_t>(experts * columns));
    for (int64_t expert = 0; expert < experts; ++expert) {
      const std::span<float> place(rows.data() + expert * columns, static_cast<size_t>(columns));
      source.ReadRows({kind, layer, expert}, row, place);
      source.Release({kind, layer, expert});
    }
    products.Add(rows, columns);
    observe(experts * columns);
  }
}

double RouterCosine(const ModelSource& source, int64_t layer) {
  const Part part = {PartKind::kRouter, layer};
  const Shape shape = PartShape(part, source.architecture());
  std::vector<float> rows(static_cast<size_t>(shape.size()));
  source.ReadRows(part, 0, rows);
  const auto product = [&](int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t i = 0; i < shape[1]; ++i) {
      sum += static_cast<double>(rows[static_cast<size_t>(a * shape[1] + i)]) *
             static_cast<double>(rows[static_cast<size_t>(b * shape[1] + i)]);
    }
    return sum;
  };
  double sum = 0;
  int64_t pairs = 0;
  for (int64_t a = 0; a < shape[0]; ++a) {
    for (int64_t b = a + 1; b < shape[0]; ++b, ++pairs) {
      const double norms = std::sqrt(product(a, a) * product(b, b));
      if (norms != 0) sum += product(a, b) / norms;
    }
  }
  return pairs == 0 ? 0 : sum / static_cast<double>(pairs);
}

ExpertDistances Summarise(const Products& products, int64_t layer, int64_t experts) {
  ExpertDistances found = {.layer = layer, .experts = experts, .nearest = {}, .farthest = {}};
  double square = 0;
  for (int64_t a = 0; a < experts; ++a) square += products.Square(a);
  const double norm = std::sqrt(square / static_cast<double>(experts));
  int64_t pairs = 0;
  for (int64_t a = 0; a < experts; ++a) {
    for (int64_t b = a + 1; b < experts; ++b, ++pairs) {
      const double apart = std::sqrt(products.SquaredDistance(a, b));
      const ExpertPair pair = {a, b, norm != 0 ? apart / norm : 0};
      found.equal_pairs += apart == 0 ? 1 : 0;
      found.mean_distance += pair.distance;
      const double norms = std::sqrt(products.Square(a) * products.Square(b));
      found.mean_cosine += norms != 0 ? products.Product(a, b) / norms : 0;
      if (pairs == 0 || pair.distance < found.nearest.distance) found.nearest = pair;
      if (pairs == 0 || pair.distance > found.farthest.distance) found.farthest = pair;
    }
  }
  if (pairs == 0) return found;
  found.mean_distance /= static_cast<double>(pairs);
  found.mean_cosine /= static_cast<double>(pairs);
  return found;
}

}  // namespace

std::vector<ExpertDistances> ExpertDistancesOf(const ModelSource& source, Backend& backend,
                                               const std::function<void(int64_t)>& observe) {
  const Architecture& architecture = source.architecture();
  std::vector<ExpertDistances> layers;
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    if (!architecture.LayerHasExperts(layer)) continue;
    const int64_t experts = architecture.moe.Experts();
    Products products(experts, backend);
    if (architecture.Gated()) {
      AddMatrices(products, source, PartKind::kExpertGate, layer, observe);
    }
    AddMatrices(products, source, PartKind::kExpertUp, layer, observe);
    AddMatrices(products, source, PartKind::kExpertDown, layer, observe);
    layers.push_back(Summarise(products, layer, experts));
    layers.back().router_cosine = RouterCosine(source, layer);
  }
  return layers;
}

}  // namespace upcycle
