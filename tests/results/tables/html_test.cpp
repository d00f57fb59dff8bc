#include "results/tables/html.h"

#include <gtest/gtest.h>

#include "tests/says.h"

namespace upcycle {
namespace {

Table SmallTable() {
  Table table;
  table.title = "routing: validation/loss, lower is better";
  table.columns = {{"arm", "arm", Notation::kText},
                   {"validation/loss", "validation/loss", Notation::kEstimate},
                   {"verdict", "verdict", Notation::kText}};
  table.rows = {{{.text = "dense"}, {.value = 3.175, .half_width = 0.047}, {.text = "baseline"}},
                {{.text = "<script>alert(\"1\")</script> & 'co'"},
                 {.value = -3.1166, .half_width = 0.0571, .bold = true},
                 {.text = "better", .tone = Tone::kGood}}};
  table.notes = {"Cells. Mean ± half of the 95 % t interval, p < 0.05."};
  table.command = "upcycle export routing";
  return table;
}

// The fragment without its style, which is for the eye.
std::string BodyOf(std::string html) {
  const size_t begin = html.find("<style>"), end = html.find("</style>\n");
  return html.erase(begin, end + 9 - begin);
}

TEST(Html, IsASectionWithACaptionHeadersOfRowsAndColumnsAndNotes) {
  EXPECT_EQ(BodyOf(ToHtmlFragment(SmallTable())),
            "<section class=\"upcycle-table\">\n"
            "<!-- upcycle export routing --format html -->\n"
            "<div class=\"wide\" role=\"region\" aria-label=\"routing: validation/loss, lower is "
            "better\" "
            "tabindex=\"0\">\n"
            "<table>\n"
            "<caption>routing: validation/loss, lower is better</caption>\n"
            "<thead>\n"
            "<tr><th scope=\"col\">arm</th><th scope=\"col\" class=\"number\">validation/loss</th>"
            "<th scope=\"col\">verdict</th></tr>\n"
            "</thead>\n"
            "<tbody>\n"
            "<tr><th scope=\"row\">dense</th><td class=\"number\">3.175 ± 0.047</td>"
            "<td>baseline</td></tr>\n"
            "<tr><th scope=\"row\">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; "
            "&#39;co&#39;</th><td class=\"number\"><strong>−3.117 ± 0.057</strong></td>"
            "<td class=\"good\">better</td></tr>\n"
            "</tbody>\n"
            "</table>\n"
            "</div>\n"
            "<ul>\n"
            "<li>Cells. Mean ± half of the 95 % t interval, p &lt; 0.05.</li>\n"
            "</ul>\n"
            "</section>\n");
}

TEST(Html, IsAPageThatAsksForNothingFromAnywhere) {
  const std::string page = ToHtml({SmallTable()});
  EXPECT_TRUE(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_TRUE(Says(page, ToHtmlFragment(SmallTable())));
  EXPECT_TRUE(Says(page, "<title>routing: validation/loss, lower is better</title>"));
  EXPECT_TRUE(Says(page, "prefers-color-scheme: dark"));
  for (const char* outside : {"http", "url(", "@import", "<script", "<link", "src="}) {
    EXPECT_FALSE(Says(page, outside)) << outside;
  }
}

Table SettingsTable() {
  Table table;
  table.columns = {{"arm", "arm"},
                   {"top_k", "moe.top_k"},
                   {"method", "upcycle.method"},
                   {"seeds", "seeds"},
                   {"loss", "loss", Notation::kEstimate}};
  table.rows = {{{.text = "1"},
                 {.text = "2"},
                 {.text = "8"},
                 {.text = "3/4"},
                 {.value = 0.5, .half_width = 0.0123}},
                {{.text = "2"}, {}, {.text = "copy"}, {.text = "4"}, {.value = 0.5}}};
  return table;
}

TEST(HtmlTable, SetsTextsThatAreNumbersToTheRight) {
  const std::string html = HtmlTable(SettingsTable());
  for (const char* part :
       {"<th scope=\"col\">arm</th><th scope=\"col\" class=\"number\">top_k</th>",
        "<th scope=\"col\">method</th><th scope=\"col\" class=\"number\">seeds</th>",
        "<th scope=\"row\">1</th><td class=\"number\">2</td><td>8</td>",
        "<td class=\"number\">3/4</td><td class=\"number\">0.500 ± 0.012</td>"}) {
    EXPECT_TRUE(Says(html, part)) << part << "\n" << html;
  }
}

TEST(HtmlTable, SetsSpreadsApartLinksCellsAndNamesSeveralColumns) {
  const auto link = [](size_t row, size_t column) { return row == 0 && column == 4 ? "a" : ""; };
  const std::string html =
      HtmlTable(SettingsTable(), {.id = "t", .names = 2, .spreads_apart = true, .link = link});
  for (const char* part : {"<table id=\"t\">", "<th scope=\"row\">2</th><td>8</td>",
                           "<a href=\"#a\">0.500<span class=\"s8\"> ± 0.012</span></a>",
                           "<td class=\"number\">0.5</td>"}) {
    EXPECT_TRUE(Says(html, part)) << part << "\n" << html;
  }
}

}  // namespace
}  // namespace upcycle
