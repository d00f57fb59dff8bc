#include "tools/bench/bench_markdown.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/tables/markdown.h"
#include "results/tables/number_text.h"
#include "results/tables/table.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr const char* kNotMeasured = "not measured";
constexpr const char* kNoExperts = "no experts";
constexpr size_t kShownOps = 6;

// Why there is no figure; empty where there is one.
std::string Reason(const Json& figure) {
  return figure.is_object() ? figure.value("not_measured", std::string()) : std::string();
}

Table TableOf(const std::string& title, std::initializer_list<const char*> columns) {
  Table table;
  table.title = title;
  for (const char* column : columns) {
    table.columns.push_back({.title = column, .key = column, .notation = Notation::kText});
  }
  return table;
}

std::string Percent(double share) { return PercentText(share, 1); }

// `part[key]` as text.
std::string Text(const Json& part, const char* key,
                 const std::function<std::string(double)>& text) {
  if (!Reason(part).empty() || !part.contains(key)) return kNotMeasured;
  const Json& figure = part.at(key);
  return figure.is_number() ? text(figure.get<double>()) : kNotMeasured;
}

std::string Fixed(double value) { return fmt::format("{:.1f}", value); }
std::string Whole(double value) { return fmt::format("{:.0f}", value); }

void AddRow(Table& table, const std::vector<std::string>& texts) {
  std::vector<Cell> cells;
  for (const std::string& text : texts) cells.push_back({.text = text});
  table.rows.push_back(std::move(cells));
}

void AddSpeedRow(Table& table, const Json& model, const char* routing) {
  const Json& step = model.at(routing);
  const bool experts = model.at("experts") != 0;
  const auto load = [&](const char* key, const std::function<std::string(double)>& text) {
    return experts ? Text(step, key, text) : std::string(kNotAvailable);
  };
  AddRow(table, {model.at("name"), experts ? routing : kNotAvailable,
                 Text(step, "tokens_per_second", Whole), Text(step, "model_tflops", Fixed),
                 Text(step, "mfu", Percent), Text(step, "served_mfu", Percent),
                 Text(step, "executed_tflops", Fixed),
                 load("largest_over_mean_load", [](double x) { return fmt::format("{:.2f}", x); }),
                 load("dropped_share", Percent)});
}

Table SpeedTable(const Json& report) {
  Table table = TableOf("Whole training steps",
                        {"model", "routing", "tokens/s", "model TFLOP/s", "MFU", "MFU, served rows",
                         "executed TFLOP/s", "largest / mean load", "dropped"});
  for (const Json& model : report.at("models")) {
    AddSpeedRow(table, model, "balanced");
    if (model.at("experts") != 0) AddSpeedRow(table, model, "learned");
  }
  table.notes = {
      "A step is forward, backward, clipping and AdamW over the whole batch; the median of "
      "several, by the host's clock, which a step's end waits for.",
      "Model TFLOP/s and MFU: the count of the literature, attention's scores in full, experts "
      "with the rows that capacity can serve (core/recipe/cost.h). Served rows: the experts with "
      "the rows that they did serve. Executed: the same, and of the scores the causal half.",
      "Balanced: fresh routers on tokens drawn evenly. Learned: after training without "
      "load-balance loss on tokens as unequal as words are (Zipf).",
      "Every op gives the same bits on every run; there is no faster way to compare with, so what "
      "that costs is not measured."};
  return table;
}

Table MemoryTable(const Json& report) {
  Table table = TableOf("Memory", {"model", "weights", "gradients", "optimizer", "activations",
                                   "workspace", "planned", "taken", "taken / planned"});
  for (const Json& model : report.at("models")) {
    const Json& planned = model.at("planned_bytes");
    std::vector<std::string> texts = {model.at("name")};
    for (const char* category :
         {"weights", "gradients", "optimizer", "activations", "workspace", "total"}) {
      texts.push_back(Text(planned, category, BytesText));
    }
    const Json& taken = model.at("taken_bytes");
    const bool known = taken.is_number() && planned.contains("total");
    texts.push_back(known ? BytesText(taken.get<double>()) : kNotMeasured);
    texts.push_back(
        known ? fmt::format("{:.3f}", taken.get<double>() / planned.at("total").get<double>())
              : kNotMeasured);
    AddRow(table, texts);
  }
  table.notes = {
      "Planned is counted before the first step. Taken is what was free on the device before less "
      "what was after the steps, so that another program on the device disturbs it; it holds what "
      "libraries load and keep, but not the process's own context."};
  return table;
}

