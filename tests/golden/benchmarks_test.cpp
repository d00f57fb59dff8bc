// Our prompts and scores against lm-evaluation-harness: of made-up questions, string by string
// (benchmarks/expected.json), and of real files, by digest (benchmarks/real.json). README.md says
// how both were made.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/benchmarks/benchmark_prompt.h"
#include "core/benchmarks/benchmark_score.h"
#include "core/benchmarks/benchmark_set.h"
#include "core/fingerprint.h"
#include "tests/core/data/real_data.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

const fs::path kFolder = UPCYCLE_GOLDEN_BENCHMARKS;

const Json& Expected() {
  static const Json expected = Json::parse(ReadTextFile(kFolder / "expected.json"));
  return expected;
}

// The harness's requests of one set with `shots` examples: [item][choice] = {context,
// continuation}.
std::vector<std::vector<ScoredText>> RequestsOf(const BenchmarkSet& set, int64_t shots) {
  const auto examples = ChooseExamples(set, set.items.size(), shots);
  std::vector<std::vector<ScoredText>> requests;
  for (size_t i = 0; i < set.items.size(); ++i) {
    requests.push_back(PromptsOf(set, set.items[i], examples[i]));
  }
  return requests;
}

// WinoGrande's answer is one of "1" and "2" in its file, and 0 or 1 here and in the harness.
void ExpectRequests(const BenchmarkSet& set, const Json& expected) {
  ASSERT_EQ(set.items.size(), expected.at("gold").size());
  for (size_t i = 0; i < set.items.size(); ++i) {
    EXPECT_EQ(set.items[i].answer, expected["gold"][i].get<int>()) << "item " << i;
  }
  for (const auto& [shots, items] : expected.at("requests").items()) {
    const auto requests = RequestsOf(set, std::stoll(shots));
    for (size_t i = 0; i < requests.size(); ++i) {
      ASSERT_EQ(requests[i].size(), items[i].size()) << shots << " shots, item " << i;
      for (size_t c = 0; c < requests[i].size(); ++c) {
        EXPECT_EQ(requests[i][c].context, items[i][c][0].get<std::string>())
            << shots << " shots, item " << i << ", choice " << c;
        EXPECT_EQ(requests[i][c].continuation, items[i][c][1].get<std::string>())
            << shots << " shots, item " << i << ", choice " << c;
      }
    }
  }
}

void ExpectEstimate(const Estimate& estimate, const Json& expected) {
  EXPECT_EQ(estimate.count, expected.at("count").get<int64_t>());
  EXPECT_NEAR(estimate.value, expected.at("value").get<double>(), 1e-13);
  ASSERT_EQ(estimate.standard_error.has_value(), !expected.at("standard_error").is_null());
  if (!estimate.standard_error) return;
  const auto error = expected["standard_error"].get<double>();
  EXPECT_NEAR(*estimate.standard_error, error, 1e-12 * (1 + error));
}

BenchmarkScores ScoresOf(const BenchmarkSet& set, const Json& expected) {
  std::vector<ItemScore> scores;
  for (size_t i = 0; i < set.items.size(); ++i) {
    std::vector<ChoiceLikelihood> likelihoods;
    for (const Json& answer : expected.at("answers")[i]) {
      likelihoods.push_back({answer[0].get<double>(), answer[1].get<bool>()});
    }
    scores.push_back(ScoreItem(set.benchmark, set.items[i], likelihoods));
  }
  return Summarise(set.benchmark, scores, Expected().at("bootstrap_iterations").get<int64_t>());
}

void ExpectScores(const BenchmarkSet& set, const Json& expected) {
  const BenchmarkScores scores = ScoresOf(set, expected);
  const Json& values = expected.at("scores");
  ExpectEstimate(scores.accuracy, values.at("acc"));
  ASSERT_EQ(scores.accuracy_normalised.has_value(), values.contains("acc_norm"));
  if (scores.accuracy_normalised) {
    ExpectEstimate(*scores.accuracy_normalised, values["acc_norm"]);
  }
  ASSERT_EQ(scores.perplexity.has_value(), values.contains("perplexity"));
  if (scores.perplexity) ExpectEstimate(*scores.perplexity, values["perplexity"]);
}

// The benchmarks that are one set each.
class GoldenBenchmark : public testing::TestWithParam<Benchmark> {
 protected:
  std::string name() const { return std::string(NameOf(GetParam())); }
  BenchmarkSet Open(const std::string& form) const {
    return OpenBenchmark(GetParam(), kFolder / name() / form).front();
  }
  const Json& expected() const { return Expected().at(name()); }
};

TEST_P(GoldenBenchmark, PublishedFilesAskWhatTheHarnessAsks) {
  ExpectRequests(Open("published"), expected());
}

TEST_P(GoldenBenchmark, ExportedFilesAskWhatTheHarnessAsks) {
  ExpectRequests(Open("exported"), expected());
}

TEST_P(GoldenBenchmark, ScoresAreThoseOfTheHarness) { ExpectScores(Open("published"), expected()); }

INSTANTIATE_TEST_SUITE_P(All, GoldenBenchmark,
                         testing::Values(Benchmark::kArcEasy, Benchmark::kArcChallenge,
                                         Benchmark::kHellaSwag, Benchmark::kPiqa,
                                         Benchmark::kWinoGrande, Benchmark::kBoolQ,
                                         Benchmark::kOpenBookQa, Benchmark::kSciQ,
                                         Benchmark::kTruthfulQaMc1, Benchmark::kLogiQa,
                                         Benchmark::kLambada),
                         [](const auto& tested) { return std::string(NameOf(tested.param)); });

