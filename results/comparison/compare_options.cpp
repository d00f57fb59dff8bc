#include "results/comparison/compare_options.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/shell_word.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// "-->" and "--!>" would end a comment of HTML, and "<!--" is not allowed in one. A shell joins
// what two pairs of quotes hold, and a word with ">" or "<" is always in quotes.
std::string CommentableWord(const std::string& text) {
  std::string word;
  for (const char c : ShellWord(text)) {
    const bool ends_comment = c == '>' && (word.ends_with('-') || word.ends_with('!'));
    const bool begins_comment = c == '-' && word.ends_with("<!-");
    if (ends_comment || begins_comment) word += "''";
    word += c;
  }
  return word;
}

}  // namespace

std::string ExportCommandOf(std::string_view study, const CompareOptions& options) {
  std::vector<std::string> words = {"upcycle", "export", std::string(study)};
  const auto add = [&](const char* option, const std::string& value) {
    words.emplace_back(option);
    words.push_back(value);
  };
  if (options.rows) add("--rows", *options.rows);
  if (options.columns) add("--columns", fmt::format("{}", fmt::join(*options.columns, ",")));
  for (const std::string& condition : options.where) add("--where", condition);
  if (options.sort) add("--sort", *options.sort);
  if (options.only_changed) words.emplace_back("--only-changed");
  if (options.allow_incomplete) words.emplace_back("--allow-incomplete");
  std::string command;
  for (const std::string& word : words) {
    if (std::ranges::any_of(word, IsControl)) {
      throw Error(Cause::kInput,
                  fmt::format("\"{}\" has a control character: tables say how they were made, in "
                              "one line",
                              word));
    }
    command += (command.empty() ? "" : " ") + CommentableWord(word);
  }
  return command;
}

}  // namespace upcycle
