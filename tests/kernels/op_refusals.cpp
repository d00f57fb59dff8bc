#include "tests/kernels/op_refusals.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

// Arguments that no other argument holds to a number of columns.
bool MayHaveAnyWidth(const OpCase& op_case, size_t argument) {
  constexpr std::pair<const char*, size_t> kFree[] = {
      {"Sum", 1},         {"GradientNorm", 1}, {"CountAssignments", 0}, {"CountAssignments", 1},
      {"RouterZLoss", 1}, {"CrossEntropy", 1},
  };
  for (const auto& [op, free] : kFree) {
    if (op_case.name().rfind(op, 0) == 0 && argument == free) return true;
  }
  // How many assignments a token has is told by row_of alone where rows are padded.
  const bool moves_rows =
      op_case.name().rfind("GatherRows", 0) == 0 || op_case.name().rfind("CombineRows", 0) == 0;
  constexpr size_t kRowOf = 4;
  return moves_rows && op_case.name().find(" padded ") != std::string::npos && argument == kRowOf;
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
