// Whether values of a metric can be set against each other at all. A loss is a mean over tokens of
// a text: with other tokens or other text it is another quantity, however many seeds it has.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// What the values of an arm are means over, in a canonical form: equal strings, equal things.
struct MeasuredText {
  std::string tokenizer;
  std::string training;
  std::string validation;
  bool operator==(const MeasuredText&) const = default;
};

// From an arm's settings as the ledger has them: a JSON object. Part of a tokenizer that is trained
// is the text that it is trained on.
MeasuredText MeasuredTextOf(std::string_view settings);

// Why an arm's values of the metric cannot be compared with those of the arm `other_name`; empty:
// they can. Losses and perplexities need the same tokens of the same text, bits per byte the same
// text; other metrics are taken for comparable.
std::string WhyNotComparable(std::string_view metric, const MeasuredText& arm,
                             const MeasuredText& other, std::string_view other_name);

}  // namespace upcycle
