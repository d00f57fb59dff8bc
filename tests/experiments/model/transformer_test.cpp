#include "experiments/model/transformer.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/experiments/model/reference_transformer.h"

namespace upcycle {
namespace {

struct Case {
  std::string name;
  Architecture architecture;
  int64_t sequences = 4;
  int64_t micro_sequences = 4;
  std::vector<int32_t> starts = {};  // of the documents of every sequence
};

constexpr int64_t kLength = 6;

Architecture Tiny(Family family, bool tied = true) {
  Architecture a;
  a.model.family = family;
  a.model.layers = 2;
  a.model.width = 12;
  a.model.heads = 4;
  a.model.kv_heads = 2;
  a.model.head_width = 4;
  a.model.ffn_width = 20;
  a.model.sequence_length = kLength;
  a.model.tied_embeddings = tied;
  a.model.init_std = 0.4;  // large enough that every path carries gradient
  a.vocabulary = 16;
  return a;
}

Architecture TinyMoe(Family family, RoutingOrder order, CapacityFactor capacity, DropPolicy policy,
                     BalanceScope scope) {
  Architecture a = Tiny(family);
  a.has_experts = true;
  a.moe.expansion = 2;
  a.moe.granularity = 2;
  a.moe.top_k = 2;
  a.moe.capacity_factor = capacity;
  a.moe.drop_policy = policy;
  a.moe.router.order = order;
  a.moe.router.init_std = 1;
  a.moe.router.load_balance = 0.05;
  a.moe.router.balance_scope = scope;
  a.moe.router.z_loss = 0.01;
  return a;
}

// Every way to route, in one or two micro-batches, with room for three quarters of the assignments.
std::vector<Case> RouterCases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& name, const auto& change) {
    for (const RoutingOrder order :
         {RoutingOrder::kSoftmaxThenTopk, RoutingOrder::kTopkThenSoftmax}) {
      const bool first = order == RoutingOrder::kSoftmaxThenTopk;
      Case c = {name + (first ? "" : "OverTheirSum"),
                TinyMoe(first ? Family::kLlama : Family::kNemotron, order, {0.75},
                        DropPolicy::kProbs, BalanceScope::kGlobal),
                4, first ? 2 : 4};
      // Not so spread that weights round to 1 and which tokens are dropped hangs on float32.
      c.architecture.moe.router.init_std = 0.25;
      change(c.architecture.moe);
      cases.push_back(c);
    }
  };
  const auto sigmoid = [](MoeSettings& moe) { moe.router.score = RouterScore::kSigmoid; };
  add("Sigmoid", sigmoid);
  add("SigmoidBias", [&](MoeSettings& moe) { sigmoid(moe), moe.router.bias_rate = 0.001; });
  add("Bias", [](MoeSettings& moe) { moe.router.bias_rate = 0.001; });
  add("Sinkhorn", [](MoeSettings& moe) { moe.router.choice = RouterChoice::kSinkhorn; });
  add("SinkhornSigmoid",
      [&](MoeSettings& moe) { sigmoid(moe), moe.router.choice = RouterChoice::kSinkhorn; });
  add("NormalizedLogits", [](MoeSettings& moe) { moe.router.normalize_logits = 1.5; });
  add("Noise", [](MoeSettings& moe) { moe.router.noise = true; });
  add("Jitter", [](MoeSettings& moe) { moe.router.jitter = 0.1; });
  add("NoiseJitterNormalized", [](MoeSettings& moe) {
    moe.router.noise = true;
    moe.router.jitter = 0.1;
    moe.router.normalize_logits = 1;
  });
  add("ExpertChoice", [](MoeSettings& moe) {
    moe.router.choice = RouterChoice::kExpertChoice;
    moe.router.order = RoutingOrder::kSoftmaxThenTopk;
  });
  add("SharedExpert", [](MoeSettings& moe) { moe.shared_expert = SharedExpert::kPlain; });
  add("GatedSharedExpert", [](MoeSettings& moe) { moe.shared_expert = SharedExpert::kGated; });
  return cases;
}

