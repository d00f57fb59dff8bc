// Every op twice: on the backend under test and on the CPU's, from equal inputs. The first op whose
// results differ by more than rounding ends the run and says where.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/forwarding_backend.h"

namespace upcycle {

class CheckedBackend final : public ForwardingBackend {
 public:
  // `threads` of the CPU for the second time.
  CheckedBackend(std::unique_ptr<Backend> tested, int threads);

  std::string Name() const override;

 private:
  // Throws Error(kBug): "op 812, MatMul: …".
  void Around(const Call& call) override;

  std::unique_ptr<Backend> tested_;
  std::unique_ptr<Backend> reference_;
  int64_t calls_ = 0;
};

}  // namespace upcycle
