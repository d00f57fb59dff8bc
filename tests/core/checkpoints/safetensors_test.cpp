#include "core/checkpoints/safetensors.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::span<const std::byte> BytesOf(const auto& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

std::string FileOf(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string file(reinterpret_cast<const char*>(&size), sizeof size);
  return file + header + std::string(data_bytes, '\0');
}

std::string Refusal(const std::string& content) {
  TemporaryFolder folder;
  const fs::path path = Put(folder / "model.safetensors", content);
  const std::string message = MessageOf([&] { SafetensorsReader reader(path); });
  EXPECT_TRUE(Says(message, "model.safetensors is not a whole safetensors file"));
  return message;
}

TEST(Safetensors, TensorsComeBackWithNamesTypesShapesAndBytes) {
  TemporaryFolder folder;
  const fs::path path = folder / "model.safetensors";
  const std::vector<float> weights = {1.5f, -2, 3, 4, 5, 6};
  const std::vector<uint16_t> halves = {0x3F80, 0x4000, 0xBF80};
  const std::vector<int64_t> ids = {1, -1};
  SafetensorsWriter writer(path, {{"b.half", SafetensorsType::kBF16, {3}},
                                  {"a.weight", SafetensorsType::kF32, {2, 3}},
                                  {"scalar", SafetensorsType::kF32, {}},
                                  {"none", SafetensorsType::kF32, {0, 4}},
                                  {"ids", SafetensorsType::kI64, {2}}});
  const std::vector<float> scalar = {7};
  writer.Write("a.weight", ConstTensor(weights.data(), {2, 3}));
  writer.Write("ids", BytesOf(ids));
  writer.Write("b.half", BytesOf(halves));
  writer.Write("scalar", BytesOf(scalar));
  writer.Write("none", std::span<const std::byte>());
  writer.Commit();

  const SafetensorsReader reader(path);
  EXPECT_EQ(reader.entries().size(), 5u);
  EXPECT_EQ(reader.metadata().at("format"), "pt");
  ASSERT_NE(reader.Find("b.half"), nullptr);
  EXPECT_EQ(*reader.Find("b.half"), (SafetensorsEntry{"b.half", SafetensorsType::kBF16, {3}}));
  EXPECT_EQ(reader.Find("c"), nullptr);
  const ConstTensor view = reader.View("a.weight");
  EXPECT_EQ(view.shape(), (Shape{2, 3}));
  EXPECT_EQ(std::vector<float>(view.floats(), view.floats() + 6), weights);
  EXPECT_EQ(reader.View("scalar").floats()[0], 7);
  EXPECT_EQ(reader.View("none").size(), 0);
  EXPECT_EQ(reader.View("ids").data<int64_t>()[1], -1);
  EXPECT_EQ(std::memcmp(reader.Bytes("b.half").data(), halves.data(), 6), 0);
}

TEST(Safetensors, EveryTensorIsAlignedToItsElements) {
  TemporaryFolder folder;
  const fs::path path = folder / "model.safetensors";
  SafetensorsWriter writer(path, {{"u8", SafetensorsType::kU8, {3}},
                                  {"bf16", SafetensorsType::kBF16, {1}},
                                  {"i64", SafetensorsType::kI64, {1}},
                                  {"f32", SafetensorsType::kF32, {1}}});
  for (const auto& [name, bytes] : {std::pair("u8", 3), {"bf16", 2}, {"i64", 8}, {"f32", 4}}) {
    writer.Write(name, BytesOf(std::vector<std::byte>(static_cast<size_t>(bytes))));
  }
  writer.Commit();
  const SafetensorsReader reader(path);
  for (const SafetensorsEntry& entry : reader.entries()) {
    const auto address = reinterpret_cast<uintptr_t>(reader.Bytes(entry.name).data());
    EXPECT_EQ(address % static_cast<uintptr_t>(SizeOf(entry.type)), 0u) << entry.name;
  }
}

