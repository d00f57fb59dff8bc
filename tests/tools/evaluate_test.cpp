// What is asked of models: within a study, and of a model that lies somewhere.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr const char* kRecipe = R"(
name: asked
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 128}
data: {tokenizer: bytes, train: [{kind: atlas, people: 8}]}
parent: {train: {tokens: 4k, batch_sequences: 8, learning_rate: {warmup_steps: 2}}}
train: {tokens: 2k, batch_sequences: 8, learning_rate: {warmup_steps: 1}}
moe: {expansion: 2, router: topk_then_softmax}
evaluate:
  sequences: 8
  questions: 4
  benchmarks: {tasks: [arc_easy, lambada_openai], folder: benchmarks, shots: 1}
arms: [{name: dense, upcycle: none}, {name: moe, upcycle: copy}]
allow: [unequal_compute, untuned_rate]
)";

std::string ScienceItem(int number) {
  return fmt::format(R"({{"id": "q{0}", "question": {{"stem": "What is {0}?", "choices": [
      {{"text": "one", "label": "A"}}, {{"text": "two {0}", "label": "B"}},
      {{"text": "three", "label": "C"}}]}}, "answerKey": "{1}"}})",
                     number, "ABC"[number % 3]);
}

// On one line each.
std::string Lines(std::string (*item)(int), int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += json::parse(item(i)).dump() + "\n";
  return lines;
}

