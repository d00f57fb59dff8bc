#include "core/recipe/relations.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/benchmark_relations.h"
#include "core/recipe/cost.h"
#include "core/recipe/data_relations.h"
#include "core/recipe/size_relations.h"
#include "core/recipe/upcycle_relations.h"

namespace upcycle {
namespace {

// A list of a ramp's sizes is made for each arm.
constexpr int64_t kMostRampSizes = 4096;

class Relations {
 public:
  explicit Relations(const RunSettings& settings) : s_(settings) {}

  std::vector<Violation> Find() {
    CheckModel();
    FindDataViolations(s_, violations_);
    if (s_.HasExperts()) CheckExperts();
    FindUpcycleViolations(s_, violations_);
    FindBenchmarkViolations(s_, violations_);
    CheckStart();
    CheckTrain(s_.train, "train");
    if (s_.TrainsParent()) CheckTrain(s_.parent.train, "parent.train");
    if (!HasErrors()) FindSizeViolations(s_, violations_);
    return std::move(violations_);
  }

 private:
  bool HasErrors() const {
    return std::any_of(violations_.begin(), violations_.end(), [](const Violation& violation) {
      return violation.severity == Severity::kError;
    });
  }

  void Error(std::vector<std::string> paths, std::string message, std::string expected = {}) {
    violations_.push_back(
        {Severity::kError, std::move(paths), std::move(message), std::move(expected)});
  }
  void Warning(std::vector<std::string> paths, std::string message, std::string expected = {}) {
    violations_.push_back(
        {Severity::kWarning, std::move(paths), std::move(message), std::move(expected)});
  }

  void CheckModel() {
    const ModelSettings& m = s_.model;
    if (m.head_width == 0 && m.width % m.heads != 0) {
      Error({"model.heads", "model.width"},
            fmt::format("a width of {} cannot be divided into {} heads", m.width, m.heads),
            "model.width to be a multiple of model.heads, or model.head_width to be set");
    } else if (m.HeadWidth() % 2 != 0) {
      Error({"model.head_width", "model.heads", "model.width"},
            fmt::format("heads are {} wide, and rotary positions need pairs", m.HeadWidth()),
            "an even head width");
    }
    if (m.heads % m.KvHeads() != 0) {
      Error({"model.kv_heads", "model.heads"},
            fmt::format("{} query heads cannot share {} key-value heads evenly", m.heads,
                        m.KvHeads()),
            "model.heads to be a multiple of model.kv_heads");
    }
    CheckPositions();
  }

  void CheckPositions() {
    const ModelSettings& m = s_.model;
    if (m.RotaryWidth() == 0 && !m.Traits().learned_positions) {
      Error({"model.rotary_share", "model.head_width", "model.heads"},
            fmt::format("a share of {:g} of {} numbers leaves no pair to rotate", m.rotary_share,
                        m.HeadWidth()),
            "a larger model.rotary_share");
    }
    const RopeScalingSettings& scaling = m.rope_scaling;
    if (scaling.kind == RopeScaling::kLlama3 &&
        scaling.low_frequency_factor >= scaling.high_frequency_factor) {
      Error({"model.rope_scaling.low_frequency_factor", "model.rope_scaling.high_frequency_factor"},
            fmt::format("no frequency lies between those below {:g} and those above {:g}",
                        scaling.low_frequency_factor, scaling.high_frequency_factor),
            "model.rope_scaling.low_frequency_factor to be less than high_frequency_factor");
    }
  }

  void CheckFamilyOfExperts() {
    const FamilyTraits traits = s_.model.Traits();
    const char* what = nullptr;
    if (traits.residual != Residual::kBefore) what = "whose layers take the norm of an MLP's input";
    if (traits.mlp_bias) what = "whose MLPs have no biases";
    if (what == nullptr) return;
    Error({"model.family", "upcycle.method"},
          fmt::format("experts are those of families {}, and {} is none of them", what,
                      NameOf(s_.model.family)),
          "upcycle.method: none, or another model.family");
  }

  void CheckExperts() {
    const MoeSettings& moe = s_.moe;
    CheckFamilyOfExperts();
    if (s_.model.ffn_width % moe.granularity != 0) {
      Error({"moe.granularity", "model.ffn_width"},
            fmt::format("an MLP of width {} cannot be cut into {} parts", s_.model.ffn_width,
                        moe.granularity),
            "moe.granularity to divide model.ffn_width");
    }
    if (moe.top_k > moe.Experts()) {
      Error({"moe.top_k", "moe.expansion", "moe.granularity"},
            fmt::format("a token cannot be sent to {} of {} experts", moe.top_k, moe.Experts()),
            "moe.top_k to be at most moe.expansion · moe.granularity");
    }
    if (moe.router.order == RoutingOrder::kTopkThenSoftmax && moe.top_k == 1) {
      Error({"moe.top_k", "moe.router.order"},
            "topk_then_softmax of one expert is always 1, so no gradient reaches the router",
            "moe.top_k of at least 2, or moe.router.order: softmax_then_topk");
    }
    CheckLayers();
    CheckChoice();
  }

