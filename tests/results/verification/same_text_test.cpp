#include "results/verification/same_text.h"

#include <string>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(SameTextTest, ReadsWhatPeopleTypeForSigns) {
  constexpr std::string_view kCell = "−0.0050 ± 0.0093";
  for (const std::string_view typed : {"-0.0050 ± 0.0093", "–0.0050 ± 0.0093", "−0.0050 +/- 0.0093",
                                       "−0.0050\u00A0±\u202F0.0093", " −0.0050  ±\t0.0093 "}) {
    EXPECT_TRUE(SameText(typed, kCell, TableForm::kMarkdown)) << typed;
  }
  EXPECT_TRUE(SameText("-", "–", TableForm::kMarkdown));
  EXPECT_TRUE(SameText("---", "--", TableForm::kLatex));
}

TEST(SameTextTest, KeepsNumbersAndMarkupApart) {
  for (const std::string_view other :
       {"0.0050 ± 0.0093", "+0.0050 ± 0.0093", "−0.005 ± 0.0093", "−0.0050", "−0,0050 ± 0.0093",
        "−0.0051 ± 0.0093", "**−0.0050 ± 0.0093**", "", "–"}) {
    EXPECT_FALSE(SameText(other, "−0.0050 ± 0.0093", TableForm::kMarkdown)) << other;
  }
  EXPECT_FALSE(SameText("a&nbsp;b", "a b", TableForm::kMarkdown));
  EXPECT_FALSE(SameText("1.50", "1.5", TableForm::kMarkdown));
}

TEST(SameTextTest, ReadsCharactersOfHtmlByNameAndNumber) {
  constexpr std::string_view kCell = "−0.5 ± 0.1 &amp; &lt;b&gt;";
  for (const std::string_view other :
       {"&minus;0.5&nbsp;&plusmn;&nbsp;0.1 &#38; &lt;b&#62;",
        "&#8722;0.5 &#xB1; 0.1 &amp; &#x3c;b&#x3E;", "-0.5 ± 0.1 & <b>"}) {
    EXPECT_TRUE(SameText(other, kCell, TableForm::kHtml)) << other;
    EXPECT_TRUE(SameText(other, kCell, TableForm::kHtmlFragment)) << other;
  }
  EXPECT_TRUE(SameText("&#128578;", "🙂", TableForm::kHtml));
  for (const std::string_view other :
       {"&#8722;0.6 ± 0.1", "&#", "&#x", "&#x;", "&#99999999999;", "&#xD800;", "&#0;", "&plusmn"}) {
    EXPECT_FALSE(SameText(other, "−0.5 ± 0.1", TableForm::kHtml)) << other;
  }
}

TEST(SameTextTest, ReadsNumbersOfLatexInMathematicsAndBesideIt) {
  constexpr const char* kCell = R"($-$0.0050 $\pm$ 0.0093)";
  for (const char* other : {R"($-0.0050 \pm 0.0093$)", R"(-0.0050~$\pm$~0.0093)",
                            R"(\textminus{}0.0050\,$\pm$\,0.0093)", "−0.0050 ± 0.0093"}) {
    EXPECT_TRUE(SameText(other, kCell, TableForm::kLatex)) << other;
  }
  EXPECT_FALSE(SameText(R"(\textbf{$-$0.0050 $\pm$ 0.0093})", kCell, TableForm::kLatex));
  EXPECT_FALSE(SameText(R"(\$5)", "5", TableForm::kLatex));
  EXPECT_FALSE(SameText(R"(a\\,b)", "a b", TableForm::kLatex));
}

TEST(SameTextTest, TakesNumbersOfCsvAsSpreadsheetsKeepThem) {
  EXPECT_TRUE(SameText("0.718711228901741", "0.7187112289017414", TableForm::kCsv));
  EXPECT_TRUE(SameText("2.4561844224E+12", "2456184422400", TableForm::kCsv));
  EXPECT_TRUE(SameText("-0.50", "-0.5", TableForm::kCsv));
  for (const std::string_view other : {"0.7187112289", "0.71871122890175", "", "0.7187x", "nan"}) {
    EXPECT_FALSE(SameText(other, "0.7187112289017414", TableForm::kCsv)) << other;
  }
  EXPECT_FALSE(SameText("a-b", "a–b", TableForm::kCsv));
}

TEST(SameTextTest, TakesJsonAsItStands) {
  EXPECT_TRUE(SameText("0.5", "0.5", TableForm::kJson));
  EXPECT_FALSE(SameText("0.50", "0.5", TableForm::kJson));
}

}  // namespace
}  // namespace upcycle
