#include "tools/serve/live_site.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/fingerprint.h"
#include "core/secret.h"
#include "tools/serve/live_answers.h"
#include "tools/serve/page.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr double kShortestAge = 1;  // seconds that an answer is given again, whatever changed
constexpr size_t kMostKept = 32;
constexpr size_t kMostKeptBytes = size_t{16} << 20;
constexpr size_t kLongestTarget = 4096;

HttpAnswer JsonAnswer(int status, const Json& json) {
  return {.status = status,
          .body = std::make_shared<const std::string>(
              json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n")};
}

HttpAnswer Problem(int status, const std::string& what) {
  return JsonAnswer(status, {{"error", what}});
}

// What every answer says of itself. No other site shows it, reads it or is told of it.
void AddSafety(HttpAnswer* answer) {
  answer->fields.emplace_back("X-Content-Type-Options", "nosniff");
  answer->fields.emplace_back("Referrer-Policy", "no-referrer");
  answer->fields.emplace_back("X-Frame-Options", "DENY");
  answer->fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  answer->fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

std::string TagOf(const std::string& body) {
  return fmt::format("\"{}\"", Hasher().Add(body).Finish().Hex());
}

// Gives the answer a name, and leaves its body out where the client has it.
HttpAnswer Tagged(HttpAnswer answer, const std::string& if_none_match) {
  if (answer.status != 200) return answer;
  const std::string tag = TagOf(*answer.body);
  answer.fields.emplace_back("ETag", tag);
  answer.fields.emplace_back("Cache-Control", "private, no-cache");
  if (if_none_match.find(tag) == std::string::npos) return answer;
  answer.status = 304;
  answer.body = std::make_shared<const std::string>();
  return answer;
}

}  // namespace

struct LiveSite::Kept {
  std::string as_asked;
  LedgerStamp stamp;
  bool at_work;
  HttpAnswer answer;
  Stopwatch age;
};

LiveSite::LiveSite(Sources sources, Access access)
    : sources_(std::move(sources)), access_(std::move(access)) {}
LiveSite::~LiveSite() = default;

HttpAnswer LiveSite::Answer(const HttpRequest& request) {
  HttpAnswer answer;
  const bool is_too_long = request.target.size() > kLongestTarget;
  const auto target = is_too_long ? std::nullopt : ParseTarget(request.target);
  const auto query_token =
      target && target->path == "/" ? target->Only("token") : std::optional<std::string>();
  if (auto refusal = Refusal(request, access_, query_token)) {
    answer = std::move(*refusal);
  } else if (is_too_long) {
    answer = Problem(414, "the address is too long");
  } else if (!target) {
    answer = Problem(400, "the address has an escape or a parameter that is none");
  } else if (target->path == "/") {
    answer = AnswerPage(*target);
  } else if (target->path.starts_with("/api/")) {
    answer = Tagged(AnswerApi(request.target, *target), request.if_none_match);
  } else {
    answer = Problem(404, "there is the page / and what it asks for under /api/");
  }
  AddSafety(&answer);
  return answer;
}

HttpAnswer LiveSite::AnswerPage(const Target& target) const {
  const std::string nonce = MakeSecret();
  HttpAnswer answer = {.type = "text/html; charset=utf-8",
                       .body = std::make_shared<const std::string>(LivePage(nonce))};
  answer.fields.emplace_back(
      "Content-Security-Policy",
      fmt::format("default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; "
                  "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                  "frame-ancestors 'none'; require-trusted-types-for 'script'",
                  nonce));
  answer.fields.emplace_back("Cache-Control", "no-store");
  if (target.parameters.contains("token") && !access_.token.empty()) {
    answer.fields.emplace_back("Set-Cookie", CookieFor(access_));
  }
  return answer;
}

HttpAnswer LiveSite::AnswerMachine() {
  if (!machine_ || since_machine_.Seconds() > kShortestAge) {
    machine_ = JsonAnswer(200, MachineJson(sources_.load()));
    since_machine_.Restart();
  }
  return *machine_;
}

// Looking may keep a scheduler from beginning, so it is done now and then.
bool LiveSite::IsSchedulerAtWork() {
  if (!at_work_ || since_at_work_.Seconds() > kShortestAge) {
    at_work_ = FileLock::IsHeld(sources_.scheduler_lock);
    since_at_work_.Restart();
  }
  return *at_work_;
}

HttpAnswer LiveSite::AnswerApi(const std::string& as_asked, const Target& target) {
  if (target.path == "/api/machine") return AnswerMachine();
  const auto known = std::ranges::find(kept_, as_asked, &Kept::as_asked);
  if (known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    const bool is_young = known->age.Seconds() < kShortestAge;
    if (is_young ||
        (known->stamp == StampOf(sources_.ledger) && known->at_work == IsSchedulerAtWork())) {
      return known->answer;
    }
  }
  const LedgerStamp stamp = StampOf(sources_.ledger);
  const bool at_work = IsSchedulerAtWork();
  const HttpAnswer answer = ReadAnswer(target);
  if (answer.status == 200) Keep(as_asked, stamp, at_work, answer);
  return answer;
}

HttpAnswer LiveSite::ReadAnswer(const Target& target) {
  try {
    LiveAnswers answers(sources_.ledger, IsSchedulerAtWork());
    if (target.path == "/api/studies") return JsonAnswer(200, answers.Studies());
    const auto study = target.Only("study");
    if (target.path != "/api/study" && target.path != "/api/curves") {
      return Problem(404, "there are /api/studies, /api/study, /api/curves and /api/machine");
    }
    if (!study) return Problem(400, "name a study once, as in ?study=NAME");
    if (!answers.Knows(*study)) {
      return Problem(404, fmt::format("there is no study \"{}\"", *study));
    }
    if (target.path == "/api/study") return JsonAnswer(200, answers.Study(*study));
    const auto arms = target.parameters.find("arm");
    return JsonAnswer(
        200, answers.Curves(
                 *study, target.Only("metric"),
                 arms == target.parameters.end() ? std::vector<std::string>{} : arms->second));
  } catch (const Error& error) {
    return Problem(503, error.what());
  }
}

void LiveSite::Keep(const std::string& as_asked, const LedgerStamp& stamp, bool at_work,
                    const HttpAnswer& answer) {
  kept_.remove_if([&](const Kept& kept) { return kept.as_asked == as_asked; });
  kept_.push_front({as_asked, stamp, at_work, answer, {}});
  size_t bytes = 0, count = 0;
  kept_.remove_if([&](const Kept& kept) {
    bytes += kept.answer.body->size();
    return ++count > kMostKept || bytes > kMostKeptBytes;
  });
}

}  // namespace upcycle
