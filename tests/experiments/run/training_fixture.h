// A small training on any backend: sequences that count upwards, which are easy to learn.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "experiments/run/checkpoint.h"
#include "experiments/run/trainer.h"
#include "tests/temporary_folder.h"

namespace upcycle {

inline constexpr int64_t kCountingLength = 16;

inline Architecture SmallArchitecture(bool experts) {
  Architecture a;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.kv_heads = 2;
  a.model.ffn_width = 48;
  a.model.sequence_length = kCountingLength;
  a.vocabulary = 32;
  a.has_experts = experts;
  a.moe.expansion = 4;
  a.moe.capacity_factor = {1.0};
  return a;
}

inline TrainSettings SmallTraining() {
  TrainSettings s;
  s.batch_sequences = 8;
  s.learning_rate.peak = 1e-2;
  s.learning_rate.warmup_steps = 2;
  return s;
}

// Sequences from a random start each.
inline void FillCounting(int64_t first, int64_t count, std::span<int32_t> tokens,
                         std::span<int32_t> targets) {
  const RandomStream stream(1, "starts");
  for (int64_t i = 0; i < count; ++i) {
    const auto start = static_cast<int32_t>(stream.Below(static_cast<uint64_t>(first + i), 32));
    for (int32_t t = 0; t < kCountingLength; ++t) {
      const auto at = static_cast<size_t>(i * kCountingLength + t);
      tokens[at] = (start + t) % 32;
      targets[at] = (start + t + 1) % 32;
    }
  }
}

struct SmallTrainer {
  SmallTrainer(std::unique_ptr<Backend> its_backend, const Architecture& architecture,
               const TrainSettings& settings, ModelBuild build = {})
      : backend(std::move(its_backend)),
        model(*backend, architecture, For(settings, build)),
        trainer(model, settings, Schedule(settings.learning_rate, 100, 0), 100, 7, FillCounting) {
    model.parameters().Initialize(*backend, 5);
  }

  static ModelBuild For(const TrainSettings& settings, ModelBuild build) {
    build.limits = {settings.MicroBatchSequences(), kCountingLength,
                    settings.batch_sequences / settings.MicroBatchSequences()};
    build.moments = settings.optimizer.moments;
    return build;
  }

  // Master values of everything, on the host.
  std::vector<float> Weights() {
    std::vector<float> all;
    for (const auto& span : model.parameters().spans()) {
      const size_t begin = all.size();
      all.resize(begin + static_cast<size_t>(span.values.size()));
      backend->CopyToHost(Tensor(all.data() + begin, span.values.shape()), span.values);
    }
    return all;
  }

  std::unique_ptr<Backend> backend;
  Transformer model;
  Trainer trainer;
};

// Through a checkpoint on disk.
inline void MoveTraining(SmallTrainer& from, SmallTrainer& to) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "tokenizer");
  ByteTokenizer().Save(folder / "tokenizer");
  Checkpoints checkpoints(folder / "checkpoints", folder / "tokenizer", 256);
  const int64_t step = from.trainer.step();
  checkpoints.Write(step, {{"step", step}}, from.model.parameters(), *from.backend);
  std::vector<std::string> passed_over;
  EXPECT_TRUE(checkpoints.Restore(
      to.model.parameters(), *to.backend,
      [&](const nlohmann::json& state) {
        const int64_t at = state.at("step");
        return [&to, at] { to.trainer.set_step(at); };
      },
      passed_over));
  EXPECT_TRUE(passed_over.empty());
}

}  // namespace upcycle
