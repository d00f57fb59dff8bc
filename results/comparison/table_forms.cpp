#include "results/comparison/table_forms.h"

#include "results/comparison/comparison_json.h"
#include "results/comparison/comparison_table.h"
#include "results/tables/csv.h"
#include "results/tables/html.h"
#include "results/tables/latex.h"
#include "results/tables/markdown.h"

namespace upcycle {

std::string Written(const Comparison& comparison, TableForm form) {
  switch (form) {
    case TableForm::kMarkdown:
      return ToMarkdown(TableOf(comparison));
    case TableForm::kCsv:
      return ToCsv(TableOf(comparison));
    case TableForm::kLatex:
      return ToLatex(TableOf(comparison));
    case TableForm::kHtml:
      return ToHtml(TableOf(comparison));
    case TableForm::kHtmlFragment:
      return ToHtmlFragment(TableOf(comparison));
    case TableForm::kJson:
      return ToJson(comparison);
  }
  return "";
}

}  // namespace upcycle
