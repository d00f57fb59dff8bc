// Which process something is, so that another process can find it again: by its number alone it may
// be mistaken, since numbers are given again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"

namespace upcycle {

struct ProcessIdentity {
  std::string host;          // "unknown" where it has no name
  std::string boot;          // which start of that machine: numbers mean nothing beyond it
  int64_t pid = 0;           // 0: not known
  uint64_t start_ticks = 0;  // since boot, when the process began

  bool operator==(const ProcessIdentity&) const = default;
};

std::string HostName();

ProcessIdentity ThisProcess();

// "process 42 on alpha", for messages.
std::string Describe(const ProcessIdentity& process);

// One line without its end, and back; nothing for a line that is none.
std::string TextOf(const ProcessIdentity& process);
std::optional<ProcessIdentity> ProcessFromText(std::string_view text);

// A descriptor of that very process (pidfd_open(2)): readable once it has ended, and a signal sent
// through it reaches no other. Nothing where it is not there, or on another machine.
std::optional<FileDescriptor> OpenProcess(const ProcessIdentity& process);

}  // namespace upcycle
