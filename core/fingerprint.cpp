#include "core/fingerprint.h"

#include <charconv>

#include <fmt/format.h>
#include <xxhash.h>

#include "core/check.h"
#include "core/error.h"
#include "core/mapped_file.h"

namespace upcycle {

Fingerprint Fingerprint::FromHex(std::string_view hex) {
  constexpr size_t kHalf = 16;  // digits of one 64-bit word
  uint64_t words[2] = {0, 0};
  bool valid = hex.size() == 2 * kHalf;
  for (size_t i = 0; i < 2 && valid; ++i) {
    const char* begin = hex.data() + i * kHalf;
    valid = std::from_chars(begin, begin + kHalf, words[i], 16).ptr == begin + kHalf;
  }
  if (valid) return Fingerprint(words[0], words[1]);
  throw Error(Cause::kInput,
              fmt::format("\"{}\" is not a fingerprint: expected 32 hexadecimal digits", hex));
}

std::string Fingerprint::Hex() const { return fmt::format("{:016x}{:016x}", high_, low_); }

std::string Fingerprint::Short() const { return Hex().substr(0, 12); }

struct Hasher::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  UPCYCLE_CHECK(state_->xxh != nullptr && XXH3_128bits_reset(state_->xxh) == XXH_OK);
}

Hasher::~Hasher() = default;

Hasher& Hasher::AddBytes(const void* bytes, size_t size) {
  UPCYCLE_CHECK(XXH3_128bits_update(state_->xxh, bytes, size) == XXH_OK);
  return *this;
}

Hasher& Hasher::Add(std::string_view field) {
  const uint64_t size = field.size();
  AddBytes(&size, sizeof size);
  return AddBytes(field.data(), field.size());
}

Hasher& Hasher::Add(uint64_t field) {
  return Add(std::string_view(reinterpret_cast<const char*>(&field), sizeof field));
}

Hasher& Hasher::Add(const Fingerprint& field) { return Add(field.Hex()); }

Fingerprint Hasher::Finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return Fingerprint(hash.high64, hash.low64);
}

Fingerprint FingerprintOfFile(const std::filesystem::path& path) {
  const MappedFile file(path);
  Hasher hasher;
  hasher.AddBytes(file.bytes().data(), file.bytes().size());
  return hasher.Finish();
}

}  // namespace upcycle
