// `upcycle generate MODEL [PROMPT]`

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/stop_signals.h"
#include "core/stopwatch.h"
#include "core/tokenizers/text_stream.h"
#include "core/tokenizers/tokenizer.h"
#include "core/utf8.h"
#include "experiments/decoding/generate.h"
#include "experiments/formats/model_source.h"
#include "experiments/run/device.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/model_options.h"
#include "tools/terminal/option_values.h"

namespace upcycle {
namespace {

struct GenerateOptions {
  std::string model, prompt = "-", tokenizer;
  std::string device = "auto", precision = "bfloat16";
  std::string temperature = "0", top_p = "1", seed = "0";
  int tokens = 256, top_k = 0, threads = Cores();
};

GenerateOptions ParseOptions(const Arguments& arguments) {
  GenerateOptions options;
  CommandLine line("generate MODEL [PROMPT] [options]",
                   "Continues a text token by token, printed as it comes; without PROMPT, or with "
                   "\"-\",\na new one. How fast it was goes to standard error.");
  line.Positional("MODEL", &options.model, kModelHelp);
  line.OptionalPositional("PROMPT", &options.prompt, "the text's beginning");
  line.Option("tokenizer", &options.tokenizer,
              "its tokenizer, a file or a folder; without it the one beside the model");
  line.Option("tokens", &options.tokens, "at most so many new ones");
  line.Option("temperature", &options.temperature, "0: the most likely token always");
  line.Option("top-k", &options.top_k, "draw from the N most likely tokens; 0: from all");
  line.Option("top-p", &options.top_p, "draw from the fewest tokens of this probability together");
  line.Option("seed", &options.seed, "of what is drawn");
  line.Option("device", &options.device, kDeviceHelp);
  line.Option("precision", &options.precision, kPrecisionHelp);
  line.Option("threads", &options.threads, "on a CPU");
  line.Parse(arguments);
  return options;
}

template <typename Number>
Number NumberOf(const char* option, const std::string& text, const char* expected) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) return number;
  throw Error(Cause::kInput, fmt::format("--{} {}: write {}", option, text, expected));
}

SamplingSettings SamplingOf(const GenerateOptions& options) {
  const SamplingSettings sampling = {
      .temperature = NumberOf<double>("temperature", options.temperature, "a number"),
      .top_k = options.top_k,
      .top_p = NumberOf<double>("top-p", options.top_p, "a number"),
      .seed = NumberOf<uint64_t>("seed", options.seed, "a whole number of at least 0")};
  Sampler{sampling};  // says what is wrong before a model is read
  return sampling;
}

// The beginning of a text, with the token that begins one where there is such a token.
std::vector<int32_t> PromptTokens(const Tokenizer& tokenizer, const std::string& prompt) {
  std::vector<int32_t> tokens;
  if (const auto begin = tokenizer.BeginOfText()) tokens.push_back(*begin);
  if (prompt != "-") tokenizer.Encode(prompt, tokens);
  if (!tokens.empty()) return tokens;
  // A text follows another one, then.
  if (tokenizer.HasEndOfText()) return {tokenizer.EndOfText()};
  throw Error(Cause::kInput, "the tokenizer has no token that begins a text; give a PROMPT");
}

// Where another text begins this one has ended too: llama2.c's models say it so.
std::vector<int32_t> EndsOf(const Tokenizer& tokenizer) {
  std::vector<int32_t> ends;
  if (tokenizer.HasEndOfText()) ends.push_back(tokenizer.EndOfText());
  if (const auto begin = tokenizer.BeginOfText()) ends.push_back(*begin);
  return ends;
}

// Throws std::system_error where it does not arrive: nobody waits for more.
void Print(const std::string& text) {
  fmt::print("{}", text);
  if (std::fflush(stdout) != 0) {
    throw std::system_error(errno, std::generic_category(), "standard output");
  }
}

// How fast new tokens came.
struct Pace {
  int64_t tokens = 0;
  double first_seconds = 0;  // of the first, with the prompt before it
  Stopwatch since_first;
};

void Report(int64_t prompt, const Pace& pace) {
  if (pace.tokens == 0) return;
  fmt::print(stderr, "{} tokens of prompt and the first new one in {:.2f} s", prompt,
             pace.first_seconds);
  const int64_t more = pace.tokens - 1;
  const double seconds = pace.since_first.Seconds();
  if (more > 0 && seconds > 0) {
    fmt::print(stderr, ", {} more at {:.1f} tokens/s", more, static_cast<double>(more) / seconds);
  }
  fmt::print(stderr, "\n");
}

int Continue(Decoder& decoder, const Tokenizer& tokenizer, const std::vector<int32_t>& prompt,
             const GenerationSettings& settings, StopSignals& stop) {
  TextStream text(tokenizer);
  for (const int32_t token : prompt) text.Add(token);
  Pace pace;
  const Stopwatch watch;
  const GenerationEnd end = Generate(decoder, prompt, settings, [&](int32_t token) {
    if (pace.tokens++ == 0) {
      pace.first_seconds = watch.Seconds();
      pace.since_first.Restart();
    }
    Print(text.Add(token));
    return stop.Requests() == 0;
  });
  Print(text.Finish() + "\n");
  if (end == GenerationEnd::kCapacity) {
    fmt::print(stderr, "stopped: the model's sequences have {} tokens\n", decoder.capacity());
  }
  Report(std::ssize(prompt), pace);
  return end == GenerationEnd::kStopped ? kExitInterrupted : kExitDone;
}

}  // namespace

int GenerateCommand(const Arguments& arguments) {
  constexpr int64_t kMostTokensAtOnce = 512;  // of a prompt
  const GenerateOptions options = ParseOptions(arguments);
  if (options.tokens < 1) throw Error(Cause::kInput, "--tokens counts tokens: at least 1");
  if (ValidUtf8Prefix(options.prompt) != options.prompt.size()) {
    throw Error(Cause::kInput, "the PROMPT is not UTF-8; is the terminal's encoding another?");
  }
  RequireDeviceWord(options.device);
  if (options.threads < 1) throw Error(Cause::kInput, "--threads counts threads: at least 1");
  GenerationSettings settings = {.most_tokens = options.tokens, .sampling = SamplingOf(options)};
  const Precision precision = ValueOf<Precision>("precision", options.precision);
  const ModelSource source(options.model);
  const auto tokenizer = LoadTokenizer(options.model, options.tokenizer);
  settings.ends = EndsOf(*tokenizer);
  settings.vocabulary = tokenizer->Vocabulary();
  const std::vector<int32_t> prompt = PromptTokens(*tokenizer, options.prompt);

  StopSignals stop;  // before any thread, also of a GPU's driver
  const auto backend = MakeBackend(options.device, precision, options.threads);
  const int64_t sequence = source.architecture().model.sequence_length;
  const auto read = static_cast<int64_t>(prompt.size());
  Transformer model(*backend, source.architecture(),
                    {.limits = {1, std::min({sequence, read, kMostTokensAtOnce}), 1},
                     .purpose = Purpose::kEvaluate});
  source.CopyTo(model.parameters(), *backend);
  Decoder decoder(model, 1, std::min(sequence, read + settings.most_tokens));
  return Continue(decoder, *tokenizer, prompt, settings, stop);
}

}  // namespace upcycle
