// train: tokens and first weights become trained weights.

#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/checksums.h"
#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/directory_transaction.h"
#include "core/error.h"
#include "core/files.h"
#include "core/recipe/batch_plan.h"
#include "core/recipe/cost.h"
#include "core/stopwatch.h"
#include "experiments/formats/model_folder.h"
#include "experiments/run/checkpoint.h"
#include "experiments/run/interval_record.h"
#include "experiments/run/optimizer_file.h"
#include "experiments/run/parent_cosine.h"
#include "experiments/run/result_record.h"
#include "experiments/run/stage_file.h"
#include "experiments/run/trainer.h"
#include "experiments/run/validation.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

using nlohmann::json;

// The dense model that an upcycled start was made from, and how.
struct Ancestry {
  ModelFolder parent;
  ExpertNeurons neurons;
};

// Empty for any other start.
std::optional<Ancestry> AncestryOf(const StageContext& context) {
  if (context.stage.inputs.size() < 3) return std::nullopt;
  const Stage start = ReadStage(context.Input(1).description());
  const UpcycleOrder order = ReadUpcycleOrder(start);
  return Ancestry{ModelFolder(context.Input(2).model()),
                  ExpertNeurons(order.target, order.upcycle, order.seed)};
}

class Training {
 public:
  explicit Training(const StageContext& context)
      : context_(context),
        order_(ReadTrainOrder(context.stage)),
        length_(order_.architecture.model.sequence_length),
        dataset_(OpenDataset(context.Input(0).tokens())),
        batches_(TrainingSources(dataset_, context.stage.settings.at("blend")), length_,
                 order_.seed),
        model_(context.backend, order_.architecture, BuildOf(order_)),
        trainer_(MakeTrainer()),
        record_(model_.expert_layers(), order_.architecture.moe.Experts(), trainer_.steps()),
        validator_(model_, dataset_, order_.train.MicroBatchSequences(), CapacityFactor{}),
        checkpoints_(context.folder.checkpoints(), context.Input(0).tokens() / "tokenizer",
                     dataset_.tokenizer->EndOfText()),
        ancestry_(AncestryOf(context)) {}

  void Run() {
    RecordBuild();
    trainer_.set_carried_steps(order_.carried_steps);
    if (order_.masks_documents) trainer_.MaskDocuments(dataset_.tokenizer->EndOfText());
    Begin();
    ReportProgress();
    while (trainer_.step() < trainer_.steps()) {
      const StepReport report = trainer_.Step();
      record_.Add(report, trainer_.loads());
      tokens_since_report_ += trainer_.step_tokens();
      const int64_t step = trainer_.step();
      const bool last = step == trainer_.steps();
      if (last || step % order_.train.log_every == 0) Report();
      if (last || Due(order_.train.validate_every)) Validate();
      if (!last) LeaveOrCheckpoint();
    }
    Finish();
  }

 private:
  Trainer MakeTrainer() {
    const int64_t steps = TrainSteps(order_.train, order_.architecture.model);
    return Trainer(
        model_, order_.train, Schedule(order_.train.learning_rate, steps, order_.parent_rate),
        steps, order_.seed,
        [this](int64_t first, int64_t count, std::span<int32_t> tokens,
               std::span<int32_t> targets) { batches_.Fill(first, count, tokens, targets); });
  }

  // On what and in how much memory this training runs.
  void RecordBuild() {
    if (const std::string path = model_.ExpertPathName(); !path.empty()) {
      AttemptStart start = context_.start;
      start.device += ", experts " + path;
      context_.journal.Event(EventOf(start));
    }
    for (const auto& category : EnumNames<MemoryCategory>::values) {
      const int64_t bytes = model_.memory()[static_cast<size_t>(category.value)];
      context_.journal.Point(fmt::format("system/memory/{}", category.name), 0,
                             static_cast<double>(bytes));
    }
  }

  // From the newest checkpoint, else from the first weights.
  void Begin() {
    std::vector<std::string> passed_over;
    const bool restored = checkpoints_.Restore(
        model_.parameters(), context_.backend, [&](const json& state) { return ReadState(state); },
        passed_over);
    for (const std::string& reason : passed_over) {
      context_.journal.Event({{"event", "checkpoint_passed_over"}, {"reason", reason}});
    }
    if (restored) return;
    model_.parameters().ZeroMoments(context_.backend);  // of a checkpoint that was passed over
    if (context_.stage.inputs.size() < 2) {
      model_.parameters().Initialize(context_.backend, order_.seed);
    } else {
      ModelFolder(context_.Input(1).model()).CopyTo(model_.parameters(), context_.backend);
    }
    if (order_.carried_steps > 0) CarryOptimizer();
  }

  // A dense run's parent is where its first weights are from; experts have theirs behind them.
  void CarryOptimizer() {
    const fs::path parent = context_.Input(ancestry_ ? 2 : 1).model();
    CarryMoments(parent, ancestry_ ? &ancestry_->neurons : nullptr, model_.parameters(),
                 context_.backend);
  }

