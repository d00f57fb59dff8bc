// Random mutations of tokenizers' files: whatever they hold, they load and can be used, or they are
// refused.
#include "tests/tools/fuzz.h"

#include <array>

#include <gtest/gtest.h>

#include "core/tokenizers/tokenizer.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

constexpr std::string_view kText =
    "The  miller's river\u2581, 12 feet\n\n 'LL <s> \u00E9e\u0301 \u4F60\u597D "
    "\U0001F600\xFF\xC3\r\n\t";

constexpr std::array<std::string_view, 26> kWords = {
    "null,",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\xFF",
    "\"vocab\":{\"a\":0},",
    "\"merges\":[\"a b\"],",
    "\"normalizer\":{\"type\":\"NFKC\"},",
    "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a*)*b\"},\"content\":\"\"},",
    "{\"type\":\"Prepend\",\"prepend\":\"\u2581\"},",
    "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true},",
    "{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Removed\",\"invert\":true},",
    "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\"},",
    "{\"type\":\"Digits\",\"individual_digits\":true},",
    "{\"type\":\"ByteLevel\"},",
    "{\"type\":\"Sequence\",\"pretokenizers\":[",
    "\"byte_fallback\":true,",
    "\"ignore_merges\":true,",
    "\"fuse_unk\":true,",
    "{\"id\":3,\"content\":\" the\",\"special\":false,\"lstrip\":true,\"rstrip\":true},",
    "{\"id\":5,\"content\":\"the\",\"single_word\":true,\"normalized\":true},",
    "(?=",
    "{1000}{1000}",
};

void Use(const Tokenizer& tokenizer) {
  const std::vector<int32_t> tokens = tokenizer.EncodeWhole(kText);
  for (const int32_t token : tokens) {
    ASSERT_GE(token, 0);
    ASSERT_LT(token, tokenizer.Vocabulary());
  }
  tokenizer.Decode(tokens);
  const size_t cut = tokenizer.CutAfter(kText, 4);
  EXPECT_TRUE(cut > 0 && cut <= kText.size());
}

// A copy of the case's folder, with one file damaged in each way.
void ExpectReadOrRefusedWith(const fs::path& name, const std::string& file, uint64_t count,
                             std::span<const std::string_view> words) {
  const TemporaryFolder folder;
  fs::copy(kCases / name, folder.path());
  const fs::path damaged = folder / file;
  ExpectReadOrRefused((name / file).native(), ReadTextFile(damaged), count, words,
                      [&](const std::string& content) {
                        // File systems wait for the disk where a file is replaced.
                        fs::remove(damaged);
                        Put(damaged, content);
                        Use(*Tokenizer::Load(folder.path()));
                      });
}

class TokenizerFuzz : public testing::TestWithParam<const char*> {};

TEST_P(TokenizerFuzz, AnyTokenizerJsonIsReadOrRefused) {
  ExpectReadOrRefusedWith(GetParam(), "tokenizer.json", 500, kWords);
}

INSTANTIATE_TEST_SUITE_P(Cases, TokenizerFuzz,
                         testing::Values("gpt2", "llama3", "neox", "added_tokens", "mistral",
                                         "gemma", "pieces_1", "pieces_2", "pieces_4"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(TokenizerFuzz, AnyConfigurationBesideItIsReadOrRefused) {
  constexpr std::array<std::string_view, 5> kKeys = {"\"eos_token_id\":[7,1],",
                                                     "\"bos_token_id\":-1,", "\"bos_token\":null,",
                                                     "\"eos_token\":{", "\"upcycle\":{},"};
  ExpectReadOrRefusedWith("llama3", "tokenizer_config.json", 400, kKeys);
}

TEST(TokenizerFuzz, AnySentencepieceModelIsReadOrRefused) {
  for (const char* name : {"sentencepiece_bpe", "sentencepiece_unigram"}) {
    ExpectReadOrRefusedWith(name, "tokenizer.model", 2000, {});
  }
}

TEST(TokenizerFuzz, AnyFileOfLlama2cIsReadOrRefused) {
  ExpectReadOrRefusedWith("llama2c", "tokenizer.bin", 2000, {});
}

}  // namespace
}  // namespace upcycle
