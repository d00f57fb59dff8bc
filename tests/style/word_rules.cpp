#include <cctype>
#include <functional>

#include <fmt/format.h>

#include "tests/style/rules.h"

namespace upcycle::style {
namespace {

constexpr std::string_view kFloors[] = {"core", "kernels", "results", "experiments"};

bool IsOfWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The end of `word` in `text` from `from` on, where it stands alone; npos if it does not.
size_t EndOfWord(std::string_view text, std::string_view word, size_t from) {
  for (size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !IsOfWord(text[at - 1]);
    if (begins && (end == text.size() || !IsOfWord(text[end]))) return end;
  }
  return std::string_view::npos;
}

using Test = std::function<bool(std::string_view)>;

// The lines among `lines` that `breaks` is true for.
void Report(const SourceFile& file, const std::vector<std::string>& lines, std::string_view what,
            const Test& breaks, Violations* found) {
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!breaks(lines[i])) continue;
    found->push_back({file.path, i + 1, fmt::format("{}: {}", what, file.lines[i])});
  }
}

bool IsBelowTools(const SourceFile& file) {
  for (std::string_view floor : kFloors) {
    if (file.IsIn(floor)) return true;
  }
  return false;
}

// A word that this file itself may not hold whole.
std::string Word(std::string_view begin, std::string_view end) {
  return std::string(begin) + std::string(end);
}

}  // namespace

std::string ToString(const Violation& violation) {
  if (violation.line == 0) return fmt::format("{}: {}", violation.path, violation.what);
  return fmt::format("{}:{}: {}", violation.path, violation.line, violation.what);
}

bool HasWord(std::string_view text, std::string_view word) {
  return EndOfWord(text, word, 0) != std::string_view::npos;
}

bool HasCall(std::string_view text, std::string_view name) {
  for (size_t end = EndOfWord(text, name, 0); end != std::string_view::npos;
       end = EndOfWord(text, name, end)) {
    const size_t next = text.find_first_not_of(' ', end);
    if (next != std::string_view::npos && text[next] == '(') return true;
  }
  return false;
}

Violations UnfinishedWork(const Tree& tree) {
  Violations found;
  const std::string words[] = {Word("TO", "DO"), Word("FIX", "ME"), Word("XX", "X")};
  for (const SourceFile& file : tree) {
    for (const std::string& word : words) {
      Report(
          file, file.lines, "finish it or leave it out",
          [&](std::string_view line) { return HasWord(line, word); }, &found);
    }
  }
  return found;
}

Violations NamespacesOpenedInHeaders(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsHeader()) continue;
    Report(
        file, file.code, "a header opens a namespace for all who include it",
        [](std::string_view line) { return HasWord(line, "using") && HasWord(line, "namespace"); },
        &found);
  }
  return found;
}

Violations CallsOfAssert(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    Report(
        file, file.code, "UPCYCLE_CHECK holds in every build",
        [](std::string_view line) { return HasCall(line, "assert"); }, &found);
  }
  return found;
}

Violations CallsThatEndTheProcess(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp() || !IsBelowTools(file)) continue;
    Report(
        file, file.code, "throw an Error: only a command decides that the process ends",
        [](std::string_view line) {
          return HasCall(line, "exit") || HasCall(line, "quick_exit") || HasCall(line, "abort");
        },
        &found);
  }
  return found;
}

Violations SystemEntropy(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp() || file.path == "core/secret.cpp") continue;  // which is no result's
    Report(
        file, file.code, "random numbers come from core/random.h",
        [](std::string_view line) {
          for (std::string_view name : {"rand", "srand", "drand48", "getrandom", "getentropy"}) {
            if (HasCall(line, name)) return true;
          }
          return HasWord(line, "random_device");
        },
        &found);
    const std::string device = Word("/dev/", "urandom");
    Report(
        file, file.lines, "random numbers come from core/random.h",
        [&](std::string_view line) { return line.find(device) != std::string_view::npos; }, &found);
  }
  return found;
}

Violations PathsOfOneMachine(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    for (const std::string& path :
         {Word("/wo", "rk/"), Word("/ho", "me/"), Word("/ro", "ot/"), Word("/Us", "ers/")}) {
      Report(
          file, file.lines, "a path of one machine",
          [&](std::string_view line) { return line.find(path) != std::string_view::npos; }, &found);
    }
  }
  return found;
}

Violations TabsAndTrailingSpace(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (file.HasExtension(".csv")) continue;  // its lines end as RFC 4180 says
    Report(
        file, file.lines, "a tab, or space at the end of the line",
        [](std::string_view line) {
          if (line.find('\t') != std::string_view::npos) return true;
          return !line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0;
        },
        &found);
  }
  return found;
}

}  // namespace upcycle::style
