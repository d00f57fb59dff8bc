// An architecture as config.json, in the words of the Hugging Face class that computes it.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "experiments/formats/formats.h"
#include "experiments/model/architecture.h"

namespace upcycle {

// The format computes the architecture (ReasonAgainst is empty). `dtype` is "float32", "bfloat16"
// or "float16". What a class has no setting for (capacity, losses of the router) is left out.
nlohmann::json ConfigJson(const Architecture& architecture, Format format, std::string_view dtype);

}  // namespace upcycle
