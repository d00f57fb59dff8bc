#include "core/fingerprint.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// The published XXH3-128 of no bytes at all, seed 0.
constexpr const char* kHashOfNothing = "99aa06d3014798d86001c324468d497f";

TEST(Fingerprint, WritesItselfAsThirtyTwoDigitsAndReadsThemBack) {
  const Fingerprint fingerprint(0x0123456789abcdef, 0x00000000000000ff);
  EXPECT_EQ(fingerprint.Hex(), "0123456789abcdef00000000000000ff");
  EXPECT_EQ(fingerprint.Short(), "0123456789ab");
  EXPECT_EQ(Fingerprint::FromHex(fingerprint.Hex()), fingerprint);
}

TEST(Fingerprint, RefusesWhatIsNotThirtyTwoDigits) {
  for (const char* text :
       {"", "0123", "0123456789abcdef00000000000000f", "0123456789abcdef00000000000000ff0",
        "0123456789abcdeg00000000000000ff", "0123456789abcdef-0000000000000ff",
        "0x23456789abcdef00000000000000ff", " 123456789abcdef00000000000000ff"}) {
    EXPECT_EQ(CauseOf([&] { Fingerprint::FromHex(text); }), Cause::kInput) << text;
  }
  EXPECT_EQ(CauseOf([] { Fingerprint::FromHex({}); }), Cause::kInput);
}

TEST(Hasher, GivesThePublishedHashOfNothing) { EXPECT_EQ(Hasher().Finish().Hex(), kHashOfNothing); }

TEST(Hasher, TellsFieldsApartThatJoinToTheSameBytes) {
  const Fingerprint first = Hasher().Add("ab").Add("c").Finish();
  EXPECT_NE(first, Hasher().Add("a").Add("bc").Finish());
  EXPECT_NE(first, Hasher().Add("abc").Finish());
  EXPECT_NE(first, Hasher().Add("ab").Add("c").Add("").Finish());
  EXPECT_NE(first, Hasher().Add("c").Add("ab").Finish());
  EXPECT_EQ(first, Hasher().Add("ab").Add("c").Finish());
}

TEST(Hasher, CountsAnEmptyFieldAsAField) {
  EXPECT_NE(Hasher().Add("").Finish(), Hasher().Finish());
  EXPECT_NE(Hasher().Add("").Finish(), Hasher().Add("").Add("").Finish());
}

TEST(Hasher, TellsNumbersApartInEveryByte) {
  for (int byte = 0; byte < 8; ++byte) {
    EXPECT_NE(Hasher().Add(uint64_t{1} << (8 * byte)).Finish(), Hasher().Add(uint64_t{0}).Finish());
  }
}

TEST(Hasher, DependsOnTheFingerprintsOfItsInputs) {
  EXPECT_NE(Hasher().Add(Fingerprint(1, 2)).Finish(), Hasher().Add(Fingerprint(2, 1)).Finish());
  EXPECT_EQ(Hasher().Add(Fingerprint(1, 2)).Finish(), Hasher().Add(Fingerprint(1, 2)).Finish());
}

TEST(Hasher, TakesRawBytesInAnyPieces) {
  const Fingerprint whole = Hasher().AddBytes("0123456789", 10).Finish();
  EXPECT_EQ(Hasher().AddBytes("0123", 4).AddBytes("", 0).AddBytes("456789", 6).Finish(), whole);
}

TEST(Hasher, GoesOnAfterFinish) {
  Hasher hasher;
  hasher.Add("a");
  const Fingerprint first = hasher.Finish();
  EXPECT_EQ(hasher.Finish(), first);
  EXPECT_EQ(hasher.Add("b").Finish(), Hasher().Add("a").Add("b").Finish());
}

TEST(FingerprintOfFile, DependsOnTheBytesAlone) {
  TemporaryFolder folder;
  Put(folder / "one", "the same text");
  Put(folder / "two", "the same text");
  Put(folder / "other", "the same texT");
  EXPECT_EQ(FingerprintOfFile(folder / "one"), FingerprintOfFile(folder / "two"));
  EXPECT_NE(FingerprintOfFile(folder / "one"), FingerprintOfFile(folder / "other"));
}

TEST(FingerprintOfFile, KnowsTheEmptyFile) {
  TemporaryFolder folder;
  Put(folder / "empty", "");
  EXPECT_EQ(FingerprintOfFile(folder / "empty").Hex(), kHashOfNothing);
}

TEST(FingerprintOfFile, BlamesTheInputForAMissingFile) {
  EXPECT_EQ(CauseOf([] { FingerprintOfFile("/nonexistent/corpus.txt"); }), Cause::kInput);
}

}  // namespace
}  // namespace upcycle
