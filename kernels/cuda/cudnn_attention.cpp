// By cudnn-frontend, whose graphs cuDNN turns into plans. Both are reached at run time: the
// frontend asks the loader for every function of cuDNN, and for those of CUDA's runtime that it
// calls.
#include "kernels/cuda/cudnn_attention.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cudnn_frontend.h>
#include <fmt/format.h>

#include "core/error.h"
#include "kernels/cuda/attention_layout.h"
#include "kernels/cuda/shared_library.h"

// Where the frontend looks for cuDNN's functions; it declares this and leaves it to its user.
void* cudnn_frontend::cudnn_dlhandle = nullptr;

namespace upcycle {
namespace {

namespace fe = cudnn_frontend;

// The deterministic gradients keep a matrix of scores [L, L] for each sequence and head, as the
// frontend's source says. Where that takes more than this, own kernels are the better choice.
constexpr int64_t kMostWorkspaceBytes = int64_t{2} << 30;

// What is loaded of cuDNN, and CUDA's runtime as the frontend wants it: as a library.
struct Libraries {
  SharedLibrary runtime{fmt::format("libcudart.so.{}", CUDART_VERSION / 1000)};
  SharedLibrary cudnn{fmt::format("libcudnn.so.{}", CUDNN_MAJOR)};
  size_t version = 0;  // 0: cannot be used
  std::string problem;