// A subject of MMLU, whose folder holds three and so is not all of it.
BenchmarkSet MmluSubject(const std::string& subject) {
  const fs::path folder = kFolder / "mmlu" / "published";
  return {Benchmark::kMmlu, subject,
          ReadBenchmarkFile(Benchmark::kMmlu, folder / "test" / (subject + "_test.csv")),
          ReadBenchmarkFile(Benchmark::kMmlu, folder / "dev" / (subject + "_dev.csv")), ""};
}

TEST(GoldenMmlu, SubjectsAskWhatTheHarnessAsks) {
  for (const auto& [subject, expected] : Expected().at("mmlu").items()) {
    ExpectRequests(MmluSubject(subject), expected);
  }
}

TEST(GoldenMmlu, ExportedRecordsAskWhatTheHarnessAsks) {
  const fs::path folder = kFolder / "mmlu" / "exported";
  const BenchmarkItems items = ReadBenchmarkFile(Benchmark::kMmlu, folder / "test.jsonl");
  const BenchmarkItems examples = ReadBenchmarkFile(Benchmark::kMmlu, folder / "dev.jsonl");
  for (const auto& [subject, expected] : Expected().at("mmlu").items()) {
    BenchmarkSet set{Benchmark::kMmlu, subject};
    const auto is_of_subject = [&](const BenchmarkItem& item) { return item.subject == subject; };
    std::ranges::copy_if(items, std::back_inserter(set.items), is_of_subject);
    std::ranges::copy_if(examples, std::back_inserter(set.examples), is_of_subject);
    ExpectRequests(set, expected);
  }
}

TEST(GoldenMmlu, SubjectsArePooledAsTheHarnessDoes) {
  std::vector<Estimate> subjects;
  int64_t count = 0;
  for (const auto& [subject, expected] : Expected().at("mmlu").items()) {
    const BenchmarkSet set = MmluSubject(subject);
    ExpectScores(set, expected);
    if (set.items.size() < 2) continue;  // the harness has no error for it, and then none for all
    subjects.push_back(ScoresOf(set, expected).accuracy);
    count += std::ssize(set.items);
  }
  Json pooled = Expected().at("mmlu_pooled");
  pooled["count"] = count;
  ExpectEstimate(PoolSubjects(subjects), pooled);
}

TEST(GoldenMmlu, SubjectsAreIntroducedAndGroupedAsInTheHarness) {
  const Json& subjects = Expected().at("mmlu_subjects");
  ASSERT_EQ(subjects.size(), MmluSubjects().size());
  for (const std::string_view subject : MmluSubjects()) {
    const Json& expected = subjects.at(std::string(subject));
    EXPECT_EQ(DescriptionOf(Benchmark::kMmlu, subject),
              expected.at("description").get<std::string>());
    EXPECT_EQ(MmluGroupOf(subject), expected.at("group").get<std::string>());
  }
}

// Of all contexts, continuations and answers, as real_benchmarks.py hashes them.
std::string DigestOf(const BenchmarkSet& set, int64_t shots) {
  const auto examples = ChooseExamples(set, set.items.size(), shots);
  Hasher hasher;
  for (size_t i = 0; i < set.items.size(); ++i) {
    for (const ScoredText& request : PromptsOf(set, set.items[i], examples[i])) {
      hasher.Add(request.context).Add(request.continuation);
    }
    hasher.Add(std::to_string(set.items[i].answer));
  }
  return hasher.Finish().Hex();
}

void ExpectDigests(const BenchmarkSet& set, const std::string& name) {
  static const Json real = Json::parse(ReadTextFile(kFolder / "real.json"));
  const Json& expected = real.at(name);
  EXPECT_EQ(set.items.size(), expected.at("items").get<size_t>()) << name;
  for (const auto& [shots, digest] : expected.at("digests").items()) {
    EXPECT_EQ(DigestOf(set, std::stoll(shots)), digest.get<std::string>())
        << name << ", " << shots << " shots";
  }
}

TEST(RealBenchmark, ArcChallengeAsksWhatTheHarnessAsks) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path folder = *RealData() / "arc_challenge";
  BenchmarkSet set = OpenBenchmark(Benchmark::kArcChallenge, folder).front();
  set.examples = ReadBenchmarkFile(Benchmark::kArcChallenge, folder / "ARC-Challenge-Dev.jsonl");
  ExpectDigests(set, "arc_challenge");
}

TEST(RealBenchmark, HellaSwagAsksWhatTheHarnessAsks) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  BenchmarkSet set = OpenBenchmark(Benchmark::kHellaSwag, *RealData() / "hellaswag").front();
  set.examples.assign(set.items.begin(), set.items.begin() + 1000);
  ExpectDigests(set, "hellaswag");
}

TEST(RealBenchmark, LambadaAsksWhatTheHarnessAsks) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  ExpectDigests(OpenBenchmark(Benchmark::kLambada, *RealData() / "lambada").front(),
                "lambada_openai");
}

TEST(RealBenchmark, MmluAsksWhatTheHarnessAsks) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const auto sets = OpenBenchmark(Benchmark::kMmlu, *RealData() / "mmlu");
  ASSERT_EQ(sets.size(), 57u);
  for (const BenchmarkSet& set : sets) ExpectDigests(set, "mmlu_" + set.subject);
}

}  // namespace
}  // namespace upcycle
