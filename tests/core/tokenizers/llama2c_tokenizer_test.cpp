#include "core/tokenizers/llama2c_tokenizer.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

TEST(Llama2cTokenizer, GivesAnyBytesBack) {
  const auto tokenizer = Tokenizer::Load(kCases / "llama2c" / "tokenizer.bin");
  std::string bytes;
  for (int i = 0; i < 65536; ++i) {
    bytes += static_cast<char>(i / 256);
    bytes += static_cast<char>(i);
  }
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(bytes)), bytes);
}

TEST(Llama2cTokenizer, RefusesATruncatedFile) {
  const TemporaryFolder folder;
  const std::string good = ReadTextFile(kCases / "llama2c" / "tokenizer.bin");
  for (const size_t size : {size_t{0}, size_t{3}, size_t{4}, size_t{9}, good.size() - 1}) {
    const fs::path path = Put(folder / "tokenizer.bin", good.substr(0, size));
    EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(path); }), "tokenizer.bin"));
  }
}

// Every cut of a piece is tried.
TEST(Llama2cTokenizer, RefusesAPieceThatIsNoWord) {
  const TemporaryFolder folder;
  std::string file = ReadTextFile(kCases / "llama2c" / "tokenizer.bin");
  file += std::string("\0\0\0\0\x40\x42\x0F\0", 8) + std::string(1'000'000, 'e');
  Put(folder / "tokenizer.bin", file);
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "has 1000000 bytes"));
}

TEST(Llama2cTokenizer, AgreesWithTheSentencepieceModelThatItWasMadeFrom) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path stories = *RealData() / "stories260K";
  const auto binary = Tokenizer::Load(stories / "tok512.bin");
  const auto model = Tokenizer::Load(stories / "tok512.model");
  // The model drops spaces at the ends of a text and of several keeps one.
  std::istringstream text(ReadTextFile(*RealData() / "tinyshakespeare" / "input.txt"));
  int compared = 0;
  for (std::string line; std::getline(text, line) && compared < 5000;) {
    if (line.empty() || line.ends_with(' ') || line.find("  ") != std::string::npos) continue;
    ASSERT_EQ(binary->Encode(line), model->Encode(line)) << line;
    ++compared;
  }
  EXPECT_EQ(compared, 5000);
}

}  // namespace
}  // namespace upcycle
