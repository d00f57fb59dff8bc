// What the study lacks, and what was ended early: of results alone.

#include <fmt/format.h>

#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {

std::string MissingSection(const ReportInput& input) {
  std::vector<std::string> items;
  for (const std::string& note : input.comparison.notes) {
    for (const char* beginning :
         {"Missing.", "Early stopping.", "No verdict.", "Do not compare."}) {
      if (note.starts_with(beginning)) items.push_back(html::Note(note));
    }
  }
  if (!items.empty()) return html::List(items);
  return html::Paragraph(fmt::format(
      "Nothing: every run that was asked for has its value{}.",
      input.comparison.baseline.empty() ? " and none was ended early"
                                        : ", none was ended early, and every arm could be tested"));
}

}  // namespace upcycle
