// text: how likely a model finds a text.

#include <numbers>
#include <string>

#include <fmt/format.h>

#include "experiments/evaluation/text_loss.h"
#include "experiments/run/asked_model.h"
#include "experiments/run/planned_content.h"
#include "experiments/run/progress_record.h"
#include "experiments/run/result_record.h"
#include "experiments/run/text_order.h"
#include "experiments/run/worker.h"

namespace upcycle {

void RunTextStage(const StageContext& context) {
  const TextOrder order = ReadTextOrder(context.stage);
  const MappedFile file = OpenAskedText(order.file);
  RequirePlanned(order.file.native(), Hasher().Add(file.text()).Finish(), order.content);
  AskedModel asked(order.model, context.backend);
  ProgressRecord progress(context, 1);
  const TextLoss loss = LossOfText(file.text(), order.block, asked.model(), asked.tokenizer(),
                                   [&](size_t done, size_t count) { progress.At(0, done, count); });

  const auto record = [&](const char* metric, double unit, int64_t count) {
    const double tokens = static_cast<double>(loss.tokens);
    RecordResult(context.journal, fmt::format("{}/{}", order.name, metric), loss.nats / unit,
                 loss.standard_error * tokens / unit, count);
  };
  record("loss", static_cast<double>(loss.tokens), loss.tokens);
  record("loss_per_character", static_cast<double>(loss.characters), loss.characters);
  record("bits_per_byte", static_cast<double>(loss.bytes) * std::numbers::ln2, loss.bytes);
}

}  // namespace upcycle
