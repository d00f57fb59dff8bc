// What each setting is worth, where the arms are a full grid of settings or sets of changes.

#include <fmt/format.h>

#include "results/evidence/study_effects.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

constexpr size_t kMostEffects = 60;

std::string TableText(Table table) {
  const size_t all = table.rows.size();
  if (all > kMostEffects) table.rows.resize(kMostEffects);
  std::string text = html::TableOf(table);
  if (all > kMostEffects) {
    text +=
        html::Paragraph(fmt::format("Of {} effects the first {} are shown.", all, kMostEffects));
  }
  return text;
}

}  // namespace

std::string EffectsSection(const ReportInput& input) {
  const StudyEffects effects = EffectsOf(input.comparison, input.recipe);
  if (!effects.has_design) return "";
  if (!effects.why_not.empty()) return html::Paragraph(effects.why_not);
  std::string text = html::Paragraph(effects.introduction);
  for (const Table& table : effects.tables) text += TableText(table);
  return text;
}

}  // namespace upcycle
