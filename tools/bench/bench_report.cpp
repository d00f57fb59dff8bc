#include "tools/bench/bench_report.h"

#include "core/enum_names.h"
#include "kernels/buffer_plan.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr double kTera = 1e12;

const char* PathName(ExpertPath path) {
  switch (path) {
    case ExpertPath::kGrouped:
      return "grouped";
    case ExpertPath::kStreams:
      return "streams";
    case ExpertPath::kPadded:
      return "padded";
  }
  return "";
}

Json NotMeasured(const std::string& reason) { return {{"not_measured", reason}}; }

template <typename Value, typename ToJson>
Json JsonOf(const Measured<Value>& measured, const ToJson& to_json) {
  return measured.value ? Json(to_json(*measured.value)) : NotMeasured(measured.problem);
}

Json StepJson(const StepFigures& step, double peak_flops) {
  Json json = {{"step_seconds", step.step_seconds},
               {"steps", step.steps},
               {"steps_before", step.steps_before},
               {"tokens_per_second", step.tokens_per_second},
               {"model_tflops", step.model_flops / kTera},
               {"served_tflops", step.served_flops / kTera},
               {"executed_tflops", step.executed_flops / kTera}};
  if (peak_flops > 0) {
    json["mfu"] = Utilization(step.model_flops, peak_flops);
    json["served_mfu"] = Utilization(step.served_flops, peak_flops);
  } else {
    json["mfu"] = json["served_mfu"] = NotMeasured("the peak of this device is not known");
  }
  if (step.balance) {
    json["largest_over_mean_load"] = step.balance->largest_over_mean;
    json["dropped_share"] = step.balance->dropped_share;
  }
  return json;
}

Json ProductsJson(const ExpertProductRates& rates) {
  return {{"path", PathName(rates.path)},
          {"rows", rates.rows},
          {"padded_share", rates.padded_share},
          {"tflops", rates.expert_flops / kTera},
          {"matmul_tflops", rates.matmul_flops / kTera},
          {"share", rates.Share()}};
}

Json OpsJson(const OpTimes& times) {
  Json shares = Json::array();
  for (const OpTime& op : times.ops) shares.push_back({{"op", op.op}, {"share", op.share}});
  return {{"step_seconds", times.step_seconds}, {"shares", shares}};
}

Json PlannedJson(const MemoryBytes& planned) {
  Json json;
  int64_t total = 0;
  for (int i = 0; i < kMemoryCategories; ++i) {
    const int64_t bytes = planned[static_cast<size_t>(i)];
    json[std::string(NameOf(static_cast<MemoryCategory>(i)))] = bytes;
    total += bytes;
  }
  json["total"] = total;
  return json;
}

}  // namespace

Json ModelShapeJson(const BenchmarkModel& model) {
  const Architecture& a = model.architecture;
  Json json = {{"name", model.name},
               {"layers", a.model.layers},
               {"width", a.model.width},
               {"heads", a.model.heads},
               {"kv_heads", a.model.KvHeads()},
               {"head_width", a.model.HeadWidth()},
               {"ffn_width", a.model.ffn_width},
               {"vocabulary", a.vocabulary},
               {"sequence_length", a.model.sequence_length},
               {"sequences", model.sequences},
               {"rope_theta", a.model.rope_theta},
               {"tied_embeddings", a.model.tied_embeddings},
               {"experts", 0}};
  if (!a.has_experts) return json;
  json["experts"] = a.moe.Experts();
  json["top_k"] = a.moe.top_k;
  json["granularity"] = a.moe.granularity;
  json["expert_width"] = a.ExpertWidth();
  if (a.moe.capacity_factor.dropless()) {
    json["capacity_factor"] = "dropless";
  } else {
    json["capacity_factor"] = *a.moe.capacity_factor.factor;
  }
  return json;
}

Json ModelFiguresJson(const BenchmarkModel& model, const ModelFigures& figures, double peak_flops) {
  const auto step = [&](const StepFigures& found) { return StepJson(found, peak_flops); };
  Json json = ModelShapeJson(model);
  json["planned_bytes"] = PlannedJson(figures.planned);
  json["taken_bytes"] = JsonOf(figures.taken_bytes, [](int64_t bytes) { return bytes; });
  json["matmul_tflops"] = JsonOf(figures.matmul_flops, [](double flops) { return flops / kTera; });
  json["balanced"] = JsonOf(figures.balanced, step);
  json["learned"] = JsonOf(figures.learned, step);
  json["ops"] = JsonOf(figures.ops, OpsJson);
  json["expert_products"] = JsonOf(figures.products, ProductsJson);
  return json;
}

Json NotMeasuredJson(const BenchmarkModel& model, const MemoryBytes& planned,
                     const std::string& reason) {
  Json json = ModelShapeJson(model);
  json["planned_bytes"] = PlannedJson(planned);
  for (const char* part :
       {"taken_bytes", "matmul_tflops", "balanced", "learned", "ops", "expert_products"}) {
    json[part] = NotMeasured(reason);
  }
  if (!model.architecture.has_experts) {
    json["learned"] = json["expert_products"] = NotMeasured("no experts");
  }
  return json;
}

}  // namespace upcycle
