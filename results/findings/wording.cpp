#include "results/findings/wording.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string CountOf(const Counted& counted, double value) {
  return counted.quantity == Quantity::kForwardBackwardFlops ? CountedFlopsText(value)
                                                             : CountText(value);
}

std::string OffText(const Counted& counted) {
  return fmt::format("({})", SignedPercentText(counted.ours / counted.theirs - 1));
}

std::string CountedText(const Counted& counted) {
  const auto& names = EnumNames<Quantity>::values;
  const auto name = std::find_if(std::begin(names), std::end(names), [&](const auto& entry) {
    return entry.value == counted.quantity;
  });
  return fmt::format("{}: {}, and the paper's {} {}", name->help, CountOf(counted, counted.ours),
                     CountOf(counted, counted.theirs), OffText(counted));
}

std::string DifferenceText(const Contrast& contrast) {
  const Summary& difference = contrast.pairs.difference;
  if (difference.count == 0) return "no pairs";
  std::string text = EstimateText(difference.mean, difference.half_width, {.plus = true});
  if (contrast.reference != 0) {
    text += fmt::format(" ({})", SignedPercentText(difference.mean / std::abs(contrast.reference)));
  }
  return text;
}

std::string ContrastText(const Contrast& contrast) {
  const auto pairs = contrast.pairs.difference.count;
  std::string text =
      fmt::format("{} of {} less that of {}", contrast.metric, contrast.arm, contrast.than);
  if (contrast.at < 1) text += fmt::format(" after {:g} % of the steps", 100 * contrast.at);
  text += ": " + DifferenceText(contrast);
  if (pairs == 0) return text;
  return text + fmt::format(", {} pair{}", pairs, pairs == 1 ? "" : "s");
}

void Append(std::string& text, const std::string& more) {
  if (more.empty() || text.find(more) != std::string::npos) return;
  text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

std::string EstimateText(const Finding& finding) {
  if (finding.counted) {
    return CountOf(*finding.counted, finding.counted->ours) + " " + OffText(*finding.counted);
  }
  const bool is_alone = finding.contrasts.size() == 1;
  std::string text;
  for (const Contrast& contrast : finding.contrasts) {
    const std::string against = is_alone ? "" : fmt::format(" against {}", contrast.than);
    Append(text, DifferenceText(contrast) + against);
  }
  return text;
}

std::string OursText(const Finding& finding) {
  if (finding.counted) return CountedText(*finding.counted);
  std::string text;
  for (const Contrast& contrast : finding.contrasts) Append(text, ContrastText(contrast));
  return text;
}

std::string AlikeText(const Finding& finding) {
  if (finding.contrasts.empty() || finding.contrasts.front().alike_within.empty()) return "–";
  return finding.contrasts.front().alike_within;
}

std::string RemarkText(const Finding& finding) {
  std::string text;
  for (const Contrast& contrast : finding.contrasts) Append(text, contrast.reason);
  Append(text, finding.claim.because);
  return text;
}

double AdjustedP(const Finding& finding) {
  const bool contradicts = finding.support == Support::kContradicts;
  double found = kNone;
  for (const Contrast& contrast : finding.contrasts) {
    if (contradicts && contrast.support != Support::kContradicts) continue;
    const double p = contrast.adjusted_p;
    if (std::isnan(found) || (contradicts ? p < found : p > found)) found = p;
  }
  return found;
}

Tone ToneOf(Support support) {
  switch (support) {
    case Support::kSupports:
      return Tone::kGood;
    case Support::kContradicts:
      return Tone::kBad;
    case Support::kCannotTell:
      break;
  }
  return Tone::kFaint;
}

std::string TallyText(const std::vector<Finding>& findings) {
  const auto count = [&](Support support) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const Finding& finding) { return finding.support == support; });
  };
  const auto supports = count(Support::kSupports), contradicts = count(Support::kContradicts);
  return fmt::format("{} support{}, {} contradict{}, {} cannot tell", supports,
                     supports == 1 ? "s" : "", contradicts, contradicts == 1 ? "s" : "",
                     count(Support::kCannotTell));
}

}  // namespace upcycle
