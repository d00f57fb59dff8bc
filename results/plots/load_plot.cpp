// How many tokens each expert of a layer gets, over time: a panel for each arm and layer.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "results/plots/chosen_arms.h"
#include "results/plots/kinds.h"
#include "results/plots/training_axis.h"

namespace upcycle {
namespace {

constexpr size_t kMostArms = 4;
constexpr size_t kMostCells = 6000;
constexpr size_t kMostTimes = 48;
constexpr Range kShown = {0.25, 4};  // from a quarter of an even share to four times as much

struct ExpertPlace {
  int64_t layer = 0;
  int64_t expert = 0;
  auto operator<=>(const ExpertPlace&) const = default;
};

// Of "moe/layer_03/expert_017/load".
std::optional<ExpertPlace> PlaceOf(std::string_view metric) {
  ExpertPlace place;
  const auto take = [&](std::string_view text) {
    if (!metric.starts_with(text)) return false;
    metric.remove_prefix(text.size());
    return true;
  };
  const auto take_number = [&](int64_t* number) {
    const auto [end, problem] =
        std::from_chars(metric.data(), metric.data() + metric.size(), *number);
    if (problem != std::errc()) return false;
    metric.remove_prefix(static_cast<size_t>(end - metric.data()));
    return true;
  };
  const bool is_one = take("moe/layer_") && take_number(&place.layer) && take("/expert_") &&
                      take_number(&place.expert) && metric == "/load";
  return is_one ? std::optional(place) : std::nullopt;
}

struct RecordedRun {
  const ArmFacts* arm = nullptr;
  int64_t seed = 0;
  int64_t stage = 0;
  std::map<int64_t, std::map<int64_t, std::string>> layers;  // metrics by layer and expert
};

// The first seed that has recorded loads: experts of other seeds are others.
std::optional<RecordedRun> FindRun(LedgerReader& ledger, const StudyFacts& study,
                                   const ArmFacts& arm) {
  for (const RunFacts& run : arm.runs) {
    const auto stage = run.StageOf(StageRole::kTrain);
    if (!stage) continue;
    RecordedRun found = {
        .arm = &arm, .seed = run.seed, .stage = study.stages[*stage].id, .layers = {}};
    for (const auto& [name, point] : ledger.ReadLatest(found.stage)) {
      if (const auto place = PlaceOf(name)) found.layers[place->layer][place->expert] = name;
    }
    if (!found.layers.empty()) return found;
  }
  return std::nullopt;
}

std::vector<int64_t> ShownLayers(const RecordedRun& run) {
  const int64_t first = run.layers.begin()->first, last = run.layers.rbegin()->first;
  return first == last ? std::vector{first} : std::vector{first, last};
}

// Neighbouring times become one where there are more than `most`.
std::vector<HeatCell> CellsOf(const std::vector<MetricPoint>& points, const TrainingAxis& axis,
                              size_t most) {
  std::vector<HeatCell> cells;
  const size_t together = (points.size() + most - 1) / most;
  double left = 0;
  for (size_t i = 0; i < points.size(); i += together) {
    const size_t end = std::min(points.size(), i + together);
    double sum = 0;
    for (size_t k = i; k < end; ++k) sum += points[k].value;
    const double right = axis.At(points[end - 1].step);
    const double load = sum / static_cast<double>(end - i);
    if (std::isfinite(right) && right > left && std::isfinite(load)) {
      cells.push_back({{left, right}, load});
    }
    left = std::max(left, right);
  }
  return cells;
}

HeatRow RowOf(int64_t expert, std::vector<HeatCell> cells) {
  const auto [least, most] = std::ranges::minmax(cells, {}, &HeatCell::value);
  const auto middle = static_cast<double>(expert);
  return {{middle - 0.5, middle + 0.5},
          fmt::format("expert {}: {:.3g} to {:.3g} of an even share, {:.3g} at the end", expert,
                      least.value, most.value, cells.back().value),
          std::move(cells)};
}

class LoadBuilder {
 public:
  LoadBuilder(LedgerReader& ledger, const StudyFacts& study, Against against)
      : ledger_(ledger), study_(study), against_(against) {}

