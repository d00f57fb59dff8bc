// What `upcycle plot` draws, where it puts it, and what it says where it cannot.

#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

// An arm that would do something, if anybody obeyed its name.
constexpr const char* kHostile = "`touch owned` $(touch owned)</svg><script>\n\x1B[2J";

class PlotCommandTest : public testing::Test {
 protected:
  PlotCommandTest() {
    fs::create_directories(root_);
    LedgerWriter ledger(root_ / "ledger.sqlite");
    StudyRecord study = StudyOf({"dense", kHostile}, {0, 1});
    for (ArmRecord& arm : study.arms) arm.cost.train_flops = 1e9;
    ledger.RecordStudy(study);
    for (const int64_t seed : {0, 1}) {
      for (const char* arm : {"dense", kHostile}) {
        const double loss = (arm == kHostile ? 1.5 : 2.0) + 0.1 * static_cast<double>(seed * seed);
        CompleteRun(ledger, arm, seed,
                    {Point("validation/loss", 10, loss + 1), Point("validation/loss", 20, loss),
                     Point("train/learning_rate", 10, 0.1), Point("train/learning_rate", 20, 0.05)},
                    {ResultEvent("validation/loss", loss)});
      }
    }
  }

  Finished Plot(std::vector<std::string> options, OutputKind output = OutputKind::kFile) const {
    std::vector<std::string> words = {"plot", "study", "--root", root_.native()};
    words.insert(words.end(), options.begin(), options.end());
    return RunProgram(words, output);
  }

