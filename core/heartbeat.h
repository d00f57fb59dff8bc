// A file that says that its process still gets to run: a number in it grows every second. One that
// is stopped, hangs in the system or sits on a machine that went away beats no more.
//
// Whoever watches compares what it reads with what it read before, by its own clock: no clock of
// two machines is ever compared.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "core/files.h"

namespace upcycle {

class Heartbeat {
 public:
  // Beats until destruction. What keeps the file from being written later on is ignored.
  explicit Heartbeat(const fs::path& path,
                     std::chrono::milliseconds pause = std::chrono::seconds(1));
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // How often it has beaten; 0 where there is no such file. Only that it changes has a meaning.
  static uint64_t Read(const fs::path& path);

 private:
  void Beat();
  void BeatUntilTheEnd(std::chrono::milliseconds pause);

  FileDescriptor file_;
  uint64_t beats_;
  FileDescriptor end_;  // eventfd(2), readable at the end
  std::thread thread_;
};

}  // namespace upcycle
