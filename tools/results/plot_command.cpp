// `upcycle plot STUDY --kind curves|forest|load|scaling|schedule -o FILE`

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "results/ledger/ledger_reader.h"
#include "results/plots/draw_svg.h"
#include "results/plots/image_file.h"
#include "results/plots/study_plot.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/output_file.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

struct PlotOptions {
  std::string study;
  StateOptions state;
  std::string kind;
  std::string against;
  std::string output;
  std::string format;
  PlotRequest request;
  bool dark = false;
  bool json = false;

  void Parse(const Arguments& arguments) {
    CommandLine line("plot STUDY [options]",
                     "Draws what the ledger has of a study. Without --kind: every kind that its "
                     "data allow,\ninto the folder --output. What is printed can be a caption.");
    line.Positional("STUDY", &study, "a recipe's name");
    state.Declare(line);
    line.Option("kind", &kind, "curves, forest, load, scaling or schedule");
    line.Option("metric", &request.metric,
                "curves, scaling: what is plotted; the study's own otherwise");
    line.Option(
        "against", &against,
        "curves, load, schedule: steps, tokens, flops or time; what the arms are matched on "
        "otherwise");
    line.Option("arm", &request.arms, "an arm to show; repeatable; all otherwise");
    line.Option("output,o", &output,
                "FILE.svg, FILE.png or FILE.pdf in place of standard output; a folder for all");
    line.Option("format,f", &format, "svg, png or pdf; as the file's name ends, or svg, otherwise");
    line.Flag("wide", &request.wide, "as wide as a page, and not as one of its two columns");
    line.Flag("dark", &dark, "for a dark page");
    line.Flag("seeds", &request.seeds, "curves: a thin line for each seed, too");
    line.Flag("allow-incomplete", &request.allow_incomplete,
              "forest: judge arms whose seeds are not all there by those that are");
    line.Flag("json", &json, "say as JSON which files were written, and what was not drawn");
    line.Parse(arguments);
    if (json && output.empty()) {
      throw Error(Cause::kInput, "--json says which files were written: name one with --output");
    }
    if (!against.empty()) request.against = ValueOf<Against>("against", against);
  }

  DrawingStyle Style() const {
    return {.theme = dark ? Theme::kDark : Theme::kLight,
            .width = request.wide ? kPageWidth : kColumnWidth};
  }

  // By --format, else by how the file's name ends; where both say it, they say the same.
  ImageForm FormOf(const fs::path& file) const {
    const std::string ending = file.extension().native();
    std::optional<ImageForm> by_name;
    if (!ending.empty()) by_name = ValueNamed<ImageForm>(ending.substr(1));
    if (!format.empty()) {
      const ImageForm form = ValueOf<ImageForm>("format", format);
      if (by_name.value_or(form) == form) return form;
      throw Error(
          Cause::kInput,
          fmt::format("{}: its name says {} and --format {}: leave --format out, or end the "
                      "name in .{}",
                      file.native(), ending.substr(1), NameOf(form), NameOf(form)));
    }
    if (ending.empty()) return ImageForm::kSvg;
    if (by_name) return *by_name;
    throw Error(Cause::kInput, fmt::format("{}: a plot is written as .svg, .png or .pdf; end its "
                                           "name so, or say --format",
                                           file.native()));
  }
};

// An option that only some kinds obey.
struct KindsOption {
  std::string_view name;
  bool given = false;
  std::vector<PlotKind> kinds;
};

// Throws Error(kInput) where somebody would wait for what the kind cannot do. A forest says itself
// which metric it has.
void RefuseUnusedOptions(const PlotRequest& request) {
  const std::vector<KindsOption> options = {
      {"--metric",
       !request.metric.empty(),
       {PlotKind::kCurves, PlotKind::kScaling, PlotKind::kForest}},
      {"--against",
       request.against.has_value(),
       {PlotKind::kCurves, PlotKind::kSchedule, PlotKind::kLoad}},
      {"--seeds", request.seeds, {PlotKind::kCurves}},
      {"--allow-incomplete", request.allow_incomplete, {PlotKind::kForest}}};
  for (const KindsOption& option : options) {
    if (!option.given || std::ranges::find(option.kinds, request.kind) != option.kinds.end()) {
      continue;
    }
    std::string kinds;
    for (const PlotKind kind : option.kinds) {
      kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", NameOf(kind));
    }
    throw Error(Cause::kInput, fmt::format("{} does nothing for --kind {}: leave it out; it is "
                                           "for {}",
                                           option.name, NameOf(request.kind), kinds));
  }
}

