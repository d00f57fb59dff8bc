// Cases of the optimizer, with moments of every type.
#include <fmt/format.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

AdamWStep Settings(int64_t step, double clip_norm) {
  return {.learning_rate = 0.01,
          .beta1 = 0.9,
          .beta2 = 0.95,
          .epsilon = 1e-8,
          .weight_decay = 0.1,
          .clip_norm = clip_norm,
          .step = step,
          .seed = 7,
          .first_index = (int64_t{1} << 32) - 100};
}

reference::Optimized RandomState(int64_t count, DataType type) {
  Array v = Random({count}, "v", 0.1);
  for (double& value : v.values) value = static_cast<float>(value * value);
  return {Random({count}, "w"), Random(type, {count}, "m", 0.1), Rounded(std::move(v), type)};
}

// float32 and bfloat16. Rounding at random may take either neighbour, twice as far as the nearest.
OpCase PlainMoments(DataType activations, DataType type, int64_t count, const AdamWStep& step) {
  const reference::Optimized before = RandomState(count, type);
  const Array gradient = Random({count}, "gradient"), norm({1}, 1.5);
  const reference::Optimized after = reference::AdamW(before, gradient, norm(0), step);
  OpCase op_case(fmt::format("AdamW {} bytes count={} step={} clip={}", SizeOf(type), count,
                             step.step, step.clip_norm),
                 activations);
  op_case.InOutFloats(before.weights, after.weights, kForwardError);
  op_case.InOutFloats(before.m, after.m, kForwardError).As(type).Roundings(2);
  op_case.InOutFloats(before.v, after.v, kForwardError).As(type).Roundings(2);
  op_case.InFloats(gradient).InFloats(norm);
  if (step.clip_norm == 0) op_case.Optional();
  const bool rounds = step.step != 2;  // the weights in the activation type, too
  rounds ? op_case.Out(after.weights).Optional() : op_case.Missing();
  op_case.Calls([step](Backend& backend, const Tensors& t) {
    const Moments moments = {.m = t[1], .v = t[2], .m_scales = {}, .v_scales = {}};
    backend.AdamW(t[0], moments, t[3], t[4], step, t[5]);
  });
  return op_case;
}

// A float32 off by its last bit may have the neighbouring code.
OpCase EightBitMoments(DataType activations, int64_t count, const AdamWStep& step) {
  constexpr double kOneCode = 1.01 / 255;
  const reference::Optimized state = RandomState(count, DataType::kFloat32);
  const auto m = reference::ToEightBits(state.m, true), v = reference::ToEightBits(state.v, false);
  const reference::Optimized before = {state.weights, reference::FromEightBits(m, true),
                                       reference::FromEightBits(v, false)};
  const Array gradient = Random({count}, "gradient"), norm({1}, 1.5);
  const reference::Optimized after = reference::AdamW(before, gradient, norm(0), step);
  const auto m_after = reference::ToEightBits(after.m, true);
  const auto v_after = reference::ToEightBits(after.v, false);
  OpCase op_case(fmt::format("AdamW 1 byte count={} step={}", count, step.step), activations);
  op_case.InOutFloats(before.weights, after.weights, kForwardError);
  op_case.InOutFloats(m.codes, m_after.codes, kOneCode).As(DataType::kUInt8);
  op_case.InOutFloats(v.codes, v_after.codes, kOneCode).As(DataType::kUInt8);
  op_case.InFloats(gradient).InFloats(norm);
  op_case.Out(after.weights).Optional();
  op_case.InOutFloats(m.scales, m_after.scales, kForwardError);
  op_case.InOutFloats(v.scales, v_after.scales, kForwardError);
  op_case.Calls([step](Backend& backend, const Tensors& t) {
    const Moments moments = {.m = t[1], .v = t[2], .m_scales = t[6], .v_scales = t[7]};
    backend.AdamW(t[0], moments, t[3], t[4], step, t[5]);
  });
  return op_case;
}

}  // namespace

std::vector<OpCase> OptimizerCases(DataType activations) {
  std::vector<OpCase> cases;
  for (const int64_t count : {1, 16, 61, 40000}) {
    for (const int64_t step : {1, 2, 1000}) {
      for (const double clip_norm : {0.0, 1.0, 1e9}) {
        cases.push_back(
            PlainMoments(activations, DataType::kFloat32, count, Settings(step, clip_norm)));
      }
    }
  }
  for (const int64_t count : {1, 255, 256, 257, 1000, 40000}) {
    for (const int64_t step : {1, 2, 1000}) {
      const AdamWStep settings = Settings(step, 1);
      cases.push_back(PlainMoments(activations, DataType::kBFloat16, count, settings));
      cases.push_back(EightBitMoments(activations, count, settings));
    }
  }
  return cases;
}

}  // namespace upcycle
