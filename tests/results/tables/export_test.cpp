#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_table.h"
#include "results/export/comparison_json.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/csv.h"
#include "results/tables/html.h"
#include "results/tables/latex.h"
#include "results/tables/markdown.h"
#include "results/tables/terminal.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

Table SmallTable() {
  Table table;
  table.title = "routing: validation/loss, lower is better";
  table.columns = {{"arm", "arm", Notation::kText},
                   {"validation/loss", "validation/loss", Notation::kEstimate},
                   {"difference", "difference", Notation::kSignedEstimate},
                   {"verdict", "verdict", Notation::kText},
                   {"train FLOPs", "train_flops", Notation::kScientific}};
  table.rows = {{{.text = "dense"},
                 {.value = 3.175, .half_width = 0.047},
                 {},
                 {.text = "baseline"},
                 {.value = 7.515e14}},
                {{.text = "E8_T2 & co, 50% | \"x\""},
                 {.value = 3.1166, .half_width = 0.0571},
                 {.value = -0.0583, .half_width = 0.0292},
                 {.text = "better", .tone = Tone::kGood},
                 {.value = 0}}};
  table.notes = {"Mean ± half of the 95 % t interval."};
  return table;
}

TEST(Markdown, AlignsItsColumnsAndEscapesMarkup) {
  EXPECT_EQ(
      ToMarkdown(SmallTable()),
      "### routing: validation/loss, lower is better\n"
      "\n"
      "| arm                    | validation/loss |     difference | verdict  | train FLOPs |\n"
      "| ---------------------- | --------------: | -------------: | -------- | ----------: |\n"
      "| dense                  |   3.175 ± 0.047 |              – | baseline |     7.52e14 |\n"
      "| E8_T2 & co, 50% \\| \"x\" |   3.117 ± 0.057 | −0.058 ± 0.029 | better   |           – |\n"
      "\n"
      "- Mean ± half of the 95 % t interval.\n");
}

TEST(Markdown, EscapesWhatWouldBeMarkupWhereItStands) {
  EXPECT_EQ(EscapedMarkdown("moe.top_k & co"), "moe.top_k & co");
  EXPECT_EQ(EscapedMarkdown("_em_ __b__ _"), "\\_em\\_ \\_\\_b\\_\\_ \\_");
  EXPECT_EQ(EscapedMarkdown("R&D &amp; &#60; &"), "R&D \\&amp; \\&#60; &");
  EXPECT_EQ(EscapedMarkdown("~~x~~ $k$"), "\\~\\~x\\~\\~ \\$k\\$");
  EXPECT_EQ(EscapedMarkdown("<i> [l](x) `c` *d* a|b \\"),
            "\\<i\\> \\[l\\](x) \\`c\\` \\*d\\* a\\|b \\\\");
}

TEST(Csv, GivesEveryNumberAFieldInFullPrecision) {
  EXPECT_EQ(
      ToCsv(SmallTable()),
      "arm,validation/loss,validation/loss half_width,difference,difference half_width,verdict,"
      "train_flops\r\n"
      "dense,3.175,0.047,,,baseline,751500000000000\r\n"
      "\"E8_T2 & co, 50% | \"\"x\"\"\",3.1166,0.0571,-0.0583,0.0292,better,0\r\n");
}

TEST(Latex, IsATableWithBooktabsRulesAndEverythingEscaped) {
  EXPECT_EQ(
      ToLatex(SmallTable()),
      "% needs \\usepackage{booktabs}\n"
      "\\begin{table}\n"
      "\\centering\n"
      "\\caption{routing: validation/loss, lower is better}\n"
      "\\begin{tabular}{@{}lrrlr@{}}\n"
      "\\toprule\n"
      "arm & validation/loss & difference & verdict & train FLOPs \\\\\n"
      "\\midrule\n"
      "dense & 3.175 $\\pm$ 0.047 & -- & baseline & $7.52 \\times 10^{14}$ \\\\\n"
      "E8\\_T2 \\& co, 50\\% \\textbar{} \"x\" & 3.117 $\\pm$ 0.057 & $-$0.058 $\\pm$ 0.029 & "
      "better & -- \\\\\n"
      "\\bottomrule\n"
      "\\end{tabular}\n"
      "\n"
      "\\medskip\n"
      "\\begin{minipage}{\\linewidth}\n"
      "\\footnotesize\n"
      "Mean $\\pm$ half of the 95 \\% t interval.\\par\n"
      "\\end{minipage}\n"
      "\\end{table}\n");
}

