// Weights and their moments of one type in a backend's memory, for tests of the optimizer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/backend.h"

namespace upcycle {

// What both moments are made of, byte for byte.
struct StateBits {
  std::array<std::vector<std::byte>, 2> elements;
  std::array<std::vector<std::byte>, 2> scales;
  bool operator==(const StateBits&) const = default;
};

class OptimizerState {
 public:
  // All zeros.
  OptimizerState(Backend& backend, DataType type, int64_t size, bool on_host = false)
      : backend_(backend), weights_(New(DataType::kFloat32, size, false)) {
    gradient_ = New(DataType::kFloat32, size, false);
    floats_ = New(DataType::kFloat32, size, false);
    norm_ = New(DataType::kFloat32, 1, false);
    moments_ = {.m = New(type, size, on_host),
                .v = New(type, size, on_host),
                .m_scales = {},
                .v_scales = {},
                .on_host = on_host};
    if (type != DataType::kUInt8) return;
    moments_.m_scales = New(DataType::kFloat32, MomentBlocks(size), on_host);
    moments_.v_scales = New(DataType::kFloat32, MomentBlocks(size), on_host);
  }
  ~OptimizerState() {
    for (void* memory : on_device_) backend_.Free(memory);
    for (void* memory : on_host_) backend_.FreeOnHost(memory);
  }
  OptimizerState(const OptimizerState&) = delete;
  OptimizerState& operator=(const OptimizerState&) = delete;

  const Moments& moments() const { return moments_; }

  template <typename T>
  void SetElements(Moment which, const std::vector<T>& values) {
    Put(which == Moment::kFirst ? moments_.m : moments_.v, values);
  }
  void SetScales(Moment which, const std::vector<float>& values) {
    Put(which == Moment::kFirst ? moments_.m_scales : moments_.v_scales, values);
  }
  void SetWeights(const std::vector<float>& values) { Put(weights_, values); }
  std::vector<float> Weights() { return Floats(weights_); }

  void Step(const std::vector<float>& gradient, const AdamWStep& step) {
    Put(gradient_, gradient);
    backend_.AdamW(weights_, moments_, gradient_, norm_, step);
  }
  std::vector<float> Load(Moment which) {
    backend_.LoadMoment(floats_, moments_, which);
    return Floats(floats_);
  }
  void Store(Moment which, const std::vector<float>& values) {
    Put(floats_, values);
    backend_.StoreMoment(moments_, which, floats_);
  }
  StateBits Bits() {
    return {.elements = {Bytes(moments_.m), Bytes(moments_.v)},
            .scales = {Bytes(moments_.m_scales), Bytes(moments_.v_scales)}};
  }

 private:
  Tensor New(DataType type, int64_t size, bool on_host) {
    const int64_t bytes = size * SizeOf(type);
    void* memory = on_host ? backend_.AllocateOnHost(bytes) : backend_.Allocate(bytes);
    (on_host ? on_host_ : on_device_).push_back(memory);
    return {memory, type, {size}};
  }
  template <typename T>
  void Put(const Tensor& to, const std::vector<T>& values) {
    UPCYCLE_CHECK_EQ(to.bytes(), static_cast<int64_t>(values.size() * sizeof(T)));
    backend_.CopyFromHost(to, ConstTensor(values.data(), to.type(), to.shape()));
  }
  std::vector<std::byte> Bytes(const Tensor& x) {
    if (x.empty()) return {};
    std::vector<std::byte> bytes(static_cast<size_t>(x.bytes()));
    if (!moments_.on_host) {
      backend_.CopyToHost(Tensor(bytes.data(), x.type(), x.shape()), x);
    } else {
      Floats(norm_);  // waits for the device
      std::memcpy(bytes.data(), x.memory(), bytes.size());
    }
    return bytes;
  }
  std::vector<float> Floats(const Tensor& x) {
    std::vector<float> values(static_cast<size_t>(x.size()));
    backend_.CopyToHost(Tensor(values.data(), x.shape()), x);
    return values;
  }

  Backend& backend_;
  std::vector<void*> on_device_, on_host_;
  Tensor weights_, gradient_, floats_, norm_;
  Moments moments_;
};

}  // namespace upcycle
