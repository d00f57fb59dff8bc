#include "core/benchmarks/benchmark_set.h"

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/mapped_file.h"
#include "core/utf8_file.h"

namespace upcycle {
namespace {

// Names under which a split may lie, the first that is there is taken.
struct SplitNames {
  std::vector<std::string> items;
  std::vector<std::string> examples;
};

SplitNames NamesOf(Benchmark benchmark) {
  switch (benchmark) {
    case Benchmark::kMmlu:
      return {{"test.jsonl"}, {"dev.jsonl"}};
    case Benchmark::kArcEasy:
      return {{"ARC-Easy-Test.jsonl", "test.jsonl"}, {"ARC-Easy-Train.jsonl", "train.jsonl"}};
    case Benchmark::kArcChallenge:
      return {{"ARC-Challenge-Test.jsonl", "test.jsonl"},
              {"ARC-Challenge-Train.jsonl", "train.jsonl"}};
    case Benchmark::kHellaSwag:
      return {{"hellaswag_val.jsonl", "validation.jsonl", "hellaswag_val_full.txt"},
              {"hellaswag_train.jsonl", "train.jsonl"}};
    case Benchmark::kPiqa:
      return {{"valid.jsonl", "validation.jsonl"}, {"train.jsonl"}};
    case Benchmark::kWinoGrande:
      return {{"dev.jsonl", "validation.jsonl"}, {"train_xl.jsonl", "train.jsonl"}};
    case Benchmark::kBoolQ:
      return {{"val.jsonl", "validation.jsonl", "dev.jsonl"}, {"train.jsonl"}};
    case Benchmark::kOpenBookQa:
      return {{"test.jsonl"}, {"train.jsonl"}};
    case Benchmark::kSciQ:
      return {{"test.json", "test.jsonl"}, {"train.json", "train.jsonl"}};
    case Benchmark::kTruthfulQaMc1:
      return {{"mc_task.json", "validation.jsonl"}, {}};
    case Benchmark::kLogiQa:
      return {{"Test.txt", "test.jsonl"}, {"Train.txt", "train.jsonl"}};
    case Benchmark::kLambada:
      return {{"lambada_test.jsonl", "test.jsonl"}, {}};
  }
  return {};
}

std::vector<std::string> FolderNamesOf(Benchmark benchmark) {
  std::vector<std::string> names = {std::string(NameOf(benchmark))};
  if (benchmark == Benchmark::kArcEasy) names.push_back("ARC-Easy");
  if (benchmark == Benchmark::kArcChallenge) names.push_back("ARC-Challenge");
  if (benchmark == Benchmark::kTruthfulQaMc1) names.push_back("truthfulqa");
  if (benchmark == Benchmark::kLambada) names.push_back("lambada");
  return names;
}

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::optional<fs::path> FirstThere(const fs::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (IsFile(folder / name)) return folder / name;
  }
  return std::nullopt;
}

// "anatomy" of "anatomy_test.csv"; all of the stem where it ends in nothing of the kind.
std::string SubjectOf(const fs::path& file) {
  std::string subject = file.stem().native();
  for (const std::string_view split : {"_test", "_dev", "_val"}) {
    if (subject.ends_with(split)) return subject.substr(0, subject.size() - split.size());
  }
  return subject;
}

BenchmarkItems ItemsOf(Benchmark benchmark, const BenchmarkText& source, const fs::path& file) {
  switch (benchmark) {
    case Benchmark::kMmlu:
      return file.extension() == ".csv" ? ReadMmluCsv(source, SubjectOf(file))
                                        : ReadMmluRecords(source);
    case Benchmark::kArcEasy:
    case Benchmark::kArcChallenge:
      return ReadArc(source);
    case Benchmark::kHellaSwag:
      return file.extension() == ".txt" ? ReadHellaSwagLines(source) : ReadHellaSwagRecords(source);
    case Benchmark::kPiqa:
      return ReadPiqa(source);
    case Benchmark::kWinoGrande:
      return ReadWinoGrande(source);
    case Benchmark::kBoolQ:
      return ReadBoolQ(source);
    case Benchmark::kOpenBookQa:
      return ReadOpenBookQa(source);
    case Benchmark::kSciQ:
      return ReadSciQ(source);
    case Benchmark::kTruthfulQaMc1:
      return ReadTruthfulQa(source);
    case Benchmark::kLogiQa:
      return file.extension() == ".txt" ? ReadLogiQaLines(source) : ReadLogiQaRecords(source);
    case Benchmark::kLambada:
      return ReadLambada(source);
  }
  return {};
}

std::map<std::string, BenchmarkItems> BySubject(BenchmarkItems items) {
  std::map<std::string, BenchmarkItems> subjects;
  for (BenchmarkItem& item : items) subjects[item.subject].push_back(std::move(item));
  return subjects;
}

// MMLU's items of one split: FOLDER/SPLIT/SUBJECT_SPLIT.csv, or FOLDER/SPLIT.jsonl.
std::map<std::string, BenchmarkItems> MmluSplit(const fs::path& folder, const std::string& split) {
  const fs::path records = folder / (split + ".jsonl");
  if (IsFile(records)) return BySubject(ReadBenchmarkFile(Benchmark::kMmlu, records));
  std::map<std::string, BenchmarkItems> subjects;
  for (const std::string_view subject : MmluSubjects()) {
    const fs::path file = folder / split / fmt::format("{}_{}.csv", subject, split);
    if (!IsFile(file)) continue;
    subjects.emplace(subject, ReadBenchmarkFile(Benchmark::kMmlu, file));
  }
  return subjects;
}

std::vector<BenchmarkSet> OpenMmlu(const fs::path& folder) {
  auto items = MmluSplit(folder, "test");
  auto examples = MmluSplit(folder, "dev");
  std::vector<BenchmarkSet> sets;
  std::vector<std::string_view> missing;
  for (const std::string_view subject : MmluSubjects()) {
    const std::string name(subject);
    if (items[name].empty()) missing.push_back(subject);
    sets.push_back({Benchmark::kMmlu, name, std::move(items[name]), std::move(examples[name]),
                    (folder / "dev" / (name + "_dev.csv")).native()});
    items.erase(name);
  }
  if (!missing.empty()) {
    throw Error(Cause::kInput,
                fmt::format("{} lacks {} of MMLU's 57 subjects, as test/SUBJECT_test.csv or in "
                            "test.jsonl: {}",
                            folder.native(), missing.size(), fmt::join(missing, ", ")));
  }
  if (!items.empty()) {
    throw Error(Cause::kInput, fmt::format("{}: \"{}\" is no subject of MMLU",
                                           (folder / "test.jsonl").native(), items.begin()->first));
  }
  return sets;
}

}  // namespace

