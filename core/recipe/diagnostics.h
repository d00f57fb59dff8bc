// Mistakes are collected and shown together, each under its own characters:
//
//   recipes/a.yaml:4:3: error: there is no key "topk" in moe
//       topk: 2
//       ^
//     did you mean "top_k"?
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/recipe/node.h"

namespace upcycle {

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  Place place;
  std::string message;
  std::string expected = {};    // what should stand there, or what to do; a line of its own
  std::string suggestion = {};  // the word that was probably meant
};

class Diagnostics {
 public:
  static constexpr size_t kMaximumKept = 200;

  // A mistake that is already there, the same words at the same place, is kept once. Beyond
  // kMaximumKept mistakes the rest is counted only.
  void Add(Diagnostic diagnostic);
  void Error(const Place& place, std::string message, std::string expected = {},
             std::string suggestion = {});
  void Warning(const Place& place, std::string message, std::string expected = {});

  bool HasErrors() const { return errors_ > 0; }
  // Every call that reported an error, those included that said nothing new.
  int64_t error_calls() const { return error_calls_; }
  // Sorted by place.
  std::vector<Diagnostic> Sorted() const;
  // All of them, as people read them.
  std::string Text() const;
  // Throws Error(kInput) with the whole text if there are errors.
  void ThrowIfErrors() const;

 private:
  using Key = std::tuple<const SourceText*, int, int, std::string>;

  std::vector<Diagnostic> list_;
  std::set<Key> seen_;
  int errors_ = 0;
  int64_t error_calls_ = 0;
  int left_out_ = 0;
};

// One mistake with its source line, a caret, what was expected and the suggestion.
std::string TextOf(const Diagnostic& diagnostic);

}  // namespace upcycle
