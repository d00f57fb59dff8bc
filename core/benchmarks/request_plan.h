// What a model must compute to answer a set of items, before any model is there: requests, which of
// them share their beginning, and an order in batches of about one length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/benchmarks/encode_pair.h"

namespace upcycle {

// One choice of one item. Position t of its tokens predicts token t + 1; only the last
// `continuation` tokens are scored, so the very last one is no input.
struct Request {
  uint32_t item = 0;
  uint32_t choice = 0;
  std::vector<int32_t> tokens;
  int64_t continuation = 0;
  int64_t dropped = 0;  // tokens cut off on the left: the model's sequence is shorter
  int64_t Positions() const { return std::ssize(tokens) - 1; }
};

// Requests of one item that stand behind each other: requests[first, first + count). Their first
// `shared` tokens are the same and are context in all of them.
struct RequestGroup {
  size_t first = 0;
  size_t count = 0;
  int64_t shared = 0;
};

// Whole groups: groups[first, first + count), of which no request has more than `positions`.
struct RequestBatch {
  size_t first = 0;
  size_t count = 0;
  int64_t positions = 0;
};

struct RequestPlan {
  std::vector<Request> requests;  // in the order of scoring: the longest come first
  std::vector<RequestGroup> groups;
  std::vector<RequestBatch> batches;
  int64_t shared = 0;             // by all requests: examples that are the same before each item
  int64_t truncated = 0;          // requests that lost tokens on the left
  int64_t cut_continuations = 0;  // of these, those that lost tokens that should be scored
};

struct PlanLimits {
  int64_t sequence_length = 0;  // of the model
  int64_t batch_positions = 0;  // requests times the longest one's; at least sequence_length
};

// One choice, encoded.
struct EncodedChoice {
  uint32_t item = 0;
  uint32_t choice = 0;
  EncodedPair pair;
};

// `choices` are given item by item. Deterministic: the order depends on nothing but the tokens.
RequestPlan PlanRequests(std::vector<EncodedChoice> choices, const PlanLimits& limits);

}  // namespace upcycle