  std::string Refusal(std::vector<std::string> options) const {
    const Finished result = Plot(std::move(options));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    return result.err;
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "root";
};

TEST_F(PlotCommandTest, WritesEveryKindThatTheDataAllowAndSaysWhyNotTheOthers) {
  const fs::path figures = folder_ / "new/figures";
  const Finished result = Plot({"-o", figures.native()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(NamesIn(figures), (std::set<std::string>{"curves.svg", "forest.svg", "schedule.svg"}));
  EXPECT_TRUE(Says(result.out, "forest.svg: Differences of validation/loss to dense"));
  EXPECT_TRUE(Says(result.out, "no load: no training"));
  EXPECT_TRUE(Says(result.out, "no scaling: all arms"));
}

TEST_F(PlotCommandTest, SaysAsJsonWhatItWrote) {
  const fs::path figures = folder_ / "figures";
  const auto all = nlohmann::json::parse(Plot({"-o", figures.native(), "--json"}).out);
  EXPECT_EQ(all.at("study"), "study");
  ASSERT_EQ(all.at("written").size(), 3u);
  const auto& forest = all.at("written").at(1);
  EXPECT_EQ(forest.at("kind"), "forest");
  EXPECT_TRUE(fs::exists(forest.at("file").get<std::string>()));
  EXPECT_TRUE(Says(forest.at("caption").get<std::string>(), "Differences of"));
  EXPECT_EQ(all.at("not_drawn").at(0).at("kind"), "load");
  const std::string file = (folder_ / "a.svg").native();
  const auto one = nlohmann::json::parse(Plot({"--kind", "curves", "-o", file, "--json"}).out);
  EXPECT_EQ(one.at("written").at(0).at("file"), file);
  EXPECT_TRUE(Says(Refusal({"--kind", "curves", "--json"}), "name one with --output"));
}

TEST_F(PlotCommandTest, GivesEqualBytesEachTimeAndNoPath) {
  const std::string first = Plot({"--kind", "forest"}).out;
  EXPECT_TRUE(first.starts_with("<svg "));
  EXPECT_EQ(first, Plot({"--kind", "forest"}).out);
  EXPECT_FALSE(Says(first, folder_.path().native()));
  const fs::path file = folder_ / "forest.svg";
  EXPECT_EQ(Plot({"--kind", "forest", "-o", file.native()}).exit_code, 0);
  EXPECT_EQ(ReadTextFile(file), first);
  EXPECT_NE(first, Plot({"--kind", "forest", "--dark"}).out);
  EXPECT_NE(first, Plot({"--kind", "forest", "--wide"}).out);
}

TEST_F(PlotCommandTest, RefusesAFormThatTheNameContradicts) {
  const std::string file = (folder_ / "figure.png").native();
  EXPECT_TRUE(Says(Refusal({"--kind", "forest", "-f", "svg", "-o", file}),
                   "figure.png: its name says png and --format svg: leave --format out, or end the "
                   "name in .svg"));
  EXPECT_FALSE(fs::exists(file));
  const std::string named = (folder_ / "figure.svg").native();
  EXPECT_EQ(Plot({"--kind", "forest", "-f", "svg", "-o", named}).exit_code, 0);
}

TEST_F(PlotCommandTest, ObeysNoName) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  for (const char* format : {"svg", "png", "pdf"}) Plot({"-o", "figures", "-f", format});
  fs::current_path(before);
  EXPECT_FALSE(fs::exists(folder_ / "owned"));
  const std::string drawn = ReadTextFile(folder_ / "figures/forest.svg");
  EXPECT_FALSE(Says(drawn, "<script>"));
  EXPECT_TRUE(Says(drawn, "`touch owned` $(touch owned)&lt;/svg&gt;"));
}

TEST_F(PlotCommandTest, TellsThatTheRendererIsMissing) {
  const std::string before = std::getenv("PATH");
  fs::create_directory(folder_ / "bin");
  fs::create_symlink("/usr/bin/env", folder_ / "bin/env");
  ::setenv("PATH", (folder_ / "bin").c_str(), 1);
  const std::string said = Refusal({"--kind", "forest", "-o", (folder_ / "forest.pdf").native()});
  const Finished svg = Plot({"--kind", "forest"});
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_TRUE(Says(said, "install Debian's package librsvg2-bin"));
  EXPECT_FALSE(fs::exists(folder_ / "forest.pdf"));
  EXPECT_EQ(svg.exit_code, 0);
}

TEST_F(PlotCommandTest, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(Says(Refusal({"--kind", "pie"}), "--kind pie: expected curves or forest"));
  EXPECT_TRUE(Says(Refusal({"--kind", "frest"}), "or schedule; did you mean \"forest\"?"));
  EXPECT_TRUE(Says(Refusal({"--kind", "curves", "--against", "days"}), "expected steps or tokens"));
  EXPECT_TRUE(Says(Refusal({"--kind", "curves", "--metric", "validation/los"}),
                   "did you mean \"validation/loss\"?"));
  EXPECT_TRUE(Says(Refusal({"--kind", "forest", "--arm", "dens"}), "did you mean \"dense\"?"));
  EXPECT_TRUE(Says(Refusal({"--kind", "load"}), "no training of the study \"study\""));
  EXPECT_TRUE(Says(Refusal({"--kind", "curves", "--against", "tokens"}), "--against steps"));
  EXPECT_TRUE(Says(Refusal({}), "which plot?"));
  EXPECT_TRUE(Says(Refusal({"-o", (folder_ / "all.pdf").native()}), "which plot?"));
}

TEST_F(PlotCommandTest, RefusesOptionsThatAKindCannotObey) {
  const auto refusal = [&](const char* kind, std::vector<std::string> option) {
    option.insert(option.begin(), {"--kind", kind});
    return Refusal(option);
  };
  EXPECT_TRUE(Says(refusal("forest", {"--seeds"}),
                   "--seeds does nothing for --kind forest: leave it out; it is for curves\n"));
  EXPECT_TRUE(Says(refusal("forest", {"--against", "steps"}), "it is for curves, schedule, load"));
  EXPECT_TRUE(Says(refusal("curves", {"--allow-incomplete"}), "it is for forest"));
  EXPECT_TRUE(Says(refusal("load", {"--metric", "train/loss"}), "--metric does nothing"));
  EXPECT_EQ(Plot({"--kind", "curves", "--seeds", "--against", "steps"}).exit_code, 0);
  EXPECT_EQ(Plot({"-o", (folder_ / "all").native(), "--seeds"}).exit_code, 0) << "curves obey";
}

TEST_F(PlotCommandTest, RefusesPlacesWhereNothingCanBe) {
  EXPECT_TRUE(Says(Refusal({"--kind", "forest", "-o", (folder_ / "a.jpg").native()}),
                   "end its name so, or say --format"));
  EXPECT_TRUE(Says(Refusal({"--kind", "forest", "-o", (folder_ / "none/a.svg").native()}),
                   "there is no folder"));
  const Finished full = Plot({"--kind", "forest"}, OutputKind::kFullDisk);
  EXPECT_EQ(full.exit_code, 2);
  EXPECT_TRUE(Says(full.err, "No space left on device"));
}

}  // namespace
}  // namespace upcycle
