// Random mutations of files of weights: whatever they hold, every tensor can be read, or they are
// refused.
#include "tests/tools/fuzz.h"

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoints/elements.h"
#include "core/checkpoints/llama2c.h"
#include "core/checkpoints/tensor_folder.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr std::array<std::string_view, 16> kHeaderWords = {
    "\"__metadata__\":{\"a\":\"b\"},",
    "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},",
    "\"dtype\":\"U8\",",
    "\"dtype\":\"F64\",",
    "\"shape\":[],",
    "\"shape\":[0,4611686018427387904],",
    "\"shape\":[2147483648,2147483648],",
    "\"data_offsets\":[0,18446744073709551615],",
    "\"data_offsets\":[8,0],",
    "[[[[[[[[",
    "null",
    "-1,",
    "1e308,",
    "\\u0000",
    "\xFF",
    "{}",
};

std::string WithSize(const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  std::string file(sizeof size, '\0');
  std::memcpy(file.data(), &size, sizeof size);
  return file + header + data;
}

// Every byte of every tensor is touched.
void ReadAll(const TensorSource& source) {
  uint64_t sum = 0;
  for (const SafetensorsEntry& entry : source.entries()) {
    const int64_t count = ElementsOf(entry);
    for (const std::byte byte : source.Bytes(entry.name, 0, count))
      sum += static_cast<uint8_t>(byte);
    source.Prefetch(entry.name);
    if (IsFloatingPoint(entry.type)) {
      std::vector<float> values(static_cast<size_t>(count));
      source.Read(entry.name, 0, values);
      source.Read(entry.name, count, {});
    }
    source.Release(entry.name);
  }
  EXPECT_LE(sum, uint64_t{255} << 32);
}

class CheckpointFuzz : public testing::Test {
 protected:
  // Reads the folder with this in place of a file of it.
  void ReadWith(const char* file, const std::string& content) {
    fs::remove(folder_ / file);  // file systems wait for the disk where a file is replaced
    Put(folder_ / file, content);
    ReadAll(TensorFolder(folder_.path()));
  }

  TemporaryFolder folder_;
};

const std::string kHeader =
    R"({"__metadata__":{"format":"pt"},)"
    R"("a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b.weight":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},)"
    R"("c.weight":{"dtype":"F16","shape":[2,1,1,1,1],"data_offsets":[32,36]},)"
    R"("d":{"dtype":"I64","shape":[],"data_offsets":[36,44]},)"
    R"("e":{"dtype":"F64","shape":[0],"data_offsets":[44,44]}})";
const std::string kData(44, '\x3F');

TEST_F(CheckpointFuzz, AnySafetensorsHeaderIsReadOrRefused) {
  ExpectReadOrRefused("header", kHeader, 8'000, kHeaderWords, [&](const std::string& header) {
    ReadWith(kWeightsFile, WithSize(header, kData));
  });
}

TEST_F(CheckpointFuzz, AnySafetensorsFileIsReadOrRefused) {
  ExpectReadOrRefused("file", WithSize(kHeader, kData), 6'000, kHeaderWords,
                      [&](const std::string& file) { ReadWith(kWeightsFile, file); });
}

TEST_F(CheckpointFuzz, AnyIndexIsReadOrRefused) {
  constexpr std::array<std::string_view, 14> kWords = {"../one.safetensors",
                                                       "/etc/passwd",
                                                       "one.safetensors\\u0000",
                                                       "two.safetensors",
                                                       "link.safetensors",
                                                       "loop",
                                                       "folder",
                                                       "model.safetensors.index.json",
                                                       "\"a\":\"\",",
                                                       "\"weight_map\":[],",
                                                       "\"b\":\"one.safetensors\",",
                                                       "\"a\":null,",
                                                       "[[[[[[[[",
                                                       "\xFF"};
  Put(folder_ / "one.safetensors",
      WithSize(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "1234"));
  Put(folder_ / "two.safetensors",
      WithSize(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"));
  fs::create_symlink("one.safetensors", folder_ / "link.safetensors");
  fs::create_symlink("loop", folder_ / "loop");
  fs::create_directory(folder_ / "folder");
  ExpectReadOrRefused("index",
                      R"({"metadata": {"total_size": 8}, "weight_map": )"
                      R"({"a": "one.safetensors", "b": "two.safetensors"}})",
                      6'000, kWords,
                      [&](const std::string& index) { ReadWith(kIndexFile, index); });
}

TEST_F(CheckpointFuzz, AnyFileOfLlama2cIsReadOrRefused) {
  const std::array<int32_t, 7> header = {8, 4, 2, 2, 1, 3, 2};
  std::string good(sizeof header + 668 * sizeof(float), '\x3F');
  std::memcpy(good.data(), header.data(), sizeof header);
  const fs::path path = folder_ / "model.bin";
  ExpectReadOrRefused("llama2c", good, 6'000, {}, [&](const std::string& file) {
    fs::remove(path);
    Put(path, file);
    ReadAll(Llama2cFile(path));
  });
}

}  // namespace
}  // namespace upcycle
