// Our models against numbers from outside: what PyTorch and Hugging Face transformers computed with
// the same weights. README.md says what the cases are and how they were made.
#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/recipe/canonical.h"
#include "experiments/formats/model_config.h"
#include "experiments/formats/model_folder.h"
#include "experiments/run/trainer.h"

namespace upcycle {
namespace {

const char* const kCases[] = {
    "gemma_dense",
    "gpt2_dense",
    "llama_dense",
    "llama_dense_untied",
    "llama_gated_shared_expert",
    "llama_mixtral",
    "llama_one_of_eight_every_other_layer",
    "llama_rope_scaled",
    "llama_softmax_first",
    "llama_softmax_first_drops_by_position",
    "llama_topk_first_drops_by_position",
    "llama_topk_first_drops_by_probability",
    "llama_topk_first_of_six",
    "mistral_dense",
    "nemotron_dense",
    "nemotron_dense_untied",
    "nemotron_half_rotated",
    "nemotron_sigmoid_shared_expert",
    "nemotron_softmax_first",
    "nemotron_softmax_first_drops_by_probability",
    "nemotron_topk_first_drops_by_position",
    "neox_dense",
    "olmo2_dense",
    "olmo_dense",
    "olmoe_experts",
    "qwen2_dense",
    "qwen3_dense",
    "qwen3_experts",
};

std::span<const float> Floats(ConstTensor tensor) {
  return {tensor.floats(), static_cast<size_t>(tensor.size())};
}

double LargestMagnitude(std::span<const float> values) {
  double largest = 0;
  for (float value : values) largest = std::max(largest, std::abs(double{value}));
  return largest;
}

// Infinite where the number of values or a value that is not finite differs.
double LargestError(std::span<const float> found, std::span<const float> expected) {
  if (found.size() != expected.size()) return HUGE_VAL;
  double largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(double{found[i]} - double{expected[i]});
    largest = std::isfinite(error) ? std::max(largest, error) : HUGE_VAL;
  }
  return largest;
}

class Golden : public testing::TestWithParam<const char*> {
 protected:
  Golden()
      : folder_(fs::path(UPCYCLE_GOLDEN_CASES) / GetParam()),
        start_(folder_),
        tensors_(folder_ / "expected.safetensors"),
        expected_(nlohmann::json::parse(ReadTextFile(folder_ / "expected.json"))),
        train_(SettingsFromJson<TrainSettings>(expected_.at("train"))),
        backend_(MakeCpuBackend(2)) {
    Build(ExpertPathChoice::kAuto);
  }

  void Build(ExpertPathChoice path) {
    ModelBuild build = {.limits = {train_.MicroBatchSequences(), length(), micro_batches()}};
    build.expert_path = path;
    model_ = std::make_unique<Transformer>(*backend_, start_.architecture(), build);
    start_.CopyTo(model_->parameters(), *backend_);
  }

  int64_t length() const { return start_.architecture().model.sequence_length; }
  int64_t micro_batches() const { return train_.batch_sequences / train_.MicroBatchSequences(); }

  // The i-th micro-batch of the first batch.
  TokenBatch MicroBatch(int64_t i) const {
    const int64_t begin = i * train_.MicroBatchSequences();
    return {tensors_.View("tokens")[begin].ints(), tensors_.View("targets")[begin].ints(),
            train_.MicroBatchSequences(), length()};
  }

  // Losses of the first batch as a step reports them; its gradients are left in the model.
  Transformer::StepLosses Backpropagate() {
    const int64_t n = micro_batches();
    backend_->Zero(model_->parameters().gradients());
    for (int64_t i = 0; model_->NeedsAssignmentPass(n) && i < n; ++i) {
      model_->CountAssignments(MicroBatch(i), i, n);
    }
    Transformer::StepLosses total;
    for (int64_t i = 0; i < n; ++i) {
      const Transformer::StepLosses losses = model_->Backpropagate(MicroBatch(i), i, n);
      total.token += losses.token / static_cast<double>(train_.batch_sequences * length());
      total.balance += losses.balance;
      total.z += losses.z;
    }
    return total;
  }

  std::vector<StepReport> Train() {
    const auto fill = [this](int64_t first, int64_t count, std::span<int32_t> tokens,
                             std::span<int32_t> targets) {
      const int32_t* from[] = {tensors_.View("tokens")[first].ints(),
                               tensors_.View("targets")[first].ints()};
      std::copy_n(from[0], count * length(), tokens.begin());
      std::copy_n(from[1], count * length(), targets.begin());
    };
    const auto steps = static_cast<int64_t>(expected_.at("steps").size());
    Trainer trainer(*model_, train_, Schedule(train_.learning_rate, steps, 0), steps, 1, fill);
    std::vector<StepReport> reports;
    for (int64_t i = 0; i < steps; ++i) reports.push_back(trainer.Step());
    return reports;
  }

  // What was expected of a part: its "gradient", or what it was "trained" to.
  std::span<const float> Expected(const std::string& what, const Part& part) const {
    return Floats(tensors_.View(what + "." + PartName(part, start_.architecture())));
  }

  // Of all gradients, each error as a share of its tensor's largest gradient. Where that is zero,
  // because nothing reached an expert, ours must be too.
  double LargestGradientError() {
    double largest = 0;
    for (const auto& piece : model_->parameters().pieces()) {
      const std::span<const float> expected = Expected("gradient", piece.part);
      const Tensor found = model_->parameters().gradients().Slice(piece.begin, piece.value.size());
      const double error = LargestError(Floats(found), expected);
      if (error == 0) continue;
      const double largest_expected = LargestMagnitude(expected);
      // A bias on keys that nothing rotates moves all scores of a query alike: its gradient is
      // zero, of which float64 left rounding and float32 leaves more.
      if (piece.part.kind == PartKind::kKeyBias && largest_expected < kRounding) {
        EXPECT_LE(error, kZeroBound);
        continue;
      }
      const double relative = error / largest_expected;
      EXPECT_LE(relative, kGradientBound) << PartName(piece.part, start_.architecture());
      largest = std::max(largest, relative);
    }
    return largest;
  }

