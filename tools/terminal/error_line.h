#pragma once

#include <string>

namespace upcycle {

// "error: …" as a terminal may be given it, line by line: what it quotes are names and files of
// others.
std::string ErrorLine(const std::string& message);

}  // namespace upcycle
