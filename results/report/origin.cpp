// Where the results come from: data, recipe, and the commands that make everything again.

#include <fmt/format.h>

#include "core/shell_word.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

Table DataTable(const ReportInput& input) {
  Table table = html::EmptyTable("Data, as tokens", {{"stage", "stage"}, {"made of", "settings"}});
  for (const StageFacts& stage : input.study.stages) {
    if (stage.kind != "tokens") continue;
    table.rows.push_back(
        {{.text = stage.fingerprint.Hex()}, {.text = input.ledger.ReadStageSettings(stage.id)}});
  }
  return table;
}

std::string Commands(const std::string& study) {
  const std::string name = ShellWord(study);
  std::string lines;
  for (const char* command : {"compare {}", "export {} --format markdown", "plot {} -o figures",
                              "report {} -o report.html"}) {
    lines += "upcycle " + fmt::format(fmt::runtime(command), name) + "\n";
  }
  return lines;
}

}  // namespace

std::string OriginSection(const ReportInput& input) {
  std::string text;
  const Table data = DataTable(input);
  if (!data.rows.empty()) text += html::TableOf(data);
  text += html::Heading("The same again");
  text += html::Paragraph(
      "The table, its files, the figures and this report come from the ledger by these commands; "
      "--root says where it lies, --no-machine leaves out what depends on the machine.");
  text += html::Block(Commands(input.study.name));
  const auto replace = nlohmann::json::error_handler_t::replace;
  return text + html::Details("The recipe in full, with bases and overrides resolved",
                              html::Block(input.recipe.dump(2, ' ', false, replace)));
}

}  // namespace upcycle
