#include "core/tokenizers/decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/tokenizers/byte_alphabet.h"
#include "core/tokenizers/limits.h"
#include "core/tokenizers/pattern.h"
#include "core/tokenizers/pre_tokenizer_steps.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

using Texts = std::vector<std::string>;

// One text from the bytes that all of them stand for; what has a character that stands for no byte
// is itself.
class ByteLevelDecoder final : public Decoder::Step {
 public:
  void Apply(Texts& texts) const override {
    std::string bytes;
    for (const std::string& text : texts) {
      const auto mapped = FromByteAlphabet(text);
      bytes += mapped ? *mapped : text;
    }
    texts = {ReplaceInvalidUtf8(bytes)};
  }
};

// "<0x41>" is a byte. Bytes in a row that are no UTF-8 become a replacement character each.
class ByteFallbackDecoder final : public Decoder::Step {
 public:
  void Apply(Texts& texts) const override {
    Texts decoded;
    std::string bytes;
    for (std::string& text : texts) {
      if (const auto byte = ByteOf(text)) {
        bytes += *byte;
        continue;
      }
      PutBytes(bytes, decoded);
      decoded.push_back(std::move(text));
    }
    PutBytes(bytes, decoded);
    texts = std::move(decoded);
  }

 private:
  static std::optional<char> ByteOf(std::string_view text) {
    if (text.size() != 6 || !text.starts_with("<0x") || !text.ends_with('>')) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(3, 2)) {
      const bool digit = c >= '0' && c <= '9';
      const bool upper = c >= 'A' && c <= 'F', lower = c >= 'a' && c <= 'f';
      if (!digit && !upper && !lower) return std::nullopt;
      value = value * 16 + (digit ? c - '0' : (c & 7) + 9);
    }
    return static_cast<char>(value);
  }

  static void PutBytes(std::string& bytes, Texts& decoded) {
    if (bytes.empty()) return;
    if (ValidUtf8Prefix(bytes) == bytes.size()) {
      decoded.push_back(std::move(bytes));
    } else {
      decoded.insert(decoded.end(), bytes.size(), std::string(kReplacementCharacter));
    }
    bytes.clear();
  }
};

class FuseDecoder final : public Decoder::Step {
 public:
  void Apply(Texts& texts) const override {
    std::string whole;
    for (const std::string& text : texts) whole += text;
    texts = {std::move(whole)};
  }
};

// Up to `start` times the character at the beginning of each text, and up to `stop` at its end.
class StripDecoder final : public Decoder::Step {
 public:
  explicit StripDecoder(const JsonNode& node)
      : character_(node["content"].String()),
        start_(node["start"].Integer(0, kLargestToken)),
        stop_(node["stop"].Integer(0, kLargestToken)) {
    if (CountCharacters(character_) != 1) node["content"].Refuse("is not one character");
  }

  void Apply(Texts& texts) const override {
    for (std::string& text : texts) {
      std::string_view kept = text;
      for (int64_t i = 0; i < start_ && kept.starts_with(character_); ++i) {
        kept.remove_prefix(character_.size());
      }
      for (int64_t i = 0; i < stop_ && kept.ends_with(character_); ++i) {
        kept.remove_suffix(character_.size());
      }
      text = std::string(kept);
    }
  }

 private:
  std::string character_;
  int64_t start_;
  int64_t stop_;
};

class ReplaceDecoder final : public Decoder::Step {
 public:
  explicit ReplaceDecoder(const JsonNode& node) : replacement_(node) {}
  void Apply(Texts& texts) const override {
    for (std::string& text : texts) text = replacement_.In(text);
  }

 private:
  Replacement replacement_;
};

// Escaped spaces become spaces; those of the first text go where encoding puts one there.
class MetaspaceDecoder final : public Decoder::Step {
 public:
  explicit MetaspaceDecoder(const JsonNode& node)
      : space_(node["replacement"].String()),
        drops_first_(MetaspaceStep::ReadPrepend(node) != MetaspaceStep::Prepend::kNever) {
    if (CountCharacters(space_) != 1) node["replacement"].Refuse("is not one character");
  }

  void Apply(Texts& texts) const override {
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string_view by = i == 0 && drops_first_ ? "" : " ";
      std::string decoded;
      size_t taken = 0;
      for (size_t at = texts[i].find(space_); at != std::string::npos;
           at = texts[i].find(space_, taken)) {
        decoded.append(texts[i], taken, at - taken);
        decoded += by;
        taken = at + space_.size();
      }
      decoded.append(texts[i], taken);
      texts[i] = std::move(decoded);
    }
  }

 private:
  std::string space_;
  bool drops_first_;
};

std::unique_ptr<Decoder::Step> MakeStep(const JsonNode& node) {
  const std::string type = node.Type();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "Strip") return std::make_unique<StripDecoder>(node);
  if (type == "Replace") return std::make_unique<ReplaceDecoder>(node);
  if (type == "Metaspace") return std::make_unique<MetaspaceDecoder>(node);
  node.RefuseFeature(fmt::format("the decoder {}", type));
}

}  // namespace

Decoder::Decoder(const JsonNode& node) : between_() { Read(node, 0); }

void Decoder::Read(const JsonNode& node, int depth) {
  if (node.Type() != "Sequence") {
    steps_.push_back(MakeStep(node));
    return;
  }
  if (depth == kDeepestNesting) node.Refuse("is nested too deeply");
  for (const JsonNode& inner : node["decoders"].Elements()) Read(inner, depth + 1);
}

std::string Decoder::Decode(std::vector<std::string> texts) const {
  for (const auto& step : steps_) step->Apply(texts);
  std::string whole;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) whole += between_;
    whole += texts[i];
  }
  return whole;
}

}  // namespace upcycle
