#include "experiments/run/result_record.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

void RecordLosses(JournalWriter& journal, const std::string& prefix, const LossSum& sum) {
  const double error = sum.StandardError();
  RecordResult(journal, prefix + "/loss", sum.Mean(), error, sum.targets);
  // To first order in the loss's own error.
  RecordResult(journal, prefix + "/perplexity", sum.Perplexity(), sum.Perplexity() * error,
               sum.targets);
  if (!sum.KnowsBytes()) return;
  RecordResult(journal, prefix + "/bits_per_byte", sum.BitsPerByte(),
               sum.BitsPerByte() / sum.Mean() * error, sum.targets);
}

}  // namespace

void RecordResult(JournalWriter& journal, std::string_view metric, double value,
                  std::optional<double> standard_error, int64_t count) {
  nlohmann::json event = {
      {"event", "result"}, {"metric", metric}, {"value", value}, {"count", count}};
  if (standard_error) event["stderr"] = *standard_error;
  journal.Event(event);
}

void RecordValidation(JournalWriter& journal, Validator& validator, const Dataset& dataset,
                      int64_t windows) {
  LossSum total;
  for (const TokenSet& set : dataset.validation) {
    const LossSum sum = validator.Loss(set, windows);
    RecordLosses(journal, fmt::format("validation/{}", set.name), sum);
    total.Add(sum);
  }
  RecordLosses(journal, "validation", total);
}

}  // namespace upcycle
