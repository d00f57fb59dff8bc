// `upcycle publish STUDY -o FOLDER`: the study as files that can be committed beside its recipe.

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/shell_word.h"
#include "results/ledger/ledger_reader.h"
#include "results/publication/published_study.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/output_file.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

// A page that another command or a person wrote is not written over.
void RequireOwnFolder(const fs::path& folder, const std::string& study) {
  const fs::path page = folder / kPublishedPage;
  if (!fs::exists(page)) return;
  const std::optional<PageOrigin> origin = OriginOfPage(ReadTextFile(page));
  if (origin && origin->study == study) return;
  throw Error(
      Cause::kInput,
      fmt::format("{} is {}: choose another folder, or move it away", page.native(),
                  origin ? fmt::format("that of the study \"{}\"", origin->study)
                         : std::string("none that `upcycle publish` wrote, and would be lost")));
}

bool Has(const std::vector<PublishedFile>& files, const std::string& name) {
  return std::ranges::any_of(files, [&](const auto& file) { return file.name == name; });
}

// A figure that the data no longer allow would tell of other results.
void RemoveOutdated(const fs::path& folder, const std::vector<PublishedFile>& files) {
  for (const std::string& name : PublishedNames()) {
    if (!Has(files, name) && fs::remove(folder / name)) fmt::print("{}: removed\n", name);
  }
}

}  // namespace

int PublishCommand(const Arguments& arguments) {
  std::string study, output;
  StateOptions state;
  bool allow_incomplete = false;
  CommandLine line("publish STUDY -o FOLDER [options]",
                   "Writes a study as files that can be committed beside its recipe: a page with "
                   "what was\nfound, the table in every form, figures, and the report without its "
                   "machine. `upcycle\nverify FOLDER` holds them against the ledger.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  line.Option("output,o", &output, "the folder; made where it is missing");
  line.Flag("allow-incomplete", &allow_incomplete,
            "judge arms whose seeds are not all there by those that are");
  line.Parse(arguments);
  if (output.empty()) {
    throw Error(Cause::kInput, fmt::format("where to? Name a folder: upcycle publish {} -o FOLDER",
                                           ShellWord(study)));
  }
  const fs::path folder = output;
  RequireOwnFolder(folder, study);
  LedgerReader ledger(state.Ledger());
  const std::vector<PublishedFile> files = PublishStudy(ledger, study, allow_incomplete);
  MakeDirectories(folder);
  for (const PublishedFile& file : files) {
    WriteOutputFile(folder / file.name, file.bytes);
    fmt::print("{}\n", (folder / file.name).native());
  }
  RemoveOutdated(folder, files);
  return kExitDone;
}

}  // namespace upcycle
