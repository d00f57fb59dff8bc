// Reading a database's first bytes before it is opened.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "core/error.h"
#include "results/ledger/database.h"

namespace upcycle {
namespace {

// A file opened by SQLite's own file layer. Closing a descriptor of ours would drop every lock that
// this process holds on the file through a connection: POSIX locks are the process's.
class RawFile {
 public:
  explicit RawFile(const fs::path& path)
      : path_(path),
        vfs_(sqlite3_vfs_find(nullptr)),
        memory_(static_cast<size_t>(vfs_->szOsFile) / sizeof(std::max_align_t) + 1) {
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
    // The file layer follows no links: SQLite resolves them before it opens a database.
    name_ = sqlite3_create_filename(PathBehindLinks(path).c_str(), "", "", 0, nullptr);
    if (vfs_->xOpen(vfs_, name_, file(), flags, nullptr) != SQLITE_OK) {
      const Error error = Failure("open");
      Close();
      throw error;
    }
  }
  ~RawFile() { Close(); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  // Up to that many bytes from the beginning.
  std::string Read(size_t bytes) {
    sqlite3_int64 size = 0;
    if (file()->pMethods->xFileSize(file(), &size) != SQLITE_OK) throw Failure("read");
    std::string content(std::min(bytes, static_cast<size_t>(size)), '\0');
    if (file()->pMethods->xRead(file(), content.data(), static_cast<int>(content.size()), 0) !=
        SQLITE_OK) {
      throw Failure("read");
    }
    return content;
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  Error Failure(std::string_view action) {
    return SystemError(action, path_.native(), vfs_->xGetLastError(vfs_, 0, nullptr));
  }
  void Close() {
    if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
    sqlite3_free_filename(name_);
  }

  const fs::path& path_;
  sqlite3_vfs* vfs_;
  std::vector<std::max_align_t> memory_;
  const char* name_;
};

int64_t BigEndian32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

fs::path PathBehindLinks(const fs::path& path) {
  std::error_code unresolved;
  const fs::path real = fs::weakly_canonical(path, unresolved);
  return unresolved ? fs::absolute(path) : real;
}

// Offsets as in "Database File Format", section 1.3, of SQLite's documentation.
DatabaseHeader ReadDatabaseHeader(const fs::path& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  const std::string bytes = RawFile(path).Read(100);
  DatabaseHeader header = {.empty = bytes.empty()};
  header.is_database = bytes.size() == 100 && bytes.starts_with(kMagic);
  if (!header.is_database) return header;
  header.user_version = BigEndian32(bytes, 60);
  header.application_id = BigEndian32(bytes, 68);
  return header;
}

}  // namespace upcycle
