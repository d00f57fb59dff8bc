// The host's stand-in for cublasLt.
#include "tests/kernels/cuda/cublasLt.h"

#include <cstring>
#include <vector>

#include "kernels/cuda/cublas_lt.h"
#include "tests/kernels/cuda/cuda_bf16.h"
#include "tests/kernels/cuda/streams.h"

namespace {

// Copies an attribute of exactly its type's size.
template <typename T>
cublasStatus_t Set(T* attribute, const void* value, size_t bytes) {
  if (bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(attribute, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

template <typename T>
cublasStatus_t Make(T** made, const T& value) {
  *made = new T(value);
  return CUBLAS_STATUS_SUCCESS;
}

template <typename T>
cublasStatus_t End(T* made) {
  delete made;
  return CUBLAS_STATUS_SUCCESS;
}

double Read(const void* memory, cudaDataType_t type, int64_t i) {
  if (type == CUDA_R_32F) return static_cast<const float*>(memory)[i];
  return __bfloat162float(static_cast<const __nv_bfloat16*>(memory)[i]);
}

void Write(void* memory, cudaDataType_t type, int64_t i, double value) {
  const auto narrow = static_cast<float>(value);
  if (type == CUDA_R_32F) {
    static_cast<float*>(memory)[i] = narrow;
  } else {
    static_cast<__nv_bfloat16*>(memory)[i] = __float2bfloat16_rn(narrow);
  }
}

// op(x) of one batch, row-major.
std::vector<double> Gather(const void* x, const cublasLtMatrixLayoutOpaque_t& layout,
                           cublasOperation_t operation, int64_t batch) {
  const auto rows = static_cast<int64_t>(layout.rows),
             columns = static_cast<int64_t>(layout.columns);
  std::vector<double> values(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t to = operation == CUBLAS_OP_T ? j * rows + i : i * columns + j;
      values[static_cast<size_t>(to)] =
          Read(x, layout.type, batch * layout.batch_stride + j * layout.stride + i);
    }
  }
  return values;
}

struct Sizes {
  int64_t rows;
  int64_t columns;
};

Sizes SizesOf(const cublasLtMatrixLayoutOpaque_t& x, cublasOperation_t operation) {
  const auto rows = static_cast<int64_t>(x.rows), columns = static_cast<int64_t>(x.columns);
  return operation == CUBLAS_OP_T ? Sizes{columns, rows} : Sizes{rows, columns};
}

// Every matrix of a batch.
bool Aligned(const void* memory, const cublasLtMatrixLayoutOpaque_t& layout, uint32_t alignment) {
  const int64_t element_bytes = layout.type == CUDA_R_32F ? 4 : 2;
  const int64_t step = layout.batch > 1 ? layout.batch_stride * element_bytes : 0;
  return reinterpret_cast<uintptr_t>(memory) % alignment == 0 && step % alignment == 0;
}

// All that a product reads when it runs, which may be after its descriptions have ended.
struct Product {
  cublasLtMatmulDescOpaque_t description;
  float factor, before;
  const void* a;
  cublasLtMatrixLayoutOpaque_t a_layout;
  const void* b;
  cublasLtMatrixLayoutOpaque_t b_layout;
  const void* c;
  void* d;
  cublasLtMatrixLayoutOpaque_t d_layout;
};

bool Fits(const Product& p, const cublasLtMatrixLayoutOpaque_t& c_layout) {
  const Sizes left = SizesOf(p.a_layout, p.description.a);
  const Sizes right = SizesOf(p.b_layout, p.description.b);
  const Sizes out = SizesOf(p.d_layout, CUBLAS_OP_N);
  return left.columns == right.rows && out.rows == left.rows && out.columns == right.columns &&
         c_layout.type == p.d_layout.type && p.a_layout.batch == p.d_layout.batch &&
         p.b_layout.batch == p.d_layout.batch;
}

void Multiply(const Product& p) {
  const Sizes left = SizesOf(p.a_layout, p.description.a);
  const Sizes out = SizesOf(p.d_layout, CUBLAS_OP_N);
  for (int64_t batch = 0; batch < p.d_layout.batch; ++batch) {
    const std::vector<double> x = Gather(p.a, p.a_layout, p.description.a, batch);
    const std::vector<double> y = Gather(p.b, p.b_layout, p.description.b, batch);
    for (int64_t j = 0; j < out.columns; ++j) {
      for (int64_t i = 0; i < out.rows; ++i) {
        double sum = 0;
        for (int64_t k = 0; k < left.columns; ++k) {
          sum += x[static_cast<size_t>(i * left.columns + k)] *
                 y[static_cast<size_t>(k * out.columns + j)];
        }
        const int64_t at = batch * p.d_layout.batch_stride + j * p.d_layout.stride + i;
        // What is not asked for is not read: it may be anything.
        const double old = p.before == 0 ? 0 : p.before * Read(p.c, p.d_layout.type, at);
        Write(p.d, p.d_layout.type, at, p.factor * sum + old);
      }
    }
  }
}

}  // namespace

size_t cublasLtGetVersion() { return 130100; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t,
                                        cudaDataType_t scale_type) {
  return Make(product, {scale_type, CUBLAS_OP_N, CUBLAS_OP_N});
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) { return End(product); }

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t which,
                                              const void* value, size_t bytes) {
  return Set(which == CUBLASLT_MATMUL_DESC_TRANSA ? &product->a : &product->b, value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t stride) {
  if (stride < static_cast<int64_t>(rows)) return CUBLAS_STATUS_INVALID_VALUE;
  return Make(layout, {type, rows, columns, stride, 1, 0});
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return End(layout); }

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t which,
                                                const void* value, size_t bytes) {
  return which == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT ? Set(&layout->batch, value, bytes)
                                                     : Set(&layout->batch_stride, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return Make(preference, {{256, 256, 256, 256}, 0});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return End(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t which,
                                                    const void* value, size_t bytes) {
  if (which == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) {
    return Set(&preference->workspace_bytes, value, bytes);
  }
  return Set(&preference->alignment[which - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
             bytes);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* found,
                                              int* found_count) {
  // No matrix is aligned so well that these could be used.
  const cublasLtMatmulAlgo_t useless = {{1u << 31, 1u << 31, 1u << 31, 1u << 31}};
  if (wanted < 3) return CUBLAS_STATUS_INVALID_VALUE;
  found[0] = {useless, 0, CUBLAS_STATUS_NOT_SUPPORTED};
  found[1] = {useless, preference->workspace_bytes + 1, CUBLAS_STATUS_SUCCESS};
  found[2] = {{}, preference->workspace_bytes, CUBLAS_STATUS_SUCCESS};
  std::memcpy(found[2].algo.alignment, preference->alignment, sizeof(preference->alignment));
  *found_count = 3;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t,
                              cudaStream_t stream) {
  const Product described = {*product,
                             *static_cast<const float*>(alpha),
                             *static_cast<const float*>(beta),
                             a,
                             *a_layout,
                             b,
                             *b_layout,
                             c,
                             d,
                             *d_layout};
  const uint32_t* alignment = algorithm->alignment;
  const bool aligned = Aligned(a, *a_layout, alignment[0]) && Aligned(b, *b_layout, alignment[1]) &&
                       Aligned(c, *c_layout, alignment[2]) && Aligned(d, *d_layout, alignment[3]);
  if (!Fits(described, *c_layout) || !aligned || workspace == nullptr) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const cudaError_t status = upcycle::shim::GiveProduct(stream, workspace, [described] {
    Multiply(described);
    return cudaSuccess;
  });
  return status == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

namespace upcycle {

const CublasLt& LoadCublasLt() {
  static const CublasLt functions = {.get_version = &cublasLtGetVersion,
                                     .create = &cublasLtCreate,
                                     .destroy = &cublasLtDestroy,
                                     .product_create = &cublasLtMatmulDescCreate,
                                     .product_destroy = &cublasLtMatmulDescDestroy,
                                     .product_set = &cublasLtMatmulDescSetAttribute,
                                     .layout_create = &cublasLtMatrixLayoutCreate,
                                     .layout_destroy = &cublasLtMatrixLayoutDestroy,
                                     .layout_set = &cublasLtMatrixLayoutSetAttribute,
                                     .preference_create = &cublasLtMatmulPreferenceCreate,
                                     .preference_destroy = &cublasLtMatmulPreferenceDestroy,
                                     .preference_set = &cublasLtMatmulPreferenceSetAttribute,
                                     .choose = &cublasLtMatmulAlgoGetHeuristic,
                                     .multiply = &cublasLtMatmul};
  return functions;
}

GpuLibrary SurveyCublasLt() {
  return {.name = "cublasLt", .works = true, .found = "host stand-in", .advice = ""};
}

}  // namespace upcycle
