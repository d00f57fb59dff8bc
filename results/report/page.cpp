#include "results/report/page.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "results/report/html.h"
#include "results/report/page_sources.h"

namespace upcycle {
namespace {

constexpr std::string_view kMachineHint =
    "This section depends on the machine and its clock, not on results alone.";

uint32_t Digit(char hex) { return static_cast<uint32_t>(hex <= '9' ? hex - '0' : hex - 'a' + 10); }

// Bytes that are given in hexadecimal digits, in base 64 (RFC 4648, section 4).
std::string Base64(std::string_view hex) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < hex.size(); at += 6) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 6; ++i) {
      bits = bits << 4 | (at + i < hex.size() ? Digit(hex[at + i]) : 0);
    }
    const size_t bytes = std::min<size_t>(3, (hex.size() - at) / 2);
    for (size_t i = 0; i < 4; ++i) {
      text += i <= bytes ? kLetters[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::string Policy() {
  return fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; "
      "form-action 'none'",
      Base64(ReportStyle().sha256), Base64(ReportScript().sha256));
}

std::string Contents(const std::vector<ReportSection>& sections) {
  std::string list;
  for (const ReportSection& section : sections) {
    if (section.body.empty()) continue;
    list += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", html::Text(section.id),
                        html::Text(section.title));
  }
  return "<nav aria-label=\"Contents\"><ol>\n" + list + "</ol></nav>\n";
}

std::string Marked(const ReportSection& section) {
  if (!section.of_machine) return section.body;
  return fmt::format("<p class=\"machine\">{}</p>\n", kMachineHint) + section.body;
}

}  // namespace

std::string PageOf(const std::string& title, const std::string& lead,
                   const std::vector<ReportSection>& sections) {
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n",
      Policy(), html::Text(title), ReportStyle().text);
  page += fmt::format(
      "<body>\n<a class=\"skip\" href=\"#main\">To the report</a>\n<header>\n<h1>{}</h1>\n{}"
      "{}</header>\n<main id=\"main\">\n",
      html::Text(title), html::Paragraph(lead), Contents(sections));
  for (const ReportSection& section : sections) {
    if (section.body.empty()) continue;
    page += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n{2}"
        "</section>\n",
        html::Text(section.id), html::Text(section.title), Marked(section));
  }
  return page +
         fmt::format("</main>\n<script>{}</script>\n</body>\n</html>\n", ReportScript().text);
}

}  // namespace upcycle
