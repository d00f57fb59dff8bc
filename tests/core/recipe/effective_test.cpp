// Settings that mean the same program, and that the recipe is told so.
#include "core/recipe/effective.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/recipe/canonical.h"
#include "tests/core/recipe/recipe_folder.h"

namespace upcycle {
namespace {

RunSettings Upcycled(double capacity_factor) {
  RunSettings settings;
  settings.upcycle.method = UpcycleMethod::kCopy;
  settings.moe.capacity_factor.factor = capacity_factor;
  return settings;
}

TEST(EffectiveSettings, OfACapacityThatHasRoomForEveryTokenAreDropless) {
  EXPECT_TRUE(EffectiveSettings(Upcycled(4)).moe.capacity_factor.dropless());
  EXPECT_TRUE(EffectiveSettings(Upcycled(5)).moe.capacity_factor.dropless());
  EXPECT_FALSE(EffectiveSettings(Upcycled(3.999)).moe.capacity_factor.dropless());
  RunSettings one = Upcycled(8);
  one.moe.top_k = 1;
  EXPECT_TRUE(EffectiveSettings(one).moe.capacity_factor.dropless());
  one.moe.capacity_factor.factor = 4;
  EXPECT_FALSE(EffectiveSettings(one).moe.capacity_factor.dropless());
}

TEST(EffectiveSettings, OfRoomForEveryTokenHaveNoDropPolicy) {
  RunSettings settings = Upcycled(4);
  settings.moe.drop_policy = DropPolicy::kPosition;
  EXPECT_EQ(EffectiveSettings(settings).moe.drop_policy, DropPolicy::kProbs);
}

TEST(EffectiveSettings, OfExpertsThatChooseHaveRoomForEveryTokenAtMost) {
  RunSettings settings = Upcycled(4.5);
  settings.moe.router.choice = RouterChoice::kExpertChoice;
  EXPECT_EQ(EffectiveSettings(settings).moe.capacity_factor.factor, 4);
  settings.moe.capacity_factor.factor = 3.5;
  EXPECT_EQ(EffectiveSettings(settings).moe.capacity_factor.factor, 3.5);
}

TEST(EffectiveSettings, OfMethodsThatChangeNoWeightAreThoseOfVirtualGroups) {
  const auto of = [](UpcycleMethod method, double ratio, double noise_std) {
    RunSettings settings;
    settings.upcycle = {.method = method, .ratio = ratio, .noise_std = noise_std};
    return EffectiveSettings(settings).upcycle;
  };
  EXPECT_EQ(of(UpcycleMethod::kDrop, 0, 0.01).method, UpcycleMethod::kVirtualGroups);
  EXPECT_EQ(of(UpcycleMethod::kNoise, 0, 0.01).method, UpcycleMethod::kVirtualGroups);
  EXPECT_EQ(of(UpcycleMethod::kNoise, 0.3, 0).method, UpcycleMethod::kVirtualGroups);
  EXPECT_EQ(of(UpcycleMethod::kNoise, 0.3, 0).ratio, UpcycleSettings{}.ratio);
  EXPECT_EQ(of(UpcycleMethod::kDrop, 0.3, 0).method, UpcycleMethod::kDrop);
  EXPECT_EQ(of(UpcycleMethod::kQwen, 0, 0).method, UpcycleMethod::kQwen);  // shuffles all the same
}

TEST(EffectiveSettings, OfScalingsThatScaleAlikeAreThoseOfThePlainer) {
  using enum WeightScaling;
  RunSettings settings = Upcycled(4);
  const auto of = [&](WeightScaling scaling) {
    settings.upcycle.scaling = scaling;
    return EffectiveSettings(settings).upcycle.scaling;
  };
  settings.upcycle.method = UpcycleMethod::kCopy;
  settings.moe.router.order = RoutingOrder::kSoftmaxThenTopk;
  EXPECT_EQ(of(kPaper), kPaper);
  EXPECT_EQ(of(kExact), kExact);
  settings.model.family = Family::kNemotron;  // without a gate the cube roots are exact
  EXPECT_EQ(of(kExact), kPaper);
  settings.moe.router.order =
      RoutingOrder::kTopkThenSoftmax;  // whole experts, whose weights sum to 1
  EXPECT_EQ(of(kPaper), kNone);
  EXPECT_EQ(of(kExact), kNone);
  settings.moe.shared_expert = SharedExpert::kPlain;  // to halve
  EXPECT_EQ(of(kPaper), kPaper);
}

TEST(EffectiveSettings, OfPositionsThatAreLearnedDoNotRotate) {
  RunSettings settings;
  settings.model.family = Family::kGpt2;
  settings.model.rotary_share = 0.25;
  settings.model.rope_theta = 500000;
  settings.model.rope_scaling = {.kind = RopeScaling::kLinear, .factor = 2};
  const ModelSettings effective = EffectiveSettings(settings).model;
  EXPECT_EQ(effective.rotary_share, 1);
  EXPECT_EQ(effective.rope_theta, 10000);
  EXPECT_EQ(effective.rope_scaling, RopeScalingSettings{});
}

TEST(EffectiveSettings, OfRopeScalingAreThoseThatItsKindReads) {
  RunSettings settings;
  settings.model.rope_scaling = {
      .factor = 2, .low_frequency_factor = 2, .high_frequency_factor = 8, .original_length = 64};
  const auto of = [&](RopeScaling kind) {
    settings.model.rope_scaling.kind = kind;
    return EffectiveSettings(settings).model.rope_scaling;
  };
  EXPECT_EQ(of(RopeScaling::kNone), RopeScalingSettings{});
  EXPECT_EQ(of(RopeScaling::kLinear),
            (RopeScalingSettings{.kind = RopeScaling::kLinear, .factor = 2}));
  EXPECT_EQ(of(RopeScaling::kLlama3), settings.model.rope_scaling);
}

TEST(EffectiveSettings, AreTheSameWhetherReasonsAreAskedForOrNot) {
  RunSettings settings = Upcycled(4);
  settings.evaluate.capacity_factor.factor = 16;
  settings.train.learning_rate.schedule = ScheduleShape::kConstant;
  std::vector<std::string> paths;
  for (const Reduction& reduction : FindReductions(settings)) paths.push_back(reduction.path);
  std::vector<std::string> expected;
  for (const SettingChange& d : Differences(settings, EffectiveSettings(settings))) {
    expected.push_back(d.path);
  }
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths, expected);
}

const std::string kBase =
    "name: a\ndata: {train: [{kind: atlas}]}\nupcycle: copy\nallow: [two_factors, unequal_compute, "
    "untuned_rate]\n";

TEST(EqualPrograms, AreToldWithTheReason) {
  const std::string recipe = kBase + "method: ablate\nparameters: {moe.capacity_factor: [2, 4]}\n";
  EXPECT_EQ(ArmNames(LoadText(recipe)),
            (std::vector<std::string>{"baseline", "capacity_factor=2"}));
  EXPECT_EQ(WarningsIn(recipe),
            "a.yaml:6:14: warning: arm \"capacity_factor=4\" is the same run as arm \"baseline\", "
            "which is kept: moe.capacity_factor differs, but a capacity factor of 4 with 8 "
            "experts, top-2, can drop nothing: it is dropless\n"
            "  parameters: {moe.capacity_factor: [2, 4]}\n"
            "               ^\n");
  const std::string text = DescribeRecipe(LoadText(recipe));
  EXPECT_NE(text.find("  = capacity_factor=4: the run of baseline: moe.capacity_factor "
                      "differs, but a capacity factor of 4"),
            text.npos);
  EXPECT_EQ(ResolvedRecipe(LoadText(recipe)).at("twins").at(0).at("kept"), "baseline");
}

TEST(EqualPrograms, SayOfEachSettingWhyItMakesNoDifference) {
  const Recipe recipe = LoadText(
      kBase +
      "arms:\n  - {name: x, upcycle: none}\n"
      "  - {name: y, upcycle: none, moe: {top_k: 4, router.z_loss: 1}, execution.threads: 1}\n");
  ASSERT_EQ(recipe.twins.size(), 1u);
  EXPECT_EQ(recipe.twins[0].name, "y");
  EXPECT_EQ(recipe.twins[0].kept, "x");
  EXPECT_EQ(recipe.twins[0].why,
            "execution.threads differs, but no result depends on it; moe.router.z_loss, moe.top_k "
            "differ, but a run without experts does not read it");
}

TEST(EqualPrograms, AreNamedWhereARecipeAsksForTheArmThatIsGone) {
  EXPECT_EQ(MistakesIn(kBase + "method: ablate\nparameters: {moe.capacity_factor: [2, 4]}\n"
                               "table: {against: capacity_factor=4}\n"),
            "a.yaml:6:14: warning: arm \"capacity_factor=4\" is the same run as arm \"baseline\", "
            "which is kept: moe.capacity_factor differs, but a capacity factor of 4 with 8 "
            "experts, top-2, can drop nothing: it is dropless\n"
            "  parameters: {moe.capacity_factor: [2, 4]}\n"
            "               ^\n"
            "a.yaml:7:18: error: arm \"capacity_factor=4\" is the same run as arm \"baseline\"\n"
            "  table: {against: capacity_factor=4}\n"
            "                   ^\n"
            "  expected \"baseline\", which is kept\n");
}

}  // namespace
}  // namespace upcycle
