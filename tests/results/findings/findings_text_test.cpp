// Findings as they are read.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/findings/report.h"
#include "results/findings/wording.h"
#include "tests/says.h"

namespace upcycle {
namespace {

Finding Judged(const std::string& id, Support support) {
  Finding finding;
  finding.claim.id = id;
  finding.claim.claim = "One is better | than the other.";
  finding.claim.where = "figure 3";
  finding.claim.number = "1.1 %";
  finding.study = "study";
  finding.support = support;
  return finding;
}

FindingsReport Report() {
  FindingsReport report;
  report.paper = "made-up";
  report.text = {"A made-up paper", "nowhere", "Nobody 2024"};
  report.size = "lab";
  report.command = "upcycle paper made-up --format markdown";
  report.seeds = "6";
  report.spent = {5400, 1.5e15, 30, 32};
  Finding better = Judged("better", Support::kSupports);
  Contrast contrast = {"E8T2", "dense", "validation/loss"};
  contrast.pairs.difference = {6, -0.0583, 0.028, 0.0292};
  contrast.reference = 3.175;
  contrast.adjusted_p = 0.0074;
  contrast.support = Support::kSupports;
  better.contrasts = {contrast};
  Finding early = Judged("early", Support::kCannotTell);
  contrast.at = 0.1;
  contrast.pairs.difference.count = 0;
  contrast.adjusted_p = std::numeric_limits<double>::quiet_NaN();
  contrast.support = Support::kCannotTell;
  contrast.reason = "dense: seed 3 failed";
  early.contrasts = {contrast};
  Finding size = Judged("size", Support::kContradicts);
  size.claim.because = "Two matrices are counted where there are three.";
  size.counted = {Quantity::kParametersTotal, 47.49e9, 34.4e9};
  report.findings = {better, early, size};
  return report;
}

TEST(Findings, RestAContradictionOnWhatContradicts) {
  Finding finding = Judged("best", Support::kContradicts);
  finding.contrasts.resize(3);
  finding.contrasts[0].adjusted_p = 0.6;
  finding.contrasts[1].adjusted_p = 0.02;
  finding.contrasts[1].support = Support::kContradicts;
  finding.contrasts[2].adjusted_p = 0.001;
  finding.contrasts[2].support = Support::kSupports;
  EXPECT_EQ(AdjustedP(finding), 0.02);
  finding.support = Support::kCannotTell;
  EXPECT_EQ(AdjustedP(finding), 0.6);
}

TEST(Findings, AreToldOneByOneInATerminal) {
  EXPECT_EQ(FindingsTerminal(Report(), {}),
            "made-up: A made-up paper (nowhere)\n"
            "\n"
            "better\n"
            "  claim     One is better | than the other.\n"
            "  where     figure 3\n"
            "  paper     1.1 %\n"
            "  ours      validation/loss of E8T2 less that of dense: −0.058 ± 0.029 (−1.84 %), 6 "
            "pairs\n"
            "  verdict   supports, adjusted p 0.0074\n"
            "\n"
            "early\n"
            "  claim     One is better | than the other.\n"
            "  where     figure 3\n"
            "  paper     1.1 %\n"
            "  ours      validation/loss of E8T2 less that of dense after 10 % of the steps: no "
            "pairs\n"
            "  verdict   cannot tell\n"
            "            dense: seed 3 failed\n"
            "\n"
            "size\n"
            "  claim     One is better | than the other.\n"
            "  where     figure 3\n"
            "  paper     1.1 %\n"
            "  ours      all parameters: 47.49B, and the paper's 34.40B (+38.05 %)\n"
            "  verdict   contradicts\n"
            "            Two matrices are counted where there are three.\n"
            "\n"
            "1 supports, 1 contradicts, 1 cannot tell\n");
}

TEST(Findings, AreWrappedWhereTheTerminalIsNarrow) {
  const std::string text = FindingsTerminal(Report(), {60, true});
  EXPECT_TRUE(Says(text, "\x1b[32msupports\x1b[0m"));
  EXPECT_TRUE(Says(text,
                   "  ours      validation/loss of E8T2 less that of dense:\n"
                   "            −0.058 ± 0.029 (−1.84 %), 6 pairs\n"));
}

TEST(Findings, HaveNoEscapesThatATerminalWouldObey) {
  FindingsReport report = Report();
  report.text.title = "A \x1b[2Jpaper";
  report.findings[0].claim.claim = "One is\x07 better\nthan the other.";
  const std::string text = FindingsTerminal(report, {});
  EXPECT_TRUE(Says(text, "made-up: A  [2Jpaper (nowhere)\n"));
  EXPECT_TRUE(Says(text, "  claim     One is  better than the other.\n"));
}

TEST(Findings, AreAFileThatSaysHowToMakeItAgain) {
  const std::string text = FindingsMarkdown(Report());
  EXPECT_TRUE(
      text.starts_with("# Findings: A made-up paper\n\nNobody 2024, nowhere\n\n```\nupcycle "
                       "paper made-up --format markdown\n```\n\n"));
  EXPECT_TRUE(Says(text, "Size lab, 6 paired seeds. 30 of 32 stages are complete"));
  EXPECT_TRUE(Says(text, "1.50e15 FLOPs"));
  EXPECT_TRUE(Says(text, "took 1.5 core hours"));
  EXPECT_TRUE(Says(text, "### 1 supports, 1 contradicts, 1 cannot tell\n\n| claim "));
  EXPECT_TRUE(
      Says(text, "| One is better \\| than the other. | 1.1 % | −0.058 ± 0.029 (−1.84 %) |"));
  EXPECT_TRUE(Says(text, "| 47.49B (+38.05 %) "));
  EXPECT_TRUE(Says(text,
                   "- size (figure 3). all parameters: 47.49B, and the paper's 34.40B (+38.05 %). "
                   "Two matrices are counted where there are three.\n"));
  EXPECT_TRUE(Says(text, "Holm's correction"));
}

TEST(Findings, AreWholeAsJson) {
  const nlohmann::json report = nlohmann::json::parse(FindingsJson(Report()));
  EXPECT_EQ(report.at("spent").at("complete_stages"), 30);
  const nlohmann::json& findings = report.at("findings");
  EXPECT_EQ(findings.at(0).at("verdict"), "supports");
  EXPECT_EQ(findings.at(0).at("contrasts").at(0).at("difference"), -0.0583);
  EXPECT_TRUE(findings.at(1).at("contrasts").at(0).at("adjusted_p").is_null());
  EXPECT_EQ(findings.at(2).at("count").at("theirs"), 34.4e9);
}

}  // namespace
}  // namespace upcycle
