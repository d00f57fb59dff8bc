#include "tools/terminal/table_options.h"

#include <string_view>

#include "core/text.h"

namespace upcycle {
namespace {

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view word = TrimmedText(list.substr(0, comma));
    if (!word.empty()) words.emplace_back(word);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return words;
}

}  // namespace

void TableOptions::Declare(CommandLine& line) {
  line.Option("rows", &rows_, "arm, or a setting, as moe.top_k");
  line.Option(
      "columns", &columns_,
      "metrics, costs, settings, seeds, difference, adjusted_p, verdict; with commas between "
      "them. With a setting as rows, one setting makes a grid");
  line.Option("where", &where_,
              "arms with moe.top_k=2, 'moe.top_k>=2', moe.top_k!=2 or 'arm~copies'; repeatable");
  line.Option("sort", &sort_, "a column to sort rows by, as train_flops or validation/loss:desc");
  line.Flag("only-changed", &only_changed_,
            "settings that differ between arms as columns, and no other settings");
  line.Flag("allow-incomplete", &allow_incomplete_,
            "judge arms whose seeds are not all there by those that are");
  line.Flag(
      "evidence", &evidence_,
      "a second table (CSV: in place of the first): what other tests, bootstrap, effect sizes "
      "and power say of each difference");
}

CompareOptions TableOptions::Asked() const {
  CompareOptions asked;
  asked.allow_incomplete = allow_incomplete_;
  if (!rows_.empty()) asked.rows = rows_;
  if (!columns_.empty()) asked.columns = Split(columns_);
  if (!sort_.empty()) asked.sort = sort_;
  asked.only_changed = only_changed_;
  asked.where = where_;
  asked.evidence = evidence_;
  return asked;
}

bool TableOptions::AskAnything() const {
  return !rows_.empty() || !columns_.empty() || !sort_.empty() || !where_.empty() ||
         only_changed_ || allow_incomplete_ || evidence_;
}

CompareOptions AskedOfTable(const std::vector<std::string>& words) {
  std::string study, format;
  TableOptions table;
  CommandLine line("export STUDY [options]", "Writes a study's comparison.");
  line.Positional("STUDY", &study, "a recipe's name");
  line.Option("format,f", &format, "a form");
  table.Declare(line);
  line.Parse(words);
  return table.Asked();
}

}  // namespace upcycle
