// How many CPU cores this machine lets the program use.
#pragma once

#include <algorithm>
#include <thread>

namespace upcycle {

inline int Cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace upcycle