BenchmarkItems ReadBenchmarkFile(Benchmark benchmark, const fs::path& file) {
  const MappedFile mapped(file);
  RequireUtf8(file, mapped.text());
  BenchmarkText source{mapped.text(), file.native()};

  fs::path labels_file = file;
  labels_file.replace_filename(file.stem().native() + "-labels.lst");
  const bool may_have_labels = benchmark == Benchmark::kPiqa || benchmark == Benchmark::kWinoGrande;
  std::string labels;
  if (may_have_labels && IsFile(labels_file)) {
    labels = ReadTextFile(labels_file);
    source.labels = labels;
    source.labels_name = labels_file.native();
  }
  BenchmarkItems items = ItemsOf(benchmark, source, file);
  if (items.empty()) {
    throw Error(Cause::kInput,
                fmt::format("{} has no items of {}", file.native(), NameOf(benchmark)));
  }
  return items;
}

std::vector<BenchmarkSet> OpenBenchmark(Benchmark benchmark, const fs::path& folder) {
  if (benchmark == Benchmark::kMmlu) return OpenMmlu(folder);
  const SplitNames names = NamesOf(benchmark);
  const auto items = FirstThere(folder, names.items);
  if (!items) {
    throw Error(Cause::kInput,
                fmt::format("{} has no items of {}: expected {} there", folder.native(),
                            NameOf(benchmark), fmt::join(names.items, " or ")));
  }
  BenchmarkSet set{.benchmark = benchmark, .items = ReadBenchmarkFile(benchmark, *items)};
  if (benchmark == Benchmark::kLambada) {
    set.examples = set.items;
    set.examples_file = items->native();
  } else if (!names.examples.empty()) {
    const auto examples = FirstThere(folder, names.examples);
    set.examples_file = examples ? examples->native() : (folder / names.examples.front()).native();
    if (examples) set.examples = ReadBenchmarkFile(benchmark, *examples);
  }
  std::vector<BenchmarkSet> sets;
  sets.push_back(std::move(set));
  return sets;
}

fs::path FolderOf(Benchmark benchmark, const fs::path& parent) {
  const std::vector<std::string> names = FolderNamesOf(benchmark);
  for (const std::string& name : names) {
    std::error_code ignored;
    if (fs::is_directory(parent / name, ignored)) return parent / name;
  }
  throw Error(Cause::kInput,
              fmt::format("{} has no folder of {}: expected {} there", parent.native(),
                          NameOf(benchmark), fmt::join(names, " or ")));
}

Fingerprint ContentOf(std::span<const BenchmarkSet> sets) {
  Hasher hasher;
  for (const BenchmarkSet& set : sets) {
    hasher.Add(NameOf(set.benchmark)).Add(set.subject);
    for (const BenchmarkItems* items : {&set.items, &set.examples}) {
      hasher.Add(static_cast<uint64_t>(items->size()));
      for (const BenchmarkItem& item : *items) hasher.Add(item.record);
    }
  }
  return hasher.Finish();
}

}  // namespace upcycle
