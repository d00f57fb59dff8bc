#include "core/data/document_starts.h"

#include <vector>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

std::vector<int32_t> Starts(const std::vector<int32_t>& tokens, int64_t length) {
  std::vector<int32_t> starts(tokens.size());
  FindDocumentStarts(tokens, length, 9, starts);
  return starts;
}

TEST(DocumentStarts, ADocumentBeginsWithTheEndOfTextInFrontOfIt) {
  EXPECT_EQ(Starts({1, 2, 9, 3, 9, 9, 4}, 7), (std::vector<int32_t>{0, 0, 2, 2, 4, 5, 5}));
}

TEST(DocumentStarts, EverySequenceBeginsADocument) {
  EXPECT_EQ(Starts({9, 1, 2, 1, 9, 2}, 3), (std::vector<int32_t>{0, 0, 0, 0, 1, 1}));
}

}  // namespace
}  // namespace upcycle
