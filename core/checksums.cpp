#include "core/checksums.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/fingerprint.h"

namespace upcycle {

using nlohmann::json;

void WriteChecksums(const fs::path& folder) {
  json files = json::object();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == kChecksumFile) continue;
    files[entry.path().lexically_relative(folder).native()] = FingerprintOfFile(entry.path()).Hex();
  }
  const json checksums = {{"algorithm", "XXH3-128"}, {"files", files}};
  WriteFileAtomically(folder / kChecksumFile, checksums.dump(2) + "\n");
}

std::string FindDamage(const fs::path& folder) {
  const fs::path path = folder / kChecksumFile;
  if (!fs::exists(path)) return fmt::format("{} is missing", path.native());
  try {
    const json checksums = json::parse(ReadTextFile(path));
    for (const auto& [name, checksum] : checksums.at("files").items()) {
      if (!fs::exists(folder / name)) return fmt::format("{} is missing", (folder / name).native());
      if (FingerprintOfFile(folder / name).Hex() != checksum)
        return fmt::format("{} is not what was written", (folder / name).native());
    }
  } catch (const json::exception&) {
    return fmt::format("{} is not what was written", path.native());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace upcycle
