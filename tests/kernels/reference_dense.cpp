#include <cmath>
#include <vector>

#include "tests/kernels/reference.h"

namespace upcycle::reference {
namespace {

double At(const Array& a, Transpose transpose, int64_t i, int64_t j) {
  return transpose == Transpose::kYes ? a(j, i) : a(i, j);
}

int64_t Whole(double x) { return static_cast<int64_t>(x); }

}  // namespace

Array MatMul(const Array& a, Transpose transpose_a, const Array& b, Transpose transpose_b) {
  const int64_t rows = a.dim(transpose_a == Transpose::kYes ? 1 : 0);
  const int64_t inner = a.dim(transpose_a == Transpose::kYes ? 0 : 1);
  const int64_t columns = b.dim(transpose_b == Transpose::kYes ? 0 : 1);
  Array out({rows, columns});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      for (int64_t k = 0; k < inner; ++k) {
        out(i, j) += At(a, transpose_a, i, k) * At(b, transpose_b, k, j);
      }
    }
  }
  return out;
}

Array AddBias(const Array& out, const Array& bias) {
  Array sum = out;
  for (int64_t r = 0; r < out.dim(0); ++r) {
    for (int64_t i = 0; i < out.dim(1); ++i) sum(r, i) += bias(i);
  }
  return sum;
}

Array BiasBackward(const Array& d_out) {
  Array d_bias({d_out.dim(1)});
  for (int64_t r = 0; r < d_out.dim(0); ++r) {
    for (int64_t i = 0; i < d_out.dim(1); ++i) d_bias(i) += d_out(r, i);
  }
  return d_bias;
}

Array Scale(const Array& x, double factor) {
  Array scaled = x;
  for (double& value : scaled.values) value *= factor;
  return scaled;
}

Array EmbeddingForward(const Array& table, const Array& tokens) {
  Array out({tokens.size(), table.dim(1)});
  for (int64_t t = 0; t < out.dim(0); ++t) {
    for (int64_t i = 0; i < out.dim(1); ++i) out(t, i) = table(Whole(tokens(t)), i);
  }
  return out;
}

Array EmbeddingBackward(int64_t vocabulary, const Array& d_out, const Array& tokens) {
  Array d_table({vocabulary, d_out.dim(1)});
  for (int64_t t = 0; t < d_out.dim(0); ++t) {
    for (int64_t i = 0; i < d_out.dim(1); ++i) d_table(Whole(tokens(t)), i) += d_out(t, i);
  }
  return d_table;
}

// -------------------------------------------------------------------------------------- attention

namespace {

double Angle(int64_t position, int64_t i, Rotary rotary) {
  return static_cast<double>(position) *
         std::pow(rotary.theta, -2.0 * static_cast<double>(i) / static_cast<double>(rotary.width));
}

// Where element i of a head's query, key and value of a token lie in qkv.
struct Heads {
  const AttentionShape& shape;
  int64_t KvHead(int64_t h) const { return h * shape.kv_heads / shape.heads; }
  int64_t Query(int64_t h) const { return h * shape.head_width; }
  int64_t Key(int64_t h) const { return (shape.heads + KvHead(h)) * shape.head_width; }
  int64_t Value(int64_t h) const {
    return (shape.heads + shape.kv_heads + KvHead(h)) * shape.head_width;
  }
};

// The first token of the document of token `t`.
int64_t FirstOf(const AttentionShape& shape, const Array& starts, int64_t t) {
  const int64_t sequence = t - t % shape.length;
  return starts.values.empty() ? sequence : sequence + Whole(starts(t));
}

// The probabilities with which the query at token `t` of head `h` reads each earlier token of its
// document, and the log of the sum behind them.
std::vector<double> Probabilities(const Array& qkv, const AttentionShape& shape,
                                  const Array& starts, int64_t t, int64_t h, double* log_sum_exp) {
  const Heads at = {shape};
  std::vector<double> scores;
  for (int64_t s = FirstOf(shape, starts, t); s <= t; ++s) {
    double dot = 0;
    for (int64_t i = 0; i < shape.head_width; ++i) {
      dot += qkv(t, at.Query(h) + i) * qkv(s, at.Key(h) + i);
    }
    scores.push_back(dot / std::sqrt(static_cast<double>(shape.head_width)));
  }
  double max = scores[0], sum = 0;
  for (double score : scores) max = std::fmax(max, score);
  for (double score : scores) sum += std::exp(score - max);
  *log_sum_exp = max + std::log(sum);
  for (double& score : scores) score = std::exp(score - *log_sum_exp);
  return scores;
}

}  // namespace

Array RopeCosines(int64_t length, Rotary rotary) {
  Array table({length, rotary.width / 2});
  for (int64_t p = 0; p < length; ++p) {
    for (int64_t i = 0; i < rotary.width / 2; ++i) table(p, i) = std::cos(Angle(p, i, rotary));
  }
  return table;
}

Array RopeSines(int64_t length, Rotary rotary) {
  Array table({length, rotary.width / 2});
  for (int64_t p = 0; p < length; ++p) {
    for (int64_t i = 0; i < rotary.width / 2; ++i) table(p, i) = std::sin(Angle(p, i, rotary));
  }
  return table;
}

Array Rope(const Array& qkv, const AttentionShape& shape, Rotary rotary, bool backward,
           const Array& starts) {
  Array out = qkv;
  const int64_t half = rotary.width / 2;
  for (int64_t t = 0; t < shape.tokens(); ++t) {
    for (int64_t h = 0; h < shape.heads + shape.kv_heads; ++h) {
      for (int64_t i = 0; i < half; ++i) {
        const double forward = Angle(t - FirstOf(shape, starts, t), i, rotary);
        const double angle = backward ? -forward : forward;
        const int64_t a = h * shape.head_width + i, b = a + half;
        out(t, a) = qkv(t, a) * std::cos(angle) - qkv(t, b) * std::sin(angle);
        out(t, b) = qkv(t, b) * std::cos(angle) + qkv(t, a) * std::sin(angle);
      }
    }
  }
  return out;
}

