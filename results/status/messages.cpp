#include "results/status/messages.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr size_t kLaunchesShown = 10;

// "train (E8T2, seed 3)" of the stages that are asked for, by id.
class StageWords {
 public:
  explicit StageWords(const StudyFacts& study) : study_(study) {
    for (size_t i = 0; i < study.stages.size(); ++i) place_of_[study.stages[i].id] = i;
    user_of_.resize(study.stages.size());
    for (const ArmFacts& arm : study.arms) {
      for (const RunFacts& run : arm.runs) {
        for (const auto& [place, stage] : run.stages) {
          if (user_of_[stage].runs++ == 0) user_of_[stage].first = {&arm, run.seed};
        }
      }
    }
  }

  const StageFacts& Facts(int64_t id) const { return study_.stages[place_of_.at(id)]; }

  std::string Name(int64_t id) const {
    const User& user = user_of_[place_of_.at(id)];
    const std::string& kind = Facts(id).kind;
    if (user.runs > 1) return fmt::format("{} ({} runs)", kind, user.runs);
    return fmt::format("{} ({}, seed {})", kind, user.first.first->name, user.first.second);
  }

 private:
  struct User {
    int64_t runs = 0;
    std::pair<const ArmFacts*, int64_t> first = {nullptr, 0};
  };
  const StudyFacts& study_;
  std::unordered_map<int64_t, size_t> place_of_;
  std::vector<User> user_of_;
};

Message MessageOf(const TroubledAttempt& trouble, const StageWords& words, size_t text_bytes) {
  const StageFacts& stage = words.Facts(trouble.stage);
  const bool ended = stage.state == trouble.outcome;
  std::string text = fmt::format("attempt {}", trouble.number);
  if (!trouble.cause.empty()) text += fmt::format(", {}", trouble.cause);
  if (!trouble.message.empty()) text += fmt::format(": {}", trouble.message);
  return {.time = trouble.time,
          .kind = ended ? std::string(NameOf(stage.state)) : "retried",
          .about = words.Name(trouble.stage),
          .text = ShortenedText(text, text_bytes)};
}

// "35 done, 1 failed": the counts that are not 0. Another version may have written other words.
std::string OutcomeText(const std::string& outcome) {
  const auto json = nlohmann::json::parse(outcome, nullptr, /*allow_exceptions=*/false);
  std::string text;
  if (!json.is_object()) return text;
  for (const auto& [word, count] : json.items()) {
    if (!count.is_number_integer() || count.get<int64_t>() == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.get<int64_t>(), word);
  }
  return text;
}

void AddLaunch(const LaunchFacts& launch, const ViewBounds& bounds, std::vector<Message>* all) {
  const std::string about = fmt::format("launch {}", launch.start.launch);
  all->push_back(
      {.time = launch.start.time,
       .kind = "started",
       .about = about,
       .text = ShortenedText(fmt::format("on {}", launch.start.host), bounds.text_bytes)});
  if (!launch.end) return;
  const std::string outcome = OutcomeText(launch.end->outcome);
  all->push_back({.time = launch.end->time,
                  .kind = "ended",
                  .about = about,
                  .text = ShortenedText(outcome.empty() ? "nothing was left to do" : outcome,
                                        bounds.text_bytes)});
}

Message MessageOf(const HoldSet& hold) {
  std::string about = hold.scope.arm.empty() ? "the whole study" : hold.scope.arm;
  if (hold.scope.seed) about += fmt::format(", seed {}", *hold.scope.seed);
  return {.time = hold.time,
          .kind = std::string(NameOf(hold.kind)),
          .about = std::move(about),
          .text = hold.by.empty() ? "" : "by " + hold.by};
}

}  // namespace

std::string ShortenedText(const std::string& text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t end = bytes;
  while (end > 0 && ContinuesCharacter(text[end])) --end;
  return text.substr(0, end) + "…";
}

std::vector<Message> MessagesOf(const StudyFacts& study,
                                const std::vector<TroubledAttempt>& troubles,
                                const std::vector<LaunchFacts>& launches,
                                const std::vector<HoldSet>& holds, const ViewBounds& bounds) {
  const StageWords words(study);
  std::vector<Message> messages;
  for (const TroubledAttempt& trouble : troubles) {
    messages.push_back(MessageOf(trouble, words, bounds.text_bytes));
  }
  const size_t shown = std::min(launches.size(), kLaunchesShown);
  for (auto launch = launches.end() - static_cast<ptrdiff_t>(shown); launch != launches.end();
       ++launch) {
    AddLaunch(*launch, bounds, &messages);
  }
  for (const HoldSet& hold : holds) messages.push_back(MessageOf(hold));
  std::ranges::stable_sort(messages, std::greater<>(),
                           [](const Message& message) { return message.time.value_or(0); });
  if (messages.size() > bounds.messages) messages.resize(bounds.messages);
  return messages;
}

}  // namespace upcycle
