// Relations between the settings of an upcycling.
#include <string>

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";
const std::string kTwoSources =
    "name: a\ndata: {train: [{kind: atlas}, {kind: atlas, name: b, world_seed: 2}]}\n";
const std::string kUpcycled = kBase + "upcycle: copy\n";

std::string Moe(const std::string& line) { return MistakesIn(kUpcycled + line + "\n"); }

TEST(UpcycleRelations, CopyMakesFullSizeExperts) {
  EXPECT_EQ(
      Moe("moe: {granularity: 2}"),
      "a.yaml:4:20: error: copy makes full-size experts, but a granularity of 2 asks for parts\n"
      "  moe: {granularity: 2}\n"
      "                     ^\n"
      "  expected moe.granularity: 1, or upcycle: virtual_groups\n");
}

TEST(UpcycleRelations, PartsOfAGroupAreAWarning) {
  EXPECT_EQ(
      WarningsIn(kBase + "upcycle: virtual_groups\nmoe: {granularity: 4, top_k: 6}\n"),
      "a.yaml:4:30: warning: 6 of 4 parts are no whole dense MLP, so the run does not start from "
      "what its parent computes\n"
      "  moe: {granularity: 4, top_k: 6}\n"
      "                               ^\n"
      "  expected moe.top_k to be a multiple of moe.granularity\n");
  EXPECT_EQ(WarningsIn(kBase + "upcycle: virtual_groups\nmoe: {granularity: 4, top_k: 8}\n"), "");
}

TEST(UpcycleRelations, BranchesAreFullSizeExperts) {
  EXPECT_EQ(MistakesIn(kTwoSources + "upcycle: branch_train_mix\nmoe: {granularity: 2}\n"),
            "a.yaml:4:20: error: branch_train_mix makes full-size experts, but a granularity of 2 "
            "asks for parts\n"
            "  moe: {granularity: 2}\n"
            "                     ^\n"
            "  expected moe.granularity: 1\n");
}

TEST(UpcycleRelations, ASplitHasNoCopies) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: split\nmoe: {expansion: 2, granularity: 8}\n"),
            "a.yaml:4:18: error: split shares out the neurons of one dense MLP, but an expansion "
            "of 2 asks for that many times as many\n"
            "  moe: {expansion: 2, granularity: 8}\n"
            "                   ^\n"
            "  expected moe.expansion: 1, with moe.granularity as the number of experts\n");
  EXPECT_EQ(MistakesIn(kBase + "upcycle: split\nmoe: {expansion: 1, granularity: 8}\n"), "");
}

TEST(UpcycleRelations, EveryBranchIsAnExpert) {
  EXPECT_EQ(MistakesIn(kTwoSources + "upcycle: {method: branch_train_mix, branches: 9}\n"),
            "a.yaml:3:47: error: 9 branches are more than 8 experts can hold\n"
            "  upcycle: {method: branch_train_mix, branches: 9}\n"
            "                                                ^\n"
            "  expected upcycle.branches to be at most moe.expansion\n");
}

TEST(UpcycleRelations, ABranchTrainsForABatch) {
  EXPECT_EQ(MistakesIn(kTwoSources + "upcycle: {method: branch_train_mix, branch_tokens: 2047}\n"),
            "a.yaml:3:52: error: 2047 tokens are less than one batch of 16 · 128 = 2048\n"
            "  upcycle: {method: branch_train_mix, branch_tokens: 2047}\n"
            "                                                     ^\n"
            "  expected upcycle.branch_tokens of at least 2048\n");
}

TEST(UpcycleRelations, BranchesOfOneSourceAreAWarning) {
  EXPECT_EQ(WarningsIn(kBase + "upcycle: branch_train_mix\n"),
            "a.yaml:2:15: warning: all branches read the only training source, so they differ in "
            "its order alone\n"
            "  data: {train: [{kind: atlas}]}\n"
            "                ^\n"
            "  expected a source for each branch\n");
  EXPECT_EQ(WarningsIn(kTwoSources + "upcycle: branch_train_mix\n"), "");
}

TEST(UpcycleRelations, APaperWithoutScalingIsAWarning) {
  EXPECT_EQ(WarningsIn(kBase + "upcycle: {method: drop, scaling: paper}\n"),
            "a.yaml:3:34: warning: the paper of drop scales no weights, so paper is the same as "
            "none\n"
            "  upcycle: {method: drop, scaling: paper}\n"
            "                                   ^\n"
            "  expected upcycle.scaling: none, or exact\n");
  EXPECT_EQ(WarningsIn(kBase + "upcycle: {method: drop, scaling: exact}\n"), "");
}

TEST(UpcycleRelations, WhatIsCarriedIsKept) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: {method: copy, optimizer: carry}\n"),
            "a.yaml:3:36: error: the parent does not keep the optimizer state that the run is to "
            "carry\n"
            "  upcycle: {method: copy, optimizer: carry}\n"
            "                                     ^\n"
            "  expected parent.keep_optimizer: true, for all arms: then they share one parent\n");
  const std::string kept = kBase + "parent: {keep_optimizer: true}\n";
  for (const char* method : {"none", "copy", "virtual_groups"}) {
    EXPECT_EQ(MistakesIn(kept + "upcycle: {optimizer: carry, method: " + method + "}\n"), "");
  }
}

TEST(UpcycleRelations, OnlyWeightsOfTheParentCarryItsOptimizerState) {
  const std::string kept = kBase + "parent: {keep_optimizer: true}\n";
  EXPECT_EQ(MistakesIn(kept + "upcycle: {method: drop, optimizer: carry}\n"),
            "a.yaml:4:36: error: drop makes weights that the parent does not have, and has no "
            "optimizer state for them\n"
            "  upcycle: {method: drop, optimizer: carry}\n"
            "                                     ^\n"
            "  expected upcycle.optimizer: reset, or upcycle.method: none, copy or "
            "virtual_groups\n");
  EXPECT_EQ(MistakesIn(kept + "upcycle: {method: scratch, optimizer: carry}\n"),
            "a.yaml:4:39: error: a run from scratch has no parent whose optimizer state it could "
            "carry\n"
            "  upcycle: {method: scratch, optimizer: carry}\n"
            "                                        ^\n"
            "  expected upcycle.optimizer: reset\n");
}

TEST(UpcycleRelations, ARatioIsAShare) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: {method: drop, ratio: 25%}\n"), "");
  EXPECT_NE(MistakesIn(kBase + "upcycle: {method: drop, ratio: 1.5}\n"), "");
}

}  // namespace
}  // namespace upcycle
