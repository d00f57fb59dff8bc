#include "core/recipe/cost.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

ModelSettings Llama3_8B() {
  ModelSettings model;
  model.layers = 32;
  model.width = 4096;
  model.heads = 32;
  model.kv_heads = 8;
  model.ffn_width = 14336;
  model.sequence_length = 8192;
  model.tied_embeddings = false;
  return model;
}
constexpr int64_t kLlama3Vocabulary = 128256;

// Vavre 2024, table 1: forward and backward of one sequence, to the four digits that are known. The
// router, which adds 0.007 %, is counted here.
TEST(Cost, ReproducesTheFlopsOfLlama3AndItsUpcycling) {
  const MoeSettings e8t2;
  const Cost dense = CostOf(Llama3_8B(), nullptr, kLlama3Vocabulary);
  EXPECT_NEAR(dense.TrainFlops() * 8192 / 4.744e14, 1, 1e-4);
  const Cost moe = CostOf(Llama3_8B(), &e8t2, kLlama3Vocabulary);
  EXPECT_NEAR(moe.TrainFlops() * 8192 / 7.515e14, 1, 1e-4);
  EXPECT_NEAR(moe.forward_flops.router / moe.forward_flops.Total(), 7e-5, 5e-6);
}

TEST(Cost, CountsTheParametersOfLlama3AndItsUpcycling) {
  const MoeSettings e8t2;
  const Cost dense = CostOf(Llama3_8B(), nullptr, kLlama3Vocabulary);
  EXPECT_EQ(dense.parameters.Total(), 8030261248);  // as published with the model
  EXPECT_EQ(dense.active_parameters, dense.parameters);
  const Cost moe = CostOf(Llama3_8B(), &e8t2, kLlama3Vocabulary);
  EXPECT_NEAR(static_cast<double>(moe.parameters.Total()), 47.49e9, 5e6);
  EXPECT_NEAR(static_cast<double>(moe.active_parameters.Total()), 13.67e9, 5e6);
}

TEST(Cost, CountsEachPart) {
  ModelSettings model;
  model.layers = 4;
  model.width = 16;
  model.heads = 4;
  model.kv_heads = 2;
  model.ffn_width = 24;
  model.sequence_length = 10;
  MoeSettings moe;
  moe.expansion = 4;
  moe.granularity = 2;
  moe.top_k = 3;
  moe.layers.kind = LayerSelection::Kind::kEveryOther;
  const Cost cost = CostOf(model, &moe, 100);

  EXPECT_EQ(cost.parameters.embedding, 1600);
  EXPECT_EQ(cost.parameters.head, 0);  // tied
  EXPECT_EQ(cost.parameters.attention, 4 * (16 * 16 + 2 * 16 * 8 + 16 * 16));
  EXPECT_EQ(cost.parameters.mlp, 2 * 3 * 16 * 24);
  EXPECT_EQ(cost.parameters.experts, 2 * 8 * 3 * 16 * 12);
  EXPECT_EQ(cost.parameters.router, 2 * 8 * 16);
  EXPECT_EQ(cost.parameters.norms, 9 * 16);
  EXPECT_EQ(cost.active_parameters.experts, 2 * 3 * 3 * 16 * 12);
  EXPECT_EQ(cost.active_parameters.router, cost.parameters.router);

  EXPECT_EQ(cost.forward_flops.embedding, 0);
  EXPECT_EQ(cost.forward_flops.norms, 0);
  EXPECT_EQ(cost.forward_flops.head, 2 * 1600);
  EXPECT_EQ(cost.forward_flops.attention, 2 * cost.parameters.attention + 4 * 4 * 10 * 16);
  EXPECT_EQ(cost.forward_flops.mlp, 2 * cost.parameters.mlp);
  EXPECT_EQ(cost.forward_flops.experts, 2 * cost.active_parameters.experts);
  EXPECT_EQ(cost.forward_flops.router, 2 * cost.parameters.router);
  EXPECT_EQ(cost.WeightBytes() + cost.GradientBytes() + cost.OptimizerBytes(),
            16 * cost.parameters.Total());
}

TEST(Cost, OfNemotronHasTwoMatricesAndBiasedNorms) {
  ModelSettings llama, nemotron;
  nemotron.family = Family::kNemotron;
  const Cost a = CostOf(llama, nullptr, 264), b = CostOf(nemotron, nullptr, 264);
  EXPECT_EQ(3 * b.parameters.mlp, 2 * a.parameters.mlp);
  EXPECT_EQ(b.parameters.norms, 2 * a.parameters.norms);
  EXPECT_EQ(b.parameters.attention, a.parameters.attention);
}

TEST(Cost, IsThatOfTheDenseModelWhereAsManyPartsAsOneMlpAreServed) {
  const ModelSettings model;
  MoeSettings moe;
  moe.granularity = 8;
  moe.top_k = 8;
  EXPECT_EQ(CostOf(model, &moe, 264).forward_flops.experts,
            CostOf(model, nullptr, 264).forward_flops.mlp);
}

