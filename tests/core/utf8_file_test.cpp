#include "core/utf8_file.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(RequireUtf8, NamesTheLineAndTheByteOfWhatIsNone) {
  EXPECT_TRUE(Says(MessageOf([] { RequireUtf8("a.txt", "one\ntw\xF6\n"); }),
                   "a.txt:2: not UTF-8 (byte 6 of the file is 0xF6)"));
}

TEST(RequireUtf8, TakesTextOfEveryLanguage) {
  EXPECT_NO_THROW(RequireUtf8("a.txt", "one\nzw\u00f6lf\n\u4e00"));
  EXPECT_NO_THROW(RequireUtf8("a.txt", ""));
}

}  // namespace
}  // namespace upcycle
