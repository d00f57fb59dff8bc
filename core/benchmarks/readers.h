// The published files of each benchmark, and the same records as Hugging Face's `datasets` exports
// them (JSON lines). Each reader gives every item of its text or throws Error(kInput) with file,
// line and what was expected: nothing is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/benchmarks/benchmark_item.h"

namespace upcycle {

struct BenchmarkText {
  std::string_view text;
  std::string_view name;  // what messages call it
  // The right answers, one a line, where the publisher keeps them in a file of their own.
  std::string_view labels = "";
  std::string_view labels_name = "";
};

using BenchmarkItems = std::vector<BenchmarkItem>;

// mmlu_reader.cpp: CSV without header (multiple_choice.h), whose subject is given; or records with
// question, subject, choices and answer (0 to 3).
BenchmarkItems ReadMmluCsv(const BenchmarkText& source, std::string_view subject);
BenchmarkItems ReadMmluRecords(const BenchmarkText& source);

// science_reader.cpp: question with stem and choices, or question and choices with text and label;
// answerKey is one of the labels.
BenchmarkItems ReadArc(const BenchmarkText& source);
BenchmarkItems ReadOpenBookQa(const BenchmarkText& source);
// question, support, correct_answer, distractor1 to 3.
BenchmarkItems ReadSciQ(const BenchmarkText& source);

// hellaswag_reader.cpp: activity_label, ctx_a, ctx_b, endings, label.
BenchmarkItems ReadHellaSwagRecords(const BenchmarkText& source);
// Six lines an item: "activity: context", the label, four endings. Where a context ends in an
// unfinished sentence, that is the publisher's ctx_b, and gets its capital.
BenchmarkItems ReadHellaSwagLines(const BenchmarkText& source);

// pair_reader.cpp: goal, sol1, sol2 and label (0 or 1), or labels in their own file.
BenchmarkItems ReadPiqa(const BenchmarkText& source);
// sentence with a blank _, option1, option2 and answer ("1" or "2"), or labels in their own file.
BenchmarkItems ReadWinoGrande(const BenchmarkText& source);

// passage_reader.cpp: passage, question and label (SuperGLUE, which the harness reads), or answer
// and title (its first publisher); a title comes before the passage, as in SuperGLUE.
BenchmarkItems ReadBoolQ(const BenchmarkText& source);
// context, question, options, label (a to d).
BenchmarkItems ReadLogiQaRecords(const BenchmarkText& source);
// Seven lines an item and an empty one between two: label, context, question, and the
// options "A.…" to "D.…", of which the first two characters are left out.
BenchmarkItems ReadLogiQaLines(const BenchmarkText& source);

// language_reader.cpp: question and mc1_targets, which has choices and labels, or each choice with
// its label.
BenchmarkItems ReadTruthfulQa(const BenchmarkText& source);
// text, whose last word is the target.
BenchmarkItems ReadLambada(const BenchmarkText& source);

}  // namespace upcycle
