#include "core/build_info.h"

#include "core/error.h"
#include "core/fingerprint.h"

namespace upcycle {

std::string CompilerText() { return UPCYCLE_COMPILER; }

std::string LibrariesText() { return UPCYCLE_LIBRARIES; }

const std::string& BuildFingerprint() {
  static const std::string text = [] {
    try {
      return FingerprintOfFile("/proc/self/exe").Short();
    } catch (const Error&) {
      return std::string();
    }
  }();
  return text;
}

}  // namespace upcycle