TEST(Latex, EscapesEverySignWithAMeaning) {
  EXPECT_EQ(
      LatexEscaped("\\~^&%$#_{}<>|[]*"),
      "\\textbackslash{}\\textasciitilde{}\\textasciicircum{}\\&\\%\\$\\#\\_\\{\\}\\textless{}"
      "\\textgreater{}\\textbar{}{[}{]}{*}");
  EXPECT_EQ(LatexEscaped("a---b\nc"), "a-{}-{}-b c");
}

TEST(Latex, SaysWhereLettersWantMoreThanPdflatex) {
  Table table = SmallTable();
  const std::string words = "% needs lualatex, and a font that has all its letters\n";
  table.rows[0][0].text = "é ł “x” …";
  EXPECT_FALSE(Says(ToLatex(table), words));
  table.rows[0][0].text = "日本";
  EXPECT_TRUE(Says(ToLatex(table), "\\usepackage{booktabs}\n" + words + "\\begin{table}\n"));
}

TEST(Latex, DrawsNoTwoSignsAsOne) {
  EXPECT_EQ(LatexEscaped("''``,,?`!`"), "'{}'`{}`,{},?{}`!{}`");
  EXPECT_EQ(LatexEscaped("arm's, really?"), "arm's, really?");
}

TEST(Cells, TakeWhatRoundingLeavesOfZeroForZeroBesideItsRange) {
  const Column size = {"effect size", "effect_size", Notation::kEstimateRange, 2, ""};
  EXPECT_EQ(CellText(size, {.value = -5.3e-16, .low = -1.13, .high = 1.13}), "0 (−1.1 to 1.1)");
  EXPECT_EQ(CellText(size, {.value = -5.3e-3, .low = -1.13, .high = 1.13}),
            "−0.0053 (−1.1 to 1.1)");
}

TEST(Terminal, AlignsItsColumns) {
  EXPECT_EQ(ToTerminal(SmallTable(), {}),
            "routing: validation/loss, lower is better\n"
            "\n"
            "arm                    validation/loss      difference  verdict   train FLOPs\n"
            "---------------------  ---------------  --------------  --------  -----------\n"
            "dense                    3.175 ± 0.047               –  baseline      7.52e14\n"
            "E8_T2 & co, 50% | \"x\"    3.117 ± 0.057  −0.058 ± 0.029  better              –\n"
            "\n"
            "Mean ± half of the 95 % t interval.\n");
}

TEST(Terminal, CountsTheColumnsThatLettersTake) {
  Table table;
  table.columns = {{"arm", "arm", Notation::kText}, {"seeds", "seeds", Notation::kText}};
  table.rows = {{{.text = "日本"}, {.text = "1"}}, {{.text = "e\u0301"}, {.text = "2"}}};
  EXPECT_TRUE(Says(ToTerminal(table, {}),
                   "arm   seeds\n"
                   "----  -----\n"
                   "日本  1\n"
                   "e\u0301     2\n"));
  EXPECT_TRUE(Says(ToMarkdown(table), "| 日本 | 1     |\n| e\u0301    | 2     |\n"));
}

