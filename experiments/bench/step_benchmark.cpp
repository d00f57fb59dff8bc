#include "experiments/bench/step_benchmark.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/stopwatch.h"

namespace upcycle {
namespace {

// Recorded work is done plainly, then recorded, then replayed.
constexpr int kWarmupSteps = 4;
constexpr int kLeastSteps = 5;

// Weights of one layer that a token meets in a multiplication.
double ActiveWeights(const Architecture& architecture, int64_t layer, double served_share) {
  const AttentionShape attention = architecture.Attention(1, 1);
  const double width = static_cast<double>(architecture.model.width);
  const double projections =
      width * static_cast<double>(attention.fused_width() + attention.query_width());
  const double matrices = architecture.Gated() ? 3 : 2;
  if (!architecture.LayerHasExperts(layer)) {
    return projections + matrices * width * static_cast<double>(architecture.model.ffn_width);
  }
  const MoeSettings& moe = architecture.moe;
  return projections + width * static_cast<double>(moe.Experts()) +
         served_share * matrices * width *
             static_cast<double>(moe.top_k * architecture.ExpertWidth());
}

// Σ_{i < k} 1 / (i + 1) over the sum of all.
std::vector<double> ZipfShares(int64_t vocabulary) {
  std::vector<double> below(static_cast<size_t>(vocabulary));
  double sum = 0;
  for (size_t k = 0; k < below.size(); ++k) below[k] = sum += 1 / static_cast<double>(k + 1);
  for (double& share : below) share /= sum;
  return below;
}

ModelBuild BuildFor(const Architecture& architecture, int64_t sequences, DataType activation_type,
                    bool on_gpu) {
  ModelBuild build;
  build.limits = {sequences, architecture.model.sequence_length, 1};
  build.purpose = Purpose::kTrain;
  build.activation_type = activation_type;
  build.on_gpu = on_gpu;
  return build;
}

TrainSettings BatchesOf(int64_t sequences) {
  TrainSettings settings;
  settings.batch_sequences = sequences;
  return settings;
}

}  // namespace

double ExecutedFlopsPerToken(const Architecture& architecture, int64_t length,
                             double served_share) {
  double multiply_adds =
      static_cast<double>(architecture.vocabulary) * static_cast<double>(architecture.model.width);
  // Scores and their product with the values, over (length + 1) / 2 positions on average.
  const double attended = static_cast<double>(length + 1) / 2;
  const double query_width = static_cast<double>(architecture.Attention(1, 1).query_width());
  for (int64_t layer = 0; layer < architecture.model.layers; ++layer) {
    multiply_adds += ActiveWeights(architecture, layer, served_share) + 2 * attended * query_width;
  }
  return 2 * multiply_adds * 3;
}

MemoryBytes PlanBenchmarkTraining(const Architecture& architecture, int64_t sequences,
                                  DataType activation_type, bool on_gpu) {
  return Transformer::PlanMemory(architecture,
                                 BuildFor(architecture, sequences, activation_type, on_gpu));
}

BenchmarkTraining::BenchmarkTraining(Backend& backend, const Architecture& architecture,
                                     int64_t sequences, TokenDraw draw)
    : BenchmarkTraining(
          backend, architecture,
          BuildFor(architecture, sequences, backend.ActivationType(), backend.OnGpu()),
          BatchesOf(sequences), draw) {}

BenchmarkTraining::BenchmarkTraining(Backend& backend, const Architecture& architecture,
                                     const ModelBuild& build, const TrainSettings& settings,
                                     TokenDraw draw)
    : batch_tokens_(settings.batch_sequences * architecture.model.sequence_length),
      model_(backend, architecture, build) {
  FillWeights(backend);
  DrawTokens(draw, architecture.vocabulary);
  const int64_t length = architecture.model.sequence_length;
  const auto fill = [this, length](int64_t first, int64_t, std::span<int32_t> tokens,
                                   std::span<int32_t> targets) {
    const auto starts = static_cast<int64_t>(drawn_.size() - tokens.size());
    const auto from = drawn_.begin() + first * length % starts;
    std::copy_n(from, tokens.size(), tokens.begin());
    std::copy_n(from + 1, targets.size(), targets.begin());
  };
  const int64_t endless = std::numeric_limits<int64_t>::max() / batch_tokens_;
  trainer_ = std::make_unique<Trainer>(
      model_, settings, Schedule(settings.learning_rate, 1000000, 0), endless, 1, fill);
}

// The billions of values of a large model would take minutes to draw, so they repeat.
void BenchmarkTraining::FillWeights(Backend& backend) {
  constexpr size_t kPeriod = 1000003;  // prime, so that no two rows of a matrix are alike
  ModelParameters& parameters = model_.parameters();
  std::vector<const ModelParameters::Piece*> filled;
  std::vector<float> values;
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    const auto alike = std::find_if(filled.begin(), filled.end(), [&](const auto* other) {
      return other->part.kind == piece.part.kind && other->value.shape() == piece.value.shape();
    });
    if (alike != filled.end()) {
      backend.Copy(piece.value, (*alike)->value);
      continue;
    }
    values.resize(static_cast<size_t>(piece.value.size()));
    const size_t drawn = std::min(values.size(), kPeriod);
    FillFreshPart(std::span(values).first(drawn), piece.part, parameters.architecture(), 1);
    for (size_t i = drawn; i < values.size(); ++i) values[i] = values[i - drawn];
    backend.CopyFromHost(piece.value, ConstTensor(values.data(), piece.value.shape()));
    filled.push_back(&piece);
  }
  parameters.RoundValues(backend);
}

