// `upcycle verify FILE|FOLDER`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "results/ledger/ledger_reader.h"
#include "tools/commands.h"
#include "tools/results/verified_file.h"
#include "tools/results/verified_folder.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

TableForm FormOf(const fs::path& file, const std::string& named) {
  if (!named.empty()) return ValueOf<TableForm>("format", named);
  const std::string ending = file.extension();
  if (ending == ".md" || ending == ".markdown") return TableForm::kMarkdown;
  if (ending == ".tex") return TableForm::kLatex;
  if (ending == ".html" || ending == ".htm") return TableForm::kHtml;
  if (ending == ".csv") return TableForm::kCsv;
  if (ending == ".json") return TableForm::kJson;
  throw Error(Cause::kInput,
              fmt::format("{}: its name does not say which form it has; --format says it, as "
                          "markdown, latex, html, csv or json",
                          file.native()));
}

VerifiedFile VerifyDocument(LedgerReader& ledger, const fs::path& file, TableForm form) {
  VerifiedFile verified = {file, VerifyTables(ledger, file, form)};
  if (!verified.tables.empty()) return verified;
  throw Error(Cause::kInput,
              fmt::format("{} has no table of a study: one is known by the command in a comment "
                          "above it, as `upcycle export` writes it, or by its title, \"STUDY: "
                          "METRIC, lower is better\"; in CSV by the column `study` in front",
                          file.native()));
}

void PrintJson(const std::vector<VerifiedFile>& files, bool in_folder) {
  Json all = Json::array();
  for (const VerifiedFile& file : files) all.push_back(JsonOf(file));
  const Json& whole = in_folder ? all : all.front();
  fmt::print("{}\n", whole.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int VerifyCommand(const Arguments& arguments) {
  std::string place;
  std::string format;
  StateOptions state;
  bool json = false;
  CommandLine line(
      "verify FILE|FOLDER [options]",
      "Holds the tables that `upcycle export` wrote into a document against the ledger\n"
      "and names the cells that differ; of a folder that `upcycle publish` wrote, every\n"
      "file. Exit status: 0 equal, 1 different, 2 cannot be checked.");
  line.Positional("FILE", &place,
                  "Markdown, LaTeX, HTML, CSV or JSON; other text may stand around. Or a folder");
  state.Declare(line);
  line.Option("format", &format, "the form of the file; without it, what its name ends with says");
  line.Flag("json", &json, "every table and difference as JSON");
  line.Parse(arguments);
  std::error_code none;
  const bool in_folder = fs::is_directory(place, none);
  if (in_folder && !format.empty()) {
    throw Error(Cause::kInput,
                fmt::format("--format is said of a file, and {} is a folder: leave it out", place));
  }
  std::vector<VerifiedFile> files;
  if (in_folder) {
    LedgerReader ledger(state.Ledger());
    files = VerifyFolder(ledger, place);
  } else {
    const TableForm form = FormOf(place, format);
    LedgerReader ledger(state.Ledger());
    files.push_back(VerifyDocument(ledger, place, form));
  }
  if (json) {
    PrintJson(files, in_folder);
  } else {
    for (const VerifiedFile& file : files) fmt::print("{}", TextOf(file));
  }
  return ExitOf(files);
}

}  // namespace upcycle
