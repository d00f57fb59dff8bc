// A benchmark as its folder has it: the items that count and those from which solved examples come.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/benchmarks/benchmark.h"
#include "core/benchmarks/readers.h"
#include "core/files.h"
#include "core/fingerprint.h"

namespace upcycle {

// What is scored together: a benchmark, or a subject of MMLU.
struct BenchmarkSet {
  Benchmark benchmark = Benchmark::kMmlu;
  std::string subject = {};  // of MMLU
  BenchmarkItems items = {};
  BenchmarkItems examples = {};    // empty where the folder has none
  std::string examples_file = {};  // where they are, or would be
};

// Reads one file, by the form that its name and its beginning show. Labels that the publisher keeps
// apart are looked for beside it, as NAME-labels.lst. Throws Error(kInput) for a file that cannot
// be read, is not UTF-8, has no item, or has one that is not as published.
BenchmarkItems ReadBenchmarkFile(Benchmark benchmark, const fs::path& file);

// Reads the splits that the harness takes, under their publisher's names or as test.jsonl,
// validation.jsonl, train.jsonl (MMLU: dev.jsonl): README.md lists them. One set, or 57 for MMLU,
// by subject. Throws Error(kInput) where there is no such file, or not every subject.
std::vector<BenchmarkSet> OpenBenchmark(Benchmark benchmark, const fs::path& folder);

// The folder of a benchmark among those in `parent`: by the harness's name for it, by that of its
// publisher ("ARC-Challenge"), or by its beginning ("lambada"). Throws Error(kInput) where there is
// none.
fs::path FolderOf(Benchmark benchmark, const fs::path& parent);

// Of all items and examples, in their order: equal where every question is asked alike.
Fingerprint ContentOf(std::span<const BenchmarkSet> sets);

}  // namespace upcycle
