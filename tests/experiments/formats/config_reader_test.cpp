#include "experiments/formats/config_reader.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

json Llama(const json& changes = json::object()) {
  json config = {{"model_type", "llama"},       {"vocab_size", 32},
                 {"hidden_size", 16},           {"intermediate_size", 24},
                 {"num_hidden_layers", 2},      {"num_attention_heads", 4},
                 {"num_key_value_heads", 2},    {"max_position_embeddings", 64},
                 {"hidden_act", "silu"},        {"rms_norm_eps", 1e-5},
                 {"tie_word_embeddings", false}};
  config.update(changes);
  return config;
}

std::string Refusal(const json& config) {
  try {
    ModelConfigOf(config, "config.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kInput);
    return error.what();
  }
  return "";
}

TEST(ConfigReader, RefusesFeaturesThatNoKernelComputes) {
  const std::pair<json, const char*> cases[] = {
      {{{"attention_bias", true}},
       "attention_bias is true, and models of type llama are computed "
       "with false alone"},
      {{{"mlp_bias", true}}, "mlp_bias is true"},
      {{{"hidden_act", "gelu"}}, "hidden_act is gelu"},
      {{{"clip_qkv", 8.0}}, "clip_qkv is 8.0"},
      {{{"quantization_config", {{"bits", 4}}}}, "quantised"},
      {{{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4}}}}, "scaled as \"yarn\""},
      {{{"rope_scaling", {{"type", "dynamic"}, {"factor", 4}}}}, "scaled as \"dynamic\""},
      {{{"partial_rotary_factor", 0.5}}, "rotate all of each head"},
      {{{"final_logit_softcapping", 30.0}}, "final_logit_softcapping is 30.0"},
      {{{"layer_types", {"full_attention", "linear_attention"}}}, "layer_types has"},
      {{{"model_type", "mamba"}}, "model_type is \"mamba\"; known are llama, nemotron"},
      {{{"model_type", "gpt_neox"}, {"hidden_act", "gelu"}, {"use_parallel_residual", false}},
       "use_parallel_residual is false"},
  };
  for (const auto& [changes, says] : cases) {
    EXPECT_TRUE(Says(Refusal(Llama(changes)), says)) << changes;
  }
}

TEST(ConfigReader, RefusesValuesThatAreNone) {
  const std::pair<json, const char*> cases[] = {
      {{{"hidden_size", "16"}}, "hidden_size is \"16\", and must be a whole number"},
      {{{"hidden_size", -16}}, "hidden_size is -16"},
      {{{"num_hidden_layers", 1e18}}, "num_hidden_layers is 1e+18"},
      {{{"vocab_size", nullptr}}, "it has no vocab_size"},
      {{{"num_key_value_heads", 3}}, "4 heads of 4 numbers and 3 key-value heads"},
      {{{"hidden_size", 18}}, "in a width of 18"},
      {{{"rms_norm_eps", 0}}, "norms' epsilon is 0"},
      {{{"rms_norm_eps", "small"}}, "rms_norm_eps is \"small\""},
      {{{"rope_theta", -1}}, "rotary base is -1"},
      {{{"rope_scaling", "llama3"}}, "rope_scaling is \"llama3\", and must be an object"},
      {{{"tie_word_embeddings", 1}}, "tie_word_embeddings is 1"},
      {{{"model_type", 7}}, "model_type is 7"},
  };
  for (const auto& [changes, says] : cases) {
    EXPECT_TRUE(Says(Refusal(Llama(changes)), says)) << changes;
  }
  EXPECT_TRUE(Says(Refusal(json::array()), "it is not a JSON object"));
}

