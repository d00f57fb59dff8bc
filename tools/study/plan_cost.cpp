#include "tools/study/plan_cost.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/recipe/cost.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using nlohmann::json;

struct Part {
  const char* name;
  double ByPart<double>::*flops;
};
constexpr Part kParts[] = {{"attention", &ByPart<double>::attention},
                           {"mlp", &ByPart<double>::mlp},
                           {"experts", &ByPart<double>::experts},
                           {"router", &ByPart<double>::router},
                           {"head", &ByPart<double>::head}};

double Ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

// One arm beside its dense parent; FLOPs are of one sequence, forward and backward.
struct PricedArm {
  const ModelSettings& model;
  const MoeSettings* moe;  // null for a dense arm
  Cost cost, dense;
  double sequence;  // tokens
  double traffic;   // bytes a token

  PricedArm(const RunSettings& s, int64_t devices)
      : model(s.model),
        moe(s.HasExperts() ? &s.moe : nullptr),
        cost(CostOf(s)),
        dense(CostOfParent(s)),
        sequence(static_cast<double>(s.model.sequence_length)),
        traffic(moe == nullptr ? 0
                               : ExpertTraffic(s.model, s.moe, s.train.precision,
                                               std::min(devices, s.moe.Experts()))) {}

  double Flops() const { return cost.TrainFlops() * sequence; }
  double PaddedFlops() const { return cost.PaddedTrainFlops() * sequence; }
  double OfDense() const { return cost.TrainFlops() / dense.TrainFlops(); }
  bool IsPadded() const { return PaddedFlops() > Flops() * 1.0001; }
  int64_t TwoMatrices(const ByPart<int64_t>& parameters) const {
    return WithTwoMatricesAnAddedExpert(parameters, dense.parameters, model.family);
  }
};

std::string Row(const std::string& name, size_t width, const PricedArm& arm) {
  const int64_t total = arm.cost.parameters.Total(), active = arm.cost.active_parameters.Total();
  const int64_t dense = arm.dense.parameters.Total();
  std::string row = fmt::format("{:<{}} {:>9} {:>7.3f} {:>9} {:>7.3f} {:>10} {:>7.3f}", name, width,
                                CountText(static_cast<double>(total)), Ratio(total, dense),
                                CountText(static_cast<double>(active)), Ratio(active, dense),
                                CountedFlopsText(arm.Flops()), arm.OfDense());
  for (const Part& part : kParts) {
    const ByPart<double>& flops = arm.cost.forward_flops;
    row += fmt::format(" {:>8.2f}%", 100 * flops.*part.flops / flops.Total());
  }
  return row + "\n";
}

// Published tables of models of this size count in several ways.
constexpr double kPublishedSize = 1e9;

std::string ShapeOf(const MoeSettings& moe) {
  return fmt::format("E{}G{}T{}", moe.expansion, moe.granularity, moe.top_k);
}

// Its room for tokens, where it has a limit.
std::string CapacityOf(const MoeSettings& moe) {
  if (moe.capacity_factor.dropless()) return "";
  return fmt::format(" with capacity {:g}", *moe.capacity_factor.factor);
}

void AddRemarks(std::set<std::string>& remarks, const PricedArm& arm, int64_t devices) {
  if (arm.moe == nullptr) return;
  const std::string shape = ShapeOf(*arm.moe);
  const auto count = [](int64_t parameters) { return CountText(static_cast<double>(parameters)); };
  std::string remark =
      fmt::format("{}{}: {} FLOPs without its routers", shape, CapacityOf(*arm.moe),
                  CountedFlopsText(arm.Flops() - 3 * arm.cost.forward_flops.router * arm.sequence));
  if (arm.IsPadded()) {
    remark += fmt::format(", {} where its room is computed whole, served or not",
                          CountedFlopsText(arm.PaddedFlops()));
  }
  remarks.insert(fmt::format("{}; over {} devices its experts make a token send {} between them",
                             remark, std::min(devices, arm.moe->Experts()),
                             BytesText(arm.traffic)));
  const int64_t total = arm.cost.parameters.Total(), active = arm.cost.active_parameters.Total();
  if (arm.model.family != Family::kLlama || static_cast<double>(total) < kPublishedSize) return;
  remarks.insert(fmt::format(
      "{}: {} and {} are held and used; a table that counts two of the three matrices of "
      "each added expert, as table 1 of Vavre 2024 does (34.4B and 11.8B), has {} and {}",
      shape, count(total), count(active), count(arm.TwoMatrices(arm.cost.parameters)),
      count(arm.TwoMatrices(arm.cost.active_parameters))));
}

json JsonOf(const ByPart<double>& flops) {
  json parts;
  for (const Part& part : kParts) parts[part.name] = flops.*part.flops;
  return parts;
}

}  // namespace

json ArmCostJson(const RunSettings& settings, int64_t devices) {
  const PricedArm arm(settings, devices);
  return {
      {"sequence_tokens", arm.model.sequence_length},
      {"sequence_train_flops", arm.Flops()},
      {"sequence_padded_train_flops", arm.PaddedFlops()},
      {"flops_over_dense", arm.OfDense()},
      {"parameters_over_dense", Ratio(arm.cost.parameters.Total(), arm.dense.parameters.Total())},
      {"active_parameters_over_dense",
       Ratio(arm.cost.active_parameters.Total(), arm.dense.parameters.Total())},
      {"forward_flops_per_token", JsonOf(arm.cost.forward_flops)},
      {"expert_traffic_bytes_per_token", arm.traffic}};
}

std::string ArmCostText(const Recipe& recipe, int64_t devices) {
  size_t width = 3;
  for (const Arm& arm : recipe.arms) width = std::max(width, arm.name.size());
  std::string text = fmt::format(
      "cost by counting, beside the dense parent; FLOPs of one sequence, forward and backward:\n"
      "{:<{}} {:>9} {:>7} {:>9} {:>7} {:>10} {:>7}",
      "arm", width, "total", "× dense", "active", "× dense", "FLOPs", "× dense");
  for (const Part& part : kParts) text += fmt::format(" {:>9}", part.name);
  text += '\n';
  std::set<std::string> remarks;
  for (const Arm& each : recipe.arms) {
    const PricedArm arm(each.settings, devices);
    text += Row(each.name, width, arm);
    AddRemarks(remarks, arm, devices);
  }
  for (const std::string& remark : remarks) text += fmt::format("  {}\n", remark);
  return text;
}

}  // namespace upcycle
