#include "core/enum_names.h"

#include <gtest/gtest.h>

namespace upcycle {

enum class Fruit { kApple, kPear, kNameless };
template <>
struct EnumNames<Fruit> {
  static constexpr EnumName<Fruit> values[] = {
      {Fruit::kApple, "apple", "round"},
      {Fruit::kPear, "pear", "not so round"},
  };
};

namespace {

TEST(EnumNames, LeadToTheValueAndBack) {
  EXPECT_EQ(NameOf(Fruit::kPear), "pear");
  EXPECT_EQ(ValueNamed<Fruit>("pear"), Fruit::kPear);
}

TEST(EnumNames, LeadNowhereFromAnUnknownWord) {
  EXPECT_EQ(ValueNamed<Fruit>("Pear"), std::nullopt);
  EXPECT_EQ(ValueNamed<Fruit>(""), std::nullopt);
}

TEST(EnumNames, SayThatAValueHasNone) { EXPECT_EQ(NameOf(Fruit::kNameless), "?"); }

}  // namespace
}  // namespace upcycle
