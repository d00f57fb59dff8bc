#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "results/findings/report.h"
#include "results/findings/wording.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

constexpr size_t kIndent = 12;  // of what stands behind a label

class Writer {
 public:
  explicit Writer(const TerminalLayout& layout) : layout_(layout) {}

  void Line(const std::string& label, const std::string& value) {
    if (value.empty()) return;
    const size_t width = layout_.width > 2 * kIndent ? layout_.width : 0;
    text_ += fmt::format("{:<{}}{}\n", label, kIndent,
                         Wrapped(Printable(value), width, kIndent, kIndent));
  }
  void Verdict(Support support, double p) {
    const std::string name(NameOf(support));
    const std::string evidence =
        std::isnan(p) ? "" : fmt::format(", adjusted p {}", ProbabilityText(p));
    text_ += fmt::format("{:<{}}{}{}\n", "  verdict", kIndent,
                         Colored(name, ToneOf(support), layout_.color), evidence);
  }
  void Text(const std::string& line) { text_ += Printable(line) + "\n"; }
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
  writer.Verdict(finding.support, AdjustedP(finding));
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
