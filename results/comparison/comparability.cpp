#include "results/comparison/comparability.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using nlohmann::json;

json At(const json& object, const char* key) {
  return object.is_object() ? object.value(key, json()) : json();
}

// The sources as far as they decide the text: neither names nor weights, nor what their kind does
// not use.
json TextsOf(json sources) {
  for (json& source : sources) {
    if (!source.is_object()) continue;
    const bool generated = At(source, "kind") == "atlas";
    source.erase("name");
    source.erase("weight");
    source.erase(generated ? "files" : "people");
    if (!generated) source.erase("world_seed");
  }
  return sources;
}

}  // namespace

MeasuredText MeasuredTextOf(std::string_view settings) {
  const json data = At(json::parse(settings), "data");
  const json training = TextsOf(At(data, "train"));
  const json named = TextsOf(At(data, "validation"));
  const json kept_apart =
      json::array({named.empty() ? At(data, "held_out") : json(), At(data, "deduplicate")});

  json tokenizer = At(data, "tokenizer");
  if (At(tokenizer, "kind") == "bytes") {
    tokenizer = "bytes";  // it has no vocabulary of its own choice
  } else if (At(tokenizer, "kind") == "bpe") {
    tokenizer = json::array({tokenizer, training, kept_apart});
  }
  const json validation = json::array({named.empty() ? training : named, kept_apart});
  const json blend = json::array({At(data, "train"), kept_apart});
  return {tokenizer.dump(), blend.dump(), validation.dump()};
}

std::string WhyNotComparable(std::string_view metric, const MeasuredText& arm,
                             const MeasuredText& other, std::string_view other_name) {
  const bool per_token = metric.ends_with("/loss") || metric.ends_with("/perplexity");
  const bool per_byte = metric.ends_with("/bits_per_byte");
  if (!per_token && !per_byte) return "";
  const bool in_training = metric.starts_with("train/");
  if (in_training ? arm.training != other.training : arm.validation != other.validation) {
    return fmt::format("{} is measured on other text than that of {}", metric, other_name);
  }
  if (per_token && arm.tokenizer != other.tokenizer) {
    return fmt::format(
        "{} is a mean over tokens, and its tokens are not those of {}; bits per byte compare",
        metric, other_name);
  }
  return "";
}

}  // namespace upcycle
