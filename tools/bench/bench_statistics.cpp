#include "tools/bench/bench_statistics.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/statistics/simulation.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr int64_t kStudies = 10'000;
constexpr double kSize = 2;  // of those that differ
constexpr int64_t kSeeds[] = {3, 5, 6, 12};

class Measuring {
 public:
  Measuring(int threads, bool quick)
      : threads_(threads), studies_(quick ? kStudies / 10 : kStudies) {}

  Json Report() {
    const SimulatedStudies usual;
    return {{"studies", studies_},   {"arms", usual.arms}, {"level", 0.05},
            {"by_noise", ByNoise()}, {"plans", Plans()},   {"equivalence", Equivalence()}};
  }

 private:
  std::vector<Tally> Run(SimulatedStudies studies,
                         const std::vector<PreparedDecider>& deciders) const {
    studies.studies = studies_;
    return Simulate(studies, deciders, threads_);
  }

  // Errors are the larger of those where no arm differs and where half of them do.
  Json ByNoise() const {
    const Decider deciders[] = {{Way::kOnce}, {Way::kUncorrected}, {Way::kPlanned}};
    std::map<int64_t, std::vector<PreparedDecider>> prepared;
    for (const int64_t seeds : kSeeds) {
      prepared[seeds] = Prepare(deciders, seeds, SimulatedStudies().arms);
    }
    Json rows = Json::array();
    for (const auto& noise : EnumNames<Noise>::values) {
      for (const int64_t seeds : kSeeds) {
        fmt::print(stderr, "{} noise, {} seeds\n", noise.name, seeds);
        const SimulatedStudies none = {.noise = noise.value, .seeds = seeds};
        SimulatedStudies half = none;
        half.different = half.arms / 2;
        half.size = kSize;
        const std::vector<Tally> without = Run(none, prepared[seeds]),
                                 with = Run(half, prepared[seeds]);
        const auto error = [&](size_t i) {
          return std::max(without[i].FamilyError(), with[i].FamilyError());
        };
        rows.push_back({{"noise", noise.name},
                        {"seeds", seeds},
                        {"error_once", error(0)},
                        {"error_peeking_uncorrected", error(1)},
                        {"error_planned", error(2)},
                        {"coverage_once", without[0].Coverage()},
                        {"coverage_planned", with[2].Coverage()},
                        {"power_once", with[0].Power()},
                        {"power_planned", with[2].Power()},
                        {"seeds_planned", with[2].SeedsPerArm()}});
      }
    }
    return rows;
  }

  Json Plans() const {
    const std::vector<Decider> deciders = {
        {Way::kOnce},       {Way::kPlanned, 0}, {Way::kPlanned, 1}, {Way::kPlanned, 2},
        {Way::kPlanned, 3}, {Way::kPlanned, 5}, {Way::kEValue}};
    std::vector<std::string> names = {"one test of 12 seeds"};
    for (size_t i = 1; i + 1 < deciders.size(); ++i) {
      names.push_back(fmt::format("planned, w = (n/12)^{:g}", deciders[i].exponent));
    }
    names.push_back("e-value, g = 4");
    const std::vector<PreparedDecider> prepared = Prepare(deciders, 12, SimulatedStudies().arms);
    Json rows = Json::array();
    for (const std::string& name : names) rows.push_back({{"way", name}, {"sizes", Json::array()}});
    for (const double size : {1.0, 1.5, 3.0}) {
      fmt::print(stderr, "plans of 12 seeds, size {:g}\n", size);
      // Where every arm differs, no seed is spent on those that cannot be decided.
      const SimulatedStudies studies = {.seeds = 12, .different = 8, .size = size};
      const std::vector<Tally> tallies = Run(studies, prepared);
      for (size_t i = 0; i < tallies.size(); ++i) {
        rows[i]["sizes"].push_back(
            {{"size", size}, {"power", tallies[i].Power()}, {"seeds", tallies[i].SeedsPerArm()}});
      }
    }
    return rows;
  }

