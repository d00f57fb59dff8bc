#include "results/interchange/event_file.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

std::string Bytes(const char* hex) {
  std::string bytes;
  for (const char* c = hex; *c != 0; c += 2) {
    bytes += static_cast<char>(std::stoi(std::string(c, 2), nullptr, 16));
  }
  return bytes;
}

uint32_t Unmasked(uint32_t masked) {
  const uint32_t turned = masked - 0xa282ead8U;
  return (turned >> 17) | (turned << 15);
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(MaskedCrc32c, IsCastagnolisChecksum) {
  EXPECT_EQ(Unmasked(MaskedCrc32c("123456789")), 0xE3069283U);
  EXPECT_EQ(Unmasked(MaskedCrc32c(std::string(32, '\0'))), 0x8A9136AAU);
  EXPECT_EQ(Unmasked(MaskedCrc32c(std::string(32, '\xFF'))), 0x62A8AB43U);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  EXPECT_EQ(Unmasked(MaskedCrc32c(rising)), 0x46DD794EU);
}

// Made by TensorBoard's own RecordWriter and Event.
TEST(EventFile, BeginsWithItsVersion) {
  EXPECT_EQ(
      EventFile(1.5).bytes(),
      Bytes("1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"));
}

TEST(EventFile, HasScalarsAsTensorBoardWritesThem) {
  EventFile file(0.0);
  const size_t begin = file.bytes().size();
  const Scalar scalars[] = {{"train/loss", 0.1}, {"é", -2.0}};
  file.AddScalars(1.5, 300, scalars);
  EXPECT_EQ(file.bytes().substr(begin),
            Bytes("2c00000000000000f4aecc4509000000000000f83f10ac022a1e0a110a0a747261696e2f6c6f7373"
                  "15cdcccc3d0a090a02c3a915000000c0318bcb60"));
}

TEST(EventFile, HasSettingsAsTensorBoardWritesThem) {
  EventFile file(0.0);
  const size_t begin = file.bytes().size();
  const nlohmann::json settings = {{"a", 2}, {"b", "x"}, {"c", true}};
  file.AddSettings(1.5, "arm", settings);
  EXPECT_EQ(file.bytes().substr(begin),
            Bytes("7500000000000000d7d9417809000000000000f83f2a6a0a680a1c5f68706172616d735f2f736573"
                  "73696f6e5f73746172745f696e666f42060801120212004a400a3e0a0768706172616d7312331a31"
                  "0a0e0a016112091100000000000000400a080a016212031a01780a070a016312022001220361726d"
                  "29000000000000f83f9bd38f0a"));
}

TEST(EventFile, HasTextsAsTensorBoardWritesThem) {
  EventFile file(0.0);
  const size_t begin = file.bytes().size();
  file.AddText(1.5, "run", "words");
  EXPECT_EQ(file.bytes().substr(begin),
            Bytes("2d000000000000003c418afb09000000000000f83f2a220a200a0372756e420f0807120412020801"
                  "4205776f7264734a080a060a04746578744bea63d9"));
}

// The four bytes of a file's only scalar, which stand before the checksum.
float ValueWritten(double value) {
  EventFile file(0.0);
  const Scalar scalar = {"x", value};
  file.AddScalars(0, 0, {&scalar, 1});
  float written = 0;
  std::memcpy(&written, file.bytes().data() + file.bytes().size() - 8, 4);
  return written;
}

TEST(EventFile, RoundsValuesToTheNearestFloat) {
  EXPECT_EQ(ValueWritten(0.1), 0.1F);
  EXPECT_EQ(ValueWritten(1e300), INFINITY);
  EXPECT_EQ(ValueWritten(-1e300), -INFINITY);
  EXPECT_TRUE(std::isnan(ValueWritten(NAN)));
}

}  // namespace
}  // namespace upcycle
