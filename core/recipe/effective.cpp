#include "core/recipe/effective.h"

#include "core/recipe/cost.h"
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

}  // namespace

RunSettings EffectiveSettings(RunSettings settings) {
  ModelSettings& model = settings.model;
  model.kv_heads = model.KvHeads();
  model.head_width = model.HeadWidth();
  model.name = {};
  if (model.vocabulary == Vocabulary(settings.data.tokenizer)) model.vocabulary = 0;
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
  if (!settings.HasExperts() || !settings.HasParent()) {
    settings.upcycle.scaling = UpcycleSettings{}.scaling;
  }
  return settings;
}

}  // namespace upcycle
