#include "tests/kernels/op_case.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace upcycle {
namespace {

constexpr int32_t kRubbish = -1234567;

using Role = Argument::Role;

std::vector<std::byte> Encode(const Array& values, DataType type) {
  std::vector<std::byte> bytes(static_cast<size_t>(values.size() * SizeOf(type)));
  for (int64_t i = 0; i < values.size(); ++i) {
    const auto real = static_cast<float>(values(i));
    const auto whole = static_cast<int32_t>(std::isnan(values(i)) ? kRubbish : values(i));
    const void* source = type == DataType::kInt32 ? static_cast<const void*>(&whole) : &real;
    std::memcpy(bytes.data() + i * 4, source, 4);
  }
  return bytes;
}

Array Decode(const std::vector<std::byte>& bytes, DataType type, const Shape& shape) {
  Array values(shape);
  for (int64_t i = 0; i < values.size(); ++i) {
    float real = 0;
    int32_t whole = 0;
    std::memcpy(&real, bytes.data() + i * 4, 4);
    std::memcpy(&whole, bytes.data() + i * 4, 4);
    values(i) = type == DataType::kInt32 ? whole : real;
  }
  return values;
}

Array Poison(const Shape& shape) { return Array(shape, std::numeric_limits<double>::quiet_NaN()); }

// "" if `actual` is what the argument expects.
std::string Compare(const Argument& argument, const Array& actual) {
  const Array& expected = argument.expected;
  double largest = 0, worst = 0;
  int64_t worst_at = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected(i))) {
      if (!std::isnan(actual(i))) return fmt::format("[{}] was not left alone", i);
      continue;
    }
    largest = std::fmax(largest, std::fabs(expected(i)));
    const double difference = std::fabs(actual(i) - expected(i));
    if (!(difference <= worst)) {
      worst = difference;
      worst_at = i;
      if (std::isnan(difference)) break;
    }
  }
  if (worst <= argument.error * largest) return "";
  return fmt::format("[{}] is {} in place of {}: error {:.2g} of {:.2g} allowed", worst_at,
                     actual(worst_at), expected(worst_at), worst / largest, argument.error);
}

}  // namespace

OpCase& OpCase::In(Array values) {
  arguments_.push_back({.role = Role::kInput, .initial = std::move(values)});
  return *this;
}

OpCase& OpCase::Ints(Array values) {
  arguments_.push_back(
      {.role = Role::kInput, .type = DataType::kInt32, .initial = std::move(values)});
  return *this;
}

OpCase& OpCase::Missing() {
  arguments_.push_back({});
  return *this;
}

OpCase& OpCase::Out(Array expected, double error) {
  arguments_.push_back({.role = Role::kOutput,
                        .initial = Poison(expected.shape),
                        .expected = expected,
                        .error = error});
  return *this;
}

OpCase& OpCase::OutInts(Array expected) {
  arguments_.push_back({.role = Role::kOutput,
                        .type = DataType::kInt32,
                        .initial = Poison(expected.shape),
                        .expected = expected});
  return *this;
}

OpCase& OpCase::InOut(Array initial, Array expected, double error) {
  arguments_.push_back({.role = Role::kInOut,
                        .initial = std::move(initial),
                        .expected = std::move(expected),
                        .error = error});
  return *this;
}

OpCase& OpCase::Accumulates(const Array& added, double error) {
  Array initial = Random(added.shape, "accumulated/" + std::to_string(arguments_.size()));
  return InOut(initial, Sum(initial, added), error);
}

OpCase& OpCase::Optional() {
  arguments_.back().optional = true;
  return *this;
}

OpCase& OpCase::Calls(Call call) {
  call_ = std::move(call);
  return *this;
}

OpRun::OpRun(Backend& backend, const OpCase& op_case) : backend_(backend), case_(op_case) {
  for (const Argument& argument : case_.arguments()) {
    if (argument.role == Role::kMissing) {
      tensors_.emplace_back();
      continue;
    }
    const int64_t bytes = argument.initial.size() * SizeOf(argument.type);
    tensors_.emplace_back(backend.Allocate(bytes), argument.type, argument.initial.shape);
  }
}

OpRun::~OpRun() {
  for (const Tensor& tensor : tensors_) {
    if (!tensor.empty()) backend_.Free(tensor.memory());
  }
}

void OpRun::Prepare() {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Argument& argument = case_.arguments()[i];
    if (argument.role == Role::kMissing) continue;
    const std::vector<std::byte> bytes = Encode(argument.initial, argument.type);
    backend_.CopyFromHost(tensors_[i],
                          ConstTensor(bytes.data(), argument.type, argument.initial.shape));
  }
}

std::vector<std::byte> OpRun::Bytes(size_t argument) const {
  std::vector<std::byte> bytes(static_cast<size_t>(tensors_[argument].bytes()));
  backend_.CopyToHost(Tensor(bytes.data(), tensors_[argument].type(), tensors_[argument].shape()),
                      tensors_[argument]);
  return bytes;
}

std::vector<std::vector<std::byte>> OpRun::Outputs() const {
  std::vector<std::vector<std::byte>> outputs;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Role role = case_.arguments()[i].role;
    if (role == Role::kOutput || role == Role::kInOut) outputs.push_back(Bytes(i));
  }
  return outputs;
}

std::string OpRun::Mistakes() const {
  std::string mistakes;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Argument& argument = case_.arguments()[i];
    if (argument.role != Role::kOutput && argument.role != Role::kInOut) continue;
    const std::string mistake =
        Compare(argument, Decode(Bytes(i), argument.type, argument.initial.shape));
    if (!mistake.empty()) mistakes += fmt::format("{}: argument {}{}\n", case_.name(), i, mistake);
  }
  return mistakes;
}

Tensor WithoutLastColumn(const Tensor& tensor) {
  const Shape& s = tensor.shape();
  switch (s.rank()) {
    case 1:
      return {tensor.memory(), tensor.type(), {s[0] - 1}};
    case 2:
      return {tensor.memory(), tensor.type(), {s[0], s[1] - 1}};
    case 3:
      return {tensor.memory(), tensor.type(), {s[0], s[1], s[2] - 1}};
    default:
      return {tensor.memory(), tensor.type(), {s[0], s[1], s[2], s[3] - 1}};
  }
}

}  // namespace upcycle