  // Errors are the largest of those where all arms lie at the margin, half of them do, or none
  // differs.
  Json Equivalence() const {
    const Decider deciders[] = {{Way::kOnce}, {Way::kUncorrected}, {Way::kPlanned}};
    constexpr double kMargin = 2, kWideMargin = 4;
    Json rows = Json::array();
    for (const int64_t seeds : kSeeds) {
      fmt::print(stderr, "equivalence, {} seeds\n", seeds);
      const SimulatedStudies usual = {.seeds = seeds};
      const std::vector<PreparedDecider> prepared = Prepare(deciders, seeds, usual.arms);
      const auto run = [&](int64_t different, double margin) {
        return Run({.seeds = seeds, .different = different, .size = margin, .margin = margin},
                   prepared);
      };
      const std::vector<Tally> all = run(usual.arms, kMargin), half = run(usual.arms / 2, kMargin),
                               none = run(0, kMargin), wide = run(0, kWideMargin);
      const auto error = [&](size_t i) {
        return std::max({all[i].FamilyError(), half[i].FamilyError(), none[i].FamilyError()});
      };
      rows.push_back({{"seeds", seeds},
                      {"error_once", error(0)},
                      {"error_peeking_uncorrected", error(1)},
                      {"error_planned", error(2)},
                      {"power_within_2_once", none[0].Power()},
                      {"power_within_2_planned", none[2].Power()},
                      {"power_within_4_once", wide[0].Power()},
                      {"power_within_4_planned", wide[2].Power()},
                      {"seeds_within_4_planned", wide[2].SeedsPerArm()}});
    }
    return rows;
  }

  int threads_;
  int64_t studies_;
};

std::string Percent(const Json& row, const char* key) {
  return PercentText(row.at(key).get<double>(), 1);
}

std::string NoiseTable(const Json& rows) {
  std::string text =
      "| noise | seeds | error once | error peeking, uncorrected | error planned | t intervals "
      "hold | repeated intervals hold | power once | power planned | seeds planned |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Json& row : rows) {
    text += fmt::format("| {} | {} |", row.at("noise").get<std::string>(),
                        row.at("seeds").get<int64_t>());
    for (const char* key : {"error_once", "error_peeking_uncorrected", "error_planned",
                            "coverage_once", "coverage_planned", "power_once", "power_planned"}) {
      text += fmt::format(" {} |", Percent(row, key));
    }
    text += fmt::format(" {:.2f} |\n", row.at("seeds_planned").get<double>());
  }
  return text;
}

std::string PlansTable(const Json& rows) {
  std::string text = "| way |", line = "\n|---|";
  for (const Json& size : rows.at(0).at("sizes")) {
    text += fmt::format(" power at size {0:g} | seeds |", size.at("size").get<double>());
    line += "---|---|";
  }
  text += line + "\n";
  for (const Json& row : rows) {
    text += fmt::format("| {} |", row.at("way").get<std::string>());
    for (const Json& size : row.at("sizes")) {
      text += fmt::format(" {} | {:.2f} |", Percent(size, "power"), size.at("seeds").get<double>());
    }
    text += "\n";
  }
  return text;
}

std::string EquivalenceTable(const Json& rows) {
  std::string text =
      "| seeds | error once | error peeking, uncorrected | error planned | power within ±2 once | "
      "planned | power within ±4 once | planned | seeds planned |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const Json& row : rows) {
    text += fmt::format("| {} |", row.at("seeds").get<int64_t>());
    for (const char* key :
         {"error_once", "error_peeking_uncorrected", "error_planned", "power_within_2_once",
          "power_within_2_planned", "power_within_4_once", "power_within_4_planned"}) {
      text += fmt::format(" {} |", Percent(row, key));
    }
    text += fmt::format(" {:.2f} |\n", row.at("seeds_within_4_planned").get<double>());
  }
  return text;
}

}  // namespace

Json MeasureStatistics(int threads, bool quick) { return Measuring(threads, quick).Report(); }

std::string StatisticsMarkdown(const Json& report) {
  return fmt::format(
      "{} studies a figure, {} arms against one baseline, level {:g}. Half of the arms differ by "
      "{:g} deviations of a difference:\n\n{}\n"
      "All arms differ, normal noise, at most 12 seeds:\n\n{}\n"
      "Are arms called equivalent within a margin of 2? Errors where all arms lie at it, half of "
      "them do, or none differs, the largest; power where none differs:\n\n{}",
      report.at("studies").get<int64_t>(), report.at("arms").get<int64_t>(),
      report.at("level").get<double>(), kSize, NoiseTable(report.at("by_noise")),
      PlansTable(report.at("plans")), EquivalenceTable(report.at("equivalence")));
}

}  // namespace upcycle
