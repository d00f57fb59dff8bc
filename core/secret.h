// What nobody can guess. It decides who may look, and never a result.
#pragma once

#include <string>

namespace upcycle {

// 32 hexadecimal digits from the system's own source of random bits.
std::string MakeSecret();

}  // namespace upcycle
