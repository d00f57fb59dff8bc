#include "core/error.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/cause_names.h"

namespace upcycle {
namespace {

struct Remedy {
  Cause cause;
  std::string_view advice;
};

Remedy RemedyFor(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return {Cause::kDisk,
              "free some space there or choose another place, then run the same command again"};
    case EROFS:
      return {Cause::kDisk, "the file system is read-only; choose a place that can be written"};
    case EACCES:
    case EPERM:
      return {Cause::kDisk, "check the permissions of the folder, or choose another place"};
    case EFBIG:
      return {Cause::kDisk, "the file system or a limit (ulimit -f) forbids files this large"};
    case EIO:
      return {Cause::kDisk, "the device reports an input/output error"};
    case ENOMEM:
      return {Cause::kMemory, "run fewer workers at once (-j) or a smaller micro-batch"};
    case EMFILE:
    case ENFILE:
      return {Cause::kDisk, "too many open files; raise the limit (ulimit -n)"};
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return {Cause::kInput, "check the path"};
    default:
      return {Cause::kDisk, ""};
  }
}

}  // namespace

std::string_view CauseName(Cause cause) { return NameOf(cause); }

Cause CauseFromName(std::string_view name) { return ValueNamed<Cause>(name).value_or(Cause::kBug); }

Error SystemError(std::string_view action, std::string_view path, int error_number) {
  const Remedy remedy = RemedyFor(error_number);
  std::string message = fmt::format("cannot {} {}: {}", action, path, std::strerror(error_number));
  if (!remedy.advice.empty()) message += fmt::format("; {}", remedy.advice);
  return Error(remedy.cause, message);
}

}  // namespace upcycle
