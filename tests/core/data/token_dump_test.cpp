#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/data/token_array.h"
#include "tests/caught_error.h"
#include "tests/core/data/token_files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr const char* kNpyHeader = "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }";

class TokenDump : public testing::Test {
 protected:
  std::vector<int32_t> Read(const std::string& name, const std::string& bytes,
                            TokenElement bare = TokenElement::kUint16) {
    const TokenArray array = OpenTokenDump(Put(folder_ / name, bytes), bare);
    std::vector<int32_t> tokens(static_cast<size_t>(array.count()));
    array.Read(0, tokens);
    return tokens;
  }

  std::string Refusal(const std::string& name, const std::string& bytes) {
    return MessageOf([&] { Read(name, bytes); });
  }

  TemporaryFolder folder_;
};

using Ids = std::vector<int32_t>;

TEST_F(TokenDump, IsBareElementsAsNanoGptWritesThem) {
  EXPECT_EQ(Read("a.bin", Bytes<uint16_t>({1, 65535, 3})), (Ids{1, 65535, 3}));
  EXPECT_EQ(Read("b.bin", Bytes<uint32_t>({1, 128000}), TokenElement::kUint32), (Ids{1, 128000}));
}

TEST_F(TokenDump, IsWhatLlmcSaysInItsHeader) {
  EXPECT_EQ(Read("a.bin", Llmc(20240520, 1, 2, Bytes<uint16_t>({50256, 7})), TokenElement::kUint32),
            (Ids{50256, 7}));
  EXPECT_EQ(Read("b.bin", Llmc(20240801, 7, 2, Bytes<uint32_t>({128000, 7}))), (Ids{128000, 7}));
}

TEST_F(TokenDump, IsANumpyArray) {
  EXPECT_EQ(Read("a.npy", Npy(kNpyHeader, Bytes<uint16_t>({1, 2, 60000}))), (Ids{1, 2, 60000}));
  EXPECT_EQ(Read("b.npy", Npy("{'shape': (2,), 'fortran_order': False, 'descr': '<i8'}",
                              Bytes<int64_t>({5, 9}))),
            (Ids{5, 9}));
  EXPECT_EQ(Read("c.npy", Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", "A")),
            Ids{65});
}

TEST_F(TokenDump, OfAnotherLengthThanPromisedIsRefused) {
  EXPECT_TRUE(Says(Refusal("a.bin", "abc"), "no whole number of tokens of 2 bytes"));
  EXPECT_TRUE(Says(Refusal("b.bin", Llmc(20240520, 1, 3, "abcd")),
                   "promises 3 tokens of 2 bytes and has 4 bytes"));
  EXPECT_TRUE(Says(Refusal("c.npy", Npy(kNpyHeader, "abcdefgh")), "promises 3 tokens"));
  EXPECT_TRUE(Says(Refusal("d.npy", Npy(kNpyHeader, "").substr(0, 30)), "truncated or damaged"));
}

TEST_F(TokenDump, WithoutTokensIsRefused) {
  EXPECT_TRUE(Says(Refusal("a.bin", ""), "has no tokens"));
  EXPECT_TRUE(Says(Refusal("b.bin", Llmc(20240520, 1, 0, "")), "has no tokens"));
}

TEST_F(TokenDump, OfAnotherKindIsRefusedByName) {
  EXPECT_TRUE(Says(Refusal("a.txt", "text"), "is no file of tokens"));
  EXPECT_TRUE(Says(Refusal("a.npy", "text"), "is no .npy file"));
  EXPECT_TRUE(
      Says(Refusal("b.npy", Npy("{'descr': '>u2', 'fortran_order': False, 'shape': (1,), }", "ab")),
           "NumPy's type >u2"));
  EXPECT_TRUE(Says(Refusal("c.npy", Npy("{'descr': '<u2', 'fortran_order': False, 'shape': "
                                        "(1, 2), }",
                                        "abcd")),
                   "no plain list of numbers"));
  EXPECT_TRUE(Says(Refusal("d.npy", Npy("{'descr': [('a', '<u2')], 'fortran_order': False, "
                                        "'shape': (1,), }",
                                        "ab")),
                   "no plain numbers"));
  EXPECT_TRUE(Says(Refusal("e.bin", Llmc(20240520, 2, 1, "ab")), "of version 2, and 1 is known"));
}

TEST_F(TokenDump, ElementsThatAreNoTokensAreFound) {
  const auto find = [&](const std::string& bytes, int64_t vocabulary) {
    return OpenTokenDump(Put(folder_ / "a.bin", bytes), TokenElement::kUint32)
        .FindNoToken(vocabulary);
  };
  EXPECT_FALSE(find(Bytes<uint32_t>({0, 9}), 10));
  const auto large = find(Bytes<uint32_t>({0, 9, 10}), 10);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->place, 2);
  EXPECT_EQ(large->value, 10);
  const auto wide = find(Bytes<uint32_t>({0xFFFFFFFF}), 10);
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->value, 4294967295);
}

}  // namespace
}  // namespace upcycle
