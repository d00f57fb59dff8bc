#include "core/data/held_out.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Documents = std::vector<std::string_view>;

std::string Lines(int count, const std::string& mark) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{} line number {:06}\n", mark, i);
  return text;
}

std::string_view TextOf(const Documents& documents, const TextSpan& span) {
  return documents[span.document].substr(span.begin, span.end - span.begin);
}

double HeldOutBytes(const std::vector<TextSpan>& spans) {
  double bytes = 0;
  for (const TextSpan& span : spans) bytes += span.held_out ? span.end - span.begin : 0;
  return bytes;
}

TEST(HeldOut, SpansHoldAllTextOnceAndInOrder) {
  const std::string first = Lines(3000, "one"), second = Lines(10, "two"), third = Lines(900, "3");
  const Documents documents = {first, second, third};
  std::string joined[3];
  for (const TextSpan& span : SplitHeldOut(documents, 0.1)) {
    EXPECT_EQ(joined[span.document].size(), span.begin);
    EXPECT_LT(span.begin, span.end);
    joined[span.document] += TextOf(documents, span);
  }
  EXPECT_EQ(joined[0], first);
  EXPECT_EQ(joined[1], second);
  EXPECT_EQ(joined[2], third);
}

TEST(HeldOut, ShareIsKeptToWithinALineAChunk) {
  const std::string text = Lines(40000, "x");  // 840 KB
  const Documents documents = {text};
  for (const double share : {0.01, 0.02, 0.1, 0.5}) {
    const double wanted = share * static_cast<double>(text.size());
    EXPECT_NEAR(HeldOutBytes(SplitHeldOut(documents, share)), wanted, wanted / 8192 * 21 + 21)
        << share;
  }
}

TEST(HeldOut, ChunksAreSpreadEvenlyOverTheText) {
  const std::string text = Lines(40000, "x");
  std::vector<size_t> begins;
  for (const TextSpan& span : SplitHeldOut(Documents{text}, 0.05)) {
    if (span.held_out) begins.push_back(span.begin);
  }
  ASSERT_EQ(begins.size(), 5u);  // 5 % of 840 KB in chunks of 8 KiB
  const double stride = static_cast<double>(text.size()) / 5;
  for (size_t i = 1; i < begins.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(begins[i] - begins[i - 1]), stride, 30);
  }
}

TEST(HeldOut, CutsAtLineEnds) {
  const std::string text = Lines(5000, "x");
  const Documents documents = {text};
  for (const TextSpan& span : SplitHeldOut(documents, 0.1)) {
    EXPECT_EQ(TextOf(documents, span).back(), '\n');
  }
}

TEST(HeldOut, SmallDocumentsAreHeldOutWhole) {
  std::vector<std::string> texts;
  Documents documents;
  for (int i = 0; i < 2000; ++i) texts.push_back(fmt::format("one line of document {}", i));
  for (const std::string& text : texts) documents.push_back(text);
  int held_out = 0;
  for (const TextSpan& span : SplitHeldOut(documents, 0.1)) {
    EXPECT_EQ(span.begin, 0u);
    EXPECT_EQ(span.end, documents[span.document].size());
    held_out += span.held_out;
  }
  EXPECT_NEAR(held_out, 200, 2);
}

TEST(HeldOut, AtLeastOneLineIsHeldOutHoweverSmallTheShare) {
  const std::string text = Lines(100, "x");
  const Documents documents = {text};
  const auto spans = SplitHeldOut(documents, 0.0001);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_TRUE(spans[1].held_out);
  EXPECT_EQ(TextOf(documents, spans[1]).size(), 21u);
}

TEST(HeldOut, ALineWithoutEndIsCutAtASpaceOrBetweenCharacters) {
  const std::string words = [] {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "word ";
    return text;
  }();
  std::string accents;
  for (int i = 0; i < 50000; ++i) accents += "\u00E9";
  for (const std::string& text : {words, accents}) {
    const Documents documents = {text};
    const auto spans = SplitHeldOut(documents, 0.1);
    EXPECT_NEAR(HeldOutBytes(spans), 10000, 50);
    for (const TextSpan& span : spans) {
      if (text == words) {
        EXPECT_EQ(TextOf(documents, span).back(), ' ');
      } else {
        EXPECT_EQ(span.begin % 2, 0u);
      }
    }
  }
}

}  // namespace
}  // namespace upcycle
