#include "kernels/cuda/cublas_matmul.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernels/cuda/errors.h"

namespace upcycle {
namespace {

// Experts whose rows vary make a plan for every number of rows. Forgotten ones are made again, the
// same as before.
constexpr size_t kMostPlans = 4096;
// How many algorithms cublasLt is asked for. The first is its best; what follows is for the case
// that the first cannot be had.
constexpr size_t kChoices = 8;

void CheckCublas(cublasStatus_t status, const char* action) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const Cause cause = status == CUBLAS_STATUS_ALLOC_FAILED ? Cause::kDeviceMemory : Cause::kDevice;
  throw Error(cause, fmt::format("cannot {} on the GPU: cublasLt status {}", action,
                                 static_cast<int>(status)));
}

cudaDataType_t CublasType(DataType type) {
  return type == DataType::kBFloat16 ? CUDA_R_16BF : CUDA_R_32F;
}

// The largest power of two up to 256 that the address of every matrix of a batch is a multiple of.
uint32_t AlignmentOf(const ConstTensor& x) {
  constexpr uintptr_t kMost = 256;
  const int64_t step = x.rank() == 3 ? x.dim(1) * x.dim(2) * SizeOf(x.type()) : 0;
  const uintptr_t bits = reinterpret_cast<uintptr_t>(x.memory()) | static_cast<uintptr_t>(step);
  return static_cast<uint32_t>(std::min(kMost, bits & (~bits + 1)));
}

cublasOperation_t OperationOf(bool flip) { return flip ? CUBLAS_OP_T : CUBLAS_OP_N; }

int64_t BatchOf(const ConstTensor& x) { return x.rank() == 3 ? x.dim(0) : 1; }
int64_t RowsOf(const ConstTensor& x) { return x.dim(x.rank() - 2); }
int64_t ColumnsOf(const ConstTensor& x) { return x.dim(x.rank() - 1); }

template <typename T>
void SetLayout(const CublasLt& lt, cublasLtMatrixLayout_t layout,
               cublasLtMatrixLayoutAttribute_t which, T value) {
  CheckCublas(lt.layout_set(layout, which, &value, sizeof(value)), "describe a matrix");
}

// cublasLt's matrices are column-major, so a row-major one is its transpose there.
cublasLtMatrixLayout_t LayoutOf(const CublasLt& lt, const ConstTensor& x) {
  cublasLtMatrixLayout_t layout = nullptr;
  const int64_t rows = RowsOf(x), columns = ColumnsOf(x);
  CheckCublas(lt.layout_create(&layout, CublasType(x.type()), static_cast<uint64_t>(columns),
                               static_cast<uint64_t>(rows), columns),
              "describe a matrix");
  if (x.rank() == 3) {
    SetLayout(lt, layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(x.dim(0)));
    SetLayout(lt, layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, rows * columns);
  }
  return layout;
}

void SetOperation(const CublasLt& lt, cublasLtMatmulDesc_t product,
                  cublasLtMatmulDescAttributes_t which, bool flip) {
  const cublasOperation_t operation = OperationOf(flip);
  CheckCublas(lt.product_set(product, which, &operation, sizeof(operation)), "describe a product");
}

void SetAlignment(const CublasLt& lt, cublasLtMatmulPreference_t preference,
                  cublasLtMatmulPreferenceAttributes_t which, const ConstTensor& x) {
  const uint32_t alignment = AlignmentOf(x);
  CheckCublas(lt.preference_set(preference, which, &alignment, sizeof(alignment)),
              "describe a product");
}

}  // namespace

ProductWorkspace::ProductWorkspace() {
  CheckCuda(cudaMalloc(&memory_, kBytes), "reserve 32 MiB for matrix products");
}

ProductWorkspace::~ProductWorkspace() { cudaFree(memory_); }

CublasMatMul::CublasMatMul() : lt_(LoadCublasLt()) {
  CheckCublas(lt_.create(&handle_), "start cublasLt");
}

CublasMatMul::~CublasMatMul() {
  plans_.clear();
  lt_.destroy(handle_);
}

