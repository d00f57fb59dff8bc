// What a router decides about the tokens of a micro-batch, and where their rows go. Letters as in
// backend.h.
#pragma once

#include "core/enum_names.h"
#include "core/recipe/moe_settings.h"
#include "core/tensor.h"

namespace upcycle {

// How logits become weights. Scores are softmax(logits) or sigmoid(logits). softmax_then_topk: a
// weight is the chosen expert's score as it is; topk_then_softmax: over the sum of the chosen
// scores, which for softmax is the softmax over the chosen logits.
struct Scoring {
  RoutingOrder order;
  RouterScore score;

  // An order says it all where scores are a softmax.
  Scoring(RoutingOrder o, RouterScore s = RouterScore::kSoftmax) : order(o), score(s) {}
};

// What decides which experts a token is sent to; weights come from the logits whatever it is. The T
// largest of `values`; without them of score + bias; without either of the logits.
struct ExpertRanks {
  ConstTensor values = {};  // [n, E]
  ConstTensor bias = {};    // [E]; not together with values
};

// Scores that all came out as 0 have no share: added to every sum of sigmoid scores.
inline constexpr float kLeastScoreSum = 1e-20f;
// An expert that no token comes near stays empty under Sinkhorn's scaling.
inline constexpr double kLeastColumnSum = 1e-30;
// Added to the mean square that logits are normalized by.
inline constexpr double kLogitsEpsilon = 1e-6;

// What the router says about n tokens.
struct Routing {
  Tensor probabilities;  // [n, E] the scores of all experts over their sum
  Tensor log_sum_exp;    // [n] of the logits
  Tensor expert;         // [n, T] int32: highest rank first; equal ranks: the lower index first
  Tensor weight;         // [n, T] what each chosen expert's output is multiplied by
  Tensor logits = {};    // [n, E] as they were given, for kSigmoid alone
};

// How products over experts are computed, and with it how rows lie. expert_path.h chooses.
//   kGrouped: rows close up, the experts' one behind the other, R = n·T. One kernel for all.
//   kStreams: rows as for kGrouped. A GPU computes one product for each expert with rows, several
//     at once, so the host waits once for each PlanDispatch. Products must follow a PlanDispatch
//     by the same backend with this path, and `counts` be left alone in between.
//   kPadded: every expert has C rows, R = E·C, offsets[e] = e·C, whatever it serves. One batch of
//     equal products, which takes unserved rows along (see ExpertMatMul).
enum class ExpertPath { kGrouped, kStreams, kPadded };
template <>
struct EnumNames<ExpertPath> {
  static constexpr EnumName<ExpertPath> values[] = {
      {ExpertPath::kGrouped, "grouped", "one kernel for all experts"},
      {ExpertPath::kStreams, "streams", "a product for each expert, several at once"},
      {ExpertPath::kPadded, "padded", "one batch of equal products"},
  };
};

// Where each assignment goes. The rows of expert e are [offsets[e], offsets[e] + counts[e]),
// ordered by token.
struct Dispatch {
  Tensor counts;         // [E] int32, rows each expert serves
  Tensor offsets;        // [E] int32, the first row of each expert
  Tensor row_of;         // [n, T] int32, the row of an assignment, or -1 if it was dropped
  Tensor assignment_of;  // [R] int32, the flat index token·T + j of a row's assignment, or -1 for a
                         // row that no expert serves
  ExpertPath path = ExpertPath::kGrouped;
};

}  // namespace upcycle
