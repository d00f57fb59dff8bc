#include "results/interchange/safe_names.h"

#include <set>
#include <string_view>

#include "core/fingerprint.h"

namespace upcycle {
namespace {

constexpr size_t kLongest = 200;  // file systems take 255, MLflow's keys 250
constexpr std::string_view kSafeSigns = "_-.,+=";

bool IsSafe(char c, SafeNameKind kind) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  if (kind == SafeNameKind::kKey && (c == ',' || c == '+' || c == '=')) return false;  // MLflow
  return letter || kSafeSigns.find(c) != std::string_view::npos ||
         (c == '/' && kind == SafeNameKind::kKey);
}

// With `_` for what is not safe: also for a dot at the beginning of a component, and for one that
// is empty.
std::string Cleaned(std::string_view name, SafeNameKind kind) {
  std::string safe;
  for (const char c : name) {
    const bool begins = safe.empty() || safe.back() == '/';
    if (begins && (c == '.' || c == '/')) {
      safe += '_';
      if (c == '.') continue;
    }
    safe += IsSafe(c, kind) ? c : '_';
  }
  if (safe.empty() || safe.back() == '/') safe += '_';
  return safe;
}

// The folders that hold the key: "a" and "a/b" of "a/b/c".
std::vector<std::string> FoldersOf(const std::string& key) {
  std::vector<std::string> folders;
  for (size_t i = key.find('/'); i != std::string::npos; i = key.find('/', i + 1)) {
    folders.push_back(key.substr(0, i));
  }
  return folders;
}

std::string Distinguished(const std::string& safe, std::string_view name, uint64_t attempt) {
  Hasher hasher;
  hasher.Add(name).Add(attempt);
  return safe.substr(0, kLongest - 13) + "-" + hasher.Finish().Short();
}

}  // namespace

std::vector<std::string> SafeNames(std::span<const std::string> names, SafeNameKind kind) {
  std::set<std::string> folders;
  for (const std::string& name : names) {
    for (std::string& folder : FoldersOf(Cleaned(name, kind))) folders.insert(std::move(folder));
  }
  // Names that are safe as they are keep themselves, whoever came first.
  std::set<std::string> kept;
  for (const std::string& name : names) {
    const bool stays = name == Cleaned(name, kind) && name.size() <= kLongest;
    if (stays && !folders.contains(name)) kept.insert(name);
  }
  std::vector<std::string> safe;
  std::set<std::string> taken;
  for (const std::string& name : names) {
    std::string unique = name;
    const bool stays = kept.contains(name) && !taken.contains(name);
    for (uint64_t attempt = 0; !stays; ++attempt) {
      unique = Distinguished(Cleaned(name, kind), name, attempt);
      if (!kept.contains(unique) && !taken.contains(unique) && !folders.contains(unique)) break;
    }
    taken.insert(unique);
    safe.push_back(std::move(unique));
  }
  return safe;
}

}  // namespace upcycle