TEST(Cost, CountsServedAndPaddedRows) {
  const ModelSettings model;
  const auto cost = [&](std::optional<double> factor) {
    MoeSettings moe;  // eight experts, top-2
    moe.capacity_factor.factor = factor;
    return CostOf(model, &moe, 264);
  };
  const double top2 = cost(std::nullopt).forward_flops.experts;
  EXPECT_EQ(cost(std::nullopt).padded_forward_flops.experts, top2);
  EXPECT_EQ(cost(0.5).forward_flops.experts, 0.5 * top2);
  EXPECT_EQ(cost(0.5).padded_forward_flops.experts, 0.5 * top2);
  EXPECT_EQ(cost(3).forward_flops.experts, top2);
  EXPECT_EQ(cost(3).padded_forward_flops.experts, 3 * top2);
  EXPECT_EQ(cost(100).padded_forward_flops.experts, 4 * top2);  // every expert takes every token
}

TEST(Cost, OfARunWithoutExpertsIgnoresThem) {
  RunSettings settings;
  settings.moe.expansion = 64;
  EXPECT_EQ(CostOf(settings).parameters, CostOfParent(settings).parameters);
  settings.upcycle.method = UpcycleMethod::kCopy;
  EXPECT_GT(CostOf(settings).parameters.Total(), CostOfParent(settings).parameters.Total());
}

// Vavre 2024, table 1, gives 34.4B and 11.8B.
TEST(Cost, WithTwoMatricesAnAddedExpertIsWhatVavre2024Counts) {
  const MoeSettings e8t2;
  const Cost moe = CostOf(Llama3_8B(), &e8t2, kLlama3Vocabulary);
  const Cost dense = CostOf(Llama3_8B(), nullptr, kLlama3Vocabulary);
  const auto billions = [&](const ByPart<int64_t>& parameters) {
    return static_cast<double>(
               WithTwoMatricesAnAddedExpert(parameters, dense.parameters, Family::kLlama)) /
           1e9;
  };
  EXPECT_NEAR(billions(moe.parameters), 34.4, 0.07);
  EXPECT_NEAR(billions(moe.active_parameters), 11.8, 0.02);
}

TEST(Cost, CountsWhatTheRouterAndASharedExpertAdd) {
  ModelSettings model;
  model.layers = 3;
  model.width = 16;
  model.ffn_width = 24;
  MoeSettings plain, more;
  more.router.noise = true;
  more.router.bias_rate = 0.001;
  more.shared_expert = SharedExpert::kGated;
  const Cost a = CostOf(model, &plain, 64), b = CostOf(model, &more, 64);
  EXPECT_EQ(b.parameters.router - a.parameters.router, 3 * (8 * 16 + 8));
  EXPECT_EQ(b.parameters.experts - a.parameters.experts, 3 * (3 * 16 * 24 + 16));
  EXPECT_EQ(b.active_parameters.experts - a.active_parameters.experts, 3 * (3 * 16 * 24 + 16));
  EXPECT_EQ(b.forward_flops.router - a.forward_flops.router, 2 * 3 * 8 * 16);
  EXPECT_EQ(b.forward_flops.experts - a.forward_flops.experts, 2 * 3 * (3 * 16 * 24 + 16));
}

// What the published models of each family hold.
TEST(Cost, CountsTheParametersOfEveryFamily) {
  const auto count = [](Family family, int64_t vocabulary, ModelSettings sizes) {
    sizes.family = family;
    return CostOf(sizes, nullptr, vocabulary).parameters.Total();
  };
  EXPECT_EQ(
      count(Family::kGpt2, 50257,
            {.layers = 12, .width = 768, .heads = 12, .ffn_width = 3072, .sequence_length = 1024}),
      124439808);  // gpt2
  EXPECT_EQ(
      count(Family::kNeoX, 50304,
            {.layers = 6, .width = 512, .heads = 8, .ffn_width = 2048, .tied_embeddings = false}),
      70426624);  // pythia-70m
  EXPECT_EQ(count(Family::kQwen2, 151936,
                  {.layers = 24, .width = 896, .heads = 14, .kv_heads = 2, .ffn_width = 4864}),
            494032768);  // Qwen2.5-0.5B
  EXPECT_EQ(count(Family::kQwen3, 151936,
                  {.layers = 28,
                   .width = 1024,
                   .heads = 16,
                   .kv_heads = 8,
                   .head_width = 128,
                   .ffn_width = 3072}),
            596049920);  // Qwen3-0.6B
  EXPECT_EQ(count(Family::kGemma, 256000,
                  {.layers = 18,
                   .width = 2048,
                   .heads = 8,
                   .kv_heads = 1,
                   .head_width = 256,
                   .ffn_width = 16384}),
            2506172416);  // gemma-2b
  EXPECT_EQ(
      count(Family::kOlmo, 50304, {.layers = 16, .width = 2048, .heads = 16, .ffn_width = 8192}),
      1176764416);  // OLMo-1B
  EXPECT_EQ(
      count(
          Family::kOlmo2, 100352,
          {.layers = 16, .width = 2048, .heads = 16, .ffn_width = 8192, .tied_embeddings = false}),
      1484916736);  // OLMo-2-0425-1B
}

