// Device memory that cublasLt may use for products of one stream.
#pragma once

#include <cstddef>

namespace upcycle {

// Products that may run at once need one each.
class ProductWorkspace {
 public:
  // What NVIDIA recommends for Hopper.
  static constexpr size_t kBytes = size_t{32} << 20;

  ProductWorkspace();
  ~ProductWorkspace();
  ProductWorkspace(const ProductWorkspace&) = delete;
  ProductWorkspace& operator=(const ProductWorkspace&) = delete;

  void* memory() const { return memory_; }

 private:
  void* memory_ = nullptr;
};

}  // namespace upcycle