class Evaluate : public testing::Test {
 protected:
  void SetUp() override {
    Put(folder_ / "benchmarks/arc_easy/test.jsonl", Lines(ScienceItem, 12));
    Put(folder_ / "benchmarks/arc_easy/train.jsonl", Lines(ScienceItem, 5));
    Put(folder_ / "benchmarks/lambada/test.jsonl",
        "{\"text\": \"Ann met Bob and Bob met Ann\"}\n{\"text\": \"the end of the end\"}\n");
    Put(folder_ / "asked.yaml", kRecipe);
    const Finished run =
        RunProgram({"run", (folder_ / "asked.yaml").native(), "--root", root_.native(), "-j", "2"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  std::vector<Item> Items(const std::string& study, size_t arm, int64_t number,
                          const std::string& task) {
    LedgerReader ledger(root_ / "ledger.sqlite");
    const StudyFacts facts = ledger.ReadStudy(study);
    const size_t stage = facts.arms.at(arm).runs.at(0).stages.at({StageRole::kBenchmark, number});
    return ledger.ReadItems(facts.stages.at(stage).id, task);
  }

  fs::path ModelOf(size_t arm) {
    const StudyFacts facts = LedgerReader(root_ / "ledger.sqlite").ReadStudy("asked");
    const size_t stage = facts.arms.at(arm).runs.at(0).stages.at(StageRole::kTrain);
    return root_ / "stages" / facts.stages.at(stage).fingerprint.Hex() / "model";
  }

  Finished Ask(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"evaluate", ModelOf(0).native(), "--root",
                                          root_.native()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments);
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "runs";
};

TEST_F(Evaluate, WithinAStudyKeepsEachItemAndComparesTheArms) {
  EXPECT_EQ(Items("asked", 0, 0, "arc_easy").size(), 12u);
  EXPECT_EQ(Items("asked", 1, 0, "arc_easy").size(), 12u);
  EXPECT_EQ(Items("asked", 1, 1, "lambada_openai").size(), 2u);
  const Finished compared = RunProgram({"compare", "asked", "--root", root_.native()});
  EXPECT_TRUE(Says(compared.out, "arc_easy/accuracy"));
  EXPECT_TRUE(Says(compared.out, "lambada_openai/accuracy"));
}

// The same model, asked the same from outside, says the same.
TEST_F(Evaluate, FromOutsideGivesWhatTheStudyGave) {
  const Finished asked =
      Ask({"--tasks", "arc_easy,lambada_openai", "--data", (folder_ / "benchmarks").native(),
           "--shots", "1", "--against", ModelOf(1).native(), "--name", "outside"});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_TRUE(Says(asked.out, "arc_easy"));
  EXPECT_TRUE(Says(asked.out, "difference"));
  for (const size_t arm : {0, 1}) {
    const std::vector<Item> inside = Items("asked", arm, 0, "arc_easy");
    const std::vector<Item> outside = Items("outside", arm, 0, "arc_easy");
    ASSERT_EQ(outside.size(), inside.size());
    for (size_t i = 0; i < inside.size(); ++i) {
      EXPECT_EQ(outside[i].log_likelihoods, inside[i].log_likelihoods) << i;
      EXPECT_EQ(outside[i].record, inside[i].record);
    }
  }
  const Finished again =
      Ask({"--tasks", "arc_easy,lambada_openai", "--data", (folder_ / "benchmarks").native(),
           "--shots", "1", "--against", ModelOf(1).native(), "--name", "outside"});
  EXPECT_TRUE(Says(again.err, "nothing to do"));
  EXPECT_EQ(again.out, asked.out);
}

TEST_F(Evaluate, MeasuresTheLossOfATextAndAsksAgainWhereItChanged) {
  Put(folder_ / "pride.txt", "It is a truth universally acknowledged.");
  const std::vector<std::string> text = {"--text", (folder_ / "pride.txt").native(), "--json"};
  const Finished first = Ask(text);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const json results = json::parse(first.out).at("models").at(0).at("results");
  EXPECT_EQ(results.at(0).at("metric"), "pride/bits_per_byte");
  EXPECT_EQ(results.at(1).at("metric"), "pride/loss");
  EXPECT_EQ(results.at(1).at("count"), 39);
  Put(folder_ / "pride.txt", "Another text.");
  const json changed = json::parse(Ask(text).out).at("models").at(0).at("results");
  EXPECT_EQ(changed.at(1).at("count"), 13);
}

TEST_F(Evaluate, SaysWhatIsWrongWithWhatItIsAsked) {
  const std::string data = (folder_ / "benchmarks").native();
  const auto refused = [&](std::vector<std::string> more, const char* what) {
    const Finished asked = Ask(std::move(more));
    EXPECT_EQ(asked.exit_code, 2);
    EXPECT_TRUE(Says(asked.err, what));
  };
  refused({}, "say what to ask");
  refused({"--tasks", "arc_easy"}, "with --data FOLDER");
  refused({"--tasks", "arc_easi", "--data", data}, "did you mean \"arc_easy\"?");
  refused({"--tasks", "arc_easy,arc_easy", "--data", data}, "named twice");
  refused({"--tasks", "piqa", "--data", data}, "has no folder of piqa");
  refused({"--tasks", "arc_easy", "--data", data, "--shots", "6"}, "examples");
  refused({"--tasks", "arc_easy", "--data", data, "--shots", "-1"}, "cannot be negative");
  refused({"--text", (folder_ / "nowhere.txt").native()}, "nowhere.txt");
  refused({"--tasks", "arc_easy", "--data", data, "--name", "asked"},
          "asked is a recipe's study already");
  refused({"--tasks", "arc_easy", "--data", data, "--device", "tpu"}, "is no device");
  Put(folder_ / "piqa.txt", "A text.");
  refused({"--text", (folder_ / "piqa.txt").native()}, "a benchmark are both called piqa");
  Put(folder_ / "short.txt", "A text.");
  refused({"--text", (folder_ / "short.txt").native(), "--block", "129"}, "hold 1 to 128");
  Put(folder_ / "latin.txt", "caf\xE9");
  refused({"--text", (folder_ / "latin.txt").native()}, "latin.txt:1: not UTF-8");
  refused({"--tasks", "arc_easy", "--data", data, "-a", ModelOf(0).native()}, "is named twice");
  refused({"--tasks", "arc_easy", "--data", data, "--precision", "int3"}, "expected float32 or");
}

TEST_F(Evaluate, RefusesTextsThatCannotBeScored) {
  const auto refused = [&](const char* name, const char* what) {
    const Finished asked = Ask({"--text", (folder_ / name).native()});
    EXPECT_EQ(asked.exit_code, 2);
    EXPECT_TRUE(Says(asked.err, what));
  };
  Put(folder_ / "empty.txt", "");
  Put(folder_ / "latin1.txt", "a caf\xe9\n");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  refused("empty.txt", "empty.txt is empty");
  refused("latin1.txt", "latin1.txt:1: not UTF-8");
  refused("pipe", "give a regular file");
  Put(folder_ / "arc_easy.txt", "a text");
  refused("arc_easy.txt", "a text and a benchmark are both called arc_easy");
}

TEST_F(Evaluate, RefusesNamesThatCannotBeShown) {
  Put(folder_ / "pride.txt", "It is a truth.");
  const auto refused = [&](const fs::path& text, const std::string& name, const char* what) {
    const Finished asked = Ask({"--text", text.native(), "--name", name});
    EXPECT_EQ(asked.exit_code, 2);
    EXPECT_TRUE(Says(asked.err, what));
  };
  refused(folder_ / "pride.txt", "two\nlines", "the study is called \"two\\nlines\": a name is");
  refused(folder_ / "pride.txt", "\xff", "the study is called \"\\ufffd\"");
  Put(folder_ / "pri\xff.txt", "It is a truth.");
  refused(folder_ / "pri\xff.txt", "fine", "a text is called \"pri\\ufffd\"");
  Put(folder_ / "of\xff/pride.txt", "It is a truth.");
  refused(folder_ / "of\xff/pride.txt", "fine", "goes on with what is not UTF-8");
}

TEST_F(Evaluate, AsksEachModelOnceAndTellsThoseOfOneNameApart) {
  Put(folder_ / "pride.txt", "It is a truth.");
  const auto against = [&](const fs::path& other) {
    return Ask({"--text", (folder_ / "pride.txt").native(), "--against", other.native()});
  };
  const Finished twice = against(ModelOf(0) / "../model/");
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_TRUE(Says(twice.err, "is named twice"));
  // A run's model is called after its stage.
  const fs::path stage = folder_ / ModelOf(0).parent_path().filename();
  fs::create_directory(stage);
  fs::copy(ModelOf(0), stage / "model", fs::copy_options::recursive);
  const Finished other = against(stage / "model");
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_TRUE(Says(other.out, (stage / "model").native()));
}

}  // namespace
}  // namespace upcycle
