#include "experiments/bench/product_benchmark.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "core/random.h"
#include "core/stopwatch.h"
#include "experiments/model/expert_layout.h"
#include "kernels/buffer_plan.h"

namespace upcycle {
namespace {

// Seconds of one call of `work`, the median over groups that the host waits for.
double TimeWork(Backend& backend, Tensor word, double seconds, const std::function<void()>& work) {
  const auto wait = [&] {
    float value = 0;
    backend.CopyToHost(Tensor(&value, {1}), word);
  };
  constexpr int kGroup = 5, kLeastGroups = 5, kMostGroups = 1000;
  for (int i = 0; i < 3; ++i) work();
  wait();
  std::vector<double> times;
  const Stopwatch all;
  while (static_cast<int>(times.size()) < kLeastGroups ||
         (all.Seconds() < seconds && static_cast<int>(times.size()) < kMostGroups)) {
    const Stopwatch group;
    for (int i = 0; i < kGroup; ++i) work();
    wait();
    times.push_back(group.Seconds() / kGroup);
  }
  const auto middle = times.begin() + static_cast<int64_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Numbers around 0, which repeat: zeros would flatter a GPU.
void FillRandom(Backend& backend, Tensor x) {
  constexpr int64_t kPeriod = 100003;
  const RandomStream stream(1, "products");
  const int64_t rows = x.dim(0), piece = x.size() / rows;
  std::vector<float> values(static_cast<size_t>(std::min(x.size(), kPeriod + piece)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(stream.Normal(i)) / 32;
  BufferPlan plan;
  Tensor wide;
  plan.Add(&wide, MemoryCategory::kWorkspace, DataType::kFloat32,
           {static_cast<int64_t>(values.size())});
  const auto block = plan.Bind(backend);
  backend.CopyFromHost(wide, ConstTensor(values.data(), wide.shape()));
  const Tensor flat = x.Reshaped({x.size()});
  for (int64_t at = 0; at < x.size();) {
    const int64_t count = std::min(x.size() - at, wide.size());
    backend.Convert(flat.Slice(at, count), wide.Slice(0, count));
    at += count;
  }
  float last = 0;  // the block goes away when all of it is done
  backend.CopyToHost(Tensor(&last, {1}), wide.Slice(0, 1));
}

// One expert layer without its router.
struct ExpertLayer {
  ExpertLayer(Backend& its_backend, const Architecture& architecture, int64_t tokens);

  void Route();
  void Multiply();
  void MultiplyAsOne();

  Backend& backend;
  int64_t tokens, top_k, experts, width, hidden, inner_width;
  int64_t capacity = 0, served = 0;
  BufferPlan plan;
  Dispatch dispatch;
  Tensor expert, weight;  // [n, T]
  // Inputs stay as they are, so that numbers neither grow nor vanish; rows that are not served hold
  // some too.
  Tensor rows, out, d_rows;       // [R, D]
  Tensor inner;                   // [R, I]
  Tensor mid, d_mid;              // [R, F]
  Tensor in, down, d_in, d_down;  // [E, I, D], [E, D, F]
  Tensor word;                    // [1]
  std::unique_ptr<BufferPlan::Block> block;
};

ExpertLayer::ExpertLayer(Backend& its_backend, const Architecture& architecture, int64_t n)
    : backend(its_backend),
      tokens(n),
      top_k(architecture.moe.top_k),
      experts(architecture.moe.Experts()),
      width(architecture.model.width),
      hidden(architecture.ExpertWidth()),
      inner_width(ActivationInputs(architecture.activation(), hidden)) {
  const DataType type = backend.ActivationType();
  ModelBuild build;
  build.limits = {1, n, 1};
  build.activation_type = type;
  build.on_gpu = backend.OnGpu();
  const ExpertLayout layout = LayoutOf(architecture, build, architecture.moe.capacity_factor, n);
  dispatch.path = layout.path;
  capacity = layout.capacity;
  const int64_t count = layout.rows;
  const auto add = [&](Tensor* tensor, Shape shape, DataType of) {
    plan.Add(tensor, MemoryCategory::kWorkspace, of, shape);
  };
  add(&dispatch.counts, {experts}, DataType::kInt32);
  add(&dispatch.offsets, {experts}, DataType::kInt32);
  add(&dispatch.row_of, {n, top_k}, DataType::kInt32);
  add(&dispatch.assignment_of, {count}, DataType::kInt32);
  add(&expert, {n, top_k}, DataType::kInt32);
  add(&weight, {n, top_k}, DataType::kFloat32);
  add(&rows, {count, width}, type);
  add(&out, {count, width}, type);
  add(&d_rows, {count, width}, type);
  add(&inner, {count, inner_width}, type);
  add(&mid, {count, hidden}, type);
  add(&d_mid, {count, hidden}, type);
  add(&in, {experts, inner_width, width}, type);
  add(&down, {experts, width, hidden}, type);
  add(&d_in, {experts, inner_width, width}, DataType::kFloat32);
  add(&d_down, {experts, width, hidden}, DataType::kFloat32);
  add(&word, {1}, DataType::kFloat32);
  block = plan.Bind(backend);
  for (const Tensor& x : {rows, inner, mid, in, down}) FillRandom(backend, x);
  Route();
}

// Token t chooses the experts t·T, t·T + 1, … modulo E.
void ExpertLayer::Route() {
  std::vector<int32_t> chosen(static_cast<size_t>(tokens * top_k));
  for (size_t i = 0; i < chosen.size(); ++i) {
    chosen[i] = static_cast<int32_t>(static_cast<int64_t>(i) % experts);
  }
  const std::vector<float> even(chosen.size(), 1 / static_cast<float>(top_k));
  backend.CopyFromHost(expert, ConstTensor(chosen.data(), expert.shape()));
  backend.CopyFromHost(weight, ConstTensor(even.data(), weight.shape()));
  backend.PlanDispatch(dispatch, expert, weight, capacity, DropPolicy::kProbs);
  std::vector<int32_t> counts(static_cast<size_t>(experts));
  backend.CopyToHost(Tensor(counts.data(), {experts}), dispatch.counts);
  served = 0;
  for (int32_t count : counts) served += count;
}

void ExpertLayer::Multiply() {
  backend.ExpertMatMul(inner, rows, in, dispatch);
  backend.ExpertMatMul(out, mid, down, dispatch);
  backend.ExpertMatMulBackwardRows(d_mid, out, down, dispatch);
  backend.ExpertMatMulBackwardWeights(d_down, out, mid, dispatch);
  backend.ExpertMatMulBackwardRows(d_rows, inner, in, dispatch);
  backend.ExpertMatMulBackwardWeights(d_in, inner, rows, dispatch);
}

void ExpertLayer::MultiplyAsOne() {
  const auto cut = [this](Tensor x) { return x.Slice(0, served); };
  constexpr Transpose kNo = Transpose::kNo, kYes = Transpose::kYes;
  backend.MatMul(cut(inner), cut(rows), kNo, in[0], kYes);
  backend.MatMul(cut(out), cut(mid), kNo, down[0], kYes);
  backend.MatMul(cut(d_mid), cut(out), kNo, down[0], kNo);
  backend.MatMul(d_down[0], cut(out), kYes, cut(mid), kNo, Accumulate::kYes);
  backend.MatMul(cut(d_rows), cut(inner), kNo, in[0], kNo);
  backend.MatMul(d_in[0], cut(inner), kYes, cut(rows), kNo, Accumulate::kYes);
}

}  // namespace

double MeasureMatMulRate(Backend& backend, int64_t size, double seconds) {
  const DataType type = backend.ActivationType();
  BufferPlan plan;
  Tensor a, b, out, word;
  for (Tensor* x : {&a, &b, &out}) plan.Add(x, MemoryCategory::kWorkspace, type, {size, size});
  plan.Add(&word, MemoryCategory::kWorkspace, DataType::kFloat32, {1});
  const auto block = plan.Bind(backend);
  FillRandom(backend, a);
  FillRandom(backend, b);
  const double product = TimeWork(
      backend, word, seconds, [&] { backend.MatMul(out, a, Transpose::kNo, b, Transpose::kYes); });
  const double n = static_cast<double>(size);
  return 2 * n * n * n / product;
}

ExpertProductRates MeasureExpertProducts(Backend& backend, const Architecture& architecture,
                                         int64_t tokens, double seconds) {
  ExpertLayer layer(backend, architecture, tokens);
  const int64_t computed =
      layer.dispatch.path == ExpertPath::kPadded ? layer.experts * layer.capacity : layer.served;
  const double row_flops =
      2.0 * 3 * static_cast<double>(layer.width * (layer.inner_width + layer.hidden));
  ExpertProductRates rates;
  rates.path = layer.dispatch.path;
  rates.rows = layer.served;
  rates.padded_share = 1 - static_cast<double>(layer.served) / static_cast<double>(computed);
  rates.expert_flops = static_cast<double>(computed) * row_flops /
                       TimeWork(backend, layer.word, seconds, [&] { layer.Multiply(); });
  rates.matmul_flops = static_cast<double>(layer.served) * row_flops /
                       TimeWork(backend, layer.word, seconds, [&] { layer.MultiplyAsOne(); });
  return rates;
}

}  // namespace upcycle
