#include "core/checkpoints/llama2c.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// Width 8, FFN 4, two layers, two heads of 4 of which one is for keys, vocabulary 3, length 2: the
// numbers from 0 on, in the order of the file.
constexpr std::array<int32_t, 7> kHeader = {8, 4, 2, 2, 1, 3, 2};
constexpr size_t kNumbers = 3 * 8 + 2 * (8 + 64 + 32 + 32 + 64 + 8 + 3 * 32) + 8 + 2 * 4;

std::string FileOf(const std::array<int32_t, 7>& header, size_t numbers) {
  std::vector<float> values(numbers);
  std::iota(values.begin(), values.end(), 0.0f);
  std::string file(sizeof header + numbers * sizeof(float), '\0');
  std::memcpy(file.data(), header.data(), sizeof header);
  std::memcpy(file.data() + sizeof header, values.data(), numbers * sizeof(float));
  return file;
}

std::vector<float> Values(const TensorSource& source, const std::string& name, int64_t begin,
                          size_t count) {
  std::vector<float> out(count);
  source.Read(name, begin, out);
  return out;
}

TEST(Llama2c, GivesTensorsTheirHuggingFaceNames) {
  TemporaryFolder folder;
  const Llama2cFile file(Put(folder / "model.bin", FileOf(kHeader, kNumbers)));
  EXPECT_EQ(file.model().width, 8);
  EXPECT_EQ(file.model().kv_heads, 1);
  EXPECT_EQ(file.model().vocabulary, 3);
  EXPECT_TRUE(file.model().tied_embeddings);
  EXPECT_EQ(file.entries().size(), 2u + 2 * 9);
  EXPECT_EQ(file.Find("model.layers.1.self_attn.k_proj.weight")->shape,
            (std::vector<int64_t>{4, 8}));
  EXPECT_EQ(file.Find("lm_head.weight"), nullptr);
  EXPECT_EQ(Values(file, "model.embed_tokens.weight", 0, 3), (std::vector<float>{0, 1, 2}));
  // 24 of the embedding, 16 of norms, then queries of layer 0.
  EXPECT_EQ(Values(file, "model.layers.1.input_layernorm.weight", 0, 1), (std::vector<float>{32}));
  // Behind 2·64 queries and the 32 keys of layer 0: the values begin at 40 + 128 + 64.
  EXPECT_EQ(Values(file, "model.layers.0.self_attn.v_proj.weight", 8, 2),
            (std::vector<float>{240, 241}));
}

// A head's pairs (0, 1), (2, 3) become (0, 2), (1, 3).
TEST(Llama2c, PutsRotaryPairsInHalves) {
  TemporaryFolder folder;
  const Llama2cFile file(Put(folder / "model.bin", FileOf(kHeader, kNumbers)));
  std::vector<float> first_column;
  for (int64_t row = 0; row < 8; ++row) {
    first_column.push_back(Values(file, "model.layers.0.self_attn.q_proj.weight", 8 * row, 1)[0]);
  }
  const float at = 40;
  EXPECT_EQ(first_column,
            (std::vector<float>{at, at + 16, at + 8, at + 24, at + 32, at + 48, at + 40, at + 56}));
  // A stretch over the ends of rows.
  EXPECT_EQ(Values(file, "model.layers.0.self_attn.q_proj.weight", 7, 3),
            (std::vector<float>{at + 7, at + 16, at + 17}));
}

TEST(Llama2c, HasAHeadOfItsOwnWhereTheVocabularyIsNegative) {
  TemporaryFolder folder;
  std::array<int32_t, 7> header = kHeader;
  header[5] = -3;
  const Llama2cFile file(Put(folder / "model.bin", FileOf(header, kNumbers + 24)));
  EXPECT_FALSE(file.model().tied_embeddings);
  EXPECT_EQ(Values(file, "lm_head.weight", 0, 1)[0], static_cast<float>(kNumbers));
}

TEST(Llama2c, RefusesWhatIsNoModel) {
  TemporaryFolder folder;
  const auto refusal = [&](const std::string& content) {
    const fs::path path = Put(folder / "model.bin", content);
    return MessageOf([&] { Llama2cFile file(path); });
  };
  EXPECT_TRUE(Says(refusal(""), "shorter than a header"));
  EXPECT_TRUE(Says(refusal(FileOf(kHeader, kNumbers - 1)), "its header asks for"));
  EXPECT_TRUE(Says(refusal(FileOf(kHeader, kNumbers + 1)), "its header asks for"));
  for (size_t i = 0; i < kHeader.size(); ++i) {
    for (const int32_t wrong : {0, INT32_MIN, INT32_MAX, -1}) {
      if (i == 5 && wrong == -1) continue;
      std::array<int32_t, 7> header = kHeader;
      header[i] = wrong;
      EXPECT_TRUE(Says(refusal(FileOf(header, kNumbers)), "of its header is")) << i << wrong;
    }
  }
  // Small layers, but a million of them: nothing is listed before the size is seen to be wrong.
  EXPECT_TRUE(Says(refusal(FileOf({2, 1, 1 << 20, 1, 1, 1, 1}, 9)), "number 3 of its header"));
  EXPECT_TRUE(Says(refusal(FileOf({8, 4, 2, 3, 1, 3, 2}, kNumbers)), "a width of 8 with 3 heads"));
  EXPECT_TRUE(Says(refusal(FileOf({8, 4, 2, 8, 8, 3, 2}, kNumbers)), "8 heads"));
}

TEST(Llama2c, ReadsPublishedModels) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const Llama2cFile stories(*RealData() / "stories260K" / "stories260K.bin");
  EXPECT_EQ(stories.model().width, 64);
  EXPECT_EQ(stories.model().layers, 5);
  EXPECT_EQ(stories.model().vocabulary, 512);
  EXPECT_TRUE(stories.model().tied_embeddings);
  const Llama2cFile baby(*RealData() / "babyllama105" / "model5000.bin");
  EXPECT_EQ(baby.model().vocabulary, 105);
}

}  // namespace
}  // namespace upcycle