TEST(Safetensors, MetadataIsKept) {
  TemporaryFolder folder;
  SafetensorsWriter(folder / "m", {}, FileFlow::kAnyOrder, {{"step", "12"}, {"format", "np"}})
      .Commit();
  EXPECT_EQ(SafetensorsReader(folder / "m").metadata(),
            (std::map<std::string, std::string>{{"format", "np"}, {"step", "12"}}));
}

TEST(Safetensors, TheWriterHoldsItsCallerToTheDeclaration) {
  TemporaryFolder folder;
  const std::vector<float> two = {1, 2};
  const std::vector<int32_t> integers = {1, 2};
  SafetensorsWriter writer(folder / "m", {{"x", SafetensorsType::kF32, {2}}});
  EXPECT_EQ(CauseOf([&] { writer.Write("y", BytesOf(two)); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { writer.Write("x", BytesOf(two).first(4)); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { writer.Write("x", ConstTensor(integers.data(), {2})); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { writer.Commit(); }), Cause::kBug);
  writer.Write("x", BytesOf(two));
  EXPECT_EQ(CauseOf([&] { writer.Write("x", BytesOf(two)); }), Cause::kBug);
  EXPECT_FALSE(fs::exists(folder / "m"));
  MessageOf(
      [&] {
        SafetensorsWriter(folder / "n",
                          {{"x", SafetensorsType::kF32, {2}}, {"x", SafetensorsType::kF32, {2}}});
      },
      Cause::kBug);
}

TEST(Safetensors, AMissingTensorIsNamed) {
  TemporaryFolder folder;
  SafetensorsWriter(folder / "m", {}).Commit();
  const SafetensorsReader reader(folder / "m");
  EXPECT_TRUE(Says(MessageOf([&] { reader.Bytes("lm_head.weight"); }), "lm_head.weight"));
  EXPECT_TRUE(Says(MessageOf([&] { reader.View("lm_head.weight"); }), "lm_head.weight"));
}

TEST(Safetensors, WhatNoTensorHereCanHoldIsRefusedByTheViewOnly) {
  TemporaryFolder folder;
  std::string header = R"({"f64":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                       R"("deep":{"dtype":"U8","shape":[1,1,1,1,1],"data_offsets":[8,9]},)"
                       R"("odd":{"dtype":"F32","shape":[1],"data_offsets":[9,13]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const fs::path path = Put(folder / "m", FileOf(header, 13));
  const SafetensorsReader reader(path);
  EXPECT_EQ(reader.Bytes("f64").size(), 8u);
  EXPECT_TRUE(Says(MessageOf([&] { reader.View("f64"); }), "F64"));
  EXPECT_TRUE(Says(MessageOf([&] { reader.View("deep"); }), "5 dimensions"));
  EXPECT_TRUE(Says(MessageOf([&] { reader.View("odd"); }), "aligned"));
}

TEST(Safetensors, HostileHeadersAreRefused) {
  struct Case {
    const char* header;
    size_t data;
    const char* complaint;
  };
  const Case cases[] = {
      {"", 0, "no sound JSON"},
      {"{", 0, "no sound JSON"},
      {"[]", 0, "not a JSON object"},
      {"{}", 4, "something was added"},
      {"\xFF\xFE", 0, "no sound JSON"},
      {R"({"__metadata__":[]})", 0, "__metadata__"},
      {R"({"__metadata__":{"a":1}})", 0, "__metadata__"},
      {R"({"x":1})", 0, "x is not"},
      {R"({"x":{"dtype":"F32","shape":[1]}})", 4, "x is not"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"y":0}})", 4, "x is not"},
      {R"({"x":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4, "unknown dtype \"F33\""},
      {R"({"x":{"dtype":32,"shape":[1],"data_offsets":[0,4]}})", 4, "unknown dtype 32"},
      {R"({"x":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "list of numbers"},
      {R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "the number -1"},
      {R"({"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "the number 1.0"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "no range"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "no range"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "do not fit its shape"},
      {R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
       "do not fit its shape"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3, "truncated"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "leave a gap"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
       6, "overlap"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, "\"x\" twice"},
      {R"({"x":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4,
       "\"dtype\" twice"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}})", 4,
       "the number 1.8446744073709552e+19"},
      {R"({"x":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}})", 4, "no sound JSON"},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(Says(Refusal(FileOf(c.header, c.data)), c.complaint)) << c.header;
  }
}

