// What a paper found, as data: the keys of claims.yaml.
//
//   paper: {title: …, source: arXiv 2410.07524, authors: …}
//   claims:
//     - id: beats-continued-dense
//       claim: Upcycling beats continued dense training on the same data.
//       where: section 5.2, figure 3
//       number: 1.1 % lower loss (2B, 0.1T tokens)
//       study: upcycle_vs_dense.yaml
//       expect: {arm: E8G1T2, is: better, than: continued dense}
//     - id: size
//       claim: The upcycled model has 47.5B parameters.
//       study: e8t2.yaml
//       count: {arm: E8T2, quantity: parameters_total, is: 47.49B, within: 0.1%, size: paper}
#pragma once

#include <string>
#include <vector>

#include "core/recipe/fields.h"

namespace upcycle {

enum class Relation { kBetter, kWorse, kHigher, kLower, kAlike, kNoBetter };
template <>
struct EnumNames<Relation> {
  static constexpr EnumName<Relation> values[] = {
      {Relation::kBetter, "better", "by the metric's goal"},
      {Relation::kWorse, "worse", "by the metric's goal"},
      {Relation::kHigher, "higher", "a larger value, whether that is good or not"},
      {Relation::kLower, "lower", "a smaller value, whether that is good or not"},
      {Relation::kAlike, "alike", "the difference is within `within` of the other's value"},
      {Relation::kNoBetter, "no_better",
       "worse, or better by no more than `within` of the other's value"},
  };
};

// An interval of the difference decides it, and no test.
constexpr bool IsBound(Relation relation) {
  return relation == Relation::kAlike || relation == Relation::kNoBetter;
}

// What runs should show: one arm against another, or against several.
struct Expectation {
  std::string arm;
  Relation is = Relation::kBetter;
  std::string than;
  std::vector<std::string> best_of;
  std::string metric;
  double at = 1;
  double within = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("arm", s.arm, {.help = "the arm that the claim is about, as the study calls it"});
    v.Field("is", s.is, {.help = "how it compares with `than`"});
    v.Field("than", s.than, {.help = "the arm that it is compared with"});
    v.Field("best_of", s.best_of,
            {.help = "in place of `is` and `than`: arms, each of which it is better than"});
    v.Field("metric", s.metric,
            {.help = "what is compared; where it is empty, the study's metric"});
    v.Field("at", s.at,
            {.help = "compare after this share of the training steps, from the recorded points and "
                     "the straight lines between them; 1 is the end",
             .minimum = 0,
             .maximum = 1,
             .above_minimum = true,
             .unit = "share"});
    v.Field("within", s.within,
            {.help = "alike, no_better: the largest difference, of the other arm's value",
             .minimum = 0,
             .maximum = 1,
             .unit = "share"});
  }
};

enum class Quantity { kParametersTotal, kParametersActive, kForwardBackwardFlops };
template <>
struct EnumNames<Quantity> {
  static constexpr EnumName<Quantity> values[] = {
      {Quantity::kParametersTotal, "parameters_total", "all parameters"},
      {Quantity::kParametersActive, "parameters_active", "parameters that one token meets"},
      {Quantity::kForwardBackwardFlops, "forward_backward_flops",
       "FLOPs of one sequence, forward and backward"},
  };
};

// What needs no run: the paper's count against that of the settings.
struct CountExpectation {
  std::string arm;
  Quantity quantity = Quantity::kParametersTotal;
  double is = 0;
  double within = 0.01;
  std::string size;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("arm", s.arm, {.help = "the arm that is counted, as the study calls it"});
    v.Field("quantity", s.quantity, {.help = "what is counted"});
    v.Field("is", s.is, {.help = "the paper's number", .minimum = 0, .above_minimum = true});
    v.Field("within", s.within,
            {.help = "how far off ours may be to support it",
             .minimum = 0,
             .maximum = 1,
             .unit = "share"});
    v.Field("size", s.size,
            {.help = "the size of the recipe that is counted; where it is empty, the one that is "
                     "run"});
  }
};

struct Claim {
  std::string id;
  std::string claim;
  std::string where;
  std::string number;
  std::string study;
  Expectation expect;
  CountExpectation count;
  std::string because;

  // Whether `count` is what is claimed.
  bool IsCount() const { return !count.arm.empty(); }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("id", s.id,
            {.help = "a short name; required",
             .pattern = "[A-Za-z0-9][A-Za-z0-9_.-]{0,59}",
             .form = "at most 60 letters, digits, '-', '_' and '.', the first a letter or digit"});
    v.Field("claim", s.claim, {.help = "what the paper says, in a sentence; required"});
    v.Field("where", s.where, {.help = "where in the paper"});
    v.Field("number", s.number, {.help = "the paper's own number, as text"});
    v.Field("study", s.study,
            {.help = "the recipe that asks the same, relative to this file; required"});
    v.Group("expect", s.expect, "what its runs show if the paper is right");
    v.Group("count", s.count, "what its settings count if the paper is right; nothing is run");
    v.Field("because", s.because, {.help = "why ours differs, where that is known"});
  }
};

struct PaperText {
  std::string title;
  std::string source;
  std::string authors;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("title", s.title, {.help = "required"});
    v.Field("source", s.source, {.help = "where it can be read: arXiv 2410.07524"});
    v.Field("authors", s.authors, {.help = "and year"});
  }
};

struct ClaimsFile {
  PaperText paper;
  std::vector<Claim> claims;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("paper", s.paper, "which paper");
    v.List("claims", s.claims, "what it found");
  }
};

}  // namespace upcycle