// Switch: the one most probable expert, its probability as the weight, and room for it.
Case Switch() {
  Case c = {"Switch", TinyMoe(Family::kLlama, RoutingOrder::kSoftmaxThenTopk, {1.0},
                              DropPolicy::kPosition, BalanceScope::kMicroBatch)};
  c.architecture.moe.top_k = 1;
  c.architecture.moe.router.jitter = 0.01;
  return c;
}

std::vector<Case> Cases() {
  std::vector<Case> cases = {{"LlamaTied", Tiny(Family::kLlama)},
                             {"LlamaUntied", Tiny(Family::kLlama, false)},
                             {"Nemotron", Tiny(Family::kNemotron)},
                             {"LlamaAccumulated", Tiny(Family::kLlama), 4, 2}};
  const CapacityFactor dropless, tight{0.75};
  using enum RoutingOrder;
  using enum DropPolicy;
  using enum BalanceScope;
  const Family llama = Family::kLlama, nemotron = Family::kNemotron;
  cases.push_back(
      {"SoftmaxFirst", TinyMoe(llama, kSoftmaxThenTopk, dropless, kProbs, kMicroBatch)});
  cases.push_back({"TopkFirst", TinyMoe(llama, kTopkThenSoftmax, dropless, kProbs, kSequence)});
  cases.push_back(
      {"NemotronExperts", TinyMoe(nemotron, kSoftmaxThenTopk, tight, kPosition, kGlobal)});
  cases.push_back(
      {"DropsByProbability", TinyMoe(llama, kTopkThenSoftmax, tight, kProbs, kMicroBatch)});
  cases.push_back(
      {"DropsByPosition", TinyMoe(llama, kSoftmaxThenTopk, tight, kPosition, kSequence)});
  for (BalanceScope scope : {kMicroBatch, kSequence, kGlobal}) {
    cases.push_back({fmt::format("Accumulated_{}", NameOf(scope)),
                     TinyMoe(llama, kSoftmaxThenTopk, tight, kProbs, scope), 4, 2});
  }
  Case some = {"ExpertsInOneLayer", TinyMoe(llama, kSoftmaxThenTopk, dropless, kProbs, kGlobal)};
  some.architecture.moe.layers = {LayerSelection::Kind::kList, {1}};
  cases.push_back(some);
  return cases;
}

// Every family dense, and with experts those that the other cases have not.
std::vector<Case> FamilyCases() {
  std::vector<Case> cases;
  for (const auto& family : EnumNames<Family>::values) {
    cases.push_back({fmt::format("dense_{}", family.name), Tiny(family.value), 4, 2});
  }
  cases.push_back({"untied_neox", Tiny(Family::kNeoX, false)});
  for (const Family family :
       {Family::kQwen2, Family::kQwen3, Family::kGemma, Family::kOlmo, Family::kOlmoe}) {
    cases.push_back({fmt::format("experts_{}", NameOf(family)),
                     TinyMoe(family, RoutingOrder::kSoftmaxThenTopk, {}, DropPolicy::kProbs,
                             BalanceScope::kMicroBatch)});
  }
  return cases;
}

std::vector<Case> PositionCases() {
  Case half = {"HalfOfEachHead", Tiny(Family::kNemotron)};
  half.architecture.model.rotary_share = 0.5;
  Case linear = {"Linear", Tiny(Family::kLlama)};
  linear.architecture.model.rope_scaling = {.kind = RopeScaling::kLinear, .factor = 2.5};
  Case llama3 = {"Llama3", Tiny(Family::kLlama)};
  // Of three frequencies one is kept, one blended and one lowered.
  llama3.architecture.model.head_width = 6;
  llama3.architecture.model.rope_scaling = {.kind = RopeScaling::kLlama3,
                                            .factor = 4,
                                            .low_frequency_factor = 1,
                                            .high_frequency_factor = 4,
                                            .original_length = 200};
  return {half, linear, llama3};
}

