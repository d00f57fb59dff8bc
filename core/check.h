// Statements that only a bug of ours can break. A failed check throws Error(Cause::kBug) with the
// place and the values, so that one run ends and the study goes on.
#pragma once

#include <sstream>
#include <string>

namespace upcycle::internal {

// Throws Error(Cause::kBug).
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression,
                              const std::string& detail);

template <typename A, typename B>
[[noreturn]] void CheckOpFailed(const char* file, int line, const char* expression, const A& a,
                                const B& b) {
  std::ostringstream detail;
  detail << a << " against " << b;
  CheckFailed(file, line, expression, detail.str());
}

}  // namespace upcycle::internal

#define UPCYCLE_CHECK(condition)                                            \
  do {                                                                      \
    if (!(condition)) [[unlikely]]                                          \
      ::upcycle::internal::CheckFailed(__FILE__, __LINE__, #condition, ""); \
  } while (false)

#define UPCYCLE_CHECK_EQ(a, b)                                                                \
  do {                                                                                        \
    const auto& check_a = (a);                                                                \
    const auto& check_b = (b);                                                                \
    if (!(check_a == check_b)) [[unlikely]]                                                   \
      ::upcycle::internal::CheckOpFailed(__FILE__, __LINE__, #a " == " #b, check_a, check_b); \
  } while (false)
