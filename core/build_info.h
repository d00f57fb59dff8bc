// What this program is: which version and build, made by what and of what.
#pragma once

#include <string>

namespace upcycle {

inline constexpr char kVersion[] = UPCYCLE_VERSION;

// The compiler and how it was told to optimise: "g++ 12.2.0, Release".
std::string CompilerText();

// The libraries it was built with: "fmt 9.1.0, yaml-cpp 0.7.0, …".
std::string LibrariesText();

// 12 hexadecimal digits of the fingerprint of the program's own file, which differ where anything
// in it does; empty where the file cannot be read.
const std::string& BuildFingerprint();

}  // namespace upcycle
