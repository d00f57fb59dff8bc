#include "core/checkpoints/tensor_folder.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoints/elements.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// A shard of vectors: name and values, of one type.
void PutShard(const fs::path& path, const std::map<std::string, std::vector<float>>& vectors,
              SafetensorsType type = SafetensorsType::kF32) {
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, values] : vectors) {
    entries.push_back({name, type, {static_cast<int64_t>(values.size())}});
  }
  SafetensorsWriter writer(path, entries);
  for (const auto& [name, values] : vectors) {
    std::vector<std::byte> bytes(values.size() * static_cast<size_t>(SizeOf(type)));
    NarrowElements(bytes, values, type);
    writer.Write(name, bytes);
  }
  writer.Commit();
}

class TensorFolderTest : public testing::Test {
 protected:
  void PutIndex(const std::string& weight_map) {
    Put(folder_ / kIndexFile,
        R"({"metadata": {"total_size": 20}, "weight_map": )" + weight_map + "}");
  }
  std::string Refusal() {
    return MessageOf([&] { TensorFolder tensors(folder_.path()); });
  }
  static std::vector<float> Values(const TensorFolder& tensors, const char* name, int64_t begin,
                                   size_t count) {
    std::vector<float> out(count);
    tensors.Read(name, begin, out);
    return out;
  }

  TemporaryFolder folder_;
};

TEST_F(TensorFolderTest, ReadsOneFile) {
  PutShard(folder_ / kWeightsFile, {{"a", {1, 2, 3}}}, SafetensorsType::kBF16);
  const TensorFolder tensors(folder_.path());
  EXPECT_EQ(Values(tensors, "a", 0, 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(Values(tensors, "a", 1, 1), (std::vector<float>{2}));
  EXPECT_EQ(tensors.Find("a")->type, SafetensorsType::kBF16);
  EXPECT_EQ(tensors.Bytes("a", 1, 2).size(), 4u);
  EXPECT_EQ(tensors.Find("b"), nullptr);
  EXPECT_TRUE(Says(MessageOf([&] { Values(tensors, "b", 0, 1); }), "has no tensor named b"));
}

TEST_F(TensorFolderTest, ReadsShardsAsTheIndexSays) {
  PutShard(folder_ / "one.safetensors", {{"a", {1, 2}}, {"c", {5}}});
  PutShard(folder_ / "two.safetensors", {{"b", {3, 4}}}, SafetensorsType::kF16);
  PutIndex(R"({"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"})");
  const TensorFolder tensors(folder_.path());
  EXPECT_EQ(tensors.entries().size(), 3u);
  EXPECT_EQ(tensors.files().size(), 2u);
  EXPECT_EQ(Values(tensors, "b", 0, 2), (std::vector<float>{3, 4}));
  EXPECT_EQ(Values(tensors, "c", 0, 1), (std::vector<float>{5}));
}

TEST_F(TensorFolderTest, IsReadAgainAfterARelease) {
  PutShard(folder_ / kWeightsFile, {{"a", std::vector<float>(100'000, 2)}});
  const TensorFolder tensors(folder_.path());
  EXPECT_EQ(Values(tensors, "a", 0, 100'000), std::vector<float>(100'000, 2));
  tensors.Release("a");
  EXPECT_EQ(Values(tensors, "a", 50'000, 2), (std::vector<float>{2, 2}));
}

TEST_F(TensorFolderTest, RefusesAnIndexThatItsShardsDoNotFit) {
  PutShard(folder_ / "one.safetensors", {{"a", {1, 2}}, {"c", {5}}});
  PutIndex(R"({"a": "one.safetensors", "b": "one.safetensors", "c": "one.safetensors"})");
  EXPECT_TRUE(Says(Refusal(), "b is not in one.safetensors"));
  PutIndex(R"({"a": "one.safetensors"})");
  EXPECT_TRUE(Says(Refusal(), "it does not name c"));
  PutIndex(R"({"a": "one.safetensors", "c": "two.safetensors"})");
  EXPECT_TRUE(Says(Refusal(), "two.safetensors"));  // there is no such file
  PutShard(folder_ / "two.safetensors", {{"c", {3}}});
  EXPECT_TRUE(Says(Refusal(), "both hold c"));
}

TEST_F(TensorFolderTest, ReadsNothingOutsideItself) {
  PutShard(folder_ / "one.safetensors", {{"a", {1}}});
  for (const char* file :
       {"../one.safetensors", "/one.safetensors", "", ".", "..", "x/y", "a\\u0000b"}) {
    PutIndex(std::string(R"({"a": ")") + file + "\"}");
    EXPECT_TRUE(Says(Refusal(), "the file of a is not in its folder")) << file;
  }
  PutIndex(R"({"a": 1})");
  EXPECT_TRUE(Says(Refusal(), "the file of a is no name"));
}

TEST_F(TensorFolderTest, RefusesADamagedIndex) {
  for (const char* text : {"[]", "{}", R"({"weight_map": []})", R"({"weight_map": {}})"}) {
    Put(folder_ / kIndexFile, text);
    EXPECT_TRUE(Says(Refusal(), "is no index of shards")) << text;
  }
  for (const char* text : {"", "{", R"({"weight_map": {"a": "one", "a": "two"}})"}) {
    Put(folder_ / kIndexFile, text);
    EXPECT_TRUE(Says(Refusal(), "is damaged")) << text;
  }
}

TEST_F(TensorFolderTest, SaysWhatToDoAboutOtherFormats) {
  EXPECT_TRUE(Says(Refusal(), "has no safetensors: a Hugging Face folder"));
  Put(folder_ / "pytorch_model-00001-of-00002.bin", "");
  EXPECT_TRUE(Says(Refusal(), "safe_serialization=True"));
}

TEST_F(TensorFolderTest, RefusesWeightsThatAreNoNumbersOfTheirOwn) {
  SafetensorsWriter writer(folder_ / kWeightsFile, {{"a", SafetensorsType::kI8, {4}}});
  writer.Write("a", std::vector<std::byte>(4));
  writer.Commit();
  const TensorFolder tensors(folder_.path());
  EXPECT_TRUE(
      Says(MessageOf([&] { Values(tensors, "a", 0, 4); }), "undo the model's quantisation"));
}

}  // namespace
}  // namespace upcycle
