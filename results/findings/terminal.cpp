#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/utf8.h"
#include "results/findings/report.h"
#include "results/number_text.h"

namespace upcycle {
namespace {

constexpr size_t kIndent = 12;  // of what stands behind a label

const char* ColorOf(Support support) {
  switch (support) {
    case Support::kSupports:
      return "\x1b[32m";
    case Support::kContradicts:
      return "\x1b[31m";
    case Support::kCannotTell:
      break;
  }
  return "\x1b[2m";
}

// The text in lines of the width, those after the first indented.
std::string Wrapped(const std::string& text, size_t width) {
  const size_t room = width > 2 * kIndent ? width - kIndent : std::string::npos;
  std::string lines, line;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && CountCharacters(line) + 1 + CountCharacters(word) > room) {
      lines += line + "\n" + std::string(kIndent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return lines + line;
}

class Writer {
 public:
  explicit Writer(const TerminalLayout& layout) : layout_(layout) {}

  void Line(const std::string& label, const std::string& value) {
    if (value.empty()) return;
    text_ += fmt::format("{:<{}}{}\n", label, kIndent, Wrapped(value, layout_.width));
  }
  void Text(const std::string& line) { text_ += line + "\n"; }
  std::string Colored(Support support) const {
    const std::string name(NameOf(support));
    return layout_.color ? fmt::format("{}{}\x1b[0m", ColorOf(support), name) : name;
  }
  std::string Take() { return std::move(text_); }

 private:
  const TerminalLayout& layout_;
  std::string text_;
};

void Write(const Finding& finding, Writer& writer) {
  writer.Text(finding.claim.id);
  writer.Line("  claim", finding.claim.claim);
  writer.Line("  where", finding.claim.where);
  writer.Line("  paper", finding.claim.number);
  writer.Line("  ours", OursText(finding));
  const double p = AdjustedP(finding);
  const std::string evidence =
      std::isnan(p) ? "" : fmt::format(", adjusted p {}", ProbabilityText(p));
  writer.Line("  verdict", writer.Colored(finding.support) + evidence);
  writer.Line("", RemarkText(finding));
  writer.Text("");
}

}  // namespace

std::string FindingsTerminal(const FindingsReport& report, const TerminalLayout& layout) {
  Writer writer(layout);
  std::string title = fmt::format("{}: {}", report.paper, report.text.title);
  if (!report.text.source.empty()) title += fmt::format(" ({})", report.text.source);
  writer.Text(title);
  writer.Text("");
  for (const Finding& finding : report.findings) Write(finding, writer);
  writer.Text(TallyText(report.findings));
  return writer.Take();
}

}  // namespace upcycle
