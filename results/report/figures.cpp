// The figures, in the colours of the page.

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "results/plots/draw_svg.h"
#include "results/plots/kinds.h"
#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/statistics/power_law.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

// As narrow as a telephone, so that its text can be read there; wider pages draw it larger.
std::string Drawn(const Plot& plot) {
  const bool has_rows = !plot.rows.front().front().y.categories.empty();
  return fmt::format(
      "<figure{}>\n<div class=\"drawing\" tabindex=\"0\" role=\"group\" aria-label=\"{}; arrow "
      "keys "
      "go through its points\">\n{}</div>\n<div>\n<figcaption>{}</figcaption>\n"
      "<output class=\"readout\"></output>\n</div>\n</figure>\n",
      has_rows ? " class=\"rows\"" : "", html::Text(plot.name),
      DrawSvg(plot, {.theme = Theme::kPage}), html::Text(plot.caption));
}

// Whether tokens are FLOPs on another scale, so that one figure says what both would.
bool CostTheSameAToken(const StudyFacts& study) {
  const auto flops_of = [](const ArmFacts& arm) {
    return arm.cost.train_flops / arm.cost.train_tokens;
  };
  return std::ranges::all_of(study.arms, [&](const ArmFacts& arm) {
    return std::fabs(flops_of(arm) / flops_of(study.arms.front()) - 1) < 1e-3;
  });
}

std::string LawText(const PowerLaw& law, const std::string& name) {
  const std::string of = name.empty() ? "" : " of " + name;
  if (!law.problem.empty()) return fmt::format(" No law{} is drawn: {}.", of, law.problem);
  return fmt::format(
      " Dashed{}: E + A·C^−α with α = {:.3g} ({:.3g} to {:.3g}) and E = {:.4g} ({:.4g} to {:.4g}), "
      "95 % profile intervals.",
      of, law.exponent, law.exponent_interval.low, law.exponent_interval.high, law.floor,
      law.floor_interval.low, law.floor_interval.high);
}

// The law through the marks of a style, where they identify one.
void AddLaw(const std::vector<Mark>& marks, size_t style, Panel* panel, std::string* caption) {
  constexpr int kPoints = 60;
  std::vector<ScalingPoint> points;
  std::string name;
  for (const Mark& mark : marks) {
    if (mark.style != style) continue;
    if (!mark.name.empty()) name = mark.name;
    points.push_back({mark.spot.x, mark.spot.y});
  }
  if (points.size() < 2) return;
  const PowerLaw law = FitPowerLaw(points);
  *caption += LawText(law, name);
  if (!law.problem.empty()) return;
  const auto [first, last] = std::ranges::minmax(points, {}, &ScalingPoint::x);
  Series line = {.style = style, .stroke = Stroke::kFit};
  for (int i = 0; i <= kPoints; ++i) {
    const double x = first.x * std::pow(last.x / first.x, static_cast<double>(i) / kPoints);
    line.spots.push_back({x, law.At(x)});
  }
  panel->series.push_back(std::move(line));
}

void AddLaws(Plot* plot) {
  Panel& panel = plot->rows.front().front();
  if (panel.y.scale != Scale::kLogarithmic) return;  // a law is of values above 0
  size_t styles = 0;
  for (const Mark& mark : panel.marks) styles = std::max(styles, mark.style + 1);
  for (size_t style = 0; style < styles; ++style) {
    AddLaw(panel.marks, style, &panel, &plot->caption);
  }
}

class Figures {
 public:
  void Add(const StudyPlot& found) {
    if (found.plot) {
      drawn_ += Drawn(*found.plot);
    } else {
      refused_.push_back(html::Text(found.why_not));
    }
  }

  std::string Finish() && {
    std::string text = drawn_.empty() ? "" : "<div class=\"figures\">\n" + drawn_ + "</div>\n";
    if (!refused_.empty())
      text += html::Details("What is not drawn, and why", html::List(refused_));
    return text;
  }

 private:
  std::string drawn_;
  std::vector<std::string> refused_;
};

}  // namespace

std::string FiguresSection(const ReportInput& input) {
  const auto curves = [&](Against against) {
    return CurvePlot(input.ledger, input.study, {.against = against});
  };
  const PlotRequest usual = {.allow_incomplete = input.options.allow_incomplete};
  Figures figures;
  figures.Add(ForestPlot(input.comparison, usual));
  // Where there are no curves at all, one refusal is enough.
  const StudyPlot by_flops = curves(Against::kFlops);
  if (by_flops.plot) figures.Add(by_flops);
  if (!by_flops.plot || !CostTheSameAToken(input.study)) figures.Add(curves(Against::kTokens));
  StudyPlot scaling = ScalingPlot(input.ledger, input.study, usual);
  if (scaling.plot) AddLaws(&*scaling.plot);
  figures.Add(scaling);
  figures.Add(SchedulePlot(input.ledger, input.study, usual));
  figures.Add(LoadPlot(input.ledger, input.study, usual));
  return std::move(figures).Finish();
}

}  // namespace upcycle
