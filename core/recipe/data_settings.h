// What a run reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/fields.h"

namespace upcycle {

enum class TokenizerKind { kBytes, kBpe, kFile, kNone };
template <>
struct EnumNames<TokenizerKind> {
  static constexpr EnumName<TokenizerKind> values[] = {
      {TokenizerKind::kBytes, "bytes", "one token a byte, and end of text"},
      {TokenizerKind::kBpe, "bpe",
       "byte-pair encoding trained on the training text (sentencepiece)"},
      {TokenizerKind::kFile, "file",
       "that of another model, by its `path`: a folder with tokenizer.json, a sentencepiece "
       ".model, "
       "or llama2.c's .bin"},
      {TokenizerKind::kNone, "none", "no text at all: every source is of ready-made tokens"},
  };
};

inline constexpr int64_t kSmallestBpeVocabulary = 300;
inline constexpr int64_t kLargestBpeVocabulary = 65535;
inline constexpr int64_t kLargestVocabulary = 1 << 22;

struct TokenizerSettings {
  TokenizerKind kind = TokenizerKind::kBytes;
  int64_t vocabulary = 512;
  std::string path = {};
  int64_t end_of_text = -1;

  int64_t EndOfText() const { return end_of_text < 0 ? vocabulary - 1 : end_of_text; }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("kind");
    v.Field("kind", s.kind, {.help = "how text becomes tokens"});
    v.Field("vocabulary", s.vocabulary,
            {.help = "bpe: pieces, byte pieces included, from 300 to 65535; file, none: how many "
                     "tokens there are, so that each is below it",
             .minimum = 2,
             .maximum = kLargestVocabulary,
             .unit = "tokens"});
    v.Field(
        "path", s.path,
        {.help = "file: the tokenizer's file, or the folder that holds it, relative to the recipe",
         .is_path = true,
         .added_later = true});
    // Readers alone offer this: a file knows its vocabulary.
    if constexpr (requires { v.ImpliesFile("path", s.path, s); }) v.ImpliesFile("path", s.path, s);
    v.Field("end_of_text", s.end_of_text,
            {.help = "none: the token between documents; -1: the last of the vocabulary",
             .minimum = -1,
             .maximum = kLargestVocabulary - 1,
             .added_later = true});
  }
};

enum class SourceKind { kText, kAtlas, kJsonl, kTokens };
template <>
struct EnumNames<SourceKind> {
  static constexpr EnumName<SourceKind> values[] = {
      {SourceKind::kText, "text",
       "UTF-8 files; each file is one document, or several with a `separator`"},
      {SourceKind::kAtlas, "atlas", "the built-in generated world and questions about it"},
      {SourceKind::kJsonl, "jsonl", "files of JSON objects, one a line; each line is one document"},
      {SourceKind::kTokens, "tokens",
       "ready-made tokens, read where they lie: .bin with .idx as Megatron-LM writes them, .bin as "
       "nanoGPT or llm.c do, .npy"},
  };
};

enum class TokenType { kUint16, kUint32 };
template <>
struct EnumNames<TokenType> {
  static constexpr EnumName<TokenType> values[] = {
      {TokenType::kUint16, "uint16", "two bytes a token, little-endian"},
      {TokenType::kUint32, "uint32", "four bytes a token, little-endian"},
  };
};

// A source of text or tokens. Training blends its sources by weight; each held-out source is its
// own validation set, `validation/<name>/loss`.
struct SourceSettings {
  std::string name;
  SourceKind kind = SourceKind::kText;
  std::vector<std::string> files;
  double weight = 1;
  int64_t people = 400;
  int64_t world_seed = 0;
  std::string text_key = "text";
  std::string separator = {};
  TokenType token_type = TokenType::kUint16;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("name", s.name,
            {.help = "what tables call it; the kind where it is left out",
             .pattern = "[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}",
             .form = "at most 100 letters, digits, '-', '_' and '.', the first no '.'"});
    v.Field("kind", s.kind, {.help = "where the text comes from"});
    v.Field("files", s.files,
            {.help = "paths or globs, relative to the recipe; a leading ! takes files out again",
             .is_path = true});
    v.Field("weight", s.weight,
            {.help = "share of the blend, relative to the other sources",
             .minimum = 0,
             .above_minimum = true});
    v.Field("people", s.people,
            {.help = "atlas: size of the world, in people", .minimum = 8, .maximum = 1e7});
    v.Field("world_seed", s.world_seed, {.help = "atlas: which world", .minimum = 0});
    v.Field("text_key", s.text_key,
            {.help = "jsonl: the key of each line's object that holds the text",
             .pattern = ".+",
             .form = "at least one character",
             .added_later = true});
    v.Field("separator", s.separator,
            {.help = "text: a line that says exactly this ends a document; empty: each file is one",
             .pattern = "[^\\r\\n]*",
             .form = "one line",
             .added_later = true});
    v.Field("token_type", s.token_type,
            {.help = "tokens: what a .bin holds that does not say it itself", .added_later = true});
  }
};

struct DataSettings {
  TokenizerSettings tokenizer;
  std::vector<SourceSettings> train;
  std::vector<SourceSettings> validation;
  double held_out = 0.02;
  bool deduplicate = false;
  bool mask_documents = false;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("tokenizer", s.tokenizer, "how text becomes tokens");
    v.List("train", s.train, "what is trained on, blended by weight");
    v.List("validation", s.validation,
           "held-out text; where it is empty, `held_out` of each training source is kept apart");
    v.Field(
        "held_out", s.held_out,
        {.help =
             "share of each training source kept for validation when no validation source is named",
         .minimum = 0,
         .maximum = 0.5,
         .above_minimum = true});
    v.Field("deduplicate", s.deduplicate,
            {.help = "read a document of several equal ones once, and what is held out never in "
                     "training",
             .added_later = true});
    v.Field(
        "mask_documents", s.mask_documents,
        {.help = "attention does not look over the end of text that is packed between documents, "
                 "and positions count from it",
         .added_later = true});
  }
};

}  // namespace upcycle
