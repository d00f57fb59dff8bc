#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// "nats" for a loss; empty for a pure number.
std::string UnitOfMetric(std::string_view metric);

}  // namespace upcycle