Attention AttentionForward(const Array& qkv, const AttentionShape& shape, const Array& starts) {
  Attention result = {Array({shape.tokens(), shape.query_width()}),
                      Array({shape.sequences, shape.heads, shape.length})};
  const Heads at = {shape};
  for (int64_t t = 0; t < shape.tokens(); ++t) {
    const int64_t sequence = t / shape.length, position = t % shape.length;
    for (int64_t h = 0; h < shape.heads; ++h) {
      const auto p =
          Probabilities(qkv, shape, starts, t, h, &result.log_sum_exp(sequence, h, position));
      const int64_t first = FirstOf(shape, starts, t);
      for (int64_t s = first; s <= t; ++s) {
        for (int64_t i = 0; i < shape.head_width; ++i) {
          result.out(t, at.Query(h) + i) +=
              p[static_cast<size_t>(s - first)] * qkv(s, at.Value(h) + i);
        }
      }
    }
  }
  return result;
}

Array AttentionBackward(const Array& d_out, const Array& qkv, const AttentionShape& shape,
                        const Array& starts) {
  Array d_qkv(qkv.shape);
  const Heads at = {shape};
  const double scale = 1 / std::sqrt(static_cast<double>(shape.head_width));
  for (int64_t t = 0; t < shape.tokens(); ++t) {
    const int64_t first = FirstOf(shape, starts, t);
    for (int64_t h = 0; h < shape.heads; ++h) {
      double log_sum_exp = 0;
      const std::vector<double> p = Probabilities(qkv, shape, starts, t, h, &log_sum_exp);
      std::vector<double> d_p(p.size());
      double mean = 0;
      for (size_t s = 0; s < p.size(); ++s) {
        for (int64_t i = 0; i < shape.head_width; ++i) {
          const double d = d_out(t, at.Query(h) + i);
          d_p[s] += d * qkv(first + static_cast<int64_t>(s), at.Value(h) + i);
          d_qkv(first + static_cast<int64_t>(s), at.Value(h) + i) += p[s] * d;
        }
        mean += p[s] * d_p[s];
      }
      for (size_t s = 0; s < p.size(); ++s) {
        const int64_t key = first + static_cast<int64_t>(s);
        const double d_score = p[s] * (d_p[s] - mean) * scale;
        for (int64_t i = 0; i < shape.head_width; ++i) {
          d_qkv(t, at.Query(h) + i) += d_score * qkv(key, at.Key(h) + i);
          d_qkv(key, at.Key(h) + i) += d_score * qkv(t, at.Query(h) + i);
        }
      }
    }
  }
  return d_qkv;
}

// ------------------------------------------------------------------------------------- activation

namespace {

// A curve and its slope at x.
struct Point {
  double value;
  double slope;
};

Point Silu(double x) {
  const double s = 1 / (1 + std::exp(-x));
  return {x * s, s + x * s * (1 - s)};
}

Point Gelu(double x) {
  const double below = 0.5 * std::erfc(-x / std::sqrt(2));
  return {x * below, below + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1))};
}

Point GeluTanh(double x) {
  const double root = std::sqrt(2 / std::acos(-1));
  const double t = std::tanh(root * (x + 0.044715 * x * x * x));
  const double inner = root * (1 + 3 * 0.044715 * x * x);
  return {x / 2 * (1 + t), (1 + t) / 2 + x / 2 * (1 - t * t) * inner};
}

// Of the gate, where there is one.
Point Curve(double x, Activation activation) {
  switch (activation) {
    case Activation::kSwiGlu:
      return Silu(x);
    case Activation::kSquaredRelu:
      return {std::pow(std::fmax(x, 0), 2), 2 * std::fmax(x, 0)};
    case Activation::kGelu:
      return Gelu(x);
    case Activation::kGeGlu:
    case Activation::kGeluTanh:
      return GeluTanh(x);
  }
  return {};
}

double RowWeight(const Array& row_weight, int64_t r) {
  return row_weight.values.empty() ? 1 : row_weight(r);
}

}  // namespace

Array ActivationForward(const Array& x, const Array& row_weight, Activation activation) {
  const bool gated = IsGated(activation);
  const int64_t hidden = x.dim(1) / (gated ? 2 : 1);
  Array out({x.dim(0), hidden});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t f = 0; f < hidden; ++f) {
      const double up = gated ? x(r, hidden + f) : 1;
      out(r, f) = RowWeight(row_weight, r) * Curve(x(r, f), activation).value * up;
    }
  }
  return out;
}

ActivationGradients ActivationBackward(const Array& d_out, const Array& x, const Array& row_weight,
                                       Activation activation) {
  const bool gated = IsGated(activation);
  const int64_t hidden = d_out.dim(1);
  ActivationGradients gradients = {Array(x.shape), Array({x.dim(0)})};
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t f = 0; f < hidden; ++f) {
      const double d = d_out(r, f) * RowWeight(row_weight, r);
      const double up = gated ? x(r, hidden + f) : 1;
      const Point at = Curve(x(r, f), activation);
      gradients.d_row_weight(r) += d_out(r, f) * at.value * up;
      gradients.d_x(r, f) = d * at.slope * up;
      if (gated) gradients.d_x(r, hidden + f) = d * at.value;
    }
  }
  return gradients;
}

}  // namespace upcycle::reference
