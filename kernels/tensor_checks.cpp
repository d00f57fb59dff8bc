#include "kernels/tensor_checks.h"

#include <string>

#include "core/check.h"

namespace upcycle {
namespace {

using Where = std::source_location;

[[noreturn]] void Fail(const Where& where, const char* name, const std::string& detail) {
  internal::CheckFailed(where.file_name(), static_cast<int>(where.line()), name, detail);
}

bool Overlap(const ConstTensor& a, const ConstTensor& b) {
  const auto a_begin = reinterpret_cast<uintptr_t>(a.memory());
  const auto b_begin = reinterpret_cast<uintptr_t>(b.memory());
  return a_begin < b_begin + static_cast<uintptr_t>(b.bytes()) &&
         b_begin < a_begin + static_cast<uintptr_t>(a.bytes());
}

}  // namespace

void CheckTensor(const char* name, ConstTensor x, DataType type, const Shape& shape,
                 const Where& where) {
  if (!(x.shape() == shape)) {
    Fail(where, name, "the shape " + x.shape().ToString() + " in place of " + shape.ToString());
  }
  if (x.type() != type) Fail(where, name, "another element type");
  if (x.empty() && shape.size() > 0) Fail(where, name, "no memory");
}

void CheckFloats(const char* name, ConstTensor x, const Shape& shape, const Where& where) {
  CheckTensor(name, x, DataType::kFloat32, shape, where);
}

void CheckInts(const char* name, ConstTensor x, const Shape& shape, const Where& where) {
  CheckTensor(name, x, DataType::kInt32, shape, where);
}

void CheckRank(const char* name, ConstTensor x, int rank, const Where& where) {
  if (x.rank() != rank) {
    Fail(where, name,
         "the shape " + x.shape().ToString() + " in place of rank " + std::to_string(rank));
  }
}

void CheckApart(const char* name, ConstTensor out, std::initializer_list<ConstTensor> inputs,
                const Where& where) {
  for (const ConstTensor& input : inputs) {
    if (!input.empty() && Overlap(out, input)) Fail(where, name, "memory that an input shares");
  }
}

void CheckSame(ConstTensor a, ConstTensor b, const Where& where) {
  CheckTensor("copy", a, b.type(), b.shape(), where);
  if (b.empty() && b.size() > 0) Fail(where, "copy", "no memory");
}

}  // namespace upcycle