  Libraries() {
    for (const SharedLibrary* library : {&cudnn, &runtime}) {
      if (!library->loaded()) problem = library->problem();
    }
    if (!problem.empty()) return;
    try {
      version = cudnn.Find<decltype(&cudnnGetVersion)>("cudnnGetVersion")();
      fe::cudnn_dlhandle = cudnn.handle();
    } catch (const Error& error) {
      problem = error.what();
    }
  }
};

const Libraries& Load() {
  static const Libraries libraries;
  return libraries;
}

// Names of a graph's tensors.
enum Uid : int64_t { kQuery = 1, kKey, kValue, kOut, kStats, kDOut, kDQuery, kDKey, kDValue };

// What the frontend refused, and why.
struct Refusal : std::exception {
  explicit Refusal(std::string text) : why(std::move(text)) {}
  const char* what() const noexcept override { return why.c_str(); }
  std::string why;
};

void Check(fe::error_t status) {
  if (status.is_bad()) throw Refusal(status.get_message());
}

std::vector<int64_t> ListOf(const std::array<int64_t, 4>& values) {
  return {values.begin(), values.end()};
}

struct Plan {
  bool has_plan = false;
  fe::graph::Graph graph;
  int64_t workspace_bytes = 0;
};

using TensorAttributes = std::shared_ptr<fe::graph::Tensor_attributes>;

TensorAttributes Input(fe::graph::Graph& graph, Uid uid, const HeadsLayout& layout) {
  return graph.tensor(fe::graph::Tensor_attributes()
                          .set_uid(uid)
                          .set_dim(ListOf(layout.sizes))
                          .set_stride(ListOf(layout.strides)));
}

void MarkOutput(const TensorAttributes& x, Uid uid, const HeadsLayout& layout) {
  x->set_output(true).set_uid(uid).set_dim(ListOf(layout.sizes)).set_stride(ListOf(layout.strides));
}

float ScaleOf(const AttentionShape& shape) {
  return 1.0f / std::sqrt(static_cast<float>(shape.head_width));
}

// The statistics of cuDNN's softmax are log Σ exp of the scaled scores, as it documents them: what
// log_sum_exp is.
void DescribeForward(fe::graph::Graph& graph, const AttentionShape& shape) {
  const AttentionLayout layout = AttentionLayoutOf(shape);
  const auto options =
      fe::graph::SDPA_attributes().set_generate_stats(true).set_causal_mask(true).set_attn_scale(
          ScaleOf(shape));
  const auto [out, stats] =
      graph.sdpa(Input(graph, kQuery, layout.query), Input(graph, kKey, layout.key),
                 Input(graph, kValue, layout.value), options);
  MarkOutput(out, kOut, layout.out);
  MarkOutput(stats, kStats, layout.log_sum_exp);
  stats->set_data_type(fe::DataType_t::FLOAT);
}

void DescribeBackward(fe::graph::Graph& graph, const AttentionShape& shape) {
  const AttentionLayout layout = AttentionLayoutOf(shape);
  const TensorAttributes stats = Input(graph, kStats, layout.log_sum_exp);
  stats->set_data_type(fe::DataType_t::FLOAT);
  const auto options = fe::graph::SDPA_backward_attributes()
                           .set_causal_mask(true)
                           .set_attn_scale(ScaleOf(shape))
                           .set_deterministic_algorithm(true);
  const auto [d_query, d_key, d_value] =
      graph.sdpa_backward(Input(graph, kQuery, layout.query), Input(graph, kKey, layout.key),
                          Input(graph, kValue, layout.value), Input(graph, kOut, layout.out),
                          Input(graph, kDOut, layout.out), stats, options);
  MarkOutput(d_query, kDQuery, layout.query);
  MarkOutput(d_key, kDKey, layout.key);
  MarkOutput(d_value, kDValue, layout.value);
}

// The first of cuDNN's suggestions that it can build: no timing, so equal runs choose equally.
void Build(Plan& plan, cudnnHandle_t handle) {
  Check(plan.graph.validate());
  Check(plan.graph.build_operation_graph(handle));
  Check(plan.graph.create_execution_plans({fe::HeurMode_t::A}));
  plan.graph.deselect_workspace_greater_than(kMostWorkspaceBytes);
  Check(plan.graph.check_support());
  Check(plan.graph.build_plans());
  Check(plan.graph.get_workspace_size(plan.workspace_bytes));
}

// Memory of the tensor that begins at an offset of another.
void* At(const ConstTensor& x, int64_t offset) {
  return static_cast<unsigned char*>(const_cast<void*>(x.memory())) + offset * SizeOf(x.type());
}

}  // namespace

class CudnnAttention::Plans {
 public:
  Plans(cudaStream_t stream, DeviceScratch& scratch) : stream_(stream), scratch_(scratch) {}
  ~Plans() {
    plans_.clear();
    if (handle_ != nullptr) fe::detail::destroy_handle(handle_);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  // False where there is no plan. `tensors` are those that the plan's graph names.
  bool Execute(bool backward, const AttentionShape& shape,
               std::unordered_map<int64_t, void*> tensors) {
    const Plan& plan = PlanOf(backward, shape);
    if (!plan.has_plan) return false;
    void* const workspace = scratch_.Reserve(plan.workspace_bytes);
    fe::error_t status = plan.graph.execute(handle_, tensors, workspace);
    if (status.is_good()) return true;
    throw Error(Cause::kDevice,
                fmt::format("cannot compute attention on the GPU: cuDNN says {}; a build without "
                            "cuDNN uses own kernels",
                            status.get_message()));
  }

 private:
  // Backward or not, B, L, H, K, W.
  using Key = std::tuple<bool, int64_t, int64_t, int64_t, int64_t, int64_t>;

  void Start() {
    if (handle_ != nullptr) return;
    if (fe::detail::create_handle(&handle_) != CUDNN_STATUS_SUCCESS) {
      handle_ = nullptr;
      throw Refusal("it does not start on this GPU and driver");
    }
    if (fe::detail::set_stream(handle_, stream_) != CUDNN_STATUS_SUCCESS) {
      fe::detail::destroy_handle(handle_);
      handle_ = nullptr;
      throw Refusal("it does not take the stream");
    }
  }

  const Plan& PlanOf(bool backward, const AttentionShape& shape) {
    const Key key = {backward,    shape.sequences, shape.length,
                     shape.heads, shape.kv_heads,  shape.head_width};
    const auto [at, is_new] = plans_.try_emplace(key);
    Plan& plan = at->second;
    if (!is_new) return plan;
    try {
      Start();
      plan.graph.set_io_data_type(fe::DataType_t::BFLOAT16)
          .set_intermediate_data_type(fe::DataType_t::FLOAT)
          .set_compute_data_type(fe::DataType_t::FLOAT);
      if (backward) {
        DescribeBackward(plan.graph, shape);
      } else {
        DescribeForward(plan.graph, shape);
      }
      Build(plan, handle_);
      plan.has_plan = true;
    } catch (const std::exception& error) {
      fmt::print(stderr,
                 "attention {} of {} sequences of {} tokens, {} heads on {} of {} elements: own "
                 "kernels, as cuDNN has no plan: {}\n",
                 backward ? "backward" : "forward", shape.sequences, shape.length, shape.heads,
                 shape.kv_heads, shape.head_width, error.what());
    }
    return plan;
  }

  cudaStream_t stream_;
  DeviceScratch& scratch_;
  cudnnHandle_t handle_ = nullptr;
  std::map<Key, Plan> plans_;
};

std::string CudnnAttention::Version() {
  const size_t version = Load().version;
  if (version == 0) return "";
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

CudnnAttention::CudnnAttention(cudaStream_t stream, DeviceScratch& scratch)
    : plans_(std::make_unique<Plans>(stream, scratch)) {}

CudnnAttention::~CudnnAttention() = default;

bool CudnnAttention::Forward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                             const AttentionShape& shape) {
  if (!FitsCudnn(shape, {out, qkv})) return false;
  const AttentionLayout layout = AttentionLayoutOf(shape);
  return plans_->Execute(false, shape,
                         {{kQuery, At(qkv, layout.query.offset)},
                          {kKey, At(qkv, layout.key.offset)},
                          {kValue, At(qkv, layout.value.offset)},
                          {kOut, out.memory()},
                          {kStats, log_sum_exp.memory()}});
}

bool CudnnAttention::Backward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                              ConstTensor log_sum_exp, ConstTensor qkv,
                              const AttentionShape& shape) {
  if (!FitsCudnn(shape, {d_qkv, d_out, out, qkv})) return false;
  const AttentionLayout layout = AttentionLayoutOf(shape);
  return plans_->Execute(true, shape,
                         {{kQuery, At(qkv, layout.query.offset)},
                          {kKey, At(qkv, layout.key.offset)},
                          {kValue, At(qkv, layout.value.offset)},
                          {kOut, At(out, 0)},
                          {kStats, At(log_sum_exp, 0)},
                          {kDOut, At(d_out, 0)},
                          {kDQuery, At(d_qkv, layout.query.offset)},
                          {kDKey, At(d_qkv, layout.key.offset)},
                          {kDValue, At(d_qkv, layout.value.offset)}});
}

GpuLibrary SurveyCudnn() {
  const Libraries& libraries = Load();
  if (libraries.version == 0) {
    return {.name = "cuDNN",
            .works = false,
            .found = libraries.problem + "; attention runs by the program's own kernels",
            .advice = AdviceToGet(
                fmt::format("cuDNN {} for CUDA {}", CUDNN_MAJOR, CUDART_VERSION / 1000))};
  }
  return {.name = "cuDNN",
          .works = true,
          .found = fmt::format("{}, {}", CudnnAttention::Version(), libraries.cudnn.path()),
          .advice = ""};
}

}  // namespace upcycle
