#include "core/benchmarks/request_plan.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "core/random.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

// Two choices of one item: the context of its own, then one token each.
void AddItem(uint32_t item, Tokens context, std::vector<EncodedChoice>* choices) {
  for (int32_t choice = 0; choice < 2; ++choice) {
    Tokens tokens = context;
    tokens.push_back(100 + choice);
    choices->push_back({item, static_cast<uint32_t>(choice), {tokens, 1}});
  }
}

TEST(RequestPlan, TheLongestItemsComeFirst) {
  std::vector<EncodedChoice> choices;
  AddItem(0, {1, 2}, &choices);
  AddItem(1, {1, 2, 3, 4}, &choices);
  AddItem(2, {1, 2, 3}, &choices);
  const RequestPlan plan = PlanRequests(choices, {16, 16});
  ASSERT_EQ(plan.requests.size(), 6u);
  std::vector<uint32_t> items;
  for (const Request& request : plan.requests) items.push_back(request.item);
  EXPECT_EQ(items, (std::vector<uint32_t>{1, 1, 2, 2, 0, 0}));
}

TEST(RequestPlan, ChoicesShareTheirContext) {
  std::vector<EncodedChoice> choices;
  AddItem(0, {1, 2, 3, 4}, &choices);
  AddItem(1, {1, 2, 7}, &choices);
  const RequestPlan plan = PlanRequests(choices, {16, 16});
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_EQ(plan.groups[0].shared, 4);
  EXPECT_EQ(plan.groups[1].shared, 3);
  EXPECT_EQ(plan.shared, 2);
}

TEST(RequestPlan, ScoredTokensAreNeverShared) {
  // The two continuations begin alike.
  const RequestPlan plan =
      PlanRequests({{0, 0, {{1, 2, 5, 6}, 2}}, {0, 1, {{1, 2, 5, 7}, 2}}}, {16, 16});
  EXPECT_EQ(plan.groups[0].shared, 2);
}

TEST(RequestPlan, ContextsThatDifferShareTheirBeginning) {
  const RequestPlan plan =
      PlanRequests({{0, 0, {{1, 2, 8, 9}, 1}}, {0, 1, {{1, 3, 8, 9}, 1}}}, {16, 16});
  EXPECT_EQ(plan.groups[0].shared, 1);
}

TEST(RequestPlan, BatchesHoldWholeItemsUpToTheirLimit) {
  std::vector<EncodedChoice> choices;
  for (uint32_t item = 0; item < 3; ++item) AddItem(item, {1, 2, 3}, &choices);
  const RequestPlan plan = PlanRequests(choices, {8, 12});  // 4 requests of 3 positions
  ASSERT_EQ(plan.batches.size(), 2u);
  EXPECT_EQ(plan.batches[0].count, 2u);
  EXPECT_EQ(plan.batches[0].positions, 3);
  EXPECT_EQ(plan.batches[1].first, 2u);
  EXPECT_EQ(plan.batches[1].count, 1u);
}

TEST(RequestPlan, AnItemThatNoBatchHoldsIsCutBetweenItsChoices) {
  std::vector<EncodedChoice> choices;
  AddItem(0, {1, 2, 3, 4, 5, 6}, &choices);
  const RequestPlan plan = PlanRequests(choices, {8, 8});
  EXPECT_EQ(plan.groups.size(), 2u);
  EXPECT_EQ(plan.batches.size(), 2u);
  EXPECT_EQ(plan.groups[0].shared, 6);
}

TEST(RequestPlan, CountsWhatTheSequenceCutsOff) {
  std::vector<EncodedChoice> choices;
  AddItem(0, {1, 2, 3, 4, 5, 6}, &choices);
  AddItem(1, {1, 2}, &choices);
  choices.push_back({2, 0, {{1, 2, 3, 4, 5, 6}, 5}});
  const RequestPlan plan = PlanRequests(choices, {4, 8});
  EXPECT_EQ(plan.truncated, 3);
  EXPECT_EQ(plan.cut_continuations, 1);
  for (const Request& request : plan.requests) {
    EXPECT_EQ(request.dropped, std::vector<int64_t>({2, 0, 1})[request.item]);
    EXPECT_EQ(request.tokens.size(), std::vector<size_t>({5, 3, 5})[request.item]);
  }
}

TEST(RequestPlan, OfNothingIsEmpty) { EXPECT_TRUE(PlanRequests({}, {4, 4}).batches.empty()); }

// What a scorer relies on, over items of every length.
TEST(RequestPlan, EveryRequestIsInOneBatchAndBeginsAsItsGroup) {
  const RandomStream stream(3, "request_plan/lengths");
  std::vector<EncodedChoice> choices;
  for (uint32_t item = 0; item < 200; ++item) {
    Tokens context(1 + stream.Below(2 * item, 60));
    for (size_t i = 0; i < context.size(); ++i) context[i] = static_cast<int32_t>(i % 7 + item % 3);
    AddItem(item, context, &choices);
  }
  const PlanLimits limits{40, 170};
  const RequestPlan plan = PlanRequests(choices, limits);
  std::set<std::pair<uint32_t, uint32_t>> seen;
  size_t next_group = 0;
  for (const RequestBatch& batch : plan.batches) {
    EXPECT_EQ(batch.first, next_group);
    next_group += batch.count;
    int64_t rows = 0;
    for (size_t g = batch.first; g < next_group; ++g) {
      const RequestGroup& group = plan.groups[g];
      rows += static_cast<int64_t>(group.count);
      for (size_t r = group.first; r < group.first + group.count; ++r) {
        const Request& request = plan.requests[r];
        EXPECT_TRUE(seen.emplace(request.item, request.choice).second);
        EXPECT_LE(request.Positions(), batch.positions);
        EXPECT_LE(group.shared, std::ssize(request.tokens) - request.continuation);
        EXPECT_TRUE(std::equal(request.tokens.begin(), request.tokens.begin() + group.shared,
                               plan.requests[group.first].tokens.begin()));
        EXPECT_LE(plan.shared, group.shared);
      }
    }
    EXPECT_LE(rows * batch.positions, limits.batch_positions);
  }
  EXPECT_EQ(next_group, plan.groups.size());
  EXPECT_EQ(seen.size(), choices.size());
}

}  // namespace
}  // namespace upcycle
