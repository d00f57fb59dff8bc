// Every key of a recipe for the terminal: path, default, meaning, and what it takes.
#pragma once

#include <string>

namespace upcycle {

std::string HelpText();

}  // namespace upcycle