void BenchmarkTraining::DrawTokens(TokenDraw draw, int64_t vocabulary) {
  constexpr int64_t kSpareTokens = 1 << 18;
  drawn_.resize(static_cast<size_t>(batch_tokens_ + kSpareTokens + 1));
  const RandomStream stream(1, "benchmark");
  const std::vector<double> below =
      draw == TokenDraw::kZipf ? ZipfShares(vocabulary) : std::vector<double>();
  for (size_t i = 0; i < drawn_.size(); ++i) {
    if (draw == TokenDraw::kUniform) {
      drawn_[i] = static_cast<int32_t>(stream.Below(i, static_cast<uint64_t>(vocabulary)));
      continue;
    }
    const auto at = std::upper_bound(below.begin(), below.end(), stream.Uniform(i));
    drawn_[i] = static_cast<int32_t>(std::min<int64_t>(at - below.begin(), vocabulary - 1));
  }
}

StepTimes TimeSteps(BenchmarkTraining& training, double seconds) {
  for (int i = 0; i < kWarmupSteps; ++i) training.Step();
  std::vector<double> step_seconds;
  const Stopwatch all;
  while (static_cast<int>(step_seconds.size()) < kLeastSteps || all.Seconds() < seconds) {
    const Stopwatch step;
    training.Step();
    step_seconds.push_back(step.Seconds());
  }
  const auto middle = step_seconds.begin() + static_cast<int64_t>(step_seconds.size() / 2);
  std::nth_element(step_seconds.begin(), middle, step_seconds.end());
  return {*middle, static_cast<int64_t>(step_seconds.size())};
}

StepRate MeasureStep(Backend& backend, const Architecture& architecture, int64_t sequences,
                     double seconds) {
  BenchmarkTraining training(backend, architecture, sequences);
  const StepTimes times = TimeSteps(training, seconds);
  StepRate rate;
  rate.tokens_per_second = static_cast<double>(training.batch_tokens()) / times.median_seconds;
  rate.gflops = rate.tokens_per_second *
                ExecutedFlopsPerToken(architecture, architecture.model.sequence_length) / 1e9;
  return rate;
}

}  // namespace upcycle
