#include "core/benchmarks/request_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/check.h"

namespace upcycle {
namespace {

int64_t ContextOf(const Request& request) {
  return std::ssize(request.tokens) - request.continuation;
}

int64_t CommonPrefix(const Request& a, const Request& b) {
  const auto [end, ignored] = std::ranges::mismatch(a.tokens, b.tokens);
  return std::min({end - a.tokens.begin(), ContextOf(a), ContextOf(b)});
}

// What all of the requests have in common at their beginning.
int64_t SharedBy(std::span<const Request> requests) {
  int64_t shared = ContextOf(requests.front());
  for (const Request& request : requests) {
    shared = std::min(shared, CommonPrefix(requests.front(), request));
  }
  return shared;
}

int64_t LongestOf(std::span<const Request> requests) {
  int64_t longest = 1;
  for (const Request& request : requests) longest = std::max(longest, request.Positions());
  return longest;
}

using ItemRequests = std::vector<Request>;

// The requests of each item, cut so that each part fits into a batch.
std::vector<ItemRequests> Gather(std::vector<EncodedChoice> choices, const PlanLimits& limits,
                                 RequestPlan* plan) {
  std::vector<ItemRequests> items;
  int64_t longest = 0;
  for (EncodedChoice& choice : choices) {
    const int64_t scored = choice.pair.continuation;
    const int64_t dropped = TruncateFromTheLeft(choice.pair, limits.sequence_length);
    plan->truncated += dropped > 0;
    plan->cut_continuations += choice.pair.continuation < scored;
    Request request{choice.item, choice.choice, std::move(choice.pair.tokens),
                    choice.pair.continuation, dropped};
    const int64_t with_it = std::max(longest, request.Positions());
    const bool next_to = !items.empty() && items.back().front().item == request.item;
    if (next_to && with_it * (std::ssize(items.back()) + 1) <= limits.batch_positions) {
      longest = with_it;
    } else {
      items.emplace_back();
      longest = request.Positions();
    }
    items.back().push_back(std::move(request));
  }
  return items;
}

void SortByLength(std::vector<ItemRequests>* items) {
  std::ranges::stable_sort(*items, [](const ItemRequests& a, const ItemRequests& b) {
    const int64_t a_longest = LongestOf(a), b_longest = LongestOf(b);
    if (a_longest != b_longest) return a_longest > b_longest;
    return a.front().tokens < b.front().tokens;
  });
}

void FormBatches(int64_t most_positions, RequestPlan* plan) {
  const auto requests_of = [&](const RequestBatch& batch) {
    const RequestGroup& last = plan->groups[batch.first + batch.count - 1];
    const size_t begin = plan->groups[batch.first].first;
    return std::span(plan->requests).subspan(begin, last.first + last.count - begin);
  };
  for (size_t i = 0; i < plan->groups.size(); ++i) {
    if (!plan->batches.empty()) {
      RequestBatch grown = plan->batches.back();
      ++grown.count;
      const auto requests = requests_of(grown);
      grown.positions = LongestOf(requests);
      if (grown.positions * std::ssize(requests) <= most_positions) {
        plan->batches.back() = grown;
        continue;
      }
    }
    plan->batches.push_back({.first = i, .count = 1});
    plan->batches.back().positions = LongestOf(requests_of(plan->batches.back()));
  }
}

}  // namespace

RequestPlan PlanRequests(std::vector<EncodedChoice> choices, const PlanLimits& limits) {
  UPCYCLE_CHECK(limits.batch_positions >= limits.sequence_length);
  RequestPlan plan;
  std::vector<ItemRequests> items = Gather(std::move(choices), limits, &plan);
  if (items.empty()) return plan;
  SortByLength(&items);
  for (ItemRequests& item : items) {
    plan.groups.push_back({plan.requests.size(), item.size(), SharedBy(item)});
    std::ranges::move(item, std::back_inserter(plan.requests));
  }
  FormBatches(limits.batch_positions, &plan);
  plan.shared = SharedBy(plan.requests);
  return plan;
}

}  // namespace upcycle
