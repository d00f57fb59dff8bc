// Where the results come from: data, recipe, and the commands that make everything again.

#include <fmt/format.h>

#include "core/setting_paths.h"
#include "core/shell_word.h"
#include "results/export/settings_places.h"
#include "results/report/html.h"
#include "results/report/sections.h"

namespace upcycle {
namespace {

// "split.seed: 3", a piece for each setting that a stage was made of.
std::string SettingsList(const std::string& json) {
  const auto settings = nlohmann::json::parse(json, nullptr, false);
  if (!settings.is_object()) return html::Code(json);
  std::vector<std::string> items;
  VisitSettings(
      settings, PlainLists::kItemByItem, [&](const std::string& path, const nlohmann::json& value) {
        items.push_back(fmt::format("{}: {}", html::Code(path), html::Text(SettingText(value))));
      });
  return html::List(items);
}

std::string DataText(const ReportInput& input) {
  std::vector<std::string> items;
  for (const StageFacts& stage : input.study.stages) {
    if (stage.kind != "tokens") continue;
    const std::string settings = input.ledger.ReadStageSettings(stage.id);
    items.push_back(fmt::format("stage {}{}", html::Code(stage.fingerprint.Hex()),
                                settings == "{}" ? "" : ", made of" + SettingsList(settings)));
  }
  return items.empty() ? "" : html::Heading("Data, as tokens") + html::List(items);
}

std::string RecipeText(const ReportInput& input) {
  const nlohmann::json recipe = input.options.machine ? input.recipe : WithoutPlaces(input.recipe);
  return recipe.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Commands(const std::string& study, bool allow_incomplete) {
  const std::string name = ShellWord(study) + (allow_incomplete ? " --allow-incomplete" : "");
  std::string lines;
  for (const char* command : {"compare {}", "export {} --format markdown", "plot {} -o figures",
                              "report {} -o report.html"}) {
    lines += "upcycle " + fmt::format(fmt::runtime(command), name) + "\n";
  }
  return lines;
}

}  // namespace

std::string OriginSection(const ReportInput& input) {
  std::string text = DataText(input) + html::Heading("The same again");
  text += fmt::format(
      "<p>The table, its files, the figures and this report come from the ledger by these "
      "commands; {} says where it lies, {} leaves out what depends on the machine.</p>\n",
      html::Code("--root"), html::Code("--no-machine"));
  text += html::Block(Commands(input.study.name, input.options.allow_incomplete));
  return text + html::Details("The recipe in full, with bases and overrides resolved",
                              html::Block(RecipeText(input)));
}

}  // namespace upcycle
