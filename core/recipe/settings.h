// The settings of one run: what an arm of a study fixes. Each struct lists its fields once
// (fields.h); defaults are those of a small run on two CPU cores.
#pragma once

#include <cstdint>
#include <string>

#include "core/recipe/data_settings.h"
#include "core/recipe/evaluate_settings.h"
#include "core/recipe/execution_settings.h"
#include "core/recipe/fields.h"
#include "core/recipe/model_settings.h"
#include "core/recipe/moe_settings.h"
#include "core/recipe/train_settings.h"
#include "core/recipe/upcycle_settings.h"

namespace upcycle {

struct RunSettings {
  ModelSettings model;
  DataSettings data;
  ParentSettings parent;
  UpcycleSettings upcycle;
  MoeSettings moe;
  TrainSettings train;
  EvaluateSettings evaluate;
  ExecutionSettings execution;

  // Whether the run trains a mixture of experts.
  bool HasExperts() const { return upcycle.method != UpcycleMethod::kNone; }
  // Whether the run starts from the dense parent's weights.
  bool HasParent() const { return upcycle.method != UpcycleMethod::kScratch; }

  // Whether the parent lies somewhere already.
  bool ReadsParent() const { return HasParent() && !model.from.empty(); }
  // Whether `parent` decides anything: how the parent, or what is branched off from it, is trained.
  bool TrainsParent() const {
    return HasParent() && (model.from.empty() || upcycle.method == UpcycleMethod::kBranchTrainMix);
  }

  // How a branch of branch_train_mix is trained.
  TrainSettings BranchTraining() const {
    TrainSettings branch = parent.train;
    branch.tokens = upcycle.branch_tokens;
    branch.batch_ramp = {};  // it goes on from a training whose batch was whole
    return branch;
  }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("model", s.model, "the dense transformer");
    v.Group("data", s.data, "what it reads");
    v.Group("parent", s.parent, "the dense parent");
    v.Group("upcycle", s.upcycle, "how the run starts from the parent");
    v.Group("moe", s.moe, "experts and routing, where the run has them");
    v.Group("train", s.train, "the run's own training");
    v.Group("evaluate", s.evaluate, "what is measured at the end");
    v.Group("execution", s.execution, "where and how fast; never changes a result");
  }
};

}  // namespace upcycle