  // What was recorded before a checkpoint is in the journal alone. Where that has been lost since,
  // going on from the checkpoint would leave a hole in the record for good.
  std::function<void()> ReadState(const json& state) {
    if (state.at("journal_bytes") > context_.journal_bytes) {
      throw Error(Cause::kInput,
                  "the journal no longer reaches up to it, so its values would miss");
    }
    IntervalRecord record = record_;
    record.FromJson(state.at("record"));
    return [this, record = std::move(record), step = state.at("step").get<int64_t>()] {
      record_ = record;
      trainer_.set_step(step);
    };
  }

  bool Due(int64_t every) const { return every > 0 && trainer_.step() % every == 0; }

  void Report() {
    const double seconds = since_report_.Seconds();
    JournalWriter& journal = context_.journal;
    record_.Write(journal, trainer_.step());
    if (tokens_since_report_ > 0) {
      journal.Point("system/tokens_per_second", trainer_.step(),
                    static_cast<double>(tokens_since_report_) / seconds);
    }
    ReportProgress();
    since_report_.Restart();
    tokens_since_report_ = 0;
  }

  void ReportProgress() {
    context_.journal.Event(
        {{"event", "progress"}, {"step", trainer_.step()}, {"steps", trainer_.steps()}});
    context_.journal.Flush();
  }

  void Validate() {
    LossSum total;
    for (const TokenSet& set : dataset_.validation) {
      const LossSum sum = validator_.Loss(set, order_.train.validate_sequences);
      context_.journal.Point(fmt::format("validation/{}/loss", set.name), trainer_.step(),
                             sum.Mean());
      total.Add(sum);
    }
    context_.journal.Point("validation/loss", trainer_.step(), total.Mean());
    if (ancestry_) RecordCosines();
    context_.journal.Flush();
    since_report_.Restart();  // the time of a validation is not the training's
  }

  void RecordCosines() {
    const std::vector<double> cosines =
        ParentCosines(model_.parameters(), context_.backend, ancestry_->parent, ancestry_->neurons);
    double sum = 0;
    for (size_t i = 0; i < cosines.size(); ++i) {
      context_.journal.Point(
          fmt::format("moe/layer_{:02}/parent_cosine", model_.expert_layers()[i]), trainer_.step(),
          cosines[i]);
      sum += cosines[i];
    }
    context_.journal.Point("moe/parent_cosine", trainer_.step(),
                           sum / static_cast<double>(cosines.size()));
  }

  void LeaveOrCheckpoint() {
    const bool is_far_enough = context_.until_step > 0 && trainer_.step() == context_.until_step;
    const bool stop = is_far_enough || context_.stop.Requests() > 0;
    if (!stop && since_checkpoint_.Seconds() < order_.train.checkpoint_seconds) return;
    // What is recorded up to here must not be lost when training goes on from here.
    context_.journal.Sync();
    const json state = {{"step", trainer_.step()},
                        {"record", record_.ToJson()},
                        {"journal_bytes", fs::file_size(context_.folder.journal())}};
    checkpoints_.Write(trainer_.step(), state, model_.parameters(), context_.backend);
    since_checkpoint_.Restart();
    if (is_far_enough) {
      throw Error(Cause::kInterrupted,
                  fmt::format("came to step {}, up to which it was to train", trainer_.step()));
    }
    context_.LeaveIfStopped();
  }

  // What each source gave, however often it was read.
  void RecordUse() {
    const BatchPlan plan(order_.train, order_.architecture.model);
    for (const SourceUse& use : batches_.UseOf(plan.FirstSequenceOf(trainer_.steps()))) {
      const std::string prefix = fmt::format("data/{}", use.name);
      const auto tokens = static_cast<double>(use.tokens);
      RecordResult(context_.journal, prefix + "/tokens", tokens, 0, use.tokens);
      RecordResult(context_.journal, prefix + "/epochs", use.epochs, 0, use.tokens);
    }
  }

  void Finish() {
    RecordUse();
    DirectoryTransaction transaction(context_.folder.model());
    WriteModel(transaction.path(), model_.parameters(), context_.backend,
               context_.Input(0).tokens() / "tokenizer", dataset_.tokenizer->EndOfText());
    if (order_.keep_optimizer) {
      WriteMoments(transaction.path(), model_.parameters(), context_.backend);
    }
    WriteChecksums(transaction.path());
    transaction.Commit();
    checkpoints_.Clear();
  }

  const StageContext& context_;
  TrainOrder order_;
  int64_t length_;
  Dataset dataset_;
  Batches batches_;
  Transformer model_;
  Trainer trainer_;
  IntervalRecord record_;
  Validator validator_;
  Checkpoints checkpoints_;
  std::optional<Ancestry> ancestry_;
  int64_t tokens_since_report_ = 0;
  Stopwatch since_report_;
  Stopwatch since_checkpoint_;
};

}  // namespace

void RunTrainStage(const StageContext& context) { Training(context).Run(); }

}  // namespace upcycle
