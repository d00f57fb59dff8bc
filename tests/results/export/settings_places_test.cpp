#include "results/export/settings_places.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(WithoutPlaces, KeepsWhichFileItIs) {
  const auto settings = nlohmann::json::parse(R"({
    "files": ["/data/of/x/books/*.txt", "!/data/books/a.txt", "/a", "books/b.txt", "!c", "", "/"],
    "model": {"from": "/models/llama", "width": 64}, "order": "topk_then_softmax"})");
  const auto kept = nlohmann::json::parse(R"({
    "files": ["…/books/*.txt", "!…/books/a.txt", "…/a", "books/b.txt", "!c", "", "…/"],
    "model": {"from": "…/models/llama", "width": 64}, "order": "topk_then_softmax"})");
  EXPECT_EQ(WithoutPlaces(settings), kept);
}

}  // namespace
}  // namespace upcycle
