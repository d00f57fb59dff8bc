// That LaTeX sets what is written for it.

#include <gtest/gtest.h>

#include "core/files.h"
#include "core/program_run.h"
#include "results/tables/latex.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

Table HostileTable() {
  Table table;
  table.title = "50% of {a_b} & $c^2$: validation/loss, lower is better";
  table.columns = {{"arm", "arm"},
                   {"validation/loss", "validation/loss", Notation::kEstimate},
                   {"difference", "difference", Notation::kSignedEstimate},
                   {"adjusted p", "adjusted_p", Notation::kProbability},
                   {"train FLOPs", "train_flops", Notation::kScientific},
                   {"mismatch", "flops_mismatch", Notation::kSignedPercent},
                   {"bootstrap", "bootstrap", Notation::kRange},
                   {"size", "size", Notation::kEstimateRange}};
  for (const char* name :
       {"dense", "\\end{table} \\input{x} ~^&%$#_{}", "[x] *y* -- --- `z' \"w\" <|>",
        "é ö ß à la carte · ≤ ≥ ×", "*", "[2em]"}) {
    table.rows.push_back({{.text = name},
                          {.value = 3.1166, .half_width = 0.0571, .bold = true},
                          {.value = -0.0583, .half_width = 0.0292, .bold = true},
                          {.value = 0.00001},
                          {.value = 7.5e14, .bold = true},
                          {.value = -0.01},
                          {.text = "(too short)", .low = -0.018, .high = -0.0101},
                          {.value = -2.34, .low = -4.2, .high = -0.4}});
  }
  table.notes = {"Cells. Mean ± half of the 95 % t interval; – is not available.",
                 "Grid. {a} & b_c, by −1.5 %, p < 0.0001, #3, 10^4, ~x, \\y."};
  table.command = "upcycle export a --where 'arm~50% {$x'";
  return table;
}

// A paper that has the file "table.tex"; what LaTeX said, empty where it was content.
std::string Compiled(const std::string& table) {
  const TemporaryFolder folder;
  Put(folder / "table.tex", table);
  Put(folder / "paper.tex",
      "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n"
      "\\usepackage{booktabs}\n\\begin{document}\n\\input{" +
          (folder / "table.tex").native() + "}\n\\end{document}\n");
  const ProgramEnd end =
      RunToEnd({"pdflatex", "-interaction=nonstopmode", "-halt-on-error",
                "-output-directory=" + folder.path().native(), (folder / "paper.tex").native()});
  const bool done = end.Succeeded() && fs::file_size(folder / "paper.pdf") > 1000;
  return done ? "" : end.out + end.err + "nothing was set";
}

class LatexCompiler : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RunToEnd({"pdflatex", "--version"}).Succeeded()) {
      GTEST_SKIP() << "pdflatex is not installed: Debian's texlive-latex-recommended has it";
    }
  }
};

TEST_F(LatexCompiler, SetsTablesWithHostileNames) {
  EXPECT_EQ(Compiled(ToLatex(HostileTable())), "");
}

TEST_F(LatexCompiler, SetsATableWithoutRowsOrNotes) {
  Table table = HostileTable();
  table.rows.clear();
  table.notes.clear();
  EXPECT_EQ(Compiled(ToLatex(table)), "");
}

TEST_F(LatexCompiler, RefusesWhatIsNotEscaped) {
  std::string text = ToLatex(HostileTable());
  text.replace(text.find("\\_"), 2, "_");
  EXPECT_NE(Compiled(text), "");
}

}  // namespace
}  // namespace upcycle