// U+202E turns all that follows it to the left, U+2067 until U+2069.
TEST(Tables, ShowMarksThatTurnTheDirectionOfWritingAndDoNotObeyThem) {
  Table table = {.title = "a \u202Estudy", .columns = {{"arm", "arm"}}, .rows = {}, .notes = {}};
  table.rows = {{{.text = "E8\u2067T2\u2069"}}};
  table.notes = {"of \u202Earms"};
  for (const std::string& text : {ToTerminal(table, {}), ToMarkdown(table), ToHtml({table})}) {
    for (const char* shown : {"a \uFFFDstudy", "E8\uFFFDT2\uFFFD", "of \uFFFDarms"}) {
      EXPECT_TRUE(Says(text, shown)) << text;
    }
  }
  EXPECT_TRUE(Says(ToLatex(table), "E8?T2?"));
  for (const std::string& text :
       {ToTerminal(table, {}), ToMarkdown(table), ToHtml({table}), ToLatex(table)}) {
    for (const char* mark : {"\u202E", "\u2067", "\u2069"}) EXPECT_FALSE(Says(text, mark));
  }
  EXPECT_EQ(EscapedMarkdown("\u05D0 \u200Fb"), "\u05D0 \u200Fb") << "letters keep their own";
}

TEST(Terminal, CutsAWideTableIntoBlocksThatRepeatTheFirstColumn) {
  EXPECT_EQ(ToTerminal(SmallTable(), {.width = 60}),
            "routing: validation/loss, lower is better\n"
            "\n"
            "arm                    validation/loss      difference\n"
            "---------------------  ---------------  --------------\n"
            "dense                    3.175 ± 0.047               –\n"
            "E8_T2 & co, 50% | \"x\"    3.117 ± 0.057  −0.058 ± 0.029\n"
            "\n"
            "arm                    verdict   train FLOPs\n"
            "---------------------  --------  -----------\n"
            "dense                  baseline      7.52e14\n"
            "E8_T2 & co, 50% | \"x\"  better              –\n"
            "\n"
            "Mean ± half of the 95 % t interval.\n");
}

TEST(Terminal, ColorsVerdictsOnlyWhereAsked) {
  EXPECT_EQ(ToTerminal(SmallTable(), {}).find('\x1b'), std::string::npos);
  EXPECT_TRUE(Says(ToTerminal(SmallTable(), {.color = true}), "\x1b[32mbetter  \x1b[0m"));
}

// ---------------------------------------------------------------------------------------------
// Equal results give equal bytes

struct Circumstances {
  bool reversed;  // the order in which everything is recorded and done
  std::string host;
  int64_t pid;
  double seconds;  // of wall time
  double tokens_per_second;
  bool earlier_arm;  // an arm that the recipe had before
};

StudyRecord ExportedStudy() {
  StudyRecord study = StudyOf({"dense", "50% [x] & co", "late"}, {0, 1, 2});
  study.description = "which is better";
  for (size_t i = 0; i < study.arms.size(); ++i) {
    const auto position = static_cast<double>(i);
    study.arms[i].settings = fmt::format(R"({{"moe":{{"top_k":{}}}}})", i);
    study.arms[i].cost = {.parameters_total = 1e6 * (position + 1),
                          .parameters_active = 1e6,
                          .train_flops = 1e12 * (1 + 0.001 * position),
                          .train_tokens = 1e5,
                          .parent_train_flops = 3e12,
                          .experts = static_cast<int64_t>(8 * i)};
  }
  return study;
}

void FinishRun(LedgerWriter& writer, const std::string& arm, int64_t seed, size_t position,
               const Circumstances& circumstances) {
  const double loss = 3 + 0.1 * static_cast<double>(seed * seed) -
                      0.07 * static_cast<double>(position) +
                      0.003 * static_cast<double>(seed * static_cast<int64_t>(position));
  const std::string started =
      fmt::format(R"({{"event": "attempt_started", "host": "{}", "pid": {}, "time": {}}})",
                  circumstances.host, circumstances.pid, circumstances.seconds * 1000);
  const std::string ended =
      fmt::format(R"({{"event": "attempt_ended", "outcome": "complete", "wall_seconds": {}}})",
                  circumstances.seconds);
  CompleteRun(
      writer, arm, seed,
      {Event(started), Point("moe/load_entropy", 10, 0.9 + 0.01 * static_cast<double>(seed)),
       Point("system/tokens_per_second", 10, circumstances.tokens_per_second), Event(ended)},
      {Event(started), ResultEvent("validation/loss", loss),
       ResultEvent("atlas/accuracy", 0.25 + 0.01 * static_cast<double>(seed)),
       ResultEvent("system/accuracy", circumstances.seconds), Event(ended)});
}

