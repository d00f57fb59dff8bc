#include "experiments/run/asked_model.h"

#include <memory>

#include <gtest/gtest.h>

#include "core/tokenizers/id_tokenizer.h"
#include "experiments/formats/parent_model.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kLlama = fs::path(UPCYCLE_GOLDEN_MODELS) / "llama";  // of 32 tokens

class AskedModelTest : public testing::Test {
 protected:
  // With a tokenizer of so many tokens, as it is planned.
  OutsideModel Planned(int64_t tokens) const {
    const IdTokenizer tokenizer(tokens, 0);
    tokenizer.Save(folder_.path());
    return {kLlama, folder_.path(), OutsideContent(ModelSource(kLlama), tokenizer)};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_ = MakeCpuBackend(1);
};

TEST_F(AskedModelTest, HasTheTokenizerThatIsNamed) {
  AskedModel asked(Planned(31), *backend_);
  EXPECT_EQ(asked.tokenizer().Vocabulary(), 31);
  EXPECT_EQ(asked.model().architecture().vocabulary, 32);
}

TEST_F(AskedModelTest, RefusesAModelOrTokenizerThatHasChanged) {
  OutsideModel outside = Planned(31);
  Planned(30);
  EXPECT_TRUE(Says(MessageOf([&] { AskedModel(outside, *backend_); }), "changed since"));
  outside.content = Fingerprint(1, 2);
  EXPECT_TRUE(Says(MessageOf([&] { AskedModel(outside, *backend_); }), "changed since"));
}

TEST_F(AskedModelTest, RefusesATokenizerOfMoreTokensThanTheModelHas) {
  const OutsideModel outside = Planned(33);
  EXPECT_TRUE(
      Says(MessageOf([&] { AskedModel(outside, *backend_); }), "the tokenizer has 33 tokens and"));
}

}  // namespace
}  // namespace upcycle
