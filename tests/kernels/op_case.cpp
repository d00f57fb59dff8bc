#include "tests/kernels/op_case.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "core/bfloat16.h"

namespace upcycle {
namespace {

constexpr int32_t kRubbish = -1234567;

using Role = Argument::Role;

template <typename T>
void Put(std::vector<std::byte>& bytes, int64_t i, T value) {
  std::memcpy(bytes.data() + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

template <typename T>
T Take(const std::vector<std::byte>& bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

std::vector<std::byte> Encode(const Array& values, DataType type) {
  std::vector<std::byte> bytes(static_cast<size_t>(values.size() * SizeOf(type)));
  for (int64_t i = 0; i < values.size(); ++i) {
    const double value = values(i);
    if (type == DataType::kInt32) {
      Put(bytes, i, static_cast<int32_t>(std::isnan(value) ? kRubbish : value));
    } else if (type == DataType::kUInt8) {
      Put(bytes, i, static_cast<uint8_t>(value));
    } else if (type == DataType::kBFloat16) {
      Put(bytes, i, RoundToBFloat16(static_cast<float>(value)));
    } else {
      Put(bytes, i, static_cast<float>(value));
    }
  }
  return bytes;
}

Array Decode(const std::vector<std::byte>& bytes, DataType type, const Shape& shape) {
  Array values(shape);
  for (int64_t i = 0; i < values.size(); ++i) {
    values(i) = type == DataType::kInt32      ? Take<int32_t>(bytes, i)
                : type == DataType::kUInt8    ? Take<uint8_t>(bytes, i)
                : type == DataType::kBFloat16 ? FloatOf(Take<BFloat16>(bytes, i))
                                              : Take<float>(bytes, i);
  }
  return values;
}

// What may be between an argument's values and what is expected, over the largest magnitude.
double AllowedError(const Argument& argument) {
  if (argument.type != DataType::kBFloat16 || argument.error == 0) return argument.error;
  return argument.error + argument.roundings * kBFloat16Rounding;
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
  if (worst <= AllowedError(argument) * largest) return "";
  return fmt::format("[{}] is {} in place of {}: error {:.2g} of {:.2g} allowed", worst_at,
                     actual(worst_at), expected(worst_at), worst / largest, AllowedError(argument));
}

}  // namespace

OpCase& OpCase::Add(Argument argument) {
  arguments_.push_back(std::move(argument));
  return *this;
}

OpCase& OpCase::In(Array values) { return InFloats(std::move(values)).As(activations_); }

OpCase& OpCase::InFloats(Array values) {
  return Add({.role = Role::kInput, .initial = std::move(values)});
}

OpCase& OpCase::Ints(Array values) {
  return Add({.role = Role::kInput, .type = DataType::kInt32, .initial = std::move(values)});
}

OpCase& OpCase::Missing() { return Add({}); }

OpCase& OpCase::Out(Array expected, double error) {
  return OutFloats(std::move(expected), error).As(activations_);
}

OpCase& OpCase::OutFloats(Array expected, double error) {
  return Add({.role = Role::kOutput,
              .initial = Poison(expected.shape),
              .expected = expected,
              .error = error});
}

OpCase& OpCase::OutInts(Array expected) {
  return OutFloats(std::move(expected), 0).As(DataType::kInt32);
}

OpCase& OpCase::InOut(Array initial, Array expected, double error) {
  return InOutFloats(std::move(initial), std::move(expected), error).As(activations_);
}

OpCase& OpCase::InOutFloats(Array initial, Array expected, double error) {
  return Add({.role = Role::kInOut,
              .initial = std::move(initial),
              .expected = std::move(expected),
              .error = error});
}

OpCase& OpCase::Accumulates(const Array& added, double error) {
  Array initial =
      Random(activations_, added.shape, "accumulated/" + std::to_string(arguments_.size()));
  return InOut(initial, Sum(initial, added), error);
}

OpCase& OpCase::AccumulatesFloats(const Array& added, double error) {
  Array initial = Random(added.shape, "accumulated/" + std::to_string(arguments_.size()));
  return InOutFloats(initial, Sum(initial, added), error);
}

OpCase& OpCase::As(DataType type) {
  arguments_.back().type = type;
  return *this;
}

OpCase& OpCase::Roundings(int count) {
  arguments_.back().roundings = count;
  return *this;
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
