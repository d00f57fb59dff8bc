#include "core/data/megatron_index.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/token_files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class MegatronIndices : public testing::Test {
 protected:
  MegatronIndex Read(const std::string& text, int64_t bytes = 20) {
    return ReadMegatronIndex(Put(folder_ / "a.idx", text), bytes);
  }
  MegatronIndex Read(const MegatronParts& parts, int64_t bytes = 20) {
    return Read(parts.Text(), bytes);
  }
  template <typename Input>
  std::string Refusal(const Input& input) {
    return MessageOf([&] { Read(input); });
  }

  TemporaryFolder folder_;
};

TEST_F(MegatronIndices, SayWhereEachDocumentLies) {
  const MegatronIndex index = Read(MegatronOf({3, 5, 2}));
  EXPECT_EQ(index.element, TokenElement::kUint16);
  EXPECT_EQ(index.spans, (std::vector<TokenSpan>{{0, 3}, {3, 5}, {8, 2}}));
  EXPECT_EQ(index.ends, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(MegatronIndices, MayHaveDocumentsOfSeveralSequencesAnywhere) {
  MegatronParts parts;
  parts.lengths = {2, 3, 4, 0};
  parts.pointers = {0, 4, 12, 20};
  parts.documents = {0, 3, 3, 4};
  const MegatronIndex index = Read(parts);
  EXPECT_EQ(index.spans, (std::vector<TokenSpan>{{0, 5}, {6, 4}}));
  EXPECT_EQ(index.ends, std::vector<int64_t>{2});
}

TEST_F(MegatronIndices, MayHaveModes) {
  EXPECT_EQ(Read(MegatronOf({3, 5}).Text() + std::string(2, '\0')).ends.size(), 2u);
}

TEST_F(MegatronIndices, TellEveryTypeOfInteger) {
  const auto element = [&](uint8_t type) {
    MegatronParts parts = MegatronOf({1});
    parts.type = type;
    return Read(parts).element;
  };
  EXPECT_EQ(element(1), TokenElement::kUint8);
  EXPECT_EQ(element(2), TokenElement::kInt8);
  EXPECT_EQ(element(3), TokenElement::kInt16);
  EXPECT_EQ(element(4), TokenElement::kInt32);
  EXPECT_EQ(element(5), TokenElement::kInt64);
  EXPECT_EQ(element(8), TokenElement::kUint16);
  for (const uint8_t type : {0, 6, 7, 9, 255}) {
    MegatronParts parts = MegatronOf({1});
    parts.type = type;
    EXPECT_TRUE(Says(Refusal(parts), "which is no integer"));
  }
}

TEST_F(MegatronIndices, OfAnotherKindOrVersionAreRefused) {
  MegatronParts parts = MegatronOf({3});
  parts.version = 2;
  EXPECT_TRUE(Says(Refusal(parts), "version 2, and 1 is known"));
  parts.magic = std::string("TNTIDX\0\0\0", 9);
  EXPECT_TRUE(Says(Refusal(parts), "is no index of a Megatron dataset"));
}

TEST_F(MegatronIndices, OfAnotherSizeThanPromisedAreRefused) {
  const std::string whole = MegatronOf({3, 5}).Text();
  EXPECT_TRUE(Says(Refusal(whole.substr(0, whole.size() - 1)), "truncated or damaged"));
  EXPECT_TRUE(Says(Refusal(whole + "x"), "truncated or damaged"));
  EXPECT_TRUE(Says(Refusal(whole.substr(0, 20)), "ends in its header"));
  MegatronParts parts = MegatronOf({3, 5});
  parts.more_sequences = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(Says(Refusal(parts), "truncated or damaged"));
}

TEST_F(MegatronIndices, ThatPointOutsideOfTheTokensAreRefused) {
  MegatronParts parts = MegatronOf({3, 5});
  for (const int64_t pointer : {int64_t{-2}, int64_t{12}, std::numeric_limits<int64_t>::max()}) {
    parts.pointers[1] = pointer;
    EXPECT_TRUE(Says(Refusal(parts), "sequence 1 with 5 tokens")) << pointer;
  }
  parts = MegatronOf({-1, 5});
  EXPECT_TRUE(Says(Refusal(parts), "sequence 0 with -1 tokens"));
  parts = MegatronOf({3, 5});
  parts.pointers[1] = 7;
  EXPECT_TRUE(Says(Refusal(parts), "between two tokens of 2 bytes"));
}

TEST_F(MegatronIndices, WithDocumentsOutOfOrderAreRefused) {
  const auto refusal = [&](const std::vector<int64_t>& documents) {
    MegatronParts parts = MegatronOf({3, 5});
    parts.documents = documents;
    return Refusal(parts);
  };
  EXPECT_TRUE(Says(refusal({0, 2, 1}), "document 1 from sequence 2 to 1"));
  EXPECT_TRUE(Says(refusal({0, 3, 2}), "document 0 from sequence 0 to 3"));
  EXPECT_TRUE(Says(refusal({0, 1, 1}), "documents of 1 sequences and lists 2"));
  EXPECT_TRUE(Says(refusal({1, 2, 2}), "first document"));
  EXPECT_TRUE(Says(refusal({0, -5, 2}), "document 0 from sequence 0 to -5"));
  EXPECT_TRUE(Says(refusal({0}), "lists no documents"));
}

}  // namespace
}  // namespace upcycle
