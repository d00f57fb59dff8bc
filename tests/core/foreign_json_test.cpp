#include "core/foreign_json.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(MistakeInJson, IsNoneInWhatSaysEachThingOnce) {
  EXPECT_EQ(MistakeInJson(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})"), "");
  EXPECT_EQ(MistakeInJson(Nested(100)), "");
}

TEST(MistakeInJson, IsAKeyThatAnObjectHasTwice) {
  EXPECT_TRUE(Says(MistakeInJson(R"({"a": 1, "a": 2})"), "the key \"a\" twice"));
  EXPECT_TRUE(Says(MistakeInJson(R"([{"b": {"c": 1, "c": 1}}])"), "the key \"c\" twice"));
}

TEST(MistakeInJson, IsNestingThatNobodyCouldFollow) {
  EXPECT_TRUE(Says(MistakeInJson(Nested(101)), "nested too deeply"));
  EXPECT_TRUE(Says(MistakeInJson(std::string(10'000'000, '[')), "nested too deeply"));
}

TEST(MistakeInJson, IsWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "nul", "1e999", "\"\xFF\"", "{} {}"}) {
    const std::string said = MistakeInJson(text);
    EXPECT_TRUE(Says(said, "parse error at") || Says(said, "number overflow")) << said;
    EXPECT_FALSE(Says(said, "json.exception")) << "the library's own numbers";
  }
}

TEST(MistakeInJson, QuotesNoMoreThanFitsInAMessage) {
  EXPECT_LE(MistakeInJson("\"" + std::string(1'000'000, 'a')).size(), 200u);
}

TEST(ReadForeignJson, NamesTheFile) {
  const TemporaryFolder folder;
  const fs::path path = Put(folder / "config.json", R"({"a": 1})");
  EXPECT_EQ(ReadForeignJson(path), nlohmann::json({{"a", 1}}));
  Put(path, "{");
  EXPECT_TRUE(Says(MessageOf([&] { ReadForeignJson(path); }), path.native() + " is damaged"));
}

TEST(ReadForeignJson, ReadsNoMoreThanAModelsFilesHave) {
  EXPECT_TRUE(Says(MessageOf([] { ReadForeignJson("/dev/zero"); }), "has more than"));
}

}  // namespace
}  // namespace upcycle