  void CheckChoice() {
    const RouterSettings& router = s_.moe.router;
    if (router.bias_rate > 0 && router.choice != RouterChoice::kTopk) {
      Error({"moe.router.bias_rate", "moe.router.choice"},
            fmt::format("{} balances experts by itself, so there is no choice for a bias to move",
                        NameOf(router.choice)),
            "moe.router.bias_rate: 0, or moe.router.choice: topk");
    }
    if (!s_.moe.ExpertsChoose()) return;
    if (s_.moe.capacity_factor.dropless()) {
      Error({"moe.capacity_factor", "moe.router.choice"},
            "experts that choose their tokens take as many as their capacity, and have none",
            "a number for moe.capacity_factor: 1 gives a token moe.top_k experts on average");
    }
    if (router.order == RoutingOrder::kTopkThenSoftmax) {
      Error({"moe.router.order", "moe.router.choice"},
            "experts that choose their tokens weigh each by its own score: there is no top-k of a "
            "token's whose scores could be divided by their sum",
            "moe.router.order: softmax_then_topk");
    }
    Warning({"moe.router.choice"},
            "experts that choose among a micro-batch's tokens see later tokens, in evaluation too: "
            "losses are lower than those of a model that generates text");
  }

  void CheckLayers() {
    const LayerSelection& selection = s_.moe.layers;
    const int64_t layers = s_.model.layers;
    if (selection.kind == LayerSelection::Kind::kEveryOther && layers < 2) {
      Error({"moe.layers", "model.layers"}, "every_other layer of one layer is none");
    }
    for (size_t i = 0; i < selection.layers.size(); ++i) {
      const int64_t layer = selection.layers[i];
      if (layer >= layers) {
        Error({"moe.layers", "model.layers"},
              fmt::format("there is no layer {} in a model of {} layers", layer, layers),
              fmt::format("layer numbers from 0 to {}", layers - 1));
      }
      if (i > 0 && layer <= selection.layers[i - 1]) {
        Error({"moe.layers"},
              fmt::format("layer {} stands after layer {}", layer, selection.layers[i - 1]),
              "layer numbers in ascending order, each once");
      }
    }
  }

  // What a schedule can go on from.
  void CheckStart() {
    if (s_.parent.train.learning_rate.start == ScheduleStart::kContinue && s_.HasParent()) {
      Error({"parent.train.learning_rate.start"},
            "the dense parent starts fresh: there is no rate to continue from", "restart");
    }
    if (s_.train.learning_rate.start != ScheduleStart::kContinue) return;
    if (!s_.HasParent()) {
      Error({"train.learning_rate.start", "upcycle.method"},
            "a run from scratch has no parent whose rate it could continue",
            "train.learning_rate.start: restart");
    } else if (s_.ReadsParent()) {
      Error({"train.learning_rate.start", "model.from"},
            "nobody knows the rate with which a parent that is read ended",
            "train.learning_rate.start: restart, with the peak that you want");
    } else if (ParentEndsAtZero()) {
      Error({"train.learning_rate.start", "parent.train.learning_rate.minimum"},
            "the parent's rate ends at 0, so a run that continues it learns nothing",
            "train.learning_rate.start: restart, or a parent.train.learning_rate.minimum above 0");
    }
  }

  bool ParentEndsAtZero() const {
    const LearningRateSettings& rate = s_.parent.train.learning_rate;
    switch (rate.schedule) {
      case ScheduleShape::kConstant:
      case ScheduleShape::kInverseSquareRoot:
        return false;
      case ScheduleShape::kWarmupStableDecay:
        return rate.minimum == 0 && rate.decay_share > 0;
      case ScheduleShape::kLinear:
      case ScheduleShape::kCosine:
        break;
    }
    return rate.minimum == 0;
  }

  void CheckTrain(const TrainSettings& train, const std::string& path) {
    if (!CheckRamp(train, path)) return;
    const int64_t batch = TokensPerStep(train, s_.model);
    if (train.tokens < batch) {
      Error({path + ".tokens", path + ".batch_sequences", "model.sequence_length"},
            fmt::format("{} tokens are less than one batch of {} · {} = {}", train.tokens,
                        train.batch_sequences, s_.model.sequence_length, batch),
            fmt::format("{}.tokens of at least {}", path, batch));
    } else {
      CheckRate(train, path);
    }
    if (train.batch_sequences % train.MicroBatchSequences() != 0) {
      Error({path + ".micro_batch_sequences", path + ".batch_sequences"},
            fmt::format("a batch of {} sequences cannot be split into micro-batches of {}",
                        train.batch_sequences, train.MicroBatchSequences()),
            fmt::format("{0}.micro_batch_sequences to divide {0}.batch_sequences", path));
    }
  }

