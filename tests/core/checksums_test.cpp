#include "core/checksums.h"

#include <gtest/gtest.h>

#include "core/directory_transaction.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class ChecksumsTest : public testing::Test {
 protected:
  ChecksumsTest() {
    fs::create_directory(folder_ / "below");
    Put(folder_ / "weights", std::string(1000, 'w'));
    Put(folder_.path() / "below" / "words", "some words");
    WriteChecksums(folder_.path());
  }
  std::string Damage() const { return FindDamage(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(ChecksumsTest, FindNothingWhereNothingChanged) { EXPECT_EQ(Damage(), ""); }

TEST_F(ChecksumsTest, NameTheFileOfAFlippedBit) {
  std::string bytes(1000, 'w');
  bytes[700] ^= 1;
  Put(folder_ / "weights", bytes);
  EXPECT_EQ(Damage(), (folder_ / "weights").native() + " is not what was written");
}

TEST_F(ChecksumsTest, LookBelowToo) {
  Put(folder_.path() / "below" / "words", "some swords");
  EXPECT_NE(Damage().find("below/words is not what was written"), std::string::npos);
}

TEST_F(ChecksumsTest, MissAFileThatWasRemoved) {
  fs::remove(folder_ / "weights");
  EXPECT_EQ(Damage(), (folder_ / "weights").native() + " is missing");
}

TEST_F(ChecksumsTest, LeaveAFileThatCameLaterAlone) {
  Put(folder_ / "notes", "mine");
  EXPECT_EQ(Damage(), "");
}

TEST_F(ChecksumsTest, AreMissedThemselves) {
  fs::remove(folder_ / kChecksumFile);
  EXPECT_EQ(Damage(), (folder_ / kChecksumFile).native() + " is missing");
}

TEST_F(ChecksumsTest, ThatAreDamagedAreDamage) {
  for (const char* text : {"", "{", "[]", "{\"files\": 3}", "{\"files\": {\"weights\": 7}}"}) {
    Put(folder_ / kChecksumFile, text);
    EXPECT_NE(Damage(), "") << text;
  }
}

}  // namespace
}  // namespace upcycle
