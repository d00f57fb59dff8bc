// What `upcycle convert` is asked for.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/model_settings.h"
#include "experiments/conversion/conversion_plan.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

struct ConversionOptions {
  std::string source;
  std::string output;
  int experts = 0;
  int top_k = 2;
  int granularity = 1;
  std::string init;
  std::string scaling = "exact";
  std::vector<std::string> settings;
  std::vector<std::string> branches;
  int seed = 0;
  std::string format;
  std::string type;
  std::string shard_size = "5GB";
  std::string layout;
  std::string rank;
  std::string tokenizer;
  bool is_dry_run = false;
  bool json = false;

  void Declare(CommandLine& line);

  // Of a model of these sizes. Warnings go to standard error. Throws Error(kInput) with everything
  // that is wrong with a mixture, or the first mistake in another option.
  ConversionSettings Settings(const ModelSettings& model) const;

 private:
  bool SaysWhatExperts() const;
  Mixture ReadMixtureOf(const ModelSettings& model) const;
};

}  // namespace upcycle
