// Copies and zeros, in pieces so that several threads share the memory's bandwidth.
#include <cstddef>
#include <cstring>

#include "kernels/cpu/cpu_backend.h"

namespace upcycle {
namespace {

constexpr int64_t kPieceBytes = 1 << 19;

}  // namespace

void CpuBackend::DoCopy(Tensor destination, ConstTensor source) {
  auto* to = static_cast<std::byte*>(destination.memory());
  const auto* from = static_cast<const std::byte*>(source.memory());
  pool_.ParallelRanges(source.bytes(), kPieceBytes, [=](int64_t begin, int64_t end) {
    std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin));
  });
}

void CpuBackend::DoCopyToHost(Tensor host, ConstTensor source) { DoCopy(host, source); }

void CpuBackend::DoCopyFromHost(Tensor destination, ConstTensor host) { DoCopy(destination, host); }

void CpuBackend::DoZero(Tensor x) {
  auto* memory = static_cast<std::byte*>(x.memory());
  pool_.ParallelRanges(x.bytes(), kPieceBytes, [=](int64_t begin, int64_t end) {
    std::memset(memory + begin, 0, static_cast<size_t>(end - begin));
  });
}

}  // namespace upcycle
