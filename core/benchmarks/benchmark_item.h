// One question of a benchmark, whatever file it came from, in the pieces that its prompt is made
// of.
#pragma once

#include <string>
#include <vector>

#include "core/fingerprint.h"

namespace upcycle {

struct BenchmarkItem {
  // What stands before the answer: "Question: …\nAnswer:". Empty where the choices hold it.
  std::string context;
  // What is chosen from, in the file's order. LAMBADA has one, its last word.
  std::vector<std::string> choices;
  // WinoGrande: what follows the blank, the same behind every choice.
  std::string ending;
  int answer = 0;  // index of the right choice
  // MMLU: the subject, "college_physics".
  std::string subject;
  // Of the record in its file. Two items are the same one where these are equal.
  Fingerprint record;
};

}  // namespace upcycle