TEST(Safetensors, SizesThatTheFileDoesNotHaveAreRefused) {
  EXPECT_TRUE(Says(Refusal(""), "0 bytes"));
  EXPECT_TRUE(Says(Refusal("1234567"), "7 bytes"));
  EXPECT_TRUE(Says(Refusal(std::string(8, '\xFF') + "{}"), "claims"));
  std::string longer = FileOf("{}", 0);
  longer[0] = 3;
  EXPECT_TRUE(Says(Refusal(longer), "claims 3 bytes"));
}

TEST(Safetensors, TensorsMayComePieceByPiece) {
  TemporaryFolder folder;
  const fs::path path = folder / "model.safetensors";
  const std::vector<float> values = {1, 2, 3, 4};
  SafetensorsWriter writer(path, {{"a", SafetensorsType::kF32, {2, 2}}});
  writer.Append("a", BytesOf(values).first(4));
  writer.Append("a", BytesOf(values).subspan(4));
  EXPECT_THROW(writer.Append("a", BytesOf(values).first(1)), Error);
  writer.Commit();
  const SafetensorsReader reader(path);
  EXPECT_EQ(std::memcmp(reader.Bytes("a").data(), values.data(), sizeof(float) * 4), 0);
  EXPECT_EQ(ElementsOf(reader.entries()[0]), 4);
}

TEST(Safetensors, DeeplyNestedHeadersAreRefusedNotFollowed) {
  EXPECT_TRUE(Says(Refusal(FileOf(std::string(200000, '['), 0)), "nested too deeply"));
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  const std::string header = R"({"x":{"dtype":)" + deep + R"(,"shape":[1],"data_offsets":[0,4]}})";
  EXPECT_TRUE(Says(Refusal(FileOf(header, 4)), "nested too deeply"));
}

// Mixtures of many narrow experts have as many; this takes minutes where the time to read a header
// grows with the square of their number.
TEST(Safetensors, TensorsMayBeVeryMany) {
  constexpr int kTensors = 100'000;
  std::string header;
  for (int i = 0; i < kTensors; ++i) {
    header += (i == 0 ? "{" : ",") + ("\"" + std::to_string(i)) +
              R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  TemporaryFolder folder;
  Put(folder / "many.safetensors", FileOf(header + "}", 0));
  EXPECT_EQ(SafetensorsReader(folder / "many.safetensors").entries().size(), size_t{kTensors});
}

// Every prefix and every single damaged bit of a small file is either refused or still a file whose
// tensors lie within it.
TEST(Safetensors, NoDamageLeadsOutOfTheFile) {
  TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3};
  SafetensorsWriter writer(folder / "m", {{"x", SafetensorsType::kF32, {3}}});
  writer.Write("x", BytesOf(values));
  writer.Commit();
  const std::string good = ReadTextFile(folder / "m");
  const auto survives = [&](const std::string& content) {
    const fs::path path = Put(folder / "damaged", content);
    try {
      const SafetensorsReader reader(path);
      for (const SafetensorsEntry& entry : reader.entries()) reader.Bytes(entry.name);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput);
      return false;
    }
  };
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(survives(good.substr(0, size)));
  int survivors = 0;
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    survivors += survives(damaged);
  }
  EXPECT_GT(survivors, 96);  // the data's own bits, and names
}

}  // namespace
}  // namespace upcycle
