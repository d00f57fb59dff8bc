#include "results/export/table_forms.h"

#include "results/comparison/comparison_table.h"
#include "results/evidence/evidence_table.h"
#include "results/export/comparison_json.h"
#include "results/tables/csv.h"
#include "results/tables/html.h"
#include "results/tables/latex.h"
#include "results/tables/markdown.h"

namespace upcycle {

namespace {

// One after another, with an empty line between them.
std::string WrittenTables(const Comparison& comparison, std::string (*write)(const Table&)) {
  std::string text;
  for (const Table& table : TablesOf(comparison)) {
    if (!text.empty()) text += "\n";
    text += write(table);
  }
  return text;
}

}  // namespace

std::vector<Table> TablesOf(const Comparison& comparison) {
  std::vector<Table> tables = {TableOf(comparison)};
  if (comparison.with_evidence) tables.push_back(EvidenceTableOf(comparison));
  return tables;
}

std::string Written(const Comparison& comparison, TableForm form) {
  switch (form) {
    case TableForm::kMarkdown:
      return WrittenTables(comparison, ToMarkdown);
    case TableForm::kCsv:
      return ToCsv(TablesOf(comparison).back());
    case TableForm::kLatex:
      return WrittenTables(comparison, ToLatex);
    case TableForm::kHtml:
      return ToHtml(TablesOf(comparison));
    case TableForm::kHtmlFragment:
      return WrittenTables(comparison, ToHtmlFragment);
    case TableForm::kJson:
      return ToJson(comparison);
  }
  return "";
}

}  // namespace upcycle
