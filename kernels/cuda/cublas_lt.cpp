#include "kernels/cuda/cublas_lt.h"

#include <fmt/format.h>

#include "core/error.h"
#include "kernels/cuda/shared_library.h"

namespace upcycle {
namespace {

// The major version that the header is of: others have other types.
const SharedLibrary& Library() {
  static const SharedLibrary library(fmt::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR));
  return library;
}

std::string Advice() { return AdviceToGet(fmt::format("CUDA {}'s cuBLAS", CUDART_VERSION / 1000)); }

CublasLt FindAll(const SharedLibrary& library) {
  if (!library.loaded()) {
    throw Error(Cause::kDevice, fmt::format("{}; {}", library.problem(), Advice()));
  }
  CublasLt lt = {};
  const auto find = [&](auto& function, const char* name) {
    function = library.Find<std::remove_reference_t<decltype(function)>>(name);
  };
  find(lt.get_version, "cublasLtGetVersion");
  find(lt.create, "cublasLtCreate");
  find(lt.destroy, "cublasLtDestroy");
  find(lt.product_create, "cublasLtMatmulDescCreate");
  find(lt.product_destroy, "cublasLtMatmulDescDestroy");
  find(lt.product_set, "cublasLtMatmulDescSetAttribute");
  find(lt.layout_create, "cublasLtMatrixLayoutCreate");
  find(lt.layout_destroy, "cublasLtMatrixLayoutDestroy");
  find(lt.layout_set, "cublasLtMatrixLayoutSetAttribute");
  find(lt.preference_create, "cublasLtMatmulPreferenceCreate");
  find(lt.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  find(lt.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  find(lt.choose, "cublasLtMatmulAlgoGetHeuristic");
  find(lt.multiply, "cublasLtMatmul");
  return lt;
}

}  // namespace

const CublasLt& LoadCublasLt() {
  static const CublasLt functions = FindAll(Library());
  return functions;
}

GpuLibrary SurveyCublasLt() {
  try {
    const size_t version = LoadCublasLt().get_version();
    return {.name = "cublasLt",
            .works = true,
            .found = fmt::format("{}.{}.{}, {}", version / 10000, version / 100 % 100,
                                 version % 100, Library().path()),
            .advice = ""};
  } catch (const Error& error) {
    return {.name = "cublasLt",
            .works = false,
            .found = Library().loaded() ? error.what() : Library().problem(),
            .advice = Advice()};
  }
}

}  // namespace upcycle
