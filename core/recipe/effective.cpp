#include "core/recipe/effective.h"

#include <concepts>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/reader.h"
#include "core/recipe/relations.h"
#include "core/recipe/weight_scaling.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

// No expert is sent more than all tokens of a micro-batch, so room for ceil(tokens · T/N · factor)
// ≥ tokens of them is room for all: a factor of at least N/T drops nothing.
bool CanDrop(const MoeSettings& moe) {
  const CapacityFactor& capacity = moe.capacity_factor;
  return !capacity.dropless() &&
         *capacity.factor * static_cast<double>(moe.top_k) < static_cast<double>(moe.Experts());
}

// Whether drop or noise leave every weight as it is.
bool ChangesNothing(const UpcycleSettings& upcycle) {
  if (!ChangesNeurons(upcycle.method)) return false;
  return upcycle.ratio == 0 || (upcycle.method == UpcycleMethod::kNoise && upcycle.noise_std == 0);
}

class Reducing {
 public:
  // Where nobody asks what is reduced, no words are made.
  Reducing(RunSettings& settings, std::vector<Reduction>* found) : s_(settings), found_(found) {}

  void Reduce() {
    ReduceModel();
    ReduceData();
    ReduceTraining(s_.train, "train");
    if (s_.TrainsParent()) {
      ReduceTraining(s_.parent.train, "parent.train");
    } else {
      Reset(s_.parent, "parent",
            s_.HasParent() ? "the parent is not trained but read from model.from"
                           : "a run from scratch has no parent");
    }
    if (s_.HasExperts()) {
      if (s_.moe.ExpertsChoose()) {
        ReduceChoosing(s_.moe);
      } else {
        ReduceCapacity(s_.moe.capacity_factor, "moe.capacity_factor");
        ReduceCapacity(s_.evaluate.capacity_factor, "evaluate.capacity_factor");
      }
      ReduceExperts(s_.moe);
    } else {
      constexpr const char* kDense = "a run without experts does not read it";
      Reset(s_.moe, "moe", kDense);
      Unused(s_.evaluate.capacity_factor, CapacityFactor{}, "evaluate.capacity_factor", kDense);
    }
    ReduceUpcycling(s_.upcycle);
  }

 private:
  // `why` is a text, or a function that makes it.
  template <typename Why>
  void Note(std::string_view path, const Why& why, bool is_unused) {
    if (found_ == nullptr) return;
    if constexpr (std::invocable<Why>) {
      found_->push_back({std::string(path), why(), is_unused});
    } else {
      found_->push_back({std::string(path), why, is_unused});
    }
  }

  template <typename V, typename Why>
  void Unused(V& field, const V& standard, std::string_view path, const Why& why) {
    if (field == standard) return;
    field = standard;
    Note(path, why, true);
  }

  template <typename V, typename Why>
  void StandsFor(V& field, V meant, std::string_view path, const Why& why) {
    if (field == meant) return;
    field = std::move(meant);
    Note(path, why, false);
  }

  template <typename T>
  void Reset(T& group, std::string_view path, const char* why) {
    if (found_ != nullptr && AllSettings(group) != AllSettings(T{})) Note(path, why, true);
    group = {};
  }

  void ReduceModel() {
    ModelSettings& model = s_.model;
    StandsFor(model.kv_heads, model.KvHeads(), "model.kv_heads", "0 means as many as model.heads");
    StandsFor(model.head_width, model.HeadWidth(), "model.head_width",
              "0 means model.width / model.heads");
    ReducePositions(model);
  }

  void ReducePositions(ModelSettings& model) {
    const ModelSettings unused;
    RopeScalingSettings& scaling = model.rope_scaling;
    if (model.Traits().learned_positions) {
      constexpr const char* kLearned = "learned positions do not rotate";
      Unused(model.rope_theta, unused.rope_theta, "model.rope_theta", kLearned);
      Unused(model.rotary_share, unused.rotary_share, "model.rotary_share", kLearned);
      Unused(scaling.kind, unused.rope_scaling.kind, "model.rope_scaling.kind", kLearned);
    }
    if (scaling.kind == RopeScaling::kNone) {
      Unused(scaling.factor, unused.rope_scaling.factor, "model.rope_scaling.factor",
             "frequencies stay as they are");
    }
    if (scaling.kind == RopeScaling::kLlama3) return;
    constexpr const char* kAlike = "only llama3 tells frequencies apart";
    const auto drop = [&](auto& value, const auto& usual, const char* name) {
      Unused(value, usual, JoinPath("model.rope_scaling", name), kAlike);
    };
    drop(scaling.low_frequency_factor, unused.rope_scaling.low_frequency_factor,
         "low_frequency_factor");
    drop(scaling.high_frequency_factor, unused.rope_scaling.high_frequency_factor,
         "high_frequency_factor");
    drop(scaling.original_length, unused.rope_scaling.original_length, "original_length");
  }

