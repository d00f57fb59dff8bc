#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/style/rules.h"

namespace upcycle::style {
namespace {

// A folder, the folders whose files it may include ("core/" is core and every folder in it), and
// single files of other folders.
struct Room {
  std::string_view folder;
  std::vector<std::string_view> may_include;
  std::vector<std::string_view> may_include_files = {};
};

const std::vector<Room> kRooms = {
    {"core", {"core"}},
    {"core/recipe",
     {"core", "core/recipe"},
     {"core/benchmarks/benchmark.h", "core/benchmarks/choice_style.h"}},
    {"core/claims", {"core", "core/recipe", "core/claims"}},
    {"core/site", {"core", "core/recipe", "core/site"}},
    {"core/tokenizers", {"core", "core/tokenizers"}, {"core/recipe/settings.h"}},
    {"core/checkpoints", {"core", "core/checkpoints"}, {"core/recipe/model_settings.h"}},
    {"core/benchmarks", {"core", "core/tokenizers", "core/benchmarks"}},
    {"core/data",
     {"core", "core/tokenizers", "core/benchmarks", "core/data"},
     {"core/recipe/settings.h"}},
    {"kernels",
     {"core", "kernels", "kernels/cpu", "kernels/cuda"},
     {"core/recipe/families.h", "core/recipe/moe_settings.h"}},
    {"kernels/cpu", {"core", "kernels", "kernels/cpu"}},
    {"kernels/cuda", {"core", "kernels", "kernels/cuda"}},
    {"results/statistics", {"core", "results/statistics"}},
    {"results/tables", {"core", "results/tables"}},
    {"results/ledger",
     {"core", "results/ledger"},
     {"results/statistics/preference.h", "results/tables/terminal_text.h"}},
    {"results/comparison",
     {"core", "results/statistics", "results/tables", "results/ledger", "results/comparison"},
     {"core/recipe/metrics.h"}},
    {"results/evidence",
     {"core", "results/statistics", "results/tables", "results/ledger", "results/comparison",
      "results/evidence"}},
    {"results/evaluations",
     {"core", "results/statistics", "results/tables", "results/ledger", "results/evaluations"}},
    {"results/export",
     {"core", "results/statistics", "results/tables", "results/ledger", "results/comparison",
      "results/evidence", "results/export"}},
    {"results/verification",
     {"core", "results/tables", "results/ledger", "results/comparison", "results/export",
      "results/verification"}},
    {"results/interchange",
     {"core", "results/ledger", "results/interchange"},
     {"results/tables/csv.h"}},
    {"results/differences",
     {"core", "results/statistics", "results/ledger", "results/differences"},
     {"results/tables/number_text.h", "results/tables/terminal_text.h"}},
    {"results/status", {"core", "results/tables", "results/ledger", "results/status"}},
    {"results/findings",
     {"core", "core/recipe", "core/claims", "results/statistics", "results/tables",
      "results/ledger", "results/comparison", "results/export", "results/findings"}},
    {"results/plots",
     {"core", "core/recipe", "results/statistics", "results/tables", "results/ledger",
      "results/comparison", "results/plots"}},
    {"results/report", {"core", "core/recipe", "results/"}},
    {"results/publication",
     {"core", "results/tables", "results/ledger", "results/comparison", "results/export",
      "results/plots", "results/report", "results/publication"}},
    {"experiments/model", {"core/", "kernels", "kernels/cpu", "experiments/model"}},
    {"experiments/formats", {"core/", "kernels", "experiments/model", "experiments/formats"}},
    {"experiments/upcycling", {"core/", "kernels", "experiments/model", "experiments/upcycling"}},
    {"experiments/decoding", {"core/", "kernels", "experiments/model", "experiments/decoding"}},
    {"experiments/conversion",
     {"core/", "kernels", "experiments/model", "experiments/formats", "experiments/upcycling",
      "experiments/conversion"}},
    {"experiments/inspection",
     {"core/", "kernels", "experiments/model", "experiments/formats", "experiments/inspection"}},
    {"experiments/evaluation", {"core/", "kernels", "experiments/model", "experiments/evaluation"}},
    {"experiments/run",
     {"core/", "kernels/", "results/", "experiments/model", "experiments/formats",
      "experiments/upcycling", "experiments/evaluation", "experiments/run"}},
    {"experiments/bench",
     {"core/", "kernels/", "results/", "experiments/model", "experiments/run", "experiments/study",
      "experiments/scheduling", "experiments/bench"}},
    {"experiments/study",
     {"core/", "kernels/", "results/", "experiments/model", "experiments/formats",
      "experiments/upcycling", "experiments/evaluation", "experiments/run", "experiments/study"}},
    {"experiments/scheduling",
     {"core/", "kernels", "results/ledger", "experiments/run", "experiments/study",
      "experiments/scheduling"},
     {"results/tables/number_text.h", "results/comparison/compare_study.h",
      "results/statistics/sequential_test.h"}},
    {"experiments/bundle",
     {"core", "results/ledger", "experiments/run", "experiments/scheduling", "experiments/bundle"},
     {"core/recipe/recipe_file.h"}},
    {"tools/terminal", {"core/", "kernels", "results/", "experiments/", "tools", "tools/terminal"}},
    {"tools/serve", {"core", "results/ledger", "results/status", "tools/serve"}},
    {"tools/study",
     {"core/", "kernels/", "results/", "experiments/", "tools", "tools/terminal", "tools/serve",
      "tools/study"}},
    {"tools/results",
     {"core/", "results/", "experiments/bundle", "experiments/study", "tools", "tools/terminal",
      "tools/results"}},
    {"tools/models",
     {"core/", "kernels/", "results/", "experiments/", "tools", "tools/terminal", "tools/models"}},
    {"tools/upkeep",
     {"core/", "kernels/", "results/", "experiments/", "tools", "tools/terminal", "tools/upkeep"}},
    {"tools/bench",
     {"core/", "kernels/", "results/", "experiments/", "tools", "tools/terminal", "tools/bench"}},
    {"tools", {"core", "tools", "tools/terminal"}},
};

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const Room* RoomOf(std::string_view path) {
  const Room* innermost = nullptr;
  for (const Room& room : kRooms) {
    if (!IsBelow(path, room.folder)) continue;
    if (innermost == nullptr || room.folder.size() > innermost->folder.size()) innermost = &room;
  }
  return innermost;
}

// Why the file at `path` may not include `name`; empty if it may.
std::string ReasonAgainst(std::string_view path, std::string_view name) {
  if (name.find("..") != std::string_view::npos) return "names are written from the top";
  if (path.starts_with("tests/")) return "";
  if (name.starts_with("tests/")) return "only tests include tests";
  const Room* from = RoomOf(path);
  const Room* to = RoomOf(name);
  if (to == nullptr) return "";
  if (from == nullptr) return "its folder has no rule";
  const auto allows = [&](std::string_view folder) {
    if (folder.back() != '/') return folder == to->folder;
    return folder.substr(0, folder.size() - 1) == to->folder || to->folder.starts_with(folder);
  };
  if (std::ranges::any_of(from->may_include, allows)) return "";
  const auto& files = from->may_include_files;
  if (std::ranges::find(files, name) != files.end()) return "";
  return fmt::format("{} may not know {}", from->folder, to->folder);
}

}  // namespace

std::string IncludedName(const SourceFile& file, size_t line) {
  const std::string& code = file.code[line];
  const size_t hash = code.find_first_not_of(' ');
  if (hash == std::string::npos || code[hash] != '#') return "";
  const size_t word = code.find_first_not_of(' ', hash + 1);
  if (word == std::string::npos || code.compare(word, 7, "include") != 0) return "";
  const std::string& text = file.lines[line];
  const size_t open = text.find_first_of("\"<", word);
  if (open == std::string::npos) return "";
  const size_t close = text.find(text[open] == '<' ? '>' : '"', open + 1);
  return close == std::string::npos ? "" : text.substr(open + 1, close - open - 1);
}

Violations IncludesThatRunUp(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string reason = ReasonAgainst(file.path, IncludedName(file, i));
      if (reason.empty()) continue;
      found.push_back({file.path, i + 1, fmt::format("{}: {}", reason, file.lines[i])});
    }
  }
  return found;
}

Violations HeadersWithoutPragmaOnce(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    // Highway includes such a header once for each vector target.
    const auto guards = [](const std::string& line) {
      return line == "#pragma once" || HasWord(line, "HWY_TARGET_TOGGLE");
    };
    if (!file.IsHeader() || std::ranges::any_of(file.code, guards)) continue;
    found.push_back({file.path, 0, "a header without #pragma once"});
  }
  return found;
}

Violations HeadersThatIncludeFmt(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsHeader() && !file.HasExtension(".cu")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (!IncludedName(file, i).starts_with("fmt/")) continue;
      found.push_back({file.path, i + 1, "fmt belongs in .cpp files: " + file.lines[i]});
    }
  }
  return found;
}

}  // namespace upcycle::style
