#include "results/comparison/metric_unit.h"

namespace upcycle {

std::string UnitOfMetric(std::string_view metric) {
  if (metric.starts_with("system/memory/")) return "B";
  const std::string_view last = metric.substr(metric.rfind('/') + 1);
  if (last == "loss" || last == "parent_loss") return "nats";
  if (last == "bits_per_byte") return "bits";
  if (last == "tokens_per_second") return "tokens/s";
  return "";
}

}  // namespace upcycle
