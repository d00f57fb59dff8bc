// Every op of kernels/backend.h in double precision, as its plain slow equation: what the backends
// are held against. Arguments and results are named as there; gradients are returned, not added.
#pragma once

#include "kernels/backend.h"
#include "tests/kernels/array.h"

namespace upcycle::reference {

Array MatMul(const Array& a, Transpose transpose_a, const Array& b, Transpose transpose_b);

Array AddBias(const Array& out, const Array& bias);
Array BiasBackward(const Array& d_out);
Array Scale(const Array& x, double factor);

Array EmbeddingForward(const Array& table, const Array& tokens);
Array EmbeddingBackward(int64_t vocabulary, const Array& d_out, const Array& tokens);

struct Norm {
  Array out;
  Array mean;
  Array rstd;
};
struct NormGradients {
  Array d_x;
  Array d_weight;
  Array d_bias;
};
Norm RmsNormForward(const Array& x, const Array& weight, double epsilon);
NormGradients RmsNormBackward(const Array& d_out, const Array& x, const Array& weight,
                              double epsilon);
// Groups of as many columns as `weight` has, side by side.
struct Columns {
  int64_t begin = 0;
  int64_t groups = 1;
};
// Other columns of `out` are NaN: the op leaves them alone; those of d_x are those of d_out.
Norm RmsNormColumnsForward(const Array& x, const Array& weight, Columns columns, double epsilon);
NormGradients RmsNormColumnsBackward(const Array& d_out, const Array& x, const Array& weight,
                                     Columns columns, double epsilon);
// Empty weight and bias are 1 and 0.
Norm LayerNormForward(const Array& x, const Array& weight, const Array& bias, double epsilon);
NormGradients LayerNormBackward(const Array& d_out, const Array& x, const Array& weight,
                                double epsilon);

// The first `width` numbers of each head are rotated.
struct Rotary {
  int64_t width = 0;
  double theta = 10000;
};
Array RopeCosines(int64_t length, Rotary rotary);
Array RopeSines(int64_t length, Rotary rotary);
// `starts` [n] as in backend.h; empty where there are none.
Array Rope(const Array& qkv, const AttentionShape& shape, Rotary rotary, bool backward,
           const Array& starts = {});

struct Attention {
  Array out;
  Array log_sum_exp;
};
Attention AttentionForward(const Array& qkv, const AttentionShape& shape, const Array& starts = {});
Array AttentionBackward(const Array& d_out, const Array& qkv, const AttentionShape& shape,
                        const Array& starts = {});

struct ActivationGradients {
  Array d_x;
  Array d_row_weight;
};
Array ActivationForward(const Array& x, const Array& row_weight, Activation activation);
ActivationGradients ActivationBackward(const Array& d_out, const Array& x, const Array& row_weight,
                                       Activation activation);

struct Routed {
  Array probabilities;
  Array log_sum_exp;
  Array expert;
  Array weight;
};
// softmax or sigmoid of logits [n, E], and these with a bias [E].
Array RouterScores(const Array& logits, RouterScore score);
Array RanksWithBias(const Array& logits, const Array& bias, RouterScore score);
// `ranks` and `balance_gradient` may be arrays without elements.
Routed RouterForward(const Array& logits, int64_t top_k, const Scoring& scoring,
                     const Array& ranks = {});
Array RouterBackward(const Array& logits, const Array& d_weight, const Array& balance_gradient,
                     double z_factor, const Scoring& scoring, const Array& ranks = {});
// Noise of kernels/counter_bits.h by key [2]: what is added, and its slope by `spread`.
struct Noise {
  Array added;
  Array slope;
};
Noise RouterNoise(const Array& spread, const Array& key);
Array Jitter(const Array& x, const Array& key, double amplitude);
struct Normalized {
  Array logits;
  Array rstd;
};
Normalized NormalizeLogits(const Array& logits, double scale);
Array NormalizeLogitsBackward(const Array& d_out, const Array& logits, double scale);
struct Sinkhorn {
  Array ranks;
  Array columns;
};
Sinkhorn SinkhornRanks(const Array& logits, int64_t rounds);
Array CountAssignments(const Array& expert, int64_t spans, int64_t experts);
Array BalanceGradient(const Array& counts, double factor);
double BalanceLoss(const Array& gradient, const Array& probabilities);
double RouterZLoss(const Array& log_sum_exp, double factor);

struct Planned {
  Array counts;
  Array offsets;
  Array row_of;
  Array assignment_of;
};
Planned PlanDispatch(const Array& expert, const Array& weight, int64_t experts, int64_t capacity,
                     DropPolicy policy, ExpertPath path = ExpertPath::kGrouped);
Array GatherRows(const Array& x, const Planned& plan);
Array CombineRows(const Array& rows, const Planned& plan);
Array GatherWeights(const Array& weight, const Planned& plan);
Array ScatterWeights(const Array& d_row_weight, const Planned& plan);
// Unserved rows are NaN: the op leaves them alone.
Array ExpertMatMul(const Array& rows, const Array& weights, const Planned& plan);
Array ExpertMatMulBackwardRows(const Array& d_out, const Array& weights, const Planned& plan);
Array ExpertMatMulBackwardWeights(const Array& d_out, const Array& rows, const Planned& plan);

Array CrossEntropyForward(const Array& logits, const Array& targets);
Array CrossEntropyBackward(const Array& logits, const Array& targets, double scale);
Array ArgMax(const Array& logits);

struct Optimized {
  Array weights;
  Array m;
  Array v;
};
Optimized AdamW(const Optimized& before, const Array& gradient, double norm, const AdamWStep& step);

// Moments of 8 bits (kernels/moment_storage.h): the numbers that codes stand for, by the rule as
// the paper has it, a moment's codes and scales, and what they hold.
struct EightBits {
  Array codes;
  Array scales;
};
std::vector<double> DynamicMapValues(bool with_sign);
EightBits ToEightBits(const Array& x, bool with_sign);
Array FromEightBits(const EightBits& x, bool with_sign);

}  // namespace upcycle::reference
