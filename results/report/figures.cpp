// The figures, in the colours of the page.

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "results/plots/draw_svg.h"
#include "results/plots/kinds.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

// As narrow as a telephone, so that its text can be read there; wider pages draw it larger.
std::string Drawn(const Plot& plot) {
  const bool has_rows = !plot.rows.front().front().y.categories.empty();
  return fmt::format(
      "<figure{}>\n<div class=\"drawing\" tabindex=\"0\" role=\"group\" aria-label=\"{}; arrow "
      "keys go through its points\">\n{}</div>\n<div>\n<figcaption>{}</figcaption>\n"
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
  figures.Add(ScalingPlot(input.ledger, input.study, usual));
  figures.Add(SchedulePlot(input.ledger, input.study, usual));
  figures.Add(LoadPlot(input.ledger, input.study, usual));
  return std::move(figures).Finish();
}

}  // namespace upcycle
