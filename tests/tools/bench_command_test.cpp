// `upcycle bench` as its users run it, where there is no GPU.
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

Json ReadJson(const std::filesystem::path& path) { return Json::parse(ReadTextFile(path)); }

TEST(BenchCommand, ListsTheShapesOfTheGpusModels) {
  const Finished list = RunProgram({"bench", "--list", "--json", "-", "--models", "^Llama"});
  ASSERT_EQ(list.exit_code, 0) << list.err;
  const Json shapes = Json::parse(list.out);
  ASSERT_EQ(shapes.size(), 6u);
  EXPECT_EQ(shapes[0].at("width"), 4096);
  EXPECT_EQ(shapes[1].at("experts"), 8);
}

TEST(BenchCommand, MeasuresAModelInAProcessOfItsOwn) {
  TemporaryFolder folder;
  const Finished bench =
      RunProgram({"bench", "--device", "cpu", "--models", "^quickstart dense", "--seconds", "0.01",
                  "--threads", "1", "--json", (folder / "bench.json").native(), "--markdown",
                  (folder / "bench.md").native()});
  ASSERT_EQ(bench.exit_code, 0) << bench.err;
  const Json report = ReadJson(folder / "bench.json");
  EXPECT_EQ(report.at("device").at("name"), "CPU");
  const Json& model = report.at("models").at(0);
  EXPECT_GT(model.at("balanced").at("tokens_per_second"), 0) << model;
  EXPECT_FALSE(model.at("ops").at("shares").empty());
  EXPECT_TRUE(Says(ReadTextFile(folder / "bench.md"), "quickstart dense"));
}

TEST(BenchCommand, GivesUpAModelThatOutlastsTheBudgetAndSaysSo) {
  const Finished bench = RunProgram({"bench", "--device", "cpu", "--models", "^0.5B dense",
                                     "--threads", "1", "--budget", "0.2", "--json", "-"});
  ASSERT_EQ(bench.exit_code, 0) << bench.err;
  const Json model = Json::parse(bench.out).at("models").at(0);
  EXPECT_EQ(model.at("balanced").at("not_measured"), "not done within 0.2 s");
}

TEST(BenchCommand, MeasuresTheOrchestrationAndLeavesNothingBehind) {
  TemporaryFolder folder;
  const Finished bench = RunProgram({"bench", "--orchestration", "--quick", "--root",
                                     folder.path().native(), "--json", "-", "--threads", "2"});
  ASSERT_EQ(bench.exit_code, 0) << bench.err;
  const Json report = Json::parse(bench.out);
  EXPECT_EQ(report.at("counts"),
            Json({{"runs", 8}, {"processes", 21}, {"planned", 100}, {"points", 10000}}));
  std::set<std::string> keys;
  for (const Json& row : report.at("rows")) {
    EXPECT_GT(row.at("value"), 0) << row;
    EXPECT_FALSE(row.contains("met")) << "a target is of the whole: " << row;
    keys.insert(row.at("key"));
  }
  EXPECT_EQ(keys,
            (std::set<std::string>{"bytes", "compare", "coordinator_cpu", "coordinator_cpu_process",
                                   "ingest", "plan", "record", "schedule_wall", "status"}));
  EXPECT_TRUE(NamesIn(folder.path()).empty());
}

TEST(BenchCommand, RefusesARootThatIsNotThere) {
  const Finished bench =
      RunProgram({"bench", "--orchestration", "--quick", "--root", "/nowhere/at/all"});
  EXPECT_EQ(bench.exit_code, 2);
  EXPECT_TRUE(Says(bench.err, "/nowhere/at/all")) << bench.err;
}

TEST(BenchCommand, RefusesWhatNamesNoModelNoDeviceAndNoTime) {
  EXPECT_EQ(RunProgram({"bench", "--models", "no such model"}).exit_code, 2);
  EXPECT_EQ(RunProgram({"bench", "--models", "("}).exit_code, 2);
  EXPECT_EQ(RunProgram({"bench", "--device", "cuda:x"}).exit_code, 2);
  EXPECT_EQ(RunProgram({"bench", "--seconds", "soon", "--device", "cpu"}).exit_code, 2);
}

TEST(BenchCommand, SimulatesStudiesTheSameForAnyNumberOfThreads) {
  const auto simulate = [](const std::string& threads) {
    return RunProgram({"bench", "--statistics", "--quick", "--threads", threads, "--json", "-"});
  };
  const Finished one = simulate("1"), three = simulate("3");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, three.out);
  const Json report = Json::parse(one.out);
  EXPECT_EQ(report.at("by_noise").size(), 12u);
  for (const Json& row : report.at("by_noise")) {
    if (row.at("noise") != "normal") continue;
    EXPECT_LT(row.at("error_planned"), 0.08) << row;  // 1,000 studies
    EXPECT_GT(row.at("coverage_once"), 0.93) << row;
  }
}

}  // namespace
}  // namespace upcycle
