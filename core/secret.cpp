#include "core/secret.h"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <sys/random.h>

#include "core/error.h"

namespace upcycle {

std::string MakeSecret() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw SystemError("draw", "a secret", errno);
  }
  std::string secret;
  for (const unsigned char byte : bytes) secret += fmt::format("{:02x}", byte);
  return secret;
}

}  // namespace upcycle