TEST(ConfigReader, ReadsPositionsAsOldAndNewConfigurationsSayThem) {
  const json old_words = {{"rope_theta", 5e5},
                          {"rope_scaling",
                           {{"rope_type", "llama3"},
                            {"factor", 32.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8192}}}};
  json new_words = {{"rope_parameters", old_words["rope_scaling"]}};
  new_words["rope_parameters"]["rope_theta"] = 5e5;
  const ModelSettings a = ModelConfigOf(Llama(old_words), "old").architecture.model;
  const ModelSettings b = ModelConfigOf(Llama(new_words), "new").architecture.model;
  EXPECT_EQ(a.rope_theta, 5e5);
  EXPECT_EQ(a.rope_scaling, (RopeScalingSettings{.kind = RopeScaling::kLlama3, .factor = 32}));
  EXPECT_EQ(b.rope_theta, a.rope_theta);
  EXPECT_EQ(b.rope_scaling, a.rope_scaling);
}

TEST(ConfigReader, KeepsSequencesWithinTheWindowOfAttention) {
  const auto length = [](const json& changes) {
    return ModelConfigOf(Llama(changes), "config.json").architecture.model.sequence_length;
  };
  EXPECT_EQ(length({{"model_type", "mistral"}, {"sliding_window", 16}}), 16);
  EXPECT_EQ(length({{"model_type", "mistral"}, {"sliding_window", nullptr}}), 64);
  EXPECT_EQ(length({{"model_type", "mistral"}, {"max_position_embeddings", 8192}}), 4096);
  EXPECT_EQ(length({{"model_type", "qwen2"}, {"sliding_window", 16}}), 64);
  EXPECT_EQ(length({{"model_type", "qwen2"}, {"sliding_window", 16}, {"use_sliding_window", true}}),
            16);
}

json QwenMoe(const json& changes) {
  json config = Llama({{"model_type", "qwen2_moe"},
                       {"num_experts", 6},
                       {"num_experts_per_tok", 2},
                       {"moe_intermediate_size", 12},
                       {"shared_expert_intermediate_size", 24}});
  config.update(changes);
  return config;
}

TEST(ConfigReader, TakesExpertsAsPartsOfWhatIsDenseBesideThem) {
  const Architecture a = ModelConfigOf(QwenMoe(json::object()), "config.json").architecture;
  EXPECT_EQ(a.moe.expansion, 3);
  EXPECT_EQ(a.moe.granularity, 2);
  EXPECT_EQ(a.moe.shared_expert, SharedExpert::kGated);
  EXPECT_EQ(a.model.ffn_width, 24);
}

TEST(ConfigReader, RefusesExpertsThatAreNoParts) {
  EXPECT_TRUE(Says(Refusal(QwenMoe({{"shared_expert_intermediate_size", 20}})),
                   "6 experts 12 wide are no multiple of the 20"));
  EXPECT_TRUE(Says(Refusal(QwenMoe({{"num_experts", 5}})), "5 experts 12 wide"));
  EXPECT_TRUE(
      Says(Refusal(QwenMoe({{"mlp_only_layers", {0}}, {"shared_expert_intermediate_size", 48}})),
           "its shared experts are 48 wide and its layers without experts 24"));
  EXPECT_TRUE(Says(Refusal(QwenMoe({{"num_experts_per_tok", 7}})), "chooses 7 of 6 experts"));
  EXPECT_TRUE(Says(Refusal(QwenMoe({{"decoder_sparse_step", 3}})), "no layer of it has experts"));
  EXPECT_TRUE(Says(Refusal(QwenMoe({{"mlp_only_layers", "none"}})), "mlp_only_layers must be"));
}

TEST(ConfigReader, SaysThatAFolderHasNoConfiguration) {
  const TemporaryFolder folder;
  const auto refusal = [&] {
    try {
      ReadModelConfig(folder.path());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_TRUE(Says(refusal(), "has no config.json: it is no folder of a Hugging Face model"));
  WriteFileAtomically(folder / "config.json", "{\"model_type\": ");
  EXPECT_TRUE(Says(refusal(), "is damaged"));
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  WriteFileAtomically(folder / "config.json", "{\"model_type\": " + deep + "}");
  EXPECT_TRUE(Says(refusal(), "nested too deeply"));
  fs::remove(folder / "config.json");
  fs::create_symlink("/dev/zero", folder / "config.json");
  EXPECT_TRUE(Says(refusal(), "has more than"));
}

}  // namespace
}  // namespace upcycle