  void ReduceData() {
    DataSettings& data = s_.data;
    if (data.tokenizer.kind == TokenizerKind::kBytes) {
      Unused(data.tokenizer.vocabulary, TokenizerSettings{}.vocabulary, "data.tokenizer.vocabulary",
             "bytes have a vocabulary of their own");
    }
    if (data.tokenizer.kind != TokenizerKind::kFile) {
      Unused(data.tokenizer.path, TokenizerSettings{}.path, "data.tokenizer.path",
             "only a tokenizer of kind file has one");
    }
    if (data.tokenizer.kind == TokenizerKind::kNone) {
      StandsFor(data.tokenizer.end_of_text, data.tokenizer.EndOfText(),
                "data.tokenizer.end_of_text", "-1 means the last of the vocabulary");
    } else {
      Unused(data.tokenizer.end_of_text, TokenizerSettings{}.end_of_text,
             "data.tokenizer.end_of_text", "a tokenizer knows its own");
    }
    if (!data.validation.empty()) {
      Unused(data.held_out, DataSettings{}.held_out, "data.held_out",
             "nothing is kept apart where data.validation names its sources");
    }
    ReduceSources(data.train, "data.train");
    ReduceSources(data.validation, "data.validation");
  }

  void ReduceSources(std::vector<SourceSettings>& sources, const char* list) {
    const SourceSettings unused;
    for (size_t i = 0; i < sources.size(); ++i) {
      SourceSettings& source = sources[i];
      const std::string path = found_ == nullptr ? "" : JoinPath(list, std::to_string(i));
      StandsFor(source.name, SourceName(source), path + ".name",
                "a source without a name is called by its kind");
      if (source.kind == SourceKind::kAtlas) {
        Unused(source.files, unused.files, path + ".files", "the atlas is generated");
      } else {
        Unused(source.people, unused.people, path + ".people", "text has no people of its own");
        Unused(source.world_seed, unused.world_seed, path + ".world_seed", "text is not generated");
      }
      if (source.kind != SourceKind::kJsonl) {
        Unused(source.text_key, unused.text_key, path + ".text_key", "only jsonl has keys");
      }
      if (source.kind != SourceKind::kText) {
        Unused(source.separator, unused.separator, path + ".separator",
               "only text is divided by lines");
      }
      if (source.kind != SourceKind::kTokens) {
        Unused(source.token_type, unused.token_type, path + ".token_type",
               "only tokens lie in files as such");
      }
    }
  }

  void ReduceTraining(TrainSettings& train, const char* parent) {
    const auto path = [&](const char* key) {
      return found_ == nullptr ? std::string() : fmt::format("{}.{}", parent, key);
    };
    StandsFor(train.micro_batch_sequences, train.MicroBatchSequences(),
              path("micro_batch_sequences"), "0 means the whole batch");
    if (!train.batch_ramp.IsOn()) {
      Reset(train.batch_ramp, path("batch_ramp"), "a ramp without start_sequences is none");
    }
    LearningRateSettings& rate = train.learning_rate;
    const LearningRateSettings unused;
    if (rate.start == ScheduleStart::kContinue) {
      constexpr const char* kWhy =
          "a rate that goes on from the parent's has neither peak nor "
          "warm-up";
      Unused(rate.peak, unused.peak, path("learning_rate.peak"), kWhy);
      Unused(rate.warmup_steps, unused.warmup_steps, path("learning_rate.warmup_steps"), kWhy);
    }
    if (rate.schedule == ScheduleShape::kConstant) {
      Unused(rate.minimum, unused.minimum, path("learning_rate.minimum"),
             "a constant rate has no minimum");
    }
    if (rate.schedule != ScheduleShape::kWarmupStableDecay) {
      Unused(rate.decay_share, unused.decay_share, path("learning_rate.decay_share"),
             "only warmup_stable_decay has a share that decays");
    }
  }

  void ReduceCapacity(CapacityFactor& capacity, const char* path) {
    MoeSettings moe = s_.moe;
    moe.capacity_factor = capacity;
    if (CanDrop(moe)) return;
    StandsFor(capacity, CapacityFactor{}, path, [&] {
      return fmt::format(
          "a capacity factor of {:g} with {} experts, top-{}, can drop nothing: it is dropless",
          *moe.capacity_factor.factor, moe.Experts(), moe.top_k);
    });
  }

