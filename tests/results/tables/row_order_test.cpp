#include "results/tables/row_order.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

std::string OrderOf(Table table, size_t column, bool descending) {
  SortRows(&table, column, descending);
  std::string order;
  for (const auto& row : table.rows) order += row[0].text;
  return order;
}

Table FourRows() {
  return {.title = "",
          .columns = {{"name", "name"}, {"size", "size", Notation::kCount}, {"k", "k"}},
          .rows = {{{.text = "a"}, {.value = 3}, {.text = "10"}},
                   {{.text = "b"}, {.value = NAN}, {.text = ""}},
                   {{.text = "c"}, {.value = 1}, {.text = "dropless"}},
                   {{.text = "d"}, {.value = 3}, {.text = "9"}}},
          .notes = {}};
}

TEST(RowOrder, IsThatOfNumbersWithEqualsInTheirPlacesAndNothingLast) {
  EXPECT_EQ(OrderOf(FourRows(), 1, false), "cadb");
  EXPECT_EQ(OrderOf(FourRows(), 1, true), "adcb");
}

TEST(RowOrder, TakesTextsOfDigitsForNumbersInFrontOfWords) {
  EXPECT_EQ(OrderOf(FourRows(), 2, false), "dacb");
  EXPECT_EQ(OrderOf(FourRows(), 2, true), "cadb");
  EXPECT_EQ(OrderOf(FourRows(), 0, true), "dcba");
}

TEST(RowOrder, OrdersWordsThatOnlyLookLikeNumbers) {
  EXPECT_TRUE(TextIsLess("inf", "nan"));
  EXPECT_FALSE(TextIsLess("nan", "inf"));
  EXPECT_TRUE(TextIsLess("1e3", "2e3"));
}

}  // namespace
}  // namespace upcycle
