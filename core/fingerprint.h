// Identity is content: a fingerprint names a stage by everything that decides its result.
//
// The hash is XXH3-128. It guards against accident, not against an attacker: nobody gains by
// forging a stage of their own study.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace upcycle {

class Fingerprint {
 public:
  Fingerprint() = default;
  // From 32 hexadecimal digits; throws Error(kInput) for anything else.
  static Fingerprint FromHex(std::string_view hex);
  Fingerprint(uint64_t high, uint64_t low) : high_(high), low_(low) {}

  std::string Hex() const;                 // 32 lower-case digits
  std::string Short() const;               // the first 12, for people
  uint64_t high() const { return high_; }  // the first 16 digits
  auto operator<=>(const Fingerprint&) const = default;

 private:
  uint64_t high_ = 0;
  uint64_t low_ = 0;
};

// Hashes a sequence of fields. Each field is preceded by its length, so that ("ab", "c") and
// ("a", "bc") differ.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& Add(std::string_view field);
  Hasher& Add(uint64_t field);
  Hasher& Add(const Fingerprint& field);
  // Raw bytes without a length, for content that arrives in pieces.
  Hasher& AddBytes(const void* bytes, size_t size);
  Fingerprint Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The fingerprint of a file's bytes. Throws Error if it cannot be read.
Fingerprint FingerprintOfFile(const std::filesystem::path& path);

}  // namespace upcycle
