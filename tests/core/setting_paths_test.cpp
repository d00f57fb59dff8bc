#include "core/setting_paths.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using nlohmann::json;

const char* const kSettings = R"({"model": {"width": 64, "layers": [1, 3], "name": ""},
    "data": {"train": [{"kind": "atlas"}, {"kind": "text", "files": ["a", "b"]}]},
    "none": [], "rope": {}, "seed": 3})";

std::string Visited(const char* settings, PlainLists lists) {
  std::string text;
  VisitSettings(json::parse(settings), lists, [&](const std::string& path, const json& value) {
    text += path + "=" + SettingText(value) + "\n";
  });
  return text;
}

std::string At(std::string_view path) {
  const json settings = json::parse(kSettings);
  const json* found = FindSetting(settings, path);
  return found == nullptr ? "nothing" : found->dump();
}

TEST(SettingPaths, AreJoinedByDotsBelowTheRoot) {
  EXPECT_EQ(JoinPath("moe", "top_k"), "moe.top_k");
  EXPECT_EQ(JoinPath("", "moe"), "moe");
}

TEST(SettingPaths, LieWithinWholeStepsOnly) {
  EXPECT_TRUE(IsWithin("moe.top_k", "moe"));
  EXPECT_TRUE(IsWithin("moe", "moe"));
  EXPECT_FALSE(IsWithin("moeity", "moe"));
  EXPECT_FALSE(IsWithin("moe", "moe.top_k"));
}

TEST(SettingPaths, FindValuesMappingsAndItems) {
  EXPECT_EQ(At("seed"), "3");
  EXPECT_EQ(At("model.layers"), "[1,3]");
  EXPECT_EQ(At("data.train.0"), R"({"kind":"atlas"})");
  EXPECT_EQ(At("data.train.1.files.1"), "\"b\"");
  EXPECT_EQ(At("model.name"), "\"\"");
}

TEST(SettingPaths, FindNothingWhereNothingIs) {
  for (const char* path : {"", "modelx", "model.height", "model.width.x", "data.train.2",
                           "data.train.", "data.train.-1", "data.train.1x", "data.train.kind",
                           "model.", ".model", "data..train", "data.train.99999999999999999999"}) {
    EXPECT_EQ(At(path), "nothing") << path;
  }
}

TEST(SettingPaths, AreVisitedAsRecipesWriteThem) {
  EXPECT_EQ(Visited(kSettings, PlainLists::kAsOneValue),
            "data.train.0.kind=atlas\n"
            "data.train.1.files=[\"a\",\"b\"]\n"
            "data.train.1.kind=text\n"
            "model.layers=[1,3]\n"
            "model.name=\n"
            "model.width=64\n"
            "none=[]\n"
            "rope={}\n"
            "seed=3\n");
}

TEST(SettingPaths, AreVisitedItemByItem) {
  EXPECT_EQ(Visited(R"({"list": [{"a": "x"}, true, [1]], "none": []})", PlainLists::kItemByItem),
            "list.0.a=x\nlist.1=true\nlist.2.0=1\nnone=[]\n");
  EXPECT_EQ(Visited(R"({"list": [{"a": "x"}, true]})", PlainLists::kAsOneValue),
            "list=[{\"a\":\"x\"},true]\n");
  EXPECT_EQ(Visited("[1]", PlainLists::kItemByItem), "");
}

TEST(SettingPaths, HaveItemsInTheirOrder) {
  json list = json::array();
  for (int i = 0; i < 11; ++i) list.push_back(i);
  const std::string text = Visited(json{{"a", list}}.dump().c_str(), PlainLists::kItemByItem);
  EXPECT_LT(text.find("a.9="), text.find("a.10="));
}

TEST(SettingPaths, HaveTextsWithoutQuotesUnlessATerminalWouldObeyThem) {
  EXPECT_EQ(SettingText("copy"), "copy");
  EXPECT_EQ(SettingText(0.1), "0.1");
  EXPECT_EQ(SettingText("two\nlines"), "\"two\\nlines\"");
  EXPECT_EQ(SettingText("not UTF-8: \xff\n"), "\"not UTF-8: \xEF\xBF\xBD\\n\"");
}

}  // namespace
}  // namespace upcycle
