#include "experiments/run/trainer.h"

#include <cmath>

#include <fmt/format.h>

#include "core/check.h"
#include "core/data/document_starts.h"
#include "core/error.h"

namespace upcycle {
namespace {

// Whether a NaN has a sign is no news.
std::string NumberText(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}

}  // namespace

Trainer::Trainer(Transformer& model, const TrainSettings& settings, const Schedule& schedule,
                 int64_t steps, uint64_t seed, FillSamples fill)
    : model_(model),
      settings_(settings),
      batches_(settings, model.architecture().model),
      schedule_(schedule),
      steps_(steps),
      seed_(seed),
      fill_(std::move(fill)) {
  const int64_t tokens =
      settings.MicroBatchSequences() * model.architecture().model.sequence_length;
  tokens_.resize(static_cast<size_t>(tokens));
  targets_.resize(static_cast<size_t>(tokens));
  loads_.resize(static_cast<size_t>(settings.batch_sequences / settings.MicroBatchSequences()));
  plan_.Add(&norm_, MemoryCategory::kWorkspace, DataType::kFloat32, {1});
  block_ = plan_.Bind(model.backend());
}

TokenBatch Trainer::ReadMicroBatch(int64_t index) {
  const int64_t sequences = settings_.MicroBatchSequences();
  fill_(batches_.FirstSequenceOf(step_) + index * sequences, sequences, tokens_, targets_);
  const int64_t length = model_.architecture().model.sequence_length;
  TokenBatch batch = {tokens_.data(), targets_.data(), sequences, length};
  if (end_of_text_) {
    FindDocumentStarts(tokens_, length, *end_of_text_, starts_);
    batch.starts = starts_.data();
  }
  return batch;
}

StepReport Trainer::Step() {
  UPCYCLE_CHECK(step_ < steps_);
  Backend& backend = model_.backend();
  StepReport report;
  report.learning_rate = schedule_.At(step_);
  model_.SeedNoise(seed_, step_);

  micro_batches_ = batches_.SequencesOf(step_) / settings_.MicroBatchSequences();
  Accumulate(report);
  float norm = 0;
  backend.GradientNorm(norm_, model_.parameters().gradients());
  backend.CopyToHost(Tensor(&norm, {1}), norm_);
  report.gradient_norm = norm;
  RequireFinite(report);
  Update(report.learning_rate);
  model_.MoveBiases(loads());
  ++step_;
  return report;
}

// The gradients and losses of the step's batch.
void Trainer::Accumulate(StepReport& report) {
  if (model_.NeedsAssignmentPass(micro_batches_)) {
    for (int64_t i = 0; i < micro_batches_; ++i) {
      model_.CountAssignments(ReadMicroBatch(i), i, micro_batches_);
    }
  }
  model_.backend().Zero(model_.parameters().gradients());
  for (int64_t i = 0; i < micro_batches_; ++i) {
    const Transformer::StepLosses losses =
        model_.Backpropagate(ReadMicroBatch(i), i, micro_batches_);
    report.loss += losses.token;
    report.balance_loss += losses.balance;
    report.z_loss += losses.z;
    model_.ReadLoads(loads_[static_cast<size_t>(i)]);
  }
  report.loss /= static_cast<double>(step_tokens());
}

void Trainer::RequireFinite(const StepReport& report) const {
  const double total = report.loss + report.balance_loss + report.z_loss;
  if (std::isfinite(total) && std::isfinite(report.gradient_norm)) return;
  throw Error(
      Cause::kDiverged,
      fmt::format("diverged at step {} of {}: loss {}, gradient norm {} at learning rate {:.3g}. "
                  "Lower train.learning_rate.peak, lengthen warmup_steps, or set "
                  "optimizer.clip_norm",
                  step_ + 1, steps_, NumberText(report.loss), NumberText(report.gradient_norm),
                  report.learning_rate));
}

void Trainer::Update(double learning_rate) {
  const OptimizerSettings& optimizer = settings_.optimizer;
  AdamWStep step = {.learning_rate = learning_rate,
                    .beta1 = optimizer.beta1,
                    .beta2 = optimizer.beta2,
                    .epsilon = optimizer.epsilon,
                    .weight_decay = optimizer.weight_decay,
                    .clip_norm = optimizer.clip_norm,
                    .step = carried_steps_ + step_ + 1,
                    .seed = seed_};
  for (const ModelParameters::Span& span : model_.parameters().spans()) {
    if (span.values.size() == 0) continue;
    step.weight_decay = span.decays ? optimizer.weight_decay : 0;
    step.first_index = span.begin;
    model_.backend().AdamW(span.values, span.moments, span.gradients, norm_, step, span.rounded);
  }
}

}  // namespace upcycle
