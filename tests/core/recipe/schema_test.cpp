#include "core/recipe/schema.h"

#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/recipe/help.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using nlohmann::json;

// The schema of a nested key: Property({"moe", "top_k"}).
json Property(const std::vector<std::string>& path) {
  json schema = RecipeSchema();
  for (const std::string& key : path) {
    if (schema.contains("anyOf")) schema = schema["anyOf"].back();  // behind a shorthand
    schema = schema.at("properties").at(key);
  }
  return schema;
}

TEST(Schema, NamesItsDraft) {
  EXPECT_EQ(RecipeSchema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

TEST(Schema, DescribesWholeNumbersWithRangeDefaultAndHelp) {
  const json schema = Property({"moe", "top_k"});
  EXPECT_EQ(schema["type"], (std::vector<std::string>{"integer", "string"}));
  EXPECT_EQ(schema["minimum"], 1);
  EXPECT_EQ(schema["maximum"], 64);
  EXPECT_EQ(schema["default"], 2);
  EXPECT_EQ(schema["description"], "T: experts a token is sent to");
  const std::regex pattern(schema["pattern"].get<std::string>());
  for (const char* text : {"200k", "1.5M", "2B", "1e6", "2G"}) {
    EXPECT_TRUE(std::regex_match(text, pattern)) << text;
  }
  for (const char* text : {"x", "1kk", "many", "1 k"}) {
    EXPECT_FALSE(std::regex_match(text, pattern)) << text;
  }
}

TEST(Schema, DescribesOpenEndsUnitsAndShares) {
  EXPECT_EQ(Property({"train", "learning_rate", "peak"})["exclusiveMinimum"], 0);
  EXPECT_FALSE(Property({"train", "learning_rate", "peak"}).contains("minimum"));
  EXPECT_EQ(Property({"train", "tokens"})["description"],
            "training budget; with `match` it is the reference arm's (tokens)");
  EXPECT_TRUE(std::regex_match(
      "0.5%", std::regex(Property({"match", "tolerance"})["pattern"].get<std::string>())));
}

TEST(Schema, ListsTheWordsOfEnumsWithTheirHelp) {
  const json schema = Property({"train", "learning_rate", "start"});
  EXPECT_EQ(schema["enum"], (std::vector<std::string>{"restart", "continue"}));
  EXPECT_EQ(schema["enumDescriptions"][0], "warm up to the peak again");
  EXPECT_EQ(schema["default"], "restart");
}

TEST(Schema, AllowsAShorthandBesideItsMapping) {
  const json schema = RecipeSchema()["properties"]["upcycle"];
  EXPECT_EQ(schema["anyOf"][0]["enum"][1], "copy");
  EXPECT_EQ(schema["anyOf"][1]["properties"]["method"]["enum"][1], "copy");
}

TEST(Schema, AllowsNoOtherKeys) {
  EXPECT_EQ(RecipeSchema()["additionalProperties"], false);
  EXPECT_EQ(RecipeSchema()["properties"]["moe"]["additionalProperties"], false);
  EXPECT_EQ(RecipeSchema()["properties"]["upcycle"]["anyOf"][1]["additionalProperties"], false);
  EXPECT_EQ(Property({"data", "train"})["items"]["additionalProperties"], false);
  EXPECT_EQ(RecipeSchema()["$defs"]["arm"]["additionalProperties"], false);
}

TEST(Schema, PutsPatternsOnText) {
  EXPECT_EQ(Property({"execution", "device"})["pattern"], "^(auto|cpu|cuda(:[0-9]{1,3})?)$");
}

TEST(Schema, HasAPropertyForEveryKey) {
  for (const std::string& path : PathsOf<RecipeFile>()) {
    std::vector<std::string> keys;
    for (const auto& step : ParsePath(path, {}).steps) keys.push_back(step.name);
    EXPECT_NO_THROW(Property(keys)) << path;
  }
}

TEST(Schema, LetsArmsChangeEverySetting) {
  const json schema = RecipeSchema();
  for (const std::string& path : PathsOf<RunSettings>()) {
    const bool is_section = path.find('.') == std::string::npos;
    if (is_section || !schema["$defs"].contains(path)) continue;
    EXPECT_EQ(schema["$defs"]["arm"]["properties"][path]["$ref"], "#/$defs/" + path);
    EXPECT_EQ(schema["$defs"]["parameters"]["properties"][path]["items"]["$ref"],
              "#/$defs/" + path);
  }
  EXPECT_TRUE(schema["$defs"]["arm"]["properties"].contains("name"));
  EXPECT_FALSE(schema["$defs"]["changes"]["properties"].contains("name"));
  EXPECT_TRUE(
      schema["$defs"]["arm"]["patternProperties"].contains("^data\\.train\\.[0-9]+\\.weight$"));
}

TEST(Schema, RefersOnlyToWhatItDefines) {
  const json schema = RecipeSchema();
  const std::string text = schema.dump();
  const std::regex reference(R"re("\$ref":"#/\$defs/([^"]+)")re");
  size_t count = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), reference), end; it != end; ++it) {
    EXPECT_TRUE(schema["$defs"].contains((*it)[1].str())) << (*it)[1];
    ++count;
  }
  EXPECT_GT(count, 100u);
}

TEST(Help, ListsEveryKeyWithDefaultMeaningAndRange) {
  const std::string help = HelpText();
  EXPECT_TRUE(Says(help,
                   "  moe.top_k: 2\n"
                   "      T: experts a token is sent to\n"
                   "      a whole number from 1 to 64\n"));
  EXPECT_TRUE(Says(
      help,
      "      - copy: every expert is the dense MLP (granularity 1; Komatsuzaki et al. 2022)\n"));
  EXPECT_TRUE(Says(help, "`upcycle: …` is short for `upcycle: {method: …}`"));
  EXPECT_TRUE(Says(help, "  data.train.N.weight: 1.0\n"));
  for (const std::string& path : PathsOf<RecipeFile>()) {
    EXPECT_TRUE(Says(help, path)) << path;
  }
}

}  // namespace
}  // namespace upcycle
