#include "experiments/bundle/manifest.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/tools/fuzz.h"

namespace upcycle {
namespace {

const std::string kStage = "stages/0123456789abcdef0123456789abcdef/";

Manifest SmallManifest() {
  return {.program = "0.1.0",
          .study = "tiny",
          .models = BundledModels::kLast,
          .logs = true,
          .files = {{"journal", 10, Fingerprint(1, 2)},
                    {kStage + "journal", 20, Fingerprint(3, 4)},
                    {kStage + "model/a b.safetensors", 0, Fingerprint(5, 6)},
                    {kStage + "stage.json", 7, Fingerprint(7, 8)}}};
}

std::string RefusalOf(const nlohmann::json& manifest) {
  return MessageOf([&] { ParseManifest(manifest.dump()); });
}

TEST(BundleManifest, ReadsWhatItWrites) {
  const Manifest manifest = ParseManifest(ToJson(SmallManifest()));
  EXPECT_EQ(ToJson(manifest), ToJson(SmallManifest()));
  EXPECT_EQ(manifest.Bytes(), 37u);
}

TEST(BundleManifest, OfANewerFormatNamesTheProgramThatReadsIt) {
  auto manifest = nlohmann::json::parse(ToJson(SmallManifest()));
  manifest["format"] = kBundleFormat + 1;
  manifest["program"] = "7.3.0";
  manifest["files"] = "said in another way";
  EXPECT_TRUE(Says(RefusalOf(manifest), "import it with upcycle 7.3.0 or later"));
}

TEST(BundleManifest, KnowsWhereFilesBelong) {
  EXPECT_FALSE(PlaceOf("journal").stage);
  const BundlePlace model = PlaceOf(kStage + "model/tokenizer/vocabulary");
  EXPECT_EQ(model.stage->Hex(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(model.part, "model");
  EXPECT_EQ(PlaceOf(kStage + "stage.json").part, "stage.json");
}

TEST(BundleManifest, RefusesNamesThatLeadElsewhere) {
  const std::string names[] = {"",
                               "/journal",
                               "./journal",
                               "../journal",
                               "ledger.sqlite",
                               "site.yaml",
                               "journal/",
                               "stages",
                               kStage,
                               kStage + "lock",
                               kStage + "removed.json",
                               kStage + "checkpoints/1/a",
                               kStage + "model",
                               kStage + "model/",
                               kStage + "model/../../../x",
                               kStage + "model/./x",
                               kStage + "model//x",
                               kStage + "model/a\nb",
                               kStage + "model/" + std::string(256, 'x'),
                               kStage + "stage.json/x",
                               "stages/../stages/0123456789abcdef0123456789abcdef/journal",
                               "stages/0123456789ABCDEF0123456789ABCDEF/journal",
                               "stages/0123456789abcdef/journal",
                               std::string("journal\0x", 9)};
  for (const std::string& name : names) {
    EXPECT_EQ(CauseOf([&] { PlaceOf(name); }), Cause::kInput) << name;
  }
}

TEST(BundleManifest, RefusesFilesTwiceOrOutOfOrder) {
  auto manifest = nlohmann::json::parse(ToJson(SmallManifest()));
  manifest["files"][2] = manifest["files"][1];
  EXPECT_TRUE(Says(RefusalOf(manifest), "is there twice"));
  manifest = nlohmann::json::parse(ToJson(SmallManifest()));
  std::swap(manifest["files"][1], manifest["files"][2]);
  EXPECT_TRUE(Says(RefusalOf(manifest), "comes behind"));
}

TEST(BundleManifest, RefusesSizesThatCannotBe) {
  for (const char* size : {"-1", "1.5", "\"9\"", "9223372036854775807", "18446744073709551616"}) {
    auto manifest = nlohmann::json::parse(ToJson(SmallManifest()));
    manifest["files"][1]["bytes"] = nlohmann::json::parse(size);
    EXPECT_NE(RefusalOf(manifest), "") << size;
  }
}

TEST(BundleManifest, RefusesABundleWithoutAStudy) {
  auto manifest = nlohmann::json::parse(ToJson(SmallManifest()));
  manifest["files"].erase(0);
  EXPECT_TRUE(Says(RefusalOf(manifest), "no journal that records a study"));
}

TEST(BundleManifest, IsReadOrRefusedWhateverItSays) {
  constexpr std::array<std::string_view, 6> kWords = {"../",  "/", "\"format\": 2",
                                                      "null", "[", "}"};
  ExpectReadOrRefused("manifest.json", ToJson(SmallManifest()), 10000, kWords,
                      [](const std::string& text) { ParseManifest(text); });
}

}  // namespace
}  // namespace upcycle
