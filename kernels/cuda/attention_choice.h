// Whose kernels compute a GPU's attention.
#pragma once

#include <memory>

#include "kernels/backend.h"

namespace upcycle {

enum class AttentionChoice {
  kCudnnFirst,  // cuDNN's where it is found and has a plan, own ones elsewhere
  kOwn,
};

// As MakeCudaBackend of backend.h, which is kCudnnFirst. The two differ in the last bits.
std::unique_ptr<Backend> MakeCudaBackend(int device, DataType activation_type,
                                         AttentionChoice attention);

}  // namespace upcycle
