// What the trainer reads. A sample is L + 1 consecutive tokens of one source: L inputs and, shifted
// by one, L targets. Which tokens sample i holds is a pure function of (sources, weights, L, seed,
// i): it depends neither on how samples are grouped in batches nor on what was read before.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/data/blend.h"
#include "core/data/tokens.h"

namespace upcycle {

// Tokens of one source. An epoch of it is n / L windows (rounded down) that begin at a random
// offset, wrap around the end of the file, share no input token, and come in a fresh random order.
struct BatchSource {
  std::string name;  // its order depends on the seed and on this name alone
  const Tokens* tokens = nullptr;
  double weight = 1;
  int64_t held_out_tokens = 0;  // cut from it for validation: for messages
};

// What a training reads of a source.
struct SourceUse {
  std::string name;
  int64_t tokens = 0;  // inputs, each time they are read
  double epochs = 0;   // how often the source is read through
};

class Batches {
 public:
  // The tokens must outlive this. Throws Error(kInput) where a source is shorter than a sample.
  Batches(std::vector<BatchSource> sources, int64_t sequence_length, uint64_t seed);

  // tokens and targets [count·L] of samples [first_sample, first_sample + count). Reading on where
  // the last call ended costs nothing; any other place costs a few nanoseconds for each sample
  // before it. Does not allocate.
  void Fill(int64_t first_sample, int64_t count, std::span<int32_t> tokens,
            std::span<int32_t> targets);

  // How often source `s` was read through, so far.
  double EpochsOf(int s) const;

  // What the first samples take of each source, in their order. Costs what Fill costs to get there.
  std::vector<SourceUse> UseOf(int64_t samples);

  // {"sample": i, "drawn": [...]}: where the next sequential Fill begins.
  nlohmann::json Cursor() const;
  // Throws Error(kInput) if it is no cursor of as many sources.
  void SetCursor(const nlohmann::json& cursor);

 private:
  struct Source {
    std::string name;
    std::string order_name;
    std::string offset_name;
    const Tokens* tokens = nullptr;
    int64_t windows = 0;  // of an epoch
  };

  void Seek(int64_t sample);
  int64_t WindowBegin(const Source& source, int64_t draw) const;
  void ReadWrapped(const Tokens& file, int64_t begin, std::span<int32_t> out) const;

  std::vector<Source> sources_;
  Blend blend_;
  int64_t length_;
  uint64_t seed_;
  int64_t sample_ = 0;
  std::vector<int64_t> drawn_;  // samples taken from each source before sample_
};

// Validation: every token of a file once, in order, as a target. The first is predicted from
// `first_input` (end of text); the last window is padded with targets of -1, so that sums over
// targets are exact.
class SequentialWindows {
 public:
  SequentialWindows(const Tokens& tokens, int32_t first_input, int64_t sequence_length);

  int64_t count() const;    // windows
  int64_t targets() const;  // tokens that are predicted: all of the file
  // tokens and targets [count·L] of windows [first, first + count). Windows past the end are
  // padding throughout, so a last batch may be filled up.
  void Fill(int64_t first, int64_t count, std::span<int32_t> tokens,
            std::span<int32_t> targets) const;

 private:
  const Tokens& tokens_;
  int32_t first_input_;
  int64_t length_;
};

}  // namespace upcycle