// The operands change places, as Multiply says.
CublasMatMul::Plan::Plan(const CublasLt& library, const Tensor& out_matrix,
                         const ConstTensor& a_matrix, bool flip_a, const ConstTensor& b_matrix,
                         bool flip_b)
    : lt(library) {
  CheckCublas(lt.product_create(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describe a product");
  SetOperation(lt, product, CUBLASLT_MATMUL_DESC_TRANSA, flip_b);
  SetOperation(lt, product, CUBLASLT_MATMUL_DESC_TRANSB, flip_a);
  a = LayoutOf(lt, a_matrix);
  b = LayoutOf(lt, b_matrix);
  out = LayoutOf(lt, out_matrix);
}

CublasMatMul::Plan::~Plan() {
  for (cublasLtMatrixLayout_t layout : {a, b, out}) lt.layout_destroy(layout);
  lt.product_destroy(product);
}

void CublasMatMul::ChooseAlgorithm(Plan& plan, const Tensor& out, const ConstTensor& a,
                                   const ConstTensor& b) {
  cublasLtMatmulPreference_t preference = nullptr;
  CheckCublas(lt_.preference_create(&preference), "describe a product");
  CheckCublas(lt_.preference_set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                 &ProductWorkspace::kBytes, sizeof(ProductWorkspace::kBytes)),
              "describe a product");
  // The operands change places, as Multiply says.
  SetAlignment(lt_, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, b);
  SetAlignment(lt_, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, a);
  SetAlignment(lt_, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, out);
  SetAlignment(lt_, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, out);
  std::array<cublasLtMatmulHeuristicResult_t, kChoices> choices = {};
  int found = 0;
  const cublasStatus_t status =
      lt_.choose(handle_, plan.product, plan.b, plan.a, plan.out, plan.out, preference,
                 static_cast<int>(choices.size()), choices.data(), &found);
  lt_.preference_destroy(preference);
  CheckCublas(status, "choose how to multiply matrices");
  const auto end = choices.begin() + found;
  const auto chosen = std::find_if(choices.begin(), end, [](const auto& choice) {
    return choice.state == CUBLAS_STATUS_SUCCESS &&
           choice.workspaceSize <= ProductWorkspace::kBytes;
  });
  if (chosen == end) CheckCublas(CUBLAS_STATUS_NOT_SUPPORTED, "choose how to multiply matrices");
  plan.algorithm = chosen->algo;
}

const CublasMatMul::Plan& CublasMatMul::PlanOf(const Tensor& out, const ConstTensor& a, bool flip_a,
                                               const ConstTensor& b, bool flip_b) {
  const int flags = (flip_a ? 1 : 0) + (flip_b ? 2 : 0) +
                    (a.type() == DataType::kBFloat16 ? 4 : 0) +
                    (out.type() == DataType::kBFloat16 ? 8 : 0);
  const auto aligned = [](const ConstTensor& x) { return static_cast<int>(AlignmentOf(x)); };
  const Key key = {BatchOf(out), RowsOf(out),  ColumnsOf(out), flip_a ? RowsOf(a) : ColumnsOf(a),
                   flags,        aligned(out), aligned(a),     aligned(b)};
  const auto known = plans_.find(key);
  if (known != plans_.end()) return *known->second;
  if (plans_.size() >= kMostPlans) plans_.clear();
  auto plan = std::make_unique<Plan>(lt_, out, a, flip_a, b, flip_b);
  ChooseAlgorithm(*plan, out, a, b);
  return *(plans_[key] = std::move(plan));
}

// Row-major out = op(a) · op(b) is column-major outᵀ = op(b)ᵀ · op(a)ᵀ: the operands change places.
void CublasMatMul::Multiply(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                            Transpose transpose_b, Accumulate accumulate, cudaStream_t stream,
                            const ProductWorkspace& workspace) {
  const bool adds = accumulate == Accumulate::kYes;
  if (out.size() == 0) return;
  if (a.size() == 0) {  // no inner dimension: an empty sum
    if (adds) return;
    return CheckCuda(cudaMemsetAsync(out.memory(), 0, static_cast<size_t>(out.bytes()), stream),
                     "clear memory");
  }
  const Plan& plan =
      PlanOf(out, a, transpose_a == Transpose::kYes, b, transpose_b == Transpose::kYes);
  const float one = 1, before = adds ? 1.0f : 0.0f;
  CheckCublas(lt_.multiply(handle_, plan.product, &one, b.memory(), plan.b, a.memory(), plan.a,
                           &before, out.memory(), plan.out, out.memory(), plan.out, &plan.algorithm,
                           workspace.memory(), ProductWorkspace::kBytes, stream),
              "multiply matrices");
}

}  // namespace upcycle
