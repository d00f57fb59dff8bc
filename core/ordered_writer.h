// Writes a file from its beginning to its end in large blocks, on a thread of its own, past the
// system's cache where the descriptor was opened so (O_DIRECT): memory, places in the file and
// sizes are aligned for that.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "core/files.h"

namespace upcycle {

class OrderedWriter {
 public:
  // Both outlive it; `path` is for messages.
  OrderedWriter(const FileDescriptor& file, const fs::path& path);
  ~OrderedWriter();
  OrderedWriter(const OrderedWriter&) = delete;
  OrderedWriter& operator=(const OrderedWriter&) = delete;

  // Takes the bytes before it returns. What went wrong with earlier ones is thrown here or by
  // Finish.
  void Append(const void* bytes, size_t size);
  uint64_t appended() const { return appended_; }

  // Writes what is left. Nothing may be appended after it.
  void Finish();

 private:
  struct FreeBlock {
    void operator()(std::byte* block) const;
  };
  static constexpr size_t kBlocks = 3;

  void Run();
  void HandOver();  // the block that was filled, and waits for an empty one
  void Throw();     // with the lock held: what the thread met, if anything

  const FileDescriptor& file_;
  const fs::path& path_;
  std::array<std::unique_ptr<std::byte, FreeBlock>, kBlocks> blocks_;
  uint64_t appended_ = 0;
  size_t filling_ = 0;  // the block that is being filled
  size_t in_block_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t full_ = 0;  // blocks that wait to be written or are
  bool is_ending_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace upcycle
