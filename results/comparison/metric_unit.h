// The units of metrics, by their names alone.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// "nats" of a loss, "bits" of bits_per_byte, "B" of the memory of the system, "tokens/s" of its
// rate; empty for any other name: shares, counts, cosines.
std::string UnitOfMetric(std::string_view metric);

}  // namespace upcycle
