#include "kernels/checked_backend.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "core/bfloat16.h"
#include "core/error.h"

namespace upcycle {
namespace {

// Largest difference that rounding explains, relative to the largest element of the reference:
// float32 sums in another order, and tensor cores' operands with 8 significant bits.
constexpr double kFloat32Tolerance = 1e-4;
constexpr double kBFloat16Tolerance = 2e-2;

// A tensor of the tested backend in host memory.
struct HostCopy {
  std::vector<std::byte> memory;
  Tensor tensor;
};

HostCopy CopyOf(Backend& backend, const ConstTensor& x) {
  HostCopy copy;
  copy.memory.resize(static_cast<size_t>(x.bytes()));
  copy.tensor = Tensor(copy.memory.data(), x.type(), x.shape());
  backend.CopyToHost(copy.tensor, x);
  return copy;
}

HostCopy Widened(const HostCopy& narrow) {
  HostCopy wide;
  wide.memory.resize(static_cast<size_t>(narrow.tensor.size()) * sizeof(float));
  wide.tensor = Tensor(wide.memory.data(), DataType::kFloat32, narrow.tensor.shape());
  const BFloat16* from = narrow.tensor.data<BFloat16>();
  std::transform(from, from + narrow.tensor.size(), wide.tensor.floats(), FloatOf);
  return wide;
}

double ElementOf(const ConstTensor& x, int64_t i) {
  switch (x.type()) {
    case DataType::kFloat32:
      return x.floats()[i];
    case DataType::kBFloat16:
      return FloatOf(x.data<BFloat16>()[i]);
    case DataType::kUInt8:
      return x.data<uint8_t>()[i];
    default:
      return x.ints()[i];
  }
}

// What may differ between elements of this type.
double Allowance(const ConstTensor& expected, double tolerance) {
  if (expected.type() == DataType::kInt32) return 0;
  if (expected.type() == DataType::kUInt8) return 1;  // a neighbouring code
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double size = std::abs(ElementOf(expected, i));
    if (std::isfinite(size)) largest = std::max(largest, size);
  }
  return tolerance * largest;
}

bool Agree(double expected, double found, double allowance) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) == std::isnan(found);
  return expected == found || std::abs(expected - found) <= allowance;
}

// The rows of a tensor that are compared: all, or those that experts serve.
std::vector<bool> ComparedRows(Backend& backend, const std::optional<Dispatch>& served,
                               int64_t rows) {
  std::vector<bool> compared(static_cast<size_t>(rows), !served);
  if (!served) return compared;
  const HostCopy assignments = CopyOf(backend, served->assignment_of);
  for (int64_t row = 0; row < rows; ++row) {
    compared[static_cast<size_t>(row)] = assignments.tensor.ints()[row] >= 0;
  }
  return compared;
}

}  // namespace

CheckedBackend::CheckedBackend(std::unique_ptr<Backend> tested, int threads)
    : ForwardingBackend(*tested), tested_(std::move(tested)), reference_(MakeCpuBackend(threads)) {}

std::string CheckedBackend::Name() const {
  return fmt::format("{}, checked against {}", tested_->Name(), reference_->Name());
}

void CheckedBackend::Around(const Call& call) {
  // The copies hold what the op found before it ran on the tested backend.
  class Mirror final : public Substitution {
   public:
    explicit Mirror(Backend& tested) : tested_(tested) {}
    std::map<const void*, HostCopy>& copies() const { return copies_; }

   private:
    Tensor Find(const ConstTensor& x, bool keeps_type) const override {
      const auto known = copies_.find(x.memory());
      if (known != copies_.end()) return known->second.tensor;
      HostCopy copy = CopyOf(tested_, x);
      if (!keeps_type && x.type() == DataType::kBFloat16) copy = Widened(copy);
      return (copies_[x.memory()] = std::move(copy)).tensor;
    }
    Backend& tested_;
    mutable std::map<const void*, HostCopy> copies_;
  };

  ++calls_;
  const Mirror mirror(*tested_);
  call.run(*reference_, mirror);
  RunInside(call);
  const bool narrow = tested_->ActivationType() == DataType::kBFloat16;
  for (size_t n = 0; n < call.outputs.size(); ++n) {
    const Tensor& output = call.outputs[n];
    if (output.size() == 0) continue;
    const HostCopy found = CopyOf(*tested_, output);
    const Tensor& expected = mirror.copies().at(output.memory()).tensor;
    const double allowance = Allowance(expected, narrow ? kBFloat16Tolerance : kFloat32Tolerance);
    const int64_t rows = output.rank() == 0 ? 1 : output.dim(0), columns = output.size() / rows;
    const std::vector<bool> compared = ComparedRows(*tested_, call.served, rows);
    for (int64_t i = 0; i < output.size(); ++i) {
      const double e = ElementOf(expected, i), f = ElementOf(found.tensor, i);
      if (!compared[static_cast<size_t>(i / columns)] || Agree(e, f, allowance)) continue;
      throw Error(Cause::kBug,
                  fmt::format("op {}, {}: output {} of shape {} differs at element {}: {} on the "
                              "CPU, {} on {} (a difference of {:.2g} is allowed)",
                              calls_, call.name, n, output.shape().ToString(), i, e, f,
                              tested_->Name(), allowance));
    }
  }
}

}  // namespace upcycle