  // Whether there is a batch for every step.
  bool CheckRamp(const TrainSettings& train, const std::string& train_path) {
    const BatchRampSettings& ramp = train.batch_ramp;
    if (!ramp.IsOn()) return true;
    const std::string path = train_path + ".batch_ramp";
    if (ramp.increment_sequences == 0 || ramp.tokens == 0) {
      Error({path + (ramp.tokens == 0 ? ".tokens" : ".increment_sequences"),
             path + ".start_sequences"},
            "a batch that starts small needs increments, and tokens over which it grows",
            fmt::format("{0}.increment_sequences and {0}.tokens above 0", path));
      return false;
    }
    const int64_t growth = train.batch_sequences - ramp.start_sequences;
    if (growth < 0 || growth % ramp.increment_sequences != 0) {
      Error({path + ".start_sequences", path + ".increment_sequences",
             train_path + ".batch_sequences"},
            fmt::format("a batch of {} sequences does not grow to {} by {} at a time",
                        ramp.start_sequences, train.batch_sequences, ramp.increment_sequences),
            "the increments to lead from the start to the whole batch");
      return false;
    }
    if (growth / ramp.increment_sequences > kMostRampSizes) {
      Error({path + ".increment_sequences", path + ".start_sequences"},
            fmt::format("a batch that grows from {} to {} by {} has {} sizes", ramp.start_sequences,
                        train.batch_sequences, ramp.increment_sequences,
                        growth / ramp.increment_sequences),
            fmt::format("increments that make at most {}", kMostRampSizes));
      return false;
    }
    const int64_t micro = train.MicroBatchSequences();
    const int64_t largest = std::gcd(ramp.start_sequences, ramp.increment_sequences);
    if (largest % micro != 0) {
      Error(
          {path + ".start_sequences", path + ".increment_sequences",
           train_path + ".micro_batch_sequences"},
          fmt::format("batches from {} by {} sequences cannot be split into micro-batches of {}",
                      ramp.start_sequences, ramp.increment_sequences, micro),
          fmt::format("{}.micro_batch_sequences to divide both, such as {}", train_path, largest));
      return false;
    }
    if (ramp.tokens >= train.tokens) {
      Warning({path + ".tokens", train_path + ".tokens"},
              fmt::format("a ramp of {} tokens does not end in a run of {}", ramp.tokens,
                          train.tokens));
    }
    return true;
  }

  void CheckRate(const TrainSettings& train, const std::string& train_path) {
    const LearningRateSettings& rate = train.learning_rate;
    const std::string path = train_path + ".learning_rate";
    if (rate.start == ScheduleStart::kContinue) return;  // neither peak nor warm-up
    const int64_t steps = TrainSteps(train, s_.model);
    const bool falls = rate.schedule != ScheduleShape::kConstant;
    if (falls && rate.minimum > rate.peak) {
      Error({path + ".minimum", path + ".peak"},
            fmt::format("the rate would end at {}, above its peak of {}", rate.minimum, rate.peak),
            fmt::format("{0}.minimum to be at most {0}.peak", path));
    }
    if (rate.schedule == ScheduleShape::kInverseSquareRoot && rate.warmup_steps == 0) {
      Error({path + ".warmup_steps", path + ".schedule"},
            "inverse_square_root falls with the root of the warm-up, which has no steps",
            fmt::format("{}.warmup_steps of at least 1", path));
    }
    if (rate.warmup_steps >= steps && rate.warmup_steps > 0) {
      Warning({path + ".warmup_steps", train_path + ".tokens"},
              fmt::format("a warm-up of {} steps does not end in a run of {}", rate.warmup_steps,
                          steps));
    } else if (rate.schedule == ScheduleShape::kWarmupStableDecay &&
               rate.warmup_steps + rate.decay_share * static_cast<double>(steps) >
                   static_cast<double>(steps)) {
      Warning({path + ".decay_share", path + ".warmup_steps"},
              "warm-up and decay overlap: the rate is never at its peak");
    }
  }

  const RunSettings& s_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> FindViolations(const RunSettings& settings) {
  return Relations(settings).Find();
}

std::string SourceName(const SourceSettings& source) {
  return source.name.empty() ? std::string(NameOf(source.kind)) : source.name;
}

}  // namespace upcycle
