#include "tests/kernels/op_refusals.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

// Where rows are padded, row_of alone tells how many assignments a token has.
bool HasFreeRowOf(const OpCase& op_case, size_t argument) {
  constexpr std::pair<const char*, size_t> kRowOf[] = {
      {"GatherRows", 4}, {"CombineRows", 4}, {"ExpertMatMul", 5}};
  if (op_case.name().find(" padded ") == std::string::npos) return false;
  for (const auto& [op, row_of] : kRowOf) {
    if (op_case.name().rfind(op, 0) == 0 && argument == row_of) return true;
  }
  return false;
}

// Arguments that no other argument holds to a number of columns.
bool MayHaveAnyWidth(const OpCase& op_case, size_t argument) {
  constexpr std::pair<const char*, size_t> kFree[] = {
      {"Sum", 1},
      {"GradientNorm", 1},
      {"CountAssignments", 0},
      {"CountAssignments", 1},
      {"RouterZLoss", 1},
      {"CrossEntropy", 1},
      {"ArgMax", 1},
      {"Jitter", 0},
      {"NormalizeLogits n", 0},
      {"Scale", 0},
      {"RmsNormColumnsForward", 1},
      {"RmsNormColumnsForward", 3},
      {"RmsNormColumnsBackward", 4},
  };
  for (const auto& [op, free] : kFree) {
    if (op_case.name().rfind(op, 0) == 0 && argument == free) return true;
  }
  return HasFreeRowOf(op_case, argument);
}

bool Refuses(Backend& backend, const OpCase& op_case, const std::vector<Tensor>& tensors) {
  try {
    op_case.call()(backend, tensors);
  } catch (const Error& error) {
    return error.cause() == Cause::kBug;
  }
  return false;
}

}  // namespace

std::string AcceptedMistakes(Backend& backend, const OpCase& op_case) {
  std::string mistakes;
  OpRun run(backend, op_case);
  run.Prepare();
  for (size_t i = 0; i < run.tensors().size(); ++i) {
    const Tensor tensor = run.tensors()[i];
    if (tensor.empty() || tensor.size() == 0) continue;
    const auto expect_refusal = [&](const Tensor& broken, const char* what) {
      std::vector<Tensor> tensors = run.tensors();
      tensors[i] = broken;
      if (Refuses(backend, op_case, tensors)) return;
      mistakes += fmt::format("{}: argument {} with another {}\n", op_case.name(), i, what);
    };
    expect_refusal({tensor.memory(), DataType::kInt64, tensor.shape()}, "type");
    if (!MayHaveAnyWidth(op_case, i)) expect_refusal(WithoutLastColumn(tensor), "shape");
    if (!op_case.MayMiss(i)) expect_refusal({nullptr, tensor.type(), tensor.shape()}, "memory");
  }
  return mistakes;
}

}  // namespace upcycle
