#include "core/recipe/effective.h"

#include "core/recipe/relations.h"

namespace upcycle {
namespace {

void Reduce(LearningRateSettings& rate) {
  const LearningRateSettings unused;
  if (rate.start == ScheduleStart::kContinue) {
    rate.peak = unused.peak;
    rate.warmup_steps = unused.warmup_steps;
  }
  if (rate.schedule == ScheduleShape::kConstant) rate.minimum = unused.minimum;
  if (rate.schedule != ScheduleShape::kWarmupStableDecay) rate.decay_share = unused.decay_share;
}

void Reduce(TrainSettings& train) {
  train.micro_batch_sequences = train.MicroBatchSequences();
  if (!train.batch_ramp.IsOn()) train.batch_ramp = {};
  Reduce(train.learning_rate);
}

void Reduce(SourceSettings& source) {
  const SourceSettings unused;
  source.name = SourceName(source);
  if (source.kind == SourceKind::kText) {
    source.people = unused.people;
    source.world_seed = unused.world_seed;
  } else {
    source.files.clear();
  }
}

void Reduce(RouterSettings& router) {
  const RouterSettings unused;
  if (router.choice == RouterChoice::kExpertChoice) router.load_balance = unused.load_balance;
  if (router.choice == RouterChoice::kExpertChoice || router.load_balance == 0) {
    router.balance_scope = unused.balance_scope;
  }
  if (router.choice != RouterChoice::kSinkhorn) router.sinkhorn_rounds = unused.sinkhorn_rounds;
}

void Reduce(MoeSettings& moe) {
  Reduce(moe.router);
  if (moe.capacity_factor.dropless() || moe.ExpertsChoose()) {
    moe.drop_policy = MoeSettings{}.drop_policy;
  }
}

void Reduce(UpcycleSettings& upcycle) {
  UpcycleSettings used;
  used.method = upcycle.method;
  if (upcycle.method == UpcycleMethod::kScratch) {
    upcycle = used;
    return;
  }
  used.optimizer = upcycle.optimizer;
  const bool scales = upcycle.scaling != WeightScaling::kPaper || PaperScales(upcycle.method);
  if (upcycle.method != UpcycleMethod::kNone && scales) used.scaling = upcycle.scaling;
  if (ChangesNeurons(upcycle.method)) used.ratio = upcycle.ratio;
  if (upcycle.method == UpcycleMethod::kNoise) used.noise_std = upcycle.noise_std;
  if (upcycle.method == UpcycleMethod::kBranchTrainMix) {
    used.branches = upcycle.branches;
    used.branch_tokens = upcycle.branch_tokens;
  }
  upcycle = used;
}

}  // namespace

RunSettings EffectiveSettings(RunSettings settings) {
  ModelSettings& model = settings.model;
  model.kv_heads = model.KvHeads();
  model.head_width = model.HeadWidth();
  if (settings.data.tokenizer.kind == TokenizerKind::kBytes) {
    settings.data.tokenizer.vocabulary = TokenizerSettings{}.vocabulary;
  }
  if (!settings.data.validation.empty()) settings.data.held_out = DataSettings{}.held_out;
  for (SourceSettings& source : settings.data.train) Reduce(source);
  for (SourceSettings& source : settings.data.validation) Reduce(source);
  Reduce(settings.train);
  if (settings.HasParent()) {
    Reduce(settings.parent.train);
  } else {
    settings.parent = {};
  }
  if (settings.HasExperts()) {
    Reduce(settings.moe);
    if (settings.moe.ExpertsChoose()) settings.evaluate.capacity_factor = {};
  } else {
    settings.moe = {};
    settings.evaluate.capacity_factor = {};
  }
  Reduce(settings.upcycle);
  return settings;
}

}  // namespace upcycle