std::vector<Case> DocumentCases() {
  const std::vector<int32_t> starts = {0, 0, 2, 2, 2, 5};
  const Architecture experts = TinyMoe(Family::kLlama, RoutingOrder::kSoftmaxThenTopk, {},
                                       DropPolicy::kProbs, BalanceScope::kMicroBatch);
  return {{"Rotary", Tiny(Family::kLlama), 4, 2, starts},
          {"Learned", Tiny(Family::kGpt2), 4, 2, starts},
          {"HalvesBesideEachOther", Tiny(Family::kNeoX), 4, 4, starts},
          {"Experts", experts, 4, 2, starts}};
}

std::vector<int32_t> RandomTokens(int64_t count, int64_t vocabulary, const char* name) {
  const RandomStream stream(11, name);
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>(
        stream.Below(static_cast<uint64_t>(i), static_cast<uint64_t>(vocabulary))));
  }
  return tokens;
}

// What training has yet to move: zeros and ones would hide what it does.
bool BeginsEven(const Part& part) {
  return BeginsAtZero(part.kind) ||
         (part.kind >= PartKind::kQueryBias && part.kind <= PartKind::kKeyNorm);
}

void AddNoise(Tensor values) {
  const RandomStream stream(17, "noise");
  for (int64_t i = 0; i < values.size(); ++i) {
    values.floats()[i] += static_cast<float>(0.3 * stream.Normal(static_cast<uint64_t>(i)));
  }
}

class TransformerTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    tokens_ = RandomTokens(c.sequences * kLength, c.architecture.vocabulary, "tokens");
    targets_ = RandomTokens(c.sequences * kLength, c.architecture.vocabulary, "targets");
    // Tokens with equal pasts have equal weights, and which of them is dropped hangs on rounding.
    for (int64_t i = 0; i < c.sequences; ++i) {
      tokens_[static_cast<size_t>(i * kLength)] = static_cast<int32_t>(4 * i + 2);
    }
    backend_ = MakeCpuBackend(2);
    model_ = std::make_unique<Transformer>(
        *backend_, c.architecture,
        ModelBuild{.limits = {c.micro_sequences, kLength, c.sequences / c.micro_sequences},
                   .masks_documents = !c.starts.empty()});
    for (int64_t i = 0; i < c.micro_sequences; ++i) {
      starts_.insert(starts_.end(), c.starts.begin(), c.starts.end());
    }
    reference_.SetStarts(c.starts);
    model_->parameters().Initialize(*backend_, 3);
    model_->SeedNoise(21, 4);
    reference_.SeedNoise(21, 4);
    for (const auto& piece : model_->parameters().pieces()) {
      if (BeginsEven(piece.part)) AddNoise(piece.value);
      const float* values = piece.value.floats();
      reference_.Values(piece.part).assign(values, values + piece.value.size());
    }
  }

  // Gradients of the whole batch are left in the model; gives the objective.
  double Backpropagate() {
    const Case& c = GetParam();
    const int64_t micro_batches = c.sequences / c.micro_sequences;
    double objective = 0;
    backend_->Zero(model_->parameters().gradients());
    for (bool training : {false, true}) {
      if (!training && !model_->NeedsAssignmentPass(micro_batches)) continue;
      for (int64_t i = 0; i < micro_batches; ++i) {
        const int64_t begin = i * c.micro_sequences * kLength;
        const TokenBatch batch = {tokens_.data() + begin, targets_.data() + begin,
                                  c.micro_sequences, kLength, Starts()};
        if (!training) {
          model_->CountAssignments(batch, i, micro_batches);
          continue;
        }
        const auto losses = model_->Backpropagate(batch, i, micro_batches);
        objective += losses.token / static_cast<double>(tokens_.size()) + losses.balance + losses.z;
      }
    }
    return objective;
  }

  double ReferenceObjective() {
    const Case& c = GetParam();
    return reference_.Objective(tokens_, targets_, c.sequences, kLength, c.micro_sequences);
  }

  const int32_t* Starts() const { return starts_.empty() ? nullptr : starts_.data(); }

  std::vector<int32_t> tokens_, targets_;
  std::vector<int32_t> starts_;  // of a micro-batch
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Transformer> model_;
  ReferenceTransformer reference_{GetParam().architecture};
};