  void Find(const ArmFacts& arm) {
    auto run = FindRun(ledger_, study_, arm);
    if (!run || runs_.size() == kMostArms) {
      left_out_ += run ? 1 : 0;
      return;
    }
    for (const int64_t layer : ShownLayers(*run)) rows_ += run->layers[layer].size();
    runs_.push_back(std::move(*run));
  }

  bool empty() const { return runs_.empty(); }

  Plot Build() {
    Plot plot = {
        .name = fmt::format("{}: load of experts", study_.name),
        .caption = CaptionOf(),
        .rows = {},
        .shades = Shades{"load, 1 is even", kShown, Scale::kLogarithmic, {0.25, 0.5, 1, 2, 4}}};
    for (const RecordedRun& run : runs_) {
      std::vector<Panel>& row = plot.rows.emplace_back();
      for (const int64_t layer : ShownLayers(run)) row.push_back(PanelOf(run, layer));
    }
    return plot;
  }

 private:
  Panel PanelOf(const RecordedRun& run, int64_t layer) {
    TrainingAxis axis(*run.arm, against_);
    if (against_ == Against::kTime) {
      axis.SetRates(ledger_.ReadPoints(run.stage, "system/tokens_per_second"));
    }
    const auto& experts = run.layers.at(layer);
    const size_t most = std::clamp<size_t>(kMostCells / std::max<size_t>(1, rows_), 8, kMostTimes);
    Panel panel = {.title = fmt::format("{}, layer {}", run.arm->name, layer),
                   .x = AxisOf(against_),
                   .y = {.label = "expert", .whole = true}};
    double last = 0;
    for (const auto& [expert, metric] : experts) {
      std::vector<HeatCell> cells = CellsOf(ledger_.ReadPoints(run.stage, metric), axis, most);
      if (cells.empty()) continue;
      last = std::max(last, cells.back().x.high);
      panel.heat.push_back(RowOf(expert, std::move(cells)));
    }
    if (last > 0) panel.x.range = Range{0, last};
    panel.y.range = Range{-0.5, static_cast<double>(experts.rbegin()->first) + 0.5};
    return panel;
  }

  std::string CaptionOf() const {
    std::string seeds;
    std::set<int64_t> numbers;
    for (const RecordedRun& run : runs_) numbers.insert(run.seed);
    for (const int64_t seed : numbers) seeds += (seeds.empty() ? "" : ", ") + std::to_string(seed);
    std::string text = fmt::format(
        "Load of each expert against {}, study {}, seed {}: assignments before dropping over those "
        "of an even spread; shades end at a quarter and at four times. The first layer with "
        "experts and the last.",
        AxisOf(against_).label, study_.name, seeds);
    if (left_out_ > 0) {
      text += fmt::format(" {} more arms have experts; --arm chooses others.", left_out_);
    }
    return text;
  }

  LedgerReader& ledger_;
  const StudyFacts& study_;
  Against against_;
  std::vector<RecordedRun> runs_;
  size_t rows_ = 0;
  size_t left_out_ = 0;
};

}  // namespace

StudyPlot LoadPlot(LedgerReader& ledger, const StudyFacts& study, const PlotRequest& request) {
  LoadBuilder builder(ledger, study, request.against.value_or(UsualAxis(study)));
  for (const size_t arm :
       ChooseArms(ReadArmEntries(ledger, study), request.arms, study.arms.size()).arms) {
    builder.Find(study.arms[arm]);
  }
  if (!builder.empty()) return {.plot = builder.Build()};
  return {
      .plot = {},
      .why_not = fmt::format("no training of the study \"{}\" has recorded the load of single "
                             "experts: its arms are dense, have not begun, or ran with a version "
                             "before it was recorded",
                             study.name)};
}

}  // namespace upcycle