  // Two to five times what float32 may cost plain_model.py itself in PyTorch (generate.py).
  static constexpr double kLogitBound = 1e-5;
  static constexpr double kLossBound = 1e-6;
  static constexpr double kGradientBound = 1e-5;  // of the largest in its tensor
  static constexpr double kRounding = 1e-12;      // less than any gradient that is none of it
  static constexpr double kZeroBound = 1e-7;      // where others are some tenths
  static constexpr double kStepLossBound = 3e-6;
  static constexpr double kStepNormBound = 1e-5;  // of the norm
  static constexpr double kTrainedBound = 1e-5;   // where a step may move a weight by 8e-3

  fs::path folder_;
  ModelFolder start_;
  SafetensorsReader tensors_;
  nlohmann::json expected_;
  TrainSettings train_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Transformer> model_;
};

INSTANTIATE_TEST_SUITE_P(, Golden, testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param); });

TEST(GoldenCases, AreAllThatLieInTheFolder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(UPCYCLE_GOLDEN_CASES)) {
    found.push_back(entry.path().filename());
  }
  std::ranges::sort(found);
  EXPECT_EQ(found, std::vector<std::string>(std::begin(kCases), std::end(kCases)));
}

// transformers read the models of its own classes by this file.
TEST_P(Golden, ConfigIsTheOneThatWeWrite) {
  nlohmann::json found = ConfigOf(start_.architecture(), 0);
  nlohmann::json expected = nlohmann::json::parse(ReadTextFile(folder_ / "config.json"));
  found.erase("upcycle");  // the settings, of which the file holds those that the case gives
  expected.erase("upcycle");
  EXPECT_EQ(found, expected);
}

TEST_P(Golden, EveryTensorHasAPartThatIsCompared) {
  const size_t parts = ListParts(start_.architecture()).size();
  EXPECT_EQ(tensors_.entries().size(), 2 * parts + 3);  // and tokens, targets, logits
}

TEST_P(Golden, LogitsAgree) {
  const ConstTensor expected = tensors_.View("logits");
  std::vector<float> logits(static_cast<size_t>(expected.size()));
  const int64_t stride = expected.size() / micro_batches();
  for (int64_t i = 0; i < micro_batches(); ++i) {
    model_->Logits(MicroBatch(i), start_.architecture().moe.capacity_factor,
                   logits.data() + i * stride);
  }
  const double error = LargestError(logits, Floats(expected));
  RecordProperty("error", fmt::format("{:.1e}", error));
  EXPECT_LE(error, kLogitBound);
}

TEST_P(Golden, LossesOfTheFirstBatchAgree) {
  const nlohmann::json& expected = expected_.at("steps").front();
  const Transformer::StepLosses losses = Backpropagate();
  EXPECT_NEAR(losses.token, expected.at("loss"), kLossBound);
  EXPECT_NEAR(losses.balance, expected.at("balance_loss"), kLossBound);
  EXPECT_NEAR(losses.z, expected.at("z_loss"), kLossBound);
  RecordProperty("error",
                 fmt::format("{:.1e}", std::abs(losses.token - expected.at("loss").get<double>())));
}

TEST_P(Golden, EveryGradientAgreesHoweverExpertsLie) {
  double largest = 0;
  for (ExpertPathChoice path : {ExpertPathChoice::kGrouped, ExpertPathChoice::kPadded}) {
    SCOPED_TRACE(NameOf(path));
    Build(path);
    Backpropagate();
    largest = std::max(largest, LargestGradientError());
  }
  RecordProperty("error", fmt::format("{:.1e}", largest));
}

TEST_P(Golden, EveryStepReportsTheSameLosses) {
  const std::vector<StepReport> reports = Train();
  double largest = 0;
  for (size_t i = 0; i < reports.size(); ++i) {
    SCOPED_TRACE(fmt::format("step {}", i));
    const StepReport& found = reports[i];
    const nlohmann::json& expected = expected_.at("steps")[i];
    EXPECT_NEAR(found.loss, expected.at("loss"), kStepLossBound);
    EXPECT_NEAR(found.balance_loss, expected.at("balance_loss"), kStepLossBound);
    EXPECT_NEAR(found.z_loss, expected.at("z_loss"), kStepLossBound);
    const double norm = expected.at("gradient_norm");
    EXPECT_NEAR(found.gradient_norm, norm, kStepNormBound * norm);
    EXPECT_NEAR(found.learning_rate, expected.at("learning_rate"), 1e-12);
    largest = std::max(largest, std::abs(found.loss - expected.at("loss").get<double>()));
  }
  RecordProperty("error", fmt::format("{:.1e}", largest));
}

TEST_P(Golden, TenStepsLeaveTheSameWeights) {
  Train();
  double largest = 0;
  for (const auto& piece : model_->parameters().pieces()) {
    const double error = LargestError(Floats(piece.value), Expected("trained", piece.part));
    EXPECT_LE(error, kTrainedBound) << PartName(piece.part, start_.architecture());
    largest = std::max(largest, error);
  }
  RecordProperty("error", fmt::format("{:.1e}", largest));
}

}  // namespace
}  // namespace upcycle