TEST_P(TransformerTest, ObjectiveAgreesWithTheDoublePrecisionReference) {
  const double expected = ReferenceObjective();
  EXPECT_NEAR(Backpropagate(), expected, 1e-5 * std::abs(expected));
}

TEST_P(TransformerTest, LogitsAgreeWithTheDoublePrecisionReference) {
  const Case& c = GetParam();
  const std::vector<int32_t> tokens(tokens_.begin(), tokens_.begin() + c.micro_sequences * kLength);
  std::vector<float> logits(tokens.size() * static_cast<size_t>(c.architecture.vocabulary));
  const CapacityFactor capacity = c.architecture.moe.capacity_factor;
  model_->Logits({tokens.data(), nullptr, c.micro_sequences, kLength, Starts()}, capacity,
                 logits.data());
  const auto expected = reference_.Logits(tokens, c.micro_sequences, kLength, capacity);
  size_t i = 0;
  for (const auto& row : expected) {
    for (double value : row) EXPECT_NEAR(logits[i++], value, 2e-5 * (1 + std::abs(value)));
  }
}

// For each part, the derivative of the reference's objective along a random direction, by central
// differences in double precision, against the same direction's product with our gradient.
TEST_P(TransformerTest, EveryPartsGradientAgreesWithFiniteDifferences) {
  Backpropagate();
  const auto& pieces = model_->parameters().pieces();
  const Tensor values = model_->parameters().spans().front().values;
  const float* flat_values = values.floats();
  const float* flat_gradients = model_->parameters().gradients().floats();
  for (const auto& piece : pieces) {
    const float* gradient = flat_gradients + (piece.value.floats() - flat_values);
    std::vector<double>& reference = reference_.Values(piece.part);
    const std::vector<double> saved = reference;
    const std::string name = PartName(piece.part, GetParam().architecture);
    const RandomStream stream(5, name);
    const double step = 1e-6;
    double analytic = 0, gradient_norm = 0, direction_norm = 0;
    std::vector<double> direction;
    for (size_t i = 0; i < saved.size(); ++i) {
      direction.push_back(stream.Normal(i));
      analytic += static_cast<double>(gradient[i]) * direction[i];
      gradient_norm += static_cast<double>(gradient[i]) * gradient[i];
      direction_norm += direction[i] * direction[i];
    }
    double difference = 0;
    for (int sign : {1, -1}) {
      for (size_t i = 0; i < saved.size(); ++i)
        reference[i] = saved[i] + sign * step * direction[i];
      difference += sign * ReferenceObjective();
    }
    reference = saved;
    const double numeric = difference / (2 * step);
    // The product of a random direction with a gradient is about its norm.
    const double scale = std::sqrt(gradient_norm);
    EXPECT_NEAR(analytic, numeric, 1e-4 * scale + 1e-7) << name;
    EXPECT_GT(direction_norm, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Routers, TransformerTest, testing::ValuesIn(RouterCases()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Switch, TransformerTest, testing::Values(Switch()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Families, TransformerTest, testing::ValuesIn(FamilyCases()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Positions, TransformerTest, testing::ValuesIn(PositionCases()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Documents, TransformerTest, testing::ValuesIn(DocumentCases()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Architectures, TransformerTest, testing::ValuesIn(Cases()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace upcycle
