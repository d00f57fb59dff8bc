// Settings that nobody would choose, drawn at random: they are trained to the end, and their bits
// depend neither on threads nor on what is computed again.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr int kArms = 60;

constexpr const char* kBase = R"({
  "name": "random",
  "model": {"layers": 2, "width": 16, "heads": 2, "ffn_width": 24, "sequence_length": 16},
  "data": {"tokenizer": "bytes", "train": [{"name": "here", "kind": "atlas", "people": 8},
      {"name": "there", "kind": "atlas", "people": 8, "world_seed": 1}]},
  "parent": {"keep_optimizer": true, "train": {"tokens": 1024, "batch_sequences": 4,
      "validate_every": 0, "learning_rate": {"warmup_steps": 1}}},
  "train": {"tokens": 512, "batch_sequences": 8, "log_every": 1, "validate_every": 2,
      "validate_sequences": 2, "learning_rate": {"warmup_steps": 1}},
  "evaluate": {"sequences": 3, "questions": 2},
  "upcycle": {"branch_tokens": 256},
  "method": "list",
  "allow": ["unequal_compute", "untuned_rate", "two_factors"]
})";

class Draw {
 public:
  explicit Draw(int arm) : stream_(9, "random settings", static_cast<uint64_t>(arm)) {}

  json Of(std::vector<json> values) { return values[stream_.Below(next_++, values.size())]; }

  json Arm() {
    json arm;
    ChooseStart(arm);
    ChooseRouter(arm);
    ChooseTraining(arm);
    return arm;
  }

 private:
  void ChooseStart(json& arm) {
    const json method = Of({"copy", "virtual_groups", "scratch", "drop", "noise", "qwen", "split",
                            "branch_train_mix"});
    const bool whole = method == "copy" || method == "branch_train_mix";
    const int64_t expansion = method == "split" ? 1 : Of({1, 2, 5, 8}).get<int64_t>();
    const int64_t granularity = whole ? 1 : Of({1, 2, 3, 24}).get<int64_t>();
    experts_ = expansion * granularity;
    arm["model.family"] =
        Of({"llama", "nemotron", "mistral", "qwen2", "qwen3", "gemma", "olmo", "olmoe"});
    arm["upcycle.method"] = method;
    arm["upcycle.scaling"] = Of({"none", "paper", "exact"});
    arm["upcycle.ratio"] = Of({0, 0.01, 0.5, 1});
    arm["upcycle.noise_std"] = Of({0, 0.01, 10});
    arm["upcycle.branches"] = std::min<int64_t>(3, experts_);
    const bool keeps = method == "copy" || method == "virtual_groups";
    arm["upcycle.optimizer"] = keeps ? Of({"carry", "reset"}) : json("reset");
    arm["moe.expansion"] = expansion;
    arm["moe.granularity"] = granularity;
    arm["moe.top_k"] = std::min<int64_t>(experts_, Of({1, 2, 3, 64}).get<int64_t>());
    arm["moe.layers"] = Of({"all", "every_other", json::array({0})});
  }

  void ChooseRouter(json& arm) {
    const json choice = Of({"topk", "topk", "sinkhorn", "expert_choice"});
    const bool chosen = choice == "expert_choice";
    const auto set = [&](const char* key, json value) {
      arm[std::string("moe.router.") + key] = std::move(value);
    };
    set("choice", choice);
    set("score", Of({"softmax", "sigmoid"}));
    const json order = Of({"softmax_then_topk", "topk_then_softmax"});
    set("order", chosen || arm["moe.top_k"] == 1 ? json("softmax_then_topk") : order);
    set("init_std", Of({0, 0.02, 10}));
    set("load_balance", Of({0, 0.01, 100}));
    set("balance_scope", Of({"micro_batch", "sequence", "global"}));
    set("z_loss", Of({0, 0.001, 100}));
    set("sinkhorn_rounds", Of({1, 8, 1000}));
    set("bias_rate", choice == "topk" ? Of({0, 0.001, 1}) : json(0));
    set("normalize_logits", Of({0, 1e-6, 1, 100}));
    set("noise", Of({true, false}));
    set("jitter", Of({0, 0.01, 1}));
    arm["moe.capacity_factor"] = Of({1e-6, 0.5, 1.25, 1e6, chosen ? json(1) : json("dropless")});
    arm["moe.drop_policy"] = Of({"probs", "position"});
    arm["moe.shared_expert"] = Of({"none", "plain", "gated"});
  }

  void ChooseTraining(json& arm) {
    arm["train.micro_batch_sequences"] = Of({1, 2, 4});
    if (Of({true, false})) {
      arm["train.batch_ramp"] = {
          {"start_sequences", 4}, {"increment_sequences", 4}, {"tokens", Of({1, 256, 10000})}};
    }
    arm["train.optimizer.moments"] = Of({"float32", "bfloat16", "int8"});
    arm["train.learning_rate.schedule"] =
        Of({"constant", "linear", "cosine", "warmup_stable_decay", "inverse_square_root"});
    arm["model.tied_embeddings"] = Of({true, false});
    arm["model.rotary_share"] = Of({0.25, 0.5, 1});
    arm["model.rope_scaling.kind"] = Of({"none", "linear", "llama3"});
  }

  RandomStream stream_;
  uint64_t next_ = 0;
  int64_t experts_ = 0;
};

TEST(RandomSettings, TrainToTheEndWithEqualBitsForAnyThreads) {
  TemporaryFolder folder;
  json recipe = json::parse(kBase);
  for (int arm = 0; arm < kArms; ++arm) recipe["parameters"].push_back(Draw(arm).Arm());
  Put(folder / "random.yaml", recipe.dump());
  const auto run = [&](const char* root, const char* threads, const char* recompute) {
    const Finished finished =
        RunProgram({"run", (folder / "random.yaml").native(), "--root", (folder / root).native(),
                    "-j", "2", "--set", threads, "--set", recompute});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return ContentOf(folder / root, "random");
  };
  const LedgerContent one = run("one", "execution.threads=1", "execution.recompute=nothing");
  const LedgerContent three = run("three", "execution.threads=3", "execution.recompute=layers");
  EXPECT_EQ(DifferencesBetween(one, three), "");
  for (const auto& [series, points] : one.points) {
    for (const auto& [step, value] : points) {
      EXPECT_TRUE(std::isfinite(value)) << series.first << ' ' << series.second << " at " << step;
    }
  }
}

}  // namespace
}  // namespace upcycle
