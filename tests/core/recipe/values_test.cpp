#include "core/recipe/values.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/recipe/document.h"
#include "core/recipe/settings.h"

namespace upcycle {
namespace {

// Reads a value as the field `f`; gives what was wrong, or "".
template <typename T>
std::string Read(const std::string& yaml, T& value, const FieldInfo& info = {}) {
  const SourceText source{"v", yaml, "/base", 0, true};
  Diagnostics diagnostics;
  const std::optional<Node> node = ParseDocument(source, diagnostics);
  if (!node) return diagnostics.Text();
  const std::string path = "f";
  const bool valid = ReadValue(*node, value, FieldContext{path, info, diagnostics});
  EXPECT_EQ(valid, !diagnostics.HasErrors());
  return diagnostics.Text();
}

TEST(WholeNumbers, AreReadExactly) {
  EXPECT_EQ(ParseWholeNumber("0"), 0);
  EXPECT_EQ(ParseWholeNumber("-12"), -12);
  EXPECT_EQ(ParseWholeNumber("+7"), 7);
  EXPECT_EQ(ParseWholeNumber("1e6"), 1000000);
  EXPECT_EQ(ParseWholeNumber("1.25E2"), 125);
  EXPECT_EQ(ParseWholeNumber("5000e-3"), 5);
  EXPECT_EQ(ParseWholeNumber("3.0"), 3);
  EXPECT_EQ(ParseWholeNumber("200k"), 200000);
  EXPECT_EQ(ParseWholeNumber("2M"), 2000000);
  EXPECT_EQ(ParseWholeNumber("1.5M"), 1500000);
  EXPECT_EQ(ParseWholeNumber("1B"), 1000000000);
  EXPECT_EQ(ParseWholeNumber("1G"), 1000000000);
  EXPECT_EQ(ParseWholeNumber("1.1T"), 1100000000000);
  EXPECT_EQ(ParseWholeNumber("9007199254740993"), 9007199254740993);  // 2^53 + 1
  EXPECT_EQ(ParseWholeNumber("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseWholeNumber("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseWholeNumber("0e9999"), 0);
}

TEST(WholeNumbers, AreNeverRounded) {
  for (const char* text :
       {"1.5", "1.5e0", "0.0001k", "1e-1", "9223372036854775808", "1e19", "1e9999"}) {
    EXPECT_EQ(ParseWholeNumber(text), std::nullopt) << text;
  }
}

TEST(Numbers, RefuseWhatOnlyLooksLikeOne) {
  for (const char* text : {"",    "-",     ".",     "e5",    "1e",    "1e+", "1e+-5",   "0x10",
                           "010", "1_000", "1 000", "1,000", "1kk",   "1m",  "k",       "1e5k",
                           "nan", ".nan",  "inf",   "-.inf", "1.2.3", "--1", "1e99999", "١"}) {
    EXPECT_EQ(ParseWholeNumber(text), std::nullopt) << text;
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(Numbers, AreTheClosestDouble) {
  EXPECT_EQ(ParseNumber("0.1"), 0.1);
  EXPECT_EQ(ParseNumber(".5"), 0.5);
  EXPECT_EQ(ParseNumber("5."), 5.0);
  EXPECT_EQ(ParseNumber("-3e-4"), -3e-4);
  EXPECT_EQ(ParseNumber("0.1k"), 100.0);
  EXPECT_EQ(ParseNumber("500k"), 5e5);
  EXPECT_EQ(ParseNumber("1e309"), std::nullopt);
  EXPECT_FALSE(std::signbit(*ParseNumber("-0")));
}

TEST(WholeNumberField, SaysWhatItTakes) {
  int64_t value = 7;
  const FieldInfo info{.minimum = 1, .maximum = 64};
  EXPECT_EQ(Read("1.5", value, info),
            "v: error: f cannot be \"1.5\"\n  expected a whole number from 1 to 64\n");
  EXPECT_EQ(Read("65", value, info),
            "v: error: f cannot be \"65\"\n  expected a whole number from 1 to 64\n");
  EXPECT_EQ(
      Read("'3'", value, info),
      "v: error: f cannot be \"3\"\n  expected a whole number from 1 to 64, without quotes\n");
  EXPECT_EQ(Read("[3]", value, info),
            "v: error: f cannot be a list\n  expected a whole number from 1 to 64\n");
  EXPECT_EQ(Read("{a: 3}", value, info),
            "v: error: f cannot be a mapping\n  expected a whole number from 1 to 64\n");
  EXPECT_EQ(Read("", value, info),
            "v: error: f has no value\n  expected a whole number from 1 to 64\n");
  EXPECT_EQ(value, 7);
  EXPECT_EQ(Read("64", value, info), "");
  EXPECT_EQ(value, 64);
}

TEST(WholeNumberField, NamesItsUnit) {
  int64_t value = 0;
  EXPECT_EQ(Read("x", value, {.minimum = 0, .unit = "steps"}),
            "v: error: f cannot be \"x\"\n  expected a whole number of at least 0 (steps)\n");
}

TEST(NumberField, HonoursOpenAndClosedEnds) {
  double value = 0;
  const FieldInfo open{.minimum = 0, .maximum = 10, .above_minimum = true};
  EXPECT_EQ(Read("0", value, open),
            "v: error: f cannot be \"0\"\n  expected a number above 0, at most 10\n");
  EXPECT_EQ(Read("10", value, open), "");
  EXPECT_EQ(value, 10);
  EXPECT_EQ(Read("10.1", value, {.maximum = 10}),
            "v: error: f cannot be \"10.1\"\n  expected a number of at most 10\n");
  EXPECT_EQ(Read(".nan", value), "v: error: f cannot be \".nan\"\n  expected a number\n");
}

TEST(NumberField, ReadsPercentagesOfShares) {
  double value = 0;
  EXPECT_EQ(Read("0.5%", value, {.unit = "share"}), "");
  EXPECT_EQ(value, 0.005);
  EXPECT_EQ(Read("0.5%", value), "v: error: f cannot be \"0.5%\"\n  expected a number\n");
  EXPECT_EQ(Read("1k%", value, {.unit = "share"}),
            "v: error: f cannot be \"1k%\"\n  expected a number or a percentage\n");
}

TEST(BooleanField, IsTrueOrFalseAlone) {
  bool value = false;
  EXPECT_EQ(Read("true", value), "");
  EXPECT_TRUE(value);
  EXPECT_EQ(Read("False", value), "");
  EXPECT_FALSE(value);
  EXPECT_EQ(Read("yes", value),
            "v: error: f cannot be \"yes\"\n  expected true or false\n  did you mean \"true\"?\n");
  EXPECT_EQ(Read("Off", value),
            "v: error: f cannot be \"Off\"\n  expected true or false\n  did you mean \"false\"?\n");
  EXPECT_EQ(Read("1", value),
            "v: error: f cannot be \"1\"\n  expected true or false\n  did you mean \"true\"?\n");
  EXPECT_EQ(Read("'true'", value),
            "v: error: f cannot be \"true\"\n  expected true or false, without quotes\n"
            "  did you mean \"true\"?\n");
}

TEST(EnumField, KnowsItsWords) {
  UpcycleMethod value = UpcycleMethod::kScratch;
  EXPECT_EQ(Read("virtual_groups", value), "");
  EXPECT_EQ(value, UpcycleMethod::kVirtualGroups);
  EXPECT_EQ(Read("virtual-group", value),
            "v: error: f cannot be \"virtual-group\"\n"
            "  expected one of none, copy, virtual_groups, scratch, drop, noise, qwen, split, "
            "branch_train_mix\n"
            "  did you mean \"virtual_groups\"?\n");
  EXPECT_EQ(Read("~", value),
            "v: error: f has no value\n"
            "  expected one of none, copy, virtual_groups, scratch, drop, noise, qwen, split, "
            "branch_train_mix\n"
            "  did you mean \"none\"?\n");
}

TEST(CapacityFactorField, IsANumberOrDropless) {
  CapacityFactor value;
  const FieldInfo info{.minimum = 0, .maximum = 1e6, .above_minimum = true};
  EXPECT_EQ(Read("1.25", value, info), "");
  EXPECT_EQ(value.factor, 1.25);
  EXPECT_EQ(Read("dropless", value, info), "");
  EXPECT_TRUE(value.dropless());
  EXPECT_EQ(Read("droples", value, info),
            "v: error: f cannot be \"droples\"\n"
            "  expected a number above 0, at most 1000000, or dropless\n"
            "  did you mean \"dropless\"?\n");
  EXPECT_NE(Read("0", value, info), "");
  EXPECT_NE(Read("-1", value, info), "");
}

TEST(LayersField, IsAWordOrAList) {
  LayerSelection value;
  EXPECT_EQ(Read("every_other", value), "");
  EXPECT_EQ(value.kind, LayerSelection::Kind::kEveryOther);
  EXPECT_EQ(Read("[0, 2]", value), "");
  EXPECT_EQ(value, (LayerSelection{LayerSelection::Kind::kList, {0, 2}}));
  EXPECT_EQ(Read("all", value), "");
  EXPECT_EQ(value, LayerSelection{});
  EXPECT_EQ(Read("[]", value),
            "v: error: f cannot be an empty list\n"
            "  expected all, every_other, or a list of layer numbers from 0\n");
  EXPECT_EQ(Read("every-other", value),
            "v: error: f cannot be \"every-other\"\n"
            "  expected all, every_other, or a list of layer numbers from 0\n"
            "  did you mean \"every_other\"?\n");
  EXPECT_EQ(Read("[0, -1]", value),
            "v: error: f.1 cannot be \"-1\"\n  expected a whole number of at least 0\n");
  EXPECT_EQ(value, LayerSelection{});
}

TEST(TextField, TakesAnyScalarThatFitsItsPattern) {
  std::string value;
  EXPECT_EQ(Read("2024", value), "");
  EXPECT_EQ(value, "2024");
  EXPECT_EQ(Read("[a]", value), "v: error: f cannot be a list\n  expected text\n");
  const FieldInfo info{.pattern = "auto|cpu", .form = "auto or cpu"};
  EXPECT_EQ(Read("cpu", value, info), "");
  EXPECT_EQ(Read("cpu2", value, info), "v: error: f cannot be \"cpu2\"\n  expected auto or cpu\n");
  EXPECT_NE(Read(std::string(100000, 'a'), value, {.pattern = "a*"}), "");  // not a crash
}

TEST(TextField, ResolvesPathsAgainstTheirFile) {
  std::vector<std::string> value;
  EXPECT_EQ(Read("[../data/*.txt, '!x.txt', /abs/./y]", value, {.is_path = true}), "");
  EXPECT_EQ(value, (std::vector<std::string>{"/data/*.txt", "!/base/x.txt", "/abs/y"}));
}

TEST(ListField, TakesOneScalarForAListOfOne) {
  std::vector<std::string> texts;
  EXPECT_EQ(Read("a", texts), "");
  EXPECT_EQ(texts, std::vector<std::string>{"a"});
  std::vector<int64_t> numbers;
  EXPECT_EQ(Read("[1, 2k]", numbers), "");
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, 2000}));
  EXPECT_EQ(Read("[1, x, 2.5]", numbers),
            "v: error: f.1 cannot be \"x\"\n  expected a whole number\n"
            "v: error: f.2 cannot be \"2.5\"\n  expected a whole number\n");
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, 2000}));
}

}  // namespace
}  // namespace upcycle
