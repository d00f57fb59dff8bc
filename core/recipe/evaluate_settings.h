// What is measured of trained weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/benchmarks/choice_style.h"
#include "core/recipe/fields.h"
#include "core/recipe/train_settings.h"

namespace upcycle {

// Whether the tokens that begin a text stand before a question.
enum class TextBeginning { kAuto, kAlways, kNever };
template <>
struct EnumNames<TextBeginning> {
  static constexpr EnumName<TextBeginning> values[] = {
      {TextBeginning::kAuto, "auto",
       "as the tokenizer's files have it, and always for Gemma: what the harness does"},
      {TextBeginning::kAlways, "always", "the tokenizer's begin of text, where it has one"},
      {TextBeginning::kNever, "never", "the question alone"},
  };
};

// Published benchmarks (core/benchmarks/benchmark.h), asked as lm-evaluation-harness asks them.
struct BenchmarkSettings {
  std::vector<std::string> tasks;
  std::string folder = {};
  int64_t shots = 0;
  int64_t items = 0;
  TextBeginning begin_of_text = TextBeginning::kAuto;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("tasks");
    v.Field("tasks", s.tasks,
            {.help = "which, by the harness's names: mmlu, arc_challenge, hellaswag, …",
             .added_later = true});
    v.Field("folder", s.folder,
            {.help = "where each has a folder of its name, with its publisher's files",
             .is_path = true,
             .effect = Effect::kSpeed});
    v.Field("shots", s.shots,
            {.help = "solved examples before each question",
             .minimum = 0,
             .maximum = 64,
             .added_later = true});
    v.Field("items", s.items,
            {.help = "questions of each task, or subject; 0 means all",
             .minimum = 0,
             .added_later = true});
    v.Field("begin_of_text", s.begin_of_text,
            {.help = "whether begin of text stands before every question", .added_later = true});
  }
};

struct EvaluateSettings {
  int64_t sequences = 0;
  int64_t questions = 0;
  int64_t shots = 0;
  ChoiceStyle style = ChoiceStyle::kCloze;
  CapacityFactor capacity_factor = {};
  Precision precision = Precision::kFloat32;
  BenchmarkSettings benchmarks = {};

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("sequences", s.sequences,
            {.help = "sequences of each held-out set at the end; 0 means all",
             .minimum = 0,
             .unit = "sequences"});
    v.Field("questions", s.questions,
            {.help = "multiple-choice questions of each source that has them; 0 means all",
             .minimum = 0});
    v.Field(
        "shots", s.shots,
        {.help = "solved examples before each question of a source", .minimum = 0, .maximum = 32});
    v.Field("style", s.style, {.help = "what is scored in a multiple-choice question"});
    v.Field("capacity_factor", s.capacity_factor,
            {.help = "capacity while evaluating; dropless is how a model is used",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true});
    v.Field("precision", s.precision,
            {.help = "of activations while evaluating", .added_later = true});
    v.Group("benchmarks", s.benchmarks, "published benchmarks, asked of the trained model");
  }
};

}  // namespace upcycle
