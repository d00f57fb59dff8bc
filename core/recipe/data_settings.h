// What a run reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/fields.h"

namespace upcycle {

enum class TokenizerKind { kBytes, kBpe, kFile };
template <>
struct EnumNames<TokenizerKind> {
  static constexpr EnumName<TokenizerKind> values[] = {
      {TokenizerKind::kBytes, "bytes", "one token a byte, and end of text"},
      {TokenizerKind::kBpe, "bpe",
       "byte-pair encoding trained on the training text (sentencepiece)"},
      {TokenizerKind::kFile, "file",
       "a tokenizer as it lies at `path`, or beside model.from: a folder with tokenizer.json, a "
       "sentencepiece .model, a llama2.c .bin"},
  };
};

inline constexpr int64_t kSmallestBpeVocabulary = 300;

struct TokenizerSettings {
  TokenizerKind kind = TokenizerKind::kBytes;
  int64_t vocabulary = 512;
  std::string path;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("kind");
    v.Field("kind", s.kind, {.help = "how text becomes tokens"});
    v.Field("vocabulary", s.vocabulary,
            {.help = "pieces of a bpe tokenizer, byte pieces included",
             .minimum = kSmallestBpeVocabulary,
             .maximum = 65535,
             .unit = "tokens"});
    v.Field("path", s.path,
            {.help = "file: a folder or a file; empty: what lies beside model.from",
             .is_path = true,
             .added_later = true});
    if constexpr (requires { v.ImpliesFile("path", s.path, s); }) v.ImpliesFile("path", s.path, s);
  }
};

enum class SourceKind { kText, kAtlas };
template <>
struct EnumNames<SourceKind> {
  static constexpr EnumName<SourceKind> values[] = {
      {SourceKind::kText, "text", "UTF-8 files; each file is one document"},
      {SourceKind::kAtlas, "atlas", "the built-in generated world and questions about it"},
  };
};

// A source of text. Training blends its sources by weight; each held-out source is its own
// validation set, `validation/<name>/loss`.
struct SourceSettings {
  std::string name;
  SourceKind kind = SourceKind::kText;
  std::vector<std::string> files;
  double weight = 1;
  int64_t people = 400;
  int64_t world_seed = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("name", s.name,
            {.help = "what tables call it; the kind where it is left out",
             .pattern = "[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}",
             .form = "at most 100 letters, digits, '-', '_' and '.', the first no '.'"});
    v.Field("kind", s.kind, {.help = "where the text comes from"});
    v.Field(
        "files", s.files,
        {.help = "text: paths or globs, relative to the recipe; a leading ! takes files out again",
         .is_path = true});
    v.Field("weight", s.weight,
            {.help = "share of the blend, relative to the other sources",
             .minimum = 0,
             .above_minimum = true});
    v.Field("people", s.people,
            {.help = "atlas: size of the world, in people", .minimum = 8, .maximum = 1e7});
    v.Field("world_seed", s.world_seed, {.help = "atlas: which world", .minimum = 0});
  }
};

struct DataSettings {
  TokenizerSettings tokenizer;
  std::vector<SourceSettings> train;
  std::vector<SourceSettings> validation;
  double held_out = 0.02;

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
  }
};

}  // namespace upcycle
