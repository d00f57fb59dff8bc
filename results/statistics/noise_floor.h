// How far apart equal configurations come out: what a difference must exceed to be more than the
// noise of the seeds. From A/A pairs (an arm against itself, other seeds or an other order) with
// differences d of true mean 0, or from k runs of one arm, whose differences have twice its
// variance:
//   s² = Σ d² / k, ν = k         or         s² = 2 Σ (x - mean)² / (k - 1), ν = k - 1.
// A mean difference over n new pairs of equal configurations falls within
//   ± t(1 - (1 - level)/2, ν) · s / √n
// with probability `level` if differences are about normal: this is a prediction interval around
// the known mean 0, so that the uncertainty of s from few runs is in t.
// Runs of one arm tell the noise of unpaired arms. Pairing removes a share of it, so that their
// floor is the upper end of what paired arms see.
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

struct NoiseFloor {
  double deviation = 0;  // of one difference; NaN with too few values
  double degrees = 0;    // what it rests on
  // The largest that the deviation is, at the level: s · √(ν / χ²(1 - level, ν)).
  double largest_deviation = 0;

  // What a mean difference over n ≥ 1 pairs stays below; NaN as the deviation is.
  double Within(int64_t pairs, double level) const;
};

// At least one difference of an A/A pair; all finite.
NoiseFloor FloorOfPairs(std::span<const double> differences, double level);

// At least two values of one arm; all finite.
NoiseFloor FloorOfRuns(std::span<const double> values, double level);

}  // namespace upcycle
