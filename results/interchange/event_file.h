// TensorBoard's event files, byte by byte: a sequence of records
//   uint64 length | uint32 masked CRC-32C of these 8 bytes | data | uint32 masked CRC-32C of data
// in little-endian order, each with one Event (tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto, tensorboard/plugins/hparams/plugin_data.proto).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// CRC-32C (Castagnoli), turned and shifted, since a CRC of data that hold their own CRC is weak:
// ((crc >> 15) | (crc << 17)) + 0xa282ead8.
uint32_t MaskedCrc32c(std::string_view data);

std::string EventRecord(std::string_view data);

struct Scalar {
  std::string tag;
  double value = 0;  // the file has it as float32
};

class EventFile {
 public:
  // Begins with the version that every file begins with. Times are seconds since 1970.
  explicit EventFile(double time);

  void AddScalars(double time, int64_t step, std::span<const Scalar> scalars);
  // Shown under TEXT, as Markdown.
  void AddText(double time, std::string_view tag, std::string_view text);
  // Shown under HPARAMS, value by value. Runs of one group are repetitions of the same settings.
  void AddSettings(double time, std::string_view group, const nlohmann::json& settings);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace upcycle