// One root in which the last arm has a run that ran out of memory and one that is not done.
std::vector<std::string> ExportsOf(const Circumstances& circumstances) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  StudyRecord study = ExportedStudy();
  if (circumstances.earlier_arm) writer.RecordStudy(StudyOf({"dense", "gone", "late"}, {2, 1, 7}));
  if (circumstances.reversed) {
    std::reverse(study.stages.begin(), study.stages.end());
    for (ArmRecord& arm : study.arms) std::reverse(arm.runs.begin(), arm.runs.end());
  }
  writer.RecordStudy(study);
  std::vector<std::pair<size_t, int64_t>> runs;
  for (size_t arm = 0; arm < study.arms.size(); ++arm) {
    for (const int64_t seed : {0, 1, 2}) runs.emplace_back(arm, seed);
  }
  if (circumstances.reversed) std::reverse(runs.begin(), runs.end());
  for (const auto& [arm, seed] : runs) {
    if (arm == 2 && seed > 0) continue;
    FinishRun(writer, study.arms[arm].name, seed, arm, circumstances);
  }
  const Fingerprint failed = StageFor(StageRole::kTrain, "late", 1);
  IngestNext(writer, failed,
             {Event(AttemptStart{.host = circumstances.host, .pid = circumstances.pid}),
              Event(AttemptEnd{.outcome = StageState::kFailed,
                               .cause = "memory",
                               .message = "killed on " + circumstances.host})});
  LedgerReader reader(LedgerIn(folder));
  const Comparison comparison = CompareStudy(reader, "study");
  const Table table = TableOf(comparison);
  return {ToMarkdown(table), ToCsv(table), ToLatex(table), ToJson(comparison),
          ToTerminal(table, {})};
}

TEST(Export, IsAFunctionOfTheResultsAlone) {
  const auto one = ExportsOf({false, "lab", 17, 12.5, 41000, false});
  const auto other = ExportsOf({true, "cluster-7", 4711, 99.25, 1300, true});
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i], other[i]) << i;
}

TEST(Export, GivesOneLineForEachArmOfAStudy) {
  const std::string markdown = ExportsOf({false, "lab", 17, 12.5, 41000, false})[0];
  EXPECT_TRUE(Says(markdown, "| 50% \\[x\\] & co |     3 |"));
  EXPECT_TRUE(Says(markdown, "| late           |   1/3 |"));
}

TEST(Json, HoldsEverySeedInFullPrecision) {
  auto json = nlohmann::json::parse(ExportsOf({false, "lab", 17, 12.5, 41000, false})[3]);
  EXPECT_EQ(json["study"], "study");
  EXPECT_EQ(json["goal"], "minimize");
  const auto& arm = json["arms"][1];
  EXPECT_EQ(arm["settings"]["moe"]["top_k"], 1);
  EXPECT_EQ(arm["cost"]["experts"], 8);
  EXPECT_EQ(arm["runs"][2]["seed"], 2);
  EXPECT_EQ(arm["runs"][2]["values"]["validation/loss"]["value"].get<double>(),
            3 + 0.4 - 0.07 + 0.006);
  EXPECT_EQ(arm["runs"][2]["stages"]["train"],
            StageFor(StageRole::kTrain, "50% [x] & co", 2).Hex());
  EXPECT_FALSE(json["arms"][0].contains("against_baseline"));
  EXPECT_EQ(json["arms"][2]["against_baseline"]["verdict"], "incomplete");
  EXPECT_TRUE(json["arms"][2]["against_baseline"]["adjusted_p"].is_null());
}

}  // namespace
}  // namespace upcycle
