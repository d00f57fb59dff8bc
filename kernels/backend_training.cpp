// The checked fronts of the loss and of the optimizer, as backend.cpp.
#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/tensor_checks.h"

namespace upcycle {
namespace {

void CheckCrossEntropy(ConstTensor losses, ConstTensor logits, ConstTensor targets) {
  CheckRank("logits", logits, 2);
  UPCYCLE_CHECK(logits.dim(1) >= 1);
  CheckFloats("logits", logits, {logits.dim(0), logits.dim(1)});
  CheckFloats("losses", losses, {logits.dim(0)});
  CheckInts("targets", targets, {logits.dim(0)});
}

}  // namespace

// ------------------------------------------------------------------------------------------- loss

void Backend::CrossEntropyForward(Tensor losses, ConstTensor logits, ConstTensor targets) {
  CheckCrossEntropy(losses, logits, targets);
  DoCrossEntropy(losses, logits, /*d_logits=*/{}, targets, /*scale=*/0);
}

void Backend::CrossEntropyBackward(Tensor losses, Tensor logits, ConstTensor targets,
                                   double scale) {
  CheckCrossEntropy(losses, logits, targets);
  DoCrossEntropy(losses, logits, logits, targets, scale);
}

void Backend::Sum(Tensor total, ConstTensor x) {
  CheckFloats("total", total, {1});
  CheckFloats("x", x, x.shape());
  DoSum(total, x);
}

// -------------------------------------------------------------------------------------- optimizer

void Backend::GradientNorm(Tensor norm, ConstTensor gradient) {
  CheckFloats("norm", norm, {1});
  CheckFloats("gradient", gradient, gradient.shape());
  DoGradientNorm(norm, gradient);
}

void Backend::AdamW(Tensor weights, Tensor m, Tensor v, ConstTensor gradient, ConstTensor norm,
                    const AdamWStep& step) {
  UPCYCLE_CHECK(step.step >= 1 && step.clip_norm >= 0 && step.epsilon > 0);
  UPCYCLE_CHECK(step.beta1 >= 0 && step.beta1 < 1 && step.beta2 >= 0 && step.beta2 < 1);
  CheckFloats("weights", weights, weights.shape());
  CheckFloats("m", m, weights.shape());
  CheckFloats("v", v, weights.shape());
  CheckFloats("gradient", gradient, weights.shape());
  if (step.clip_norm > 0 || !norm.empty()) CheckFloats("norm", norm, {1});
  DoAdamW(weights, m, v, gradient, norm, step);
}

}  // namespace upcycle
