// How long each op of another backend takes: the share of a training step that goes where.
#pragma once

#include <map>
#include <string>

#include "kernels/forwarding_backend.h"

namespace upcycle {

class TimedBackend final : public ForwardingBackend {
 public:
  // `inner` outlives this.
  explicit TimedBackend(Backend& inner);
  ~TimedBackend() override;

  // Off at first: ops then go straight through. On, the host waits before and behind every op, so
  // that what is timed is the op and its launch.
  void SetTiming(bool on) { timing_ = on; }
  // Seconds by op, since the beginning.
  const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  void Around(const Call& call) override;
  void DoRepeat(std::unique_ptr<Recording>& recording, const std::function<void()>& work) override;
  void Wait();

  Tensor word_;  // to copy to the host, and so to wait
  bool timing_ = false;
  std::map<std::string, double> seconds_;
};

}  // namespace upcycle
