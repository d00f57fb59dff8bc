// By how much expert weights are scaled, so that the model starts from what its parent computes.
#pragma once

#include "core/recipe/settings.h"

namespace upcycle {

// What the output of the upcycled MLP lacks against the dense one at uniform routing, whatever the
// method: the T experts of a token are T/G dense MLPs in expectation, weighted by 1/(E·G) each
// under softmax_then_topk and by 1/T under topk_then_softmax. So E·G²/T and G (He 2024).
// Sigmoid scores are 1/2 at first, so as they are they leave 2·G/T missing; experts that choose
// reach T · capacity factor experts a token. A shared expert gives half of the output, so that
// routed ones need half as much. Where the T experts are whole MLPs (virtual groups, or all parts
// of a split) the dense output is met exactly and not only in expectation.
double MissingFactor(const MoeSettings& moe);

// What the matrices of an expert are multiplied by. One without a gate has a 1 for it.
//   none   1, 1, 1
//   paper  the method's own paper:
//            copy, virtual_groups  the cube root of MissingFactor on every matrix (He 2024): exact
//                                  for squared ReLU, where up counts twice; for SwiGLU an
//                                  approximation, since the gate's scale passes through a sigmoid
//            split                 experts / T on down, which makes up for the experts that a token
//                                  is not sent to (Zhu 2024). Not MissingFactor: the router's
//                                  weights are left as they are
//            others                1, 1, 1
//   exact  MissingFactor: squared ReLU the cube root on up and down; SwiGLU and GeGLU the square
//          root on up and down, gate untouched; GELU all of it on down
// Where they are scaled at all, a plain shared expert has its down matrix halved, as its gate
// halves it where it has one: sigmoid(0) = 1/2.
struct ExpertScales {
  double gate = 1, up = 1, down = 1;
  double shared_down = 1;

  bool operator==(const ExpertScales&) const = default;
};
ExpertScales ScalesOf(const MoeSettings& moe, const UpcycleSettings& settings, Family family);

}  // namespace upcycle
