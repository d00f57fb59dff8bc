#include "core/tokenizers/sentencepiece_tokenizer.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sentencepiece_processor.h>

#include "core/check.h"
#include "core/error.h"
#include "core/foreign_json.h"
#include "core/tokenizers/foreign_folder.h"
#include "core/tokenizers/json_node.h"

namespace upcycle {
namespace {

using sentencepiece::SentencePieceProcessor;

std::unique_ptr<const PieceEncoder> LoadEncoder(const fs::path& path, std::string_view file,
                                                SentencePieceProcessor& processor) {
  try {
    return PieceEncoder::For(LoadPieceModel(file, processor));
  } catch (const Error& error) {
    throw Error(Cause::kInput,
                fmt::format("{} is no sentencepiece model: {}", path.native(), error.what()));
  }
}

// The piece with this text, or -1.
int PieceOf(std::string_view text, const SentencePieceProcessor& processor) {
  const int id = processor.PieceToId(text);
  return processor.IdToPiece(id) == text ? id : -1;
}

void RefuseIfAdded(const JsonNode& node, std::string_view text,
                   const SentencePieceProcessor& processor) {
  if (PieceOf(text, processor) >= 0) return;
  node.RefuseFeature(
      "a token that the sentencepiece model does not have (save the tokenizer with transformers, "
      "which writes a tokenizer.json)");
}

// What Hugging Face's programs would look for in a text before sentencepiece sees it.
void RefuseAddedTokens(const fs::path& folder, const SentencePieceProcessor& processor) {
  if (const fs::path path = folder / "added_tokens.json"; fs::is_regular_file(path)) {
    const nlohmann::json added = ReadForeignJson(path);
    const JsonNode node(added, path.native());
    if (!added.is_object()) node.Refuse("is no object");
    for (const auto& [text, id] : added.items()) RefuseIfAdded(node[text], text, processor);
  }
  if (const fs::path path = folder / "tokenizer_config.json"; fs::is_regular_file(path)) {
    const nlohmann::json config = ReadForeignJson(path);
    const auto added = JsonNode(config, path.native()).Find("added_tokens_decoder");
    if (!added) return;
    if (!added->value().is_object()) added->Refuse("is no object");
    for (const auto& [id, token] : added->value().items()) {
      const JsonNode node = (*added)[id];
      RefuseIfAdded(node, node["content"].String(), processor);
    }
  }
}

}  // namespace

struct SentencepieceTokenizer::Model {
  explicit Model(const fs::path& path);
  void SettleFacts(const fs::path& path);

  Files files;
  SentencePieceProcessor processor;
  std::unique_ptr<const PieceEncoder> encoder;  // null where all is left to the library
  TokenFacts facts;
};

SentencepieceTokenizer::Model::Model(const fs::path& path)
    : files(ReadTokenizerFiles(path, kSentencepieceModel)),
      encoder(LoadEncoder(path, files[kSentencepieceModel], processor)) {
  RefuseAddedTokens(FolderOf(path), processor);
  SettleFacts(path);
}

void SentencepieceTokenizer::Model::SettleFacts(const fs::path& path) {
  facts.vocabulary = processor.GetPieceSize();
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    if (processor.IsControl(id)) facts.special.push_back(id);
  }
  const NamedTokens named = ReadNamedTokens(path);
  const auto token_of = [&](std::string_view text) { return PieceOf(text, processor); };
  facts.begin_of_text = Resolve(named.begin_of_text, facts.vocabulary, token_of, {});
  facts.end_of_text = Resolve(named.end_of_text, facts.vocabulary, token_of, {});
  if (!named.begin_of_text.decided && processor.bos_id() >= 0) {
    facts.begin_of_text = processor.bos_id();
  }
  if (!named.end_of_text.decided && processor.eos_id() >= 0) facts.end_of_text = processor.eos_id();
  // As the families that come with such a model do it where nothing is said.
  if (facts.begin_of_text && named.adds_begin.value_or(true)) {
    facts.before = {*facts.begin_of_text};
  }
  if (facts.end_of_text && named.adds_end.value_or(false)) facts.after = {*facts.end_of_text};
}

SentencepieceTokenizer::SentencepieceTokenizer(const fs::path& path)
    : SentencepieceTokenizer(std::make_unique<Model>(path)) {}

SentencepieceTokenizer::SentencepieceTokenizer(std::unique_ptr<Model> model)
    : Tokenizer(model->facts), model_(std::move(model)) {}

SentencepieceTokenizer::~SentencepieceTokenizer() = default;

void SentencepieceTokenizer::Encode(std::string_view text, std::vector<int32_t>& out) const {
  const auto memory = memories_.Borrow();
  if (model_->encoder && model_->encoder->Encode(text, *memory, out)) return;
  std::vector<int> tokens;
  const auto status = model_->processor.Encode(text, &tokens);
  if (!status.ok()) {
    throw Error(Cause::kInput, fmt::format("sentencepiece cannot encode a text of {} bytes: {}",
                                           text.size(), status.error_message()));
  }
  out.insert(out.end(), tokens.begin(), tokens.end());
}

std::string SentencepieceTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::vector<int> ids(tokens.begin(), tokens.end());
  for (const int id : ids) UPCYCLE_CHECK(id >= 0 && id < Vocabulary());
  std::string text;
  const auto status = model_->processor.Decode(ids, &text);
  if (!status.ok()) {
    throw Error(Cause::kInput,
                fmt::format("sentencepiece cannot decode: {}", status.error_message()));
  }
  return text;
}

size_t SentencepieceTokenizer::CutAfter(std::string_view text, size_t /*least*/) const {
  return text.size();
}

Tokenizer::Files SentencepieceTokenizer::FilesToSave() const { return model_->files; }

}  // namespace upcycle
