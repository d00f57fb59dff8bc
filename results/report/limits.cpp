// What the numbers assume, and what they are not about.

#include <fmt/format.h>

#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {

std::string LimitsSection(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  std::vector<std::string> items;
  const auto add = [&](std::string_view note) { items.push_back(html::Note(note)); };
  add("Inconclusive is not equal. An arm that is not decided may be better, worse or the same: the "
      "interval of its difference says what these seeds leave possible.");
  add("Power. How many seeds a difference would need is computed from a deviation that few seeds "
      "estimate, for normal differences and at the strictest level of Holm's correction: read it "
      "as an order of magnitude.");
  add("Transfer. Seeds stand for data order, routers and noise. Another data set, another size of "
      "model or another parent may order the arms otherwise; nothing here says how they would.");
  add("Tuning. Settings that every arm shares, such as a learning rate, were not tuned arm by arm "
      "unless the arms say so.");
  add(fmt::format(
      "Words. The words better, worse and equivalent are about {} alone. Other columns have "
      "intervals and no tests.",
      comparison.metrics.front()));
  return html::Paragraph(
             "The notes below the table say how its numbers were made and tested. Beyond that:") +
         html::List(items);
}

}  // namespace upcycle
