#include "results/tables/xml_text.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(XmlText, EscapesWhatWouldBeMarkup) {
  EXPECT_EQ(XmlText("a<b & \"c\" > 'd'"), "a&lt;b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  EXPECT_EQ(XmlText("`id` $(id) \\ {} %s ü 中"), "`id` $(id) \\ {} %s ü 中");
}

TEST(XmlText, ReplacesWhatXmlDoesNotAllow) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(XmlText("a\x01\x1B"
                    "b"),
            "a" + replaced + replaced + "b");
  EXPECT_EQ(XmlText(std::string("\0", 1)), replaced);
  EXPECT_EQ(XmlText("\xFF\xC0\x80"), replaced + replaced + replaced);
  EXPECT_EQ(XmlText("\xEF\xBF\xBE"), replaced);  // U+FFFE
  EXPECT_EQ(XmlText("\xE2\x80\xAE"
                    "abc"),
            replaced + "abc");  // turns what follows around
  EXPECT_EQ(XmlText("\xC2\x9B"
                    "31m"),
            replaced + "31m");  // a control sequence of terminals, in one character
  EXPECT_EQ(XmlText("two\nlines\tand\r"), "two lines and ");
}

}  // namespace
}  // namespace upcycle
