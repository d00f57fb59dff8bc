// Documents that are packed and masked are computed as each of them alone.
#include <vector>

#include <gtest/gtest.h>

#include "core/data/document_starts.h"
#include "experiments/model/transformer.h"

namespace upcycle {
namespace {

constexpr int32_t kEnd = 7;

Architecture Small(Family family, bool experts) {
  Architecture a;
  a.model.family = family;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.ffn_width = 48;
  a.model.sequence_length = 160;
  a.model.init_std = 0.2;
  a.vocabulary = 16;
  a.has_experts = experts;
  a.moe.expansion = 4;
  a.moe.capacity_factor = {};
  return a;
}

// Of end of text and `length` tokens more.
std::vector<int32_t> Document(int length) {
  std::vector<int32_t> tokens = {kEnd};
  for (int i = 0; i < length; ++i) tokens.push_back((i * i + length) % 7);
  return tokens;
}

class Documents : public testing::TestWithParam<std::pair<Family, bool>> {
 protected:
  Documents()
      : architecture_(Small(GetParam().first, GetParam().second)),
        backend_(MakeCpuBackend(2)),
        model_(*backend_, architecture_,
               {.limits = {1, 160, 1}, .purpose = Purpose::kEvaluate, .masks_documents = true}) {
    model_.parameters().Initialize(*backend_, 3);
  }

  std::vector<float> Logits(const std::vector<int32_t>& tokens, bool masks) {
    std::vector<float> logits(tokens.size() * static_cast<size_t>(architecture_.vocabulary));
    std::vector<int32_t> starts(tokens.size());
    const auto length = static_cast<int64_t>(tokens.size());
    FindDocumentStarts(tokens, length, kEnd, starts);
    model_.Logits({tokens.data(), nullptr, 1, length, masks ? starts.data() : nullptr}, {},
                  logits.data());
    return logits;
  }

  Architecture architecture_;
  std::unique_ptr<Backend> backend_;
  Transformer model_;
};

TEST_P(Documents, PackedAndMaskedHaveTheLogitsOfEachAlone) {
  std::vector<int32_t> packed;
  std::vector<float> expected;
  for (const int length : {3, 70, 0, 64, 12}) {
    const std::vector<int32_t> document = Document(length);
    const std::vector<float> alone = Logits(document, false);
    packed.insert(packed.end(), document.begin(), document.end());
    expected.insert(expected.end(), alone.begin(), alone.end());
  }
  const std::vector<float> masked = Logits(packed, true);
  ASSERT_EQ(masked.size(), expected.size());
  for (size_t i = 0; i < masked.size(); ++i) ASSERT_NEAR(masked[i], expected[i], 2e-5) << i;
}

TEST_P(Documents, WithoutAMaskReadWhatIsBeforeThem) {
  std::vector<int32_t> packed = Document(20);
  const std::vector<int32_t> last = Document(5);
  const size_t begin = packed.size() * static_cast<size_t>(architecture_.vocabulary);
  packed.insert(packed.end(), last.begin(), last.end());
  EXPECT_GT(std::abs(Logits(packed, false)[begin] - Logits(packed, true)[begin]), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Families, Documents,
                         testing::Values(std::pair(Family::kLlama, false),
                                         std::pair(Family::kLlama, true),
                                         std::pair(Family::kGpt2, false)));

}  // namespace
}  // namespace upcycle
