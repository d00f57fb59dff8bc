#include "results/plots/image_file.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/program_run.h"

namespace upcycle {
namespace {

constexpr const char* kRenderer = "rsvg-convert";
constexpr int kNoSuchProgram = 127;

}  // namespace

std::string ImageOf(std::string svg, ImageForm form) {
  if (form == ImageForm::kSvg) return svg;
  const std::string name(NameOf(form));
  // The variable is what a PDF has as its date (reproducible-builds.org, "SOURCE_DATE_EPOCH").
  ProgramEnd end = RunToEnd({"env", "SOURCE_DATE_EPOCH=0", kRenderer, "--format=" + name,
                             form == ImageForm::kPng ? "--zoom=3" : "--zoom=1"},
                            svg);
  if (end.exit_code == kNoSuchProgram) {
    throw Error(Cause::kInput,
                fmt::format("a plot as {} needs {}, which is not there: install Debian's package "
                            "librsvg2-bin (tools/setup does), or ask for svg",
                            name, kRenderer));
  }
  if (!end.Succeeded()) {
    throw Error(Cause::kBug, fmt::format("{} could not draw a plot as {}: {}", kRenderer, name,
                                         end.timed_out ? "it took over a minute" : end.err));
  }
  return std::move(end.out);
}

std::optional<std::string> RendererVersion() {
  const ProgramEnd end = RunToEnd({kRenderer, "--version"});
  if (!end.Succeeded()) return std::nullopt;
  return end.out.substr(0, end.out.find('\n'));
}

}  // namespace upcycle
