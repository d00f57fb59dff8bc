#include "kernels/adamw_factors.h"

#include <cmath>

namespace upcycle {

AdamWFactors FactorsOf(const AdamWStep& step) {
  const auto steps = static_cast<double>(step.step);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  return {.beta1 = narrow(step.beta1),
          .one_minus_beta1 = narrow(1 - step.beta1),
          .beta2 = narrow(step.beta2),
          .one_minus_beta2 = narrow(1 - step.beta2),
          .first_correction = narrow(1 / (1 - std::pow(step.beta1, steps))),
          .second_correction = narrow(1 / (1 - std::pow(step.beta2, steps))),
          .epsilon = narrow(step.epsilon),
          .weight_decay = narrow(step.weight_decay),
          .learning_rate = narrow(step.learning_rate)};
}

}  // namespace upcycle
