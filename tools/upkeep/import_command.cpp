// `upcycle import BUNDLE`: a study of another machine, taken over.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/plural.h"
#include "experiments/bundle/import_study.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/root_lock.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

void Print(const ImportedStudy& imported, bool json) {
  if (json) {
    fmt::print("{}\n", nlohmann::json({{"study", imported.study},
                                       {"added", imported.added},
                                       {"continued", imported.continued},
                                       {"kept", imported.kept},
                                       {"outputs", imported.outputs},
                                       {"launches", imported.launches},
                                       {"records", imported.records}})
                           .dump(2));
    return;
  }
  fmt::print("{}: {} added, {} continued, {} here already; {}\n", Printable(imported.study),
             Plural(imported.added, "stage"), imported.continued, imported.kept,
             Plural(imported.outputs, "output"));
}

}  // namespace

int ImportCommand(const Arguments& arguments) {
  std::string bundle;
  ImportOptions options;
  StateOptions state;
  bool json = false;
  CommandLine line("import BUNDLE [options]",
                   "Takes over a study that `upcycle export STUDY --bundle BUNDLE` wrote, on this\n"
                   "machine or another. The bundle is checked whole before anything is changed.\n"
                   "What is here already stays; imported again, nothing changes.");
  line.Positional("BUNDLE", &bundle, "the file");
  state.Declare(line);
  line.Option("as", &options.name, "the name that the study gets here");
  line.Flag("json", &json, "what was taken over as JSON on standard output");
  line.Parse(arguments);
  if (!fs::is_regular_file(bundle)) {  // also: a root is not made for a name that was mistyped
    throw Error(Cause::kInput, fmt::format("there is no file {}; check the path", bundle));
  }
  const FileLock lock = LockRoot(state);
  Print(ImportStudy(state.Root(), bundle, options), json);
  return kExitDone;
}

}  // namespace upcycle
