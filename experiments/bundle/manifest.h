// What a bundle is, and what it says of itself before anything else of it is read.
//
// A bundle is a root with one study in it, as an archive (core/archive.h). Its entries, of which
// the first is the manifest and the rest are in the order of their names:
//
//   manifest.json                      this
//   journal                            the root's journal, as far as it concerns the study
//   stages/FINGERPRINT/stage.json      of every stage that was begun
//   stages/FINGERPRINT/journal
//   stages/FINGERPRINT/log.txt         where logs were asked for
//   stages/FINGERPRINT/model/… or tokens/…   outputs that were asked for
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"
#include "core/fingerprint.h"

namespace upcycle {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr int64_t kBundleFormat = 1;

// Which outputs of complete stages a bundle has.
enum class BundledModels { kNone, kLast, kAll };
template <>
struct EnumNames<BundledModels> {
  static constexpr EnumName<BundledModels> values[] = {
      {BundledModels::kNone, "none", "no models"},
      {BundledModels::kLast, "last", "what each run's own training ended with"},
      {BundledModels::kAll, "all", "also tokens, parents, branches and starts"},
  };
};

struct BundleFile {
  std::string name;
  uint64_t bytes = 0;
  Fingerprint checksum;  // XXH3-128 of its bytes
};

struct Manifest {
  std::string program;  // the version that made it
  std::string study;
  BundledModels models = BundledModels::kNone;
  bool logs = false;
  std::vector<BundleFile> files;  // all but the manifest, in the order of their names

  uint64_t Bytes() const;  // of all files
};

std::string ToJson(const Manifest& manifest);

// Throws Error(kInput) for anything but a manifest of this format: names that are no file of a
// bundle, come twice or in another order, and sizes that cannot be.
Manifest ParseManifest(std::string_view text);

// Where a file of a bundle belongs.
struct BundlePlace {
  std::optional<Fingerprint> stage;  // empty: the root itself
  std::string part;                  // "journal", "stage.json", "log.txt", "model" or "tokens"
};

// Throws Error(kInput) for a name that no bundle has: one that leads elsewhere, or to nothing that
// a stage consists of.
BundlePlace PlaceOf(std::string_view name);

}  // namespace upcycle
