#include "core/tokenizers/byte_trie.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/random.h"

namespace upcycle {
namespace {

TEST(ByteTrie, FindsTheLongestTextThatAnotherBeginsWith) {
  const ByteTrie trie(
      {{"a", 0}, {"abc", 7}, {"b", 1}, {"\xFF", 3}, {std::string_view("\0", 1), 4}});
  EXPECT_EQ(trie.LongestAt("abcd").size, 3u);
  EXPECT_EQ(trie.LongestAt("abcd").value, 7);
  EXPECT_EQ(trie.LongestAt("abd").size, 1u);
  EXPECT_EQ(trie.LongestAt("abd").value, 0);
  EXPECT_EQ(trie.LongestAt("\xFF\xFF").value, 3);
  EXPECT_EQ(trie.LongestAt(std::string_view("\0\0", 2)).value, 4);
  EXPECT_EQ(trie.LongestAt("cab").value, -1);
  EXPECT_EQ(trie.LongestAt("").value, -1);
}

TEST(ByteTrie, WithoutTextsFindsNone) { EXPECT_EQ(ByteTrie().LongestAt("a").value, -1); }

TEST(ByteTrie, OfEqualTextsTheFirstHolds) {
  EXPECT_EQ(ByteTrie({{"ab", 5}, {"ab", 2}}).LongestAt("ab").value, 5);
}

TEST(ByteTrie, HasExactlyTheTextsThatItWasMadeOf) {
  for (uint64_t number = 0; number < 20; ++number) {
    const RandomStream stream(3, "tests/byte_trie", number);
    // Few values of many bytes, then many of few.
    const uint64_t bytes = number < 10 ? 256 : 3, most = number < 10 ? 3 : 12;
    uint64_t index = 0;
    const auto text = [&] {
      std::string made(1 + stream.Below(index++, most), ' ');
      for (char& byte : made) byte = static_cast<char>(stream.Below(index++, bytes));
      return made;
    };
    std::map<std::string, int32_t> known;
    for (int32_t value = 0; value < 3000; ++value) known.emplace(text(), value);
    std::vector<ByteTrie::Entry> entries;
    for (const auto& [key, value] : known) entries.push_back({key, value});
    const ByteTrie trie(entries);
    for (const auto& [key, value] : known) EXPECT_EQ(trie.LongestAt(key).value, value);
    for (int i = 0; i < 3000; ++i) {
      const std::string asked = text();
      size_t size = asked.size();
      while (size > 0 && !known.contains(asked.substr(0, size))) --size;
      EXPECT_EQ(trie.LongestAt(asked).size, size);
    }
  }
}

}  // namespace
}  // namespace upcycle
