// One call of one op: its arguments, what must come out, and how exactly. Cases are written against
// Backend alone, so that they hold every backend to the same equations.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "tests/kernels/array.h"

namespace upcycle {

// The largest difference over the largest magnitude of a tensor.
inline constexpr double kForwardError = 1e-5;
inline constexpr double kGradientError = 1e-4;

// What rounding to bfloat16 adds. Its 8 significant bits put the nearest number within 2^-8 of a
// value, relative to it and so also to the largest magnitude of the tensor. Inputs are rounded
// before the reference sees them; backends sum in float32 and round what they write once. So an
// output in bfloat16 may differ by its bound in float32 and 2^-8 more, or by that many times 2^-8
// as values on its way are rounded (OpCase::Roundings), and an output in float32 by no more than
// ever.
inline constexpr double kBFloat16Rounding = 1.0 / 256;

struct Argument {
  enum class Role {
    kInput,
    kOutput,   // filled with NaN (integers: with rubbish) before the call
    kInOut,    // read and written: `initial` before the call
    kMissing,  // an optional tensor that is left out
  };
  Role role = Role::kMissing;
  DataType type = DataType::kFloat32;
  Array initial = {};
  // Where it is NaN, the op must leave what was there.
  Array expected = {};
  double error = 0;   // allowed in float32
  int roundings = 1;  // to the argument's type, on the way to each value; copies have none
  bool optional = false;
};

class OpCase {
 public:
  using Call = std::function<void(Backend& backend, const std::vector<Tensor>& arguments)>;

  // For a backend with these activations.
  explicit OpCase(std::string name, DataType activations = DataType::kFloat32)
      : name_(std::move(name)), activations_(activations) {}

  // Arguments, in the order in which the call finds them. They are of the activation type, or of
  // the one that the name says. Inputs must be values that the type holds.
  OpCase& In(Array values);
  OpCase& InFloats(Array values);
  OpCase& Ints(Array values);
  OpCase& Missing();
  OpCase& Out(Array expected, double error = kForwardError);
  OpCase& OutFloats(Array expected, double error = kForwardError);
  OpCase& OutInts(Array expected);
  OpCase& InOut(Array initial, Array expected, double error = kGradientError);
  OpCase& InOutFloats(Array initial, Array expected, double error = kGradientError);
  // An accumulating gradient: it starts with random numbers and must end with `added` more.
  OpCase& Accumulates(const Array& added, double error = kGradientError);
  OpCase& AccumulatesFloats(const Array& added, double error = kGradientError);
  // Sets the last argument's element type, or how often values on its way are
  // rounded to it.
  OpCase& As(DataType type);
  OpCase& Roundings(int count);
  // The last argument could be left out.
  OpCase& Optional();
  OpCase& Calls(Call call);

  const std::string& name() const { return name_; }
  const std::vector<Argument>& arguments() const { return arguments_; }
  const Call& call() const { return call_; }
  // Whether the call could also leave this argument out.
  bool MayMiss(size_t argument) const { return arguments_[argument].optional; }

 private:
  OpCase& Add(Argument argument);

  std::string name_;
  DataType activations_;
  std::vector<Argument> arguments_;
  Call call_;
};

// A case's tensors in a backend's memory.
class OpRun {
 public:
  OpRun(Backend& backend, const OpCase& op_case);
  ~OpRun();
  OpRun(const OpRun&) = delete;
  OpRun& operator=(const OpRun&) = delete;

  void Prepare();  // inputs in, outputs poisoned
  void Call() { case_.call()(backend_, tensors_); }
  const std::vector<Tensor>& tensors() const { return tensors_; }

  // What the call wrote, byte for byte.
  std::vector<std::vector<std::byte>> Outputs() const;
  // Sentences about what came out wrong; empty if nothing did.
  std::string Mistakes() const;

 private:
  std::vector<std::byte> Bytes(size_t argument) const;

  Backend& backend_;
  const OpCase& case_;
  std::vector<Tensor> tensors_;
};

// The same memory with a last dimension smaller by one.
Tensor WithoutLastColumn(const Tensor& tensor);

}  // namespace upcycle
