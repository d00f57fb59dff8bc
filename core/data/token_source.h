// Ready-made tokens as a source: files that other programs wrote, read where they lie.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/data/corpus.h"
#include "core/data/token_array.h"
#include "core/data/token_pieces.h"
#include "core/data/token_span.h"
#include "core/fingerprint.h"
#include "core/recipe/settings.h"

namespace upcycle {

TokenElement ElementOf(TokenType type);

// A .bin of Megatron-LM, by its name or by that of the .idx beside it, or a dump (token_array.h).
// In the order in which they are given, each once.
class TokenSource {
 public:
  // Throws Error(kInput) where a file is of no known kind or contradicts itself.
  TokenSource(const std::vector<fs::path>& files, TokenElement bare);
  // The files of patterns (glob.h), of which at least one is given.
  static TokenSource Find(const SourceSettings& source);

  // The files, those that hold tokens and their indices. The first call reads all of them.
  const std::vector<CorpusFile>& Contents() const;
  // Those that hold tokens.
  std::vector<CorpusFile> Files() const;
  // Of what the files hold and how it is read.
  Fingerprint Identity() const;
  TokenElement bare_element() const { return bare_; }

  int64_t CountTokens() const;

  // The tokens of a part. Where a share is held out, it is whole documents where an index tells
  // them, else pieces of at most 8192 tokens: each 1/share-th in the files' order, and at least
  // one. Throws Error(kInput) where that leaves none to train on.
  std::unique_ptr<TokenPieces> Part(CorpusPart part, double held_out) const;

  // Throws Error(kInput) for a token that is not in [0, vocabulary). Reads all of them.
  void RequireTokens(int64_t vocabulary) const;

 private:
  struct File {
    std::shared_ptr<const TokenArray> array;
    fs::path index;  // empty: a dump, which does not say where documents end
    std::vector<TokenSpan> spans;
    std::vector<int64_t> ends;  // of documents, in spans
  };
  // Calls visit(file, spans) with what is held out or not as a whole.
  template <typename Visitor>
  void ForUnits(int64_t piece_tokens, const Visitor& visit) const;
  // With those that belong to a part.
  template <typename Visitor>
  void ForPart(CorpusPart part, double held_out, const Visitor& visit) const;

  void Open(const fs::path& path);

  TokenElement bare_;
  std::vector<File> files_;
  mutable std::vector<CorpusFile> contents_;  // once they are known
};

}  // namespace upcycle