  void ReduceChoosing(MoeSettings& moe) {
    const double most = static_cast<double>(moe.Experts()) / static_cast<double>(moe.top_k);
    if (moe.capacity_factor.factor > most) {
      StandsFor(moe.capacity_factor, CapacityFactor{most}, "moe.capacity_factor",
                "experts that choose take each token once, whatever room they have");
    }
    constexpr const char* kWhy = "experts that choose their tokens fill their room exactly";
    Unused(moe.drop_policy, MoeSettings{}.drop_policy, "moe.drop_policy", kWhy);
    Unused(moe.router.load_balance, 0.0, "moe.router.load_balance", kWhy);
    Unused(s_.evaluate.capacity_factor, CapacityFactor{}, "evaluate.capacity_factor",
           "experts that choose their tokens have the room of training in evaluation too");
  }

  void ReduceUpcycling(UpcycleSettings& upcycle) {
    const UpcycleMethod method = upcycle.method;
    ReduceScaling(upcycle);
    if (!s_.HasParent()) {
      Unused(upcycle.optimizer, UpcycleSettings{}.optimizer, "upcycle.optimizer",
             "a run from scratch has no parent");
    }
    if (MakesVirtualGroups(method) && ChangesNothing(upcycle)) {
      StandsFor(upcycle.method, UpcycleMethod::kVirtualGroups, "upcycle.method", [&] {
        return fmt::format("{} that changes no weight makes virtual groups", NameOf(method));
      });
    }
    ReduceMethod(upcycle);
  }

  // Scalings that come to the same factors are one.
  void ReduceScaling(UpcycleSettings& upcycle) {
    if (!s_.HasExperts() || !s_.HasParent()) {
      return Unused(upcycle.scaling, UpcycleSettings{}.scaling, "upcycle.scaling",
                    "only experts that are made of a parent are scaled");
    }
    const auto scales_with = [&](WeightScaling scaling) {
      UpcycleSettings other = upcycle;
      other.scaling = scaling;
      return ScalesOf(s_.moe, other, s_.model.family);
    };
    const ExpertScales scales = scales_with(upcycle.scaling);
    for (const WeightScaling other : {WeightScaling::kNone, WeightScaling::kPaper}) {
      if (upcycle.scaling == other) return;
      if (scales != scales_with(other)) continue;
      return StandsFor(upcycle.scaling, other, "upcycle.scaling", [&] {
        return fmt::format("with these experts {} scales no otherwise than {}",
                           NameOf(upcycle.scaling), NameOf(other));
      });
    }
  }

  void ReduceMethod(UpcycleSettings& upcycle) {
    const UpcycleSettings unused;
    const UpcycleMethod method = upcycle.method;
    if (!ChangesNeurons(method)) {
      Unused(upcycle.ratio, unused.ratio, "upcycle.ratio", "the method changes no neurons");
    }
    if (method != UpcycleMethod::kNoise) {
      Unused(upcycle.noise_std, unused.noise_std, "upcycle.noise_std", "only noise has a size");
    }
    if (method != UpcycleMethod::kBranchTrainMix) {
      constexpr const char* kWhy = "only branch_train_mix has branches";
      Unused(upcycle.branches, unused.branches, "upcycle.branches", kWhy);
      Unused(upcycle.branch_tokens, unused.branch_tokens, "upcycle.branch_tokens", kWhy);
    }
  }

  void ReduceExperts(MoeSettings& moe) {
    if (moe.router.choice != RouterChoice::kSinkhorn) {
      Unused(moe.router.sinkhorn_rounds, RouterSettings{}.sinkhorn_rounds,
             "moe.router.sinkhorn_rounds", "only sinkhorn has rounds");
    }
    if (moe.capacity_factor.dropless()) {
      Unused(moe.drop_policy, MoeSettings{}.drop_policy, "moe.drop_policy",
             "what is dropless drops nothing");
    }
    if (moe.router.load_balance == 0) {
      Unused(moe.router.balance_scope, RouterSettings{}.balance_scope, "moe.router.balance_scope",
             "there is no load-balance loss");
    }
  }

  RunSettings& s_;
  std::vector<Reduction>* found_;
};

}  // namespace

RunSettings EffectiveSettings(RunSettings settings) {
  Reducing(settings, nullptr).Reduce();
  return settings;
}

std::vector<Reduction> FindReductions(const RunSettings& settings) {
  RunSettings reduced = settings;
  std::vector<Reduction> found;
  Reducing(reduced, &found).Reduce();
  return found;
}

}  // namespace upcycle
