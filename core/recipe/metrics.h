// What a run measures, and under which names, known from its settings before anything runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/settings.h"
#include "core/recipe/study_settings.h"

namespace upcycle {

// Every metric that a run with these settings records and a comparison can show:
//
//   validation/loss, …/perplexity, …/bits_per_byte      and validation/SET/… of each held-out set
//   SOURCE/accuracy, …/accuracy_normalised, …/truncated_prompts      of sources with questions
//   TASK/accuracy, …/accuracy_normalised, …/perplexity, …/truncated_prompts      of benchmarks
//   mmlu/GROUP/accuracy, mmlu/SUBJECT/accuracy
//   train/loss, train/gradient_norm, train/learning_rate
//   data/SOURCE/tokens, data/SOURCE/epochs              what training read of each source
// with experts
//   train/balance_loss, train/z_loss
//   moe/dropped_share, …/load_entropy, …/dead_experts   and moe/layer_NN/… of each of their layers
// with experts made of a parent
//   moe/parent_cosine and moe/layer_NN/parent_cosine
//   start/logit_error, start/loss, start/parent_loss
std::vector<std::string> MetricsOf(const RunSettings& settings);

// Whether a metric is of a single expert, moe/layer_NN/expert_NNN/load: recorded for plots, and
// nothing to compare arms by, since no expert of one is that of another.
bool IsOfOneExpert(std::string_view metric);

// Which values of a metric are the better ones, where its name says so.
std::optional<Goal> UsualGoal(std::string_view metric);

// Whether a metric is a mean over tokens, so that another tokenizer gives it another meaning.
bool IsPerToken(std::string_view metric);

}  // namespace upcycle