Table ProductTable(const Json& report) {
  Table table = TableOf("Products of an expert layer alone",
                        {"model", "path", "rows", "padding", "TFLOP/s", "MatMul TFLOP/s", "share"});
  for (const Json& model : report.at("models")) {
    if (model.at("experts") == 0) continue;
    const Json& part = model.at("expert_products");
    AddRow(table, {model.at("name"), Reason(part).empty() ? part.at("path") : Json(kNotMeasured),
                   Text(part, "rows", Whole), Text(part, "padded_share", Percent),
                   Text(part, "tflops", Fixed), Text(part, "matmul_tflops", Fixed),
                   Text(part, "share", Percent)});
  }
  table.notes = {
      "The six products of a training step, with tokens spread evenly over the experts, beside the "
      "same six with one expert's matrices and all rows. Rows that pad a capacity count as "
      "computed."};
  return table;
}

std::string OpsText(const Json& ops) {
  if (!Reason(ops).empty()) return kNotMeasured;
  std::string text;
  double rest = 1;
  size_t shown = 0;
  for (const Json& op : ops.at("shares")) {
    if (shown++ == kShownOps) break;
    const double share = op.at("share");
    rest -= share;
    text += fmt::format("{} {}, ", op.at("op").get<std::string>(), Percent(share));
  }
  return text + "others " + Percent(std::max(0.0, rest));
}

Table OpTable(const Json& report) {
  Table table = TableOf("Share of time by op", {"model", "ops, one by one", "seconds a step"});
  for (const Json& model : report.at("models")) {
    const Json& ops = model.at("ops");
    AddRow(table, {model.at("name"), OpsText(ops),
                   Text(ops, "step_seconds", [](double x) { return fmt::format("{:.4f}", x); })});
  }
  table.notes = {
      "The host waits before and behind every op: nothing overlaps, and small ops look larger than "
      "they are in a step."};
  return table;
}

// Every reason once, with the parts and the models that it holds for.
std::string Reasons(const Json& report) {
  using Names = std::set<std::string>;
  std::map<std::string, std::map<std::string, Names>> models_of;  // [reason][part]
  for (const Json& model : report.at("models")) {
    for (const auto& [part, figure] : model.items()) {
      const std::string reason = Reason(figure);
      if (reason.empty() || reason == kNoExperts) continue;
      models_of[reason][part].insert(model.at("name").get<std::string>());
    }
  }
  std::string text;
  for (const auto& [reason, parts] : models_of) {
    std::map<Names, Names> parts_of;  // by models
    for (const auto& [part, models] : parts) parts_of[models].insert(part);
    for (const auto& [models, names] : parts_of) {
      const bool all = models.size() == report.at("models").size();
      text += fmt::format("- {}: {} ({})\n", fmt::join(names, ", "), reason,
                          all ? "all models" : fmt::format("{}", fmt::join(models, "; ")));
    }
  }
  return text.empty() ? "" : "### Not measured\n\n" + text;
}

std::string DeviceLines(const Json& report) {
  const Json& device = report.at("device");
  std::string text = fmt::format("- Device: {}.", device.value("name", "none"));
  if (device.contains("memory_bytes")) {
    text += fmt::format(" {} of memory, {} free; compute capability {}; the driver serves CUDA {}.",
                        BytesText(device.at("memory_bytes").get<double>()),
                        BytesText(device.at("free_bytes").get<double>()),
                        device.at("compute_capability").get<std::string>(),
                        device.at("driver").get<std::string>());
  }
  if (device.contains("problem")) {
    text += fmt::format(" {}.", device.at("problem").get<std::string>());
  }
  text += fmt::format("\n- Date: {}.\n- Program: {}.\n- Precision of activations: {}.\n",
                      report.at("date").get<std::string>(), report.at("program").get<std::string>(),
                      report.at("precision").get<std::string>());
  const Json& peak = report.at("peak_tflops");
  return text + (peak.is_number()
                     ? fmt::format("- Peak that MFU is held against: {:.1f} TFLOP/s.\n",
                                   peak.get<double>())
                     : "- Peak that MFU is held against: not known.\n");
}

}  // namespace

std::string BenchMarkdown(const Json& report) {
  std::string text = DeviceLines(report) + "\n";
  for (const Table& table :
       {SpeedTable(report), ProductTable(report), MemoryTable(report), OpTable(report)}) {
    text += ToMarkdown(table) + "\n";
  }
  return text + Reasons(report);
}

}  // namespace upcycle
