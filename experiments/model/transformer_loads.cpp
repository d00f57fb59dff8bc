// What a training step says of the experts' load, and what follows from it.
#include <numeric>

#include "experiments/model/transformer.h"

namespace upcycle {

void Transformer::ReadLoads(std::vector<MoeBlock::Load>& loads) {
  loads.resize(expert_layers_.size());
  if (loads.empty()) return;
  backend_->CopyToHost(Tensor(host_loads_.data(), step_loads_.shape()), step_loads_);
  const int64_t experts = architecture_.moe.Experts();
  auto next = host_loads_.begin();
  for (MoeBlock::Load& load : loads) {
    for (std::vector<int32_t>* counts : {&load.assigned, &load.served}) {
      counts->assign(next, next + experts);
      next += experts;
    }
  }
}

void Transformer::MoveBiases(std::span<const std::vector<MoeBlock::Load>> loads) {
  const double rate = architecture_.moe.router.bias_rate;
  if (rate == 0) return;
  std::vector<float> bias(static_cast<size_t>(architecture_.moe.Experts()));
  for (size_t i = 0; i < expert_layers_.size(); ++i) {
    const Tensor on_device = ExpertBlock(i).router().bias();
    std::vector<int64_t> assigned(bias.size());
    for (const std::vector<MoeBlock::Load>& micro_batch : loads) {
      for (size_t e = 0; e < bias.size(); ++e) assigned[e] += micro_batch[i].assigned[e];
    }
    const int64_t all = std::accumulate(assigned.begin(), assigned.end(), int64_t{0});
    backend_->CopyToHost(Tensor(bias.data(), on_device.shape()), on_device);
    for (size_t e = 0; e < bias.size(); ++e) {
      const int64_t missing = all - assigned[e] * static_cast<int64_t>(bias.size());
      const double direction = missing > 0 ? 1 : missing < 0 ? -1 : 0;
      bias[e] = static_cast<float>(bias[e] + rate * direction);
    }
    backend_->CopyFromHost(on_device, ConstTensor(bias.data(), on_device.shape()));
  }
}

}  // namespace upcycle
