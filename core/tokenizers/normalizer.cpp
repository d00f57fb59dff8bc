#include "core/tokenizers/normalizer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/tokenizers/limits.h"
#include "core/tokenizers/pattern.h"
#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

class Form final : public Normalizer::Step {
 public:
  explicit Form(NormalForm form) : form_(form) {}
  std::string Apply(std::string_view text) const override { return Normalized(text, form_); }

 private:
  NormalForm form_;
};

class Lowercase final : public Normalizer::Step {
 public:
  std::string Apply(std::string_view text) const override { return Lowercased(text); }
};

class Strip final : public Normalizer::Step {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  bool IsLocal() const override { return false; }
  std::string Apply(std::string_view text) const override {
    if (!left_ && !right_) return std::string(text);
    size_t begin = text.size(), end = 0;  // of what is no whitespace
    for (size_t at = 0; at < text.size();) {
      const DecodedCharacter character = DecodeCharacter(text.substr(at));
      const size_t next = at + std::max<size_t>(character.bytes, 1);
      if (!IsWhitespace(character.code_point)) begin = std::min(begin, at), end = next;
      at = next;
    }
    if (begin >= end) return "";
    if (!left_) begin = 0;
    if (!right_) end = text.size();
    return std::string(text.substr(begin, end - begin));
  }

 private:
  bool left_;
  bool right_;
};

class Prepend final : public Normalizer::Step {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  bool IsLocal() const override { return prefix_.empty(); }
  std::string Apply(std::string_view text) const override {
    return text.empty() ? "" : prefix_ + std::string(text);
  }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer::Step {
 public:
  explicit Replace(const JsonNode& node) : replacement_(node) {}
  bool IsLocal() const override { return replacement_.pattern().IsLiteral(" "); }
  std::string Apply(std::string_view text) const override { return replacement_.In(text); }

 private:
  Replacement replacement_;
};

std::unique_ptr<Normalizer::Step> MakeStep(const JsonNode& node) {
  const std::string type = node.Type();
  if (type == "NFC") return std::make_unique<Form>(NormalForm::kComposed);
  if (type == "NFD") return std::make_unique<Form>(NormalForm::kDecomposed);
  if (type == "NFKC") return std::make_unique<Form>(NormalForm::kCompatibleComposed);
  if (type == "NFKD") return std::make_unique<Form>(NormalForm::kCompatibleDecomposed);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "Prepend") return std::make_unique<Prepend>(node["prepend"].String());
  if (type == "Replace") return std::make_unique<Replace>(node);
  if (type == "Strip") {
    return std::make_unique<Strip>(node["strip_left"].Bool(), node["strip_right"].Bool());
  }
  node.RefuseFeature(fmt::format("the normalizer {}", type));
}

}  // namespace

Normalizer::Normalizer(const JsonNode& node) { Read(node, 0); }

void Normalizer::Read(const JsonNode& node, int depth) {
  if (node.Type() != "Sequence") {
    steps_.push_back(MakeStep(node));
    return;
  }
  if (depth == kDeepestNesting) node.Refuse("is nested too deeply");
  for (const JsonNode& inner : node["normalizers"].Elements()) Read(inner, depth + 1);
}

bool Normalizer::IsLocal() const {
  return std::ranges::all_of(steps_, [](const auto& step) { return step->IsLocal(); });
}

std::string Normalizer::Apply(std::string_view text) const {
  std::string normalized(text);
  for (const auto& step : steps_) normalized = step->Apply(normalized);
  return normalized;
}

}  // namespace upcycle
