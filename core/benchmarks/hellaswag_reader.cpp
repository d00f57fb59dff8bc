#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/python_text.h"
#include "core/benchmarks/reading.h"

namespace upcycle {
namespace {

constexpr int kEndings = 4;
constexpr size_t kLinesOfItem = kEndings + 2;

// The harness's re.sub("\\[.*?\\]", ""): from a bracket to the first closing one on its line.
std::string WithoutBrackets(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const size_t open = text.find('[');
    kept += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const size_t stop = text.find_first_of("]\n");
    const bool closed = stop != std::string_view::npos && text[stop] == ']';
    if (!closed) kept += '[';
    text.remove_prefix(closed ? stop + 1 : 1);
  }
  return kept;
}

std::string Cleaned(std::string_view text) {
  const std::string sentences = Replace(Strip(text), " [title]", ". ");
  return Replace(WithoutBrackets(sentences), "  ", " ");
}

BenchmarkItem ItemOf(std::string_view activity_and_context, std::string_view unfinished,
                     const std::vector<std::string>& endings, int answer) {
  BenchmarkItem item;
  item.context = Cleaned(fmt::format("{} {}", activity_and_context, Capitalize(unfinished)));
  for (const std::string& ending : endings) item.choices.push_back(Cleaned(ending));
  item.answer = answer;
  return item;
}

// Where the sentence begins that `context` does not finish; its size if it finishes all.
size_t UnfinishedSentence(std::string_view context) {
  constexpr std::string_view kSentenceEnds = ".!?";
  if (context.empty() || kSentenceEnds.find(context.back()) != std::string_view::npos) {
    return context.size();
  }
  for (size_t at = context.size(); at-- > 1;) {
    if (context[at] != ' ') continue;
    if (kSentenceEnds.find(context[at - 1]) != std::string_view::npos) return at + 1;
  }
  return context.size();
}

BenchmarkItem ItemOfLines(const std::vector<std::string_view>& lines, size_t begin,
                          std::string_view name) {
  const std::string_view context = lines[begin];
  const size_t colon = context.find(": ");
  if (colon == std::string_view::npos) {
    RefuseLine(name, begin + 1, fmt::format("\"{}\"; expected \"activity: context\"", context));
  }
  const std::string_view label = lines[begin + 1];
  if (label.size() != 1 || label[0] < '0' || label[0] >= '0' + kEndings) {
    RefuseLine(name, begin + 2,
               fmt::format("\"{}\"; expected the number of the right ending, 0 to {} (six lines an "
                           "item: activity and context, label, four endings)",
                           label, kEndings - 1));
  }
  const std::vector<std::string> endings(
      lines.begin() + static_cast<std::ptrdiff_t>(begin + 2),
      lines.begin() + static_cast<std::ptrdiff_t>(begin + kLinesOfItem));
  const size_t told = colon + 2;
  const size_t unfinished = told + UnfinishedSentence(context.substr(told));
  const bool complete = unfinished == context.size();
  BenchmarkItem item = ItemOf(context.substr(0, complete ? unfinished : unfinished - 1),
                              context.substr(unfinished), endings, label[0] - '0');
  Hasher record;
  for (size_t i = 0; i < kLinesOfItem; ++i) record.Add(lines[begin + i]);
  item.record = record.Finish();
  return item;
}

}  // namespace

BenchmarkItems ReadHellaSwagRecords(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    const std::vector<std::string> endings = record.Texts("endings");
    RefuseUnlessCount(record, "endings", endings.size(), kEndings);
    const std::string told = record.Text("activity_label") + ": " + record.Text("ctx_a");
    items.push_back(
        ItemOf(told, record.Text("ctx_b"), endings, AnswerIndex(record, "label", kEndings)));
    items.back().record = print;
  });
  return items;
}

BenchmarkItems ReadHellaSwagLines(const BenchmarkText& source) {
  const std::vector<std::string_view> lines = LinesOf(source.text);
  BenchmarkItems items;
  for (size_t begin = 0; begin < lines.size(); begin += kLinesOfItem) {
    if (lines.size() - begin < kLinesOfItem) {
      RefuseLine(source.name, begin + 1,
                 fmt::format("the last item has {} lines; expected six: activity and context, "
                             "label, four endings",
                             lines.size() - begin));
    }
    items.push_back(ItemOfLines(lines, begin, source.name));
  }
  return items;
}

}  // namespace upcycle