std::string Drawn(const Plot& plot, const PlotOptions& options, ImageForm form) {
  return ImageOf(DrawSvg(plot, options.Style()), form);
}

// What was written and what was not: a line for each figure, to be pasted under it, or JSON.
class Account {
 public:
  explicit Account(const PlotOptions& options) : options_(options) {}

  void AddWritten(PlotKind kind, const fs::path& file, const Plot& plot) {
    written_.push_back(
        {{"kind", NameOf(kind)}, {"file", file.native()}, {"caption", plot.caption}});
    if (!options_.json) fmt::print("{}: {}\n", file.native(), plot.caption);
  }
  void AddRefused(PlotKind kind, const std::string& why) {
    refused_.push_back({{"kind", NameOf(kind)}, {"why", why}});
    lines_ += fmt::format("no {}: {}\n", NameOf(kind), why);
  }
  bool HasWritten() const { return !written_.empty(); }
  const std::string& refusals() const { return lines_; }

  void Finish() const {
    if (!options_.json) return fmt::print("{}", lines_);
    const Json all = {{"study", options_.study}, {"written", written_}, {"not_drawn", refused_}};
    fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
  }

 private:
  using Json = nlohmann::ordered_json;

  const PlotOptions& options_;
  Json written_ = Json::array(), refused_ = Json::array();
  std::string lines_;
};

std::string FileName(PlotKind kind, ImageForm form) {
  return fmt::format("{}.{}", NameOf(kind), NameOf(form));
}

void PlotOne(LedgerReader& ledger, PlotOptions& options) {
  options.request.kind = ValueOf<PlotKind>("kind", options.kind);
  RefuseUnusedOptions(options.request);
  fs::path file = options.output;
  std::error_code none;
  const bool in_folder = fs::is_directory(file, none);
  const ImageForm form = options.FormOf(in_folder ? fs::path() : file);
  if (in_folder) file /= FileName(options.request.kind, form);
  if (!file.empty()) RequireOutputFolder(file);
  const StudyPlot found = PlotStudy(ledger, options.study, options.request);
  if (!found.plot) throw Error(Cause::kInput, found.why_not);
  const std::string image = Drawn(*found.plot, options, form);
  if (file.empty()) {
    fmt::print("{}", image);
  } else {
    WriteOutputFile(file, image);
    Account account(options);
    account.AddWritten(options.request.kind, file, *found.plot);
    account.Finish();
  }
}

// A metric is what curves and scaling show; the other kinds have their own.
PlotRequest RequestOf(const PlotOptions& options, PlotKind kind) {
  PlotRequest request = options.request;
  request.kind = kind;
  if (kind == PlotKind::kForest) request.metric.clear();
  return request;
}

void PlotAll(LedgerReader& ledger, const PlotOptions& options) {
  const fs::path folder = options.output;
  if (folder.empty() ||
      ValueNamed<ImageForm>(folder.extension().native().substr(folder.has_extension() ? 1 : 0))) {
    throw Error(Cause::kInput,
                "which plot? Name one with --kind curves, forest, load, scaling or schedule; or a "
                "folder with --output, for all that the study's data allow");
  }
  const ImageForm form = options.FormOf({});
  Account account(options);
  for (const auto& kind : EnumNames<PlotKind>::values) {
    const StudyPlot found = PlotStudy(ledger, options.study, RequestOf(options, kind.value));
    if (!found.plot) {
      account.AddRefused(kind.value, found.why_not);
      continue;
    }
    const std::string image = Drawn(*found.plot, options, form);
    if (!account.HasWritten()) fs::create_directories(folder);
    const fs::path file = folder / FileName(kind.value, form);
    WriteOutputFile(file, image);
    account.AddWritten(kind.value, file, *found.plot);
  }
  if (!account.HasWritten()) {
    throw Error(Cause::kInput, fmt::format("there is nothing to plot of the study \"{}\":\n{}",
                                           options.study, account.refusals()));
  }
  account.Finish();
}

}  // namespace

int PlotCommand(const Arguments& arguments) {
  PlotOptions options;
  options.Parse(arguments);
  LedgerReader ledger(options.state.Ledger());
  if (options.kind.empty()) {
    PlotAll(ledger, options);
  } else {
    PlotOne(ledger, options);
  }
  return kExitDone;
}

}  // namespace upcycle
