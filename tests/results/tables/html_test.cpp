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

TEST(Html, EscapesMarkupControlsAndWhatIsNotUtf8) {
  EXPECT_EQ(HtmlEscaped("a<b>&\"'\n\x1b[1m\xff"), "a&lt;b&gt;&amp;&quot;&#39;  [1m\uFFFD");
}

}  // namespace
}  // namespace upcycle