TEST(Cost, OfBiasesIsNoProduct) {
  ModelSettings plain, biased;
  biased.family = Family::kQwen2;
  EXPECT_GT(CostOf(biased, nullptr, 64).parameters.attention,
            CostOf(plain, nullptr, 64).parameters.attention);
  EXPECT_EQ(CostOf(biased, nullptr, 64).forward_flops, CostOf(plain, nullptr, 64).forward_flops);
}

TEST(Cost, OfExpertsThatChooseIsThatOfTheRowsTheyHaveRoomFor) {
  MoeSettings moe;
  moe.router.choice = RouterChoice::kExpertChoice;
  for (const double factor : {0.5, 1.0, 2.0}) {
    moe.capacity_factor = {factor};
    const Cost cost = CostOf(ModelSettings{}, &moe, 64);
    EXPECT_EQ(cost.forward_flops.experts, 2.0 * 4 * 3 * 128 * 384 * 2 * factor) << factor;
    EXPECT_EQ(cost.padded_forward_flops.experts, cost.forward_flops.experts);
    EXPECT_EQ(static_cast<double>(cost.active_parameters.experts), 4 * 3 * 128 * 384 * 2 * factor);
  }
}

// E8T2 of Llama-3-8B over 8 devices: 32 layers · 2 rows · 4096 · 2 bytes, four times, 7 of 8 of it.
TEST(Cost, OfTheInterconnectIsFourPassesOfTheRowsThatLeave) {
  MoeSettings moe;
  EXPECT_EQ(ExpertTraffic(Llama3_8B(), moe, Precision::kBFloat16, 8),
            4.0 * 32 * 2 * 4096 * 2 * 7 / 8);
  EXPECT_EQ(ExpertTraffic(Llama3_8B(), moe, Precision::kBFloat16, 1), 0);
  moe.capacity_factor = {4};
  EXPECT_EQ(ExpertTraffic(Llama3_8B(), moe, Precision::kFloat32, 2), 4.0 * 32 * 8 * 4096 * 4 / 2);
}

// Totals as the models' publishers give them; of the two Nemotrons, which are known to three
// digits, as they are called.
TEST(KnownModels, HaveTheParametersThatTheyArePublishedWith) {
  const auto parameters = [](KnownModel name) {
    ModelSettings model;
    BecomeKnownModel(model, name);
    return CostOf(model, nullptr, model.vocabulary).parameters.Total();
  };
  EXPECT_EQ(parameters(KnownModel::kLlama3_8b), 8030261248);
  EXPECT_EQ(parameters(KnownModel::kLlama32_1b), 1235814400);
  EXPECT_EQ(parameters(KnownModel::kTinyLlama), 1100048384);
  EXPECT_EQ(parameters(KnownModel::kSmolLm), 134515008);
  EXPECT_EQ(parameters(KnownModel::kStories260k), 260032);
  EXPECT_NEAR(static_cast<double>(parameters(KnownModel::kNemotron4_15b)), 15.6e9, 0.05e9);
  EXPECT_NEAR(static_cast<double>(parameters(KnownModel::kGpt2b)), 2.25e9, 0.02e9);
}

TEST(Vocabulary, IsTheModelsOwnWhereItHasOne) {
  RunSettings settings;
  settings.data.tokenizer = {TokenizerKind::kBpe, 513};
  EXPECT_EQ(Vocabulary(settings), 520);
  settings.model.vocabulary = 1000;
  EXPECT_EQ(Vocabulary(settings), 1000);
}

TEST(Vocabulary, IsAMultipleOfEight) {
  EXPECT_EQ(Vocabulary({TokenizerKind::kBytes, 512}), 264);
  EXPECT_EQ(Vocabulary({TokenizerKind::kBpe, 512}), 512);
  EXPECT_EQ(Vocabulary({TokenizerKind::kBpe, 513}), 520);
}

TEST(TrainSteps, AreWholeBatchesAndAtLeastOne) {
  const ModelSettings model;
  TrainSettings train;  // 16 sequences of 128 tokens
  train.tokens = 5 * 2048 + 2047;
  EXPECT_EQ(TrainSteps(train, model), 5);
  train.tokens = 1;
  EXPECT_EQ(TrainSteps(train, model), 1);
}

}  // namespace
}  // namespace upcycle
