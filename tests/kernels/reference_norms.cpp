#include <cmath>

#include "tests/kernels/reference.h"

namespace upcycle::reference {

Norm RmsNormForward(const Array& x, const Array& weight, double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  Norm norm = {Array(x.shape), Array({rows}), Array({rows})};
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += x(r, i) * x(r, i);
    norm.rstd(r) = 1 / std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (int64_t i = 0; i < width; ++i) norm.out(r, i) = x(r, i) * norm.rstd(r) * weight(i);
  }
  return norm;
}

// out_i = x_i · s · w_i with s = (mean(x²) + ε)^(-1/2), so ∂s/∂x_j = -s³ · x_j / D.
NormGradients RmsNormBackward(const Array& d_out, const Array& x, const Array& weight,
                              double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  const Norm norm = RmsNormForward(x, weight, epsilon);
  NormGradients gradients = {Array(x.shape), Array({width}), Array()};
  for (int64_t r = 0; r < rows; ++r) {
    const double s = norm.rstd(r);
    double d_s = 0;
    for (int64_t i = 0; i < width; ++i) d_s += d_out(r, i) * x(r, i) * weight(i);
    for (int64_t i = 0; i < width; ++i) {
      const double through_s = d_s * -s * s * s * x(r, i) / static_cast<double>(width);
      gradients.d_x(r, i) = d_out(r, i) * s * weight(i) + through_s;
      gradients.d_weight(i) += d_out(r, i) * x(r, i) * s;
    }
  }
  return gradients;
}

namespace {

// Group g of every row, as rows of their own.
Array GroupOf(const Array& x, int64_t size, int64_t begin) {
  Array group({x.dim(0), size});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t i = 0; i < size; ++i) group(r, i) = x(r, begin + i);
  }
  return group;
}

void PutGroup(Array& x, const Array& group, int64_t begin) {
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t i = 0; i < group.dim(1); ++i) x(r, begin + i) = group(r, i);
  }
}

}  // namespace

Norm RmsNormColumnsForward(const Array& x, const Array& weight, Columns columns, double epsilon) {
  Norm norm = {Array(x.shape, NAN), Array(), Array({x.dim(0), columns.groups})};
  for (int64_t g = 0; g < columns.groups; ++g) {
    const int64_t begin = columns.begin + g * weight.size();
    const Norm one = RmsNormForward(GroupOf(x, weight.size(), begin), weight, epsilon);
    PutGroup(norm.out, one.out, begin);
    for (int64_t r = 0; r < x.dim(0); ++r) norm.rstd(r, g) = one.rstd(r);
  }
  return norm;
}

NormGradients RmsNormColumnsBackward(const Array& d_out, const Array& x, const Array& weight,
                                     Columns columns, double epsilon) {
  NormGradients gradients = {d_out, Array(weight.shape), Array()};
  for (int64_t g = 0; g < columns.groups; ++g) {
    const int64_t size = weight.size(), begin = columns.begin + g * size;
    const NormGradients one =
        RmsNormBackward(GroupOf(d_out, size, begin), GroupOf(x, size, begin), weight, epsilon);
    PutGroup(gradients.d_x, one.d_x, begin);
    gradients.d_weight = Sum(gradients.d_weight, one.d_weight);
  }
  return gradients;
}

namespace {

double ElementOr(const Array& a, int64_t i, double otherwise) {
  return a.values.empty() ? otherwise : a(i);
}

}  // namespace

Norm LayerNormForward(const Array& x, const Array& weight, const Array& bias, double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  Norm norm = {Array(x.shape), Array({rows}), Array({rows})};
  for (int64_t r = 0; r < rows; ++r) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < width; ++i) sum += x(r, i);
    norm.mean(r) = sum / static_cast<double>(width);
    for (int64_t i = 0; i < width; ++i) squares += std::pow(x(r, i) - norm.mean(r), 2);
    norm.rstd(r) = 1 / std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (int64_t i = 0; i < width; ++i) {
      norm.out(r, i) =
          (x(r, i) - norm.mean(r)) * norm.rstd(r) * ElementOr(weight, i, 1) + ElementOr(bias, i, 0);
    }
  }
  return norm;
}

NormGradients LayerNormBackward(const Array& d_out, const Array& x, const Array& weight,
                                double epsilon) {
  const int64_t rows = x.dim(0), width = x.dim(1);
  const Norm norm = LayerNormForward(x, weight, Array(), epsilon);
  NormGradients gradients = {Array(x.shape), Array({width}), Array({width})};
  for (int64_t r = 0; r < rows; ++r) {
    const double s = norm.rstd(r);
    double g_mean = 0, gy_mean = 0;
    for (int64_t i = 0; i < width; ++i) {
      const double g = d_out(r, i) * ElementOr(weight, i, 1);
      const double y = (x(r, i) - norm.mean(r)) * s;
      g_mean += g / static_cast<double>(width);
      gy_mean += g * y / static_cast<double>(width);
      gradients.d_weight(i) += d_out(r, i) * y;
      gradients.d_bias(i) += d_out(r, i);
    }
    for (int64_t i = 0; i < width; ++i) {
      const double y = (x(r, i) - norm.mean(r)) * s;
      gradients.d_x(r, i) = s * (d_out(r, i) * ElementOr(weight, i, 1) - g_mean - y * gy_mean);
    }
  }
  return gradients;
}

Array ArgMax(const Array& logits) {
  Array columns({logits.dim(0)});
  for (int64_t t = 0; t < logits.dim(0); ++t) {
    for (int64_t v = 1; v < logits.dim(1); ++v) {
      if (logits(t, v) > logits(t, static_cast<int64_t>(columns(t)))) {
        columns(t) = static_cast<double>(v);
      }
    }
  }
  return columns;
}

}  // namespace upcycle::reference
