#include "kernels/timed_backend.h"

#include "core/stopwatch.h"

namespace upcycle {

TimedBackend::TimedBackend(Backend& inner)
    : ForwardingBackend(inner), word_(inner.Allocate(sizeof(int32_t)), DataType::kInt32, {1}) {}

TimedBackend::~TimedBackend() { inner().Free(word_.memory()); }

void TimedBackend::Wait() {
  int32_t word = 0;
  inner().CopyToHost(Tensor(&word, {1}), word_);
}

void TimedBackend::Around(const Call& call) {
  if (!timing_) return RunInside(call);
  Wait();
  const Stopwatch op;
  RunInside(call);
  Wait();
  seconds_[call.name] += op.Seconds();
}

void TimedBackend::DoRepeat(std::unique_ptr<Recording>& recording,
                            const std::function<void()>& work) {
  if (timing_) return work();
  inner().Repeat(recording, work);
}

}  // namespace upcycle
