// What commands that are given a model from anywhere have in common.
#pragma once

#include <memory>
#include <string>

#include "core/files.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

// What their options are for, as `--help` says it.
inline constexpr char kModelHelp[] = "a Hugging Face folder, a run's model, or a llama2.c .bin";
inline constexpr char kDeviceHelp[] = "auto, cpu, cuda or cuda:N";
inline constexpr char kPrecisionHelp[] = "on a GPU: bfloat16 or float32";

// Throws Error(kInput) for a word of `--device` that names none. Whether there is such a device is
// for RequireDevice (experiments/run/device.h) to say.
void RequireDeviceWord(const std::string& device);

// Where the tokenizer of a model is: at `named`, or beside the model where that is empty.
fs::path TokenizerPath(const fs::path& model, const std::string& named);

// The tokenizer that is there. Throws Error as Tokenizer::Load does; of one that was not named, the
// message says which option does that.
std::unique_ptr<Tokenizer> LoadTokenizer(const fs::path& model, const std::string& named);

}  // namespace upcycle
