#include "tools/serve/live_site.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr const char* kHostile = "<script>alert(1)</script>\"'&\u202E</td>";

std::string FieldOf(const HttpAnswer& answer, const std::string& name) {
  for (const auto& [field, value] : answer.fields) {
    if (field == name) return value;
  }
  return "";
}

class Site : public testing::Test {
 protected:
  Site() : site(SourcesHere(), {}) {}

  LiveSite::Sources SourcesHere() const {
    return {.ledger = LedgerIn(folder), .scheduler_lock = folder / "scheduler.lock", .load = [] {
              return MachineLoad{.host = "lab", .cores = 2, .busy_share = 0.25};
            }};
  }

  // A study of two arms, one of which trains.
  void Record(const std::string& name = "study") {
    LedgerWriter writer(LedgerIn(folder));
    StudyRecord study = StudyOf({"dense", kHostile}, {0, 1});
    study.name = name;
    writer.RecordStudy(study);
    IngestNext(
        writer, StageFor(StageRole::kTrain, "dense", 0),
        {Event(AttemptStart{.host = "lab", .pid = 7}), Point("train/loss", 0, 3),
         Point("train/loss", 5, 2), Event(R"({"event": "progress", "step": 5, "steps": 9})")});
  }

  HttpAnswer Ask(const std::string& target, const std::string& if_none_match = "") {
    HttpRequest request = {.target = target, .hosts = {"localhost"}};
    request.if_none_match = if_none_match;
    return site.Answer(request);
  }

  Json AskJson(const std::string& target) {
    const HttpAnswer answer = Ask(target);
    EXPECT_EQ(answer.status, 200) << *answer.body;
    return Json::parse(*answer.body);
  }

  TemporaryFolder folder;
  LiveSite site;
};

TEST_F(Site, GivesThePageWithAPolicyThatLetsNothingElseIn) {
  const HttpAnswer page = Ask("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  const std::string policy = FieldOf(page, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'nonce-")) << policy;
  EXPECT_TRUE(Says(policy, "frame-ancestors 'none'"));
  const std::string nonce = policy.substr(policy.find("nonce-") + 6, 32);
  EXPECT_TRUE(Says(*page.body, "<script nonce=\"" + nonce + "\">"));
  EXPECT_TRUE(Says(*page.body, "<style nonce=\"" + nonce + "\">"));
  EXPECT_NE(FieldOf(Ask("/"), "Content-Security-Policy"), policy);
  EXPECT_EQ(FieldOf(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(FieldOf(page, "Set-Cookie"), "");
}

TEST_F(Site, HasAPageThatAsksNobodyElse) {
  const std::string page = *Ask("/").body;
  const std::string own = "http://www.w3.org/2000/svg";  // a name, not a place
  size_t at = 0;
  while ((at = page.find("://", at)) != std::string::npos) {
    EXPECT_EQ(page.substr(at - 4, own.size()), own);
    at += 3;
  }
  for (const char* risky : {"innerHTML", "eval(", "document.write", "insertAdjacentHTML"}) {
    EXPECT_EQ(page.find(risky), std::string::npos) << risky;
  }
}

TEST_F(Site, ListsStudies) {
  Record();
  const Json answer = AskJson("/api/studies");
  ASSERT_EQ(answer["studies"].size(), 1u);
  EXPECT_EQ(answer["studies"][0]["study"], "study");
  EXPECT_EQ(answer["scheduler_at_work"], false);
  EXPECT_FALSE(answer["studies"][0].contains("arms"));
}

TEST_F(Site, ShowsAStudyAndItsCurves) {
  Record();
  const Json study = AskJson("/api/study?study=study");
  EXPECT_EQ(study["arms"][0]["seeds"][0]["state"], "stopped");  // nobody is at work
  const Json curves = AskJson("/api/curves?study=study&metric=train/loss&arm=dense");
  EXPECT_EQ(curves["curves"][0]["points"].dump(), "[[0,3.0,3.0,3.0,1],[5,2.0,2.0,2.0,1]]");
  EXPECT_EQ(curves["left_out"], 1);
  EXPECT_EQ(AskJson("/api/curves?study=study")["metric"], "validation/loss");
}

TEST_F(Site, KeepsHostileNamesAsTextOfJson) {
  Record(kHostile);
  const HttpAnswer answer = Ask("/api/studies");
  EXPECT_EQ(answer.type, "application/json");
  EXPECT_EQ(Json::parse(*answer.body)["studies"][0]["study"], kHostile);
  std::string escaped;
  for (const char c : std::string(kHostile)) {
    escaped += c == '&' ? "%26" : c == '\'' ? "%27" : std::string(1, c);
  }
  EXPECT_EQ(AskJson("/api/study?study=" + escaped)["arms"][1]["arm"], kHostile);
  EXPECT_EQ(Ask("/").body->find("alert(1)"), std::string::npos);
}

TEST_F(Site, TellsTheLoadOfTheMachine) {
  const Json load = AskJson("/api/machine");
  EXPECT_EQ(load["host"], "lab");
  EXPECT_EQ(load["busy_share"], 0.25);
}

TEST_F(Site, LeavesTheBodyOutWhereTheClientHasIt) {
  Record();
  const HttpAnswer first = Ask("/api/study?study=study");
  const std::string tag = FieldOf(first, "ETag");
  ASSERT_NE(tag, "");
  const HttpAnswer again = Ask("/api/study?study=study", tag);
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body->empty());
  EXPECT_EQ(Ask("/api/study?study=study", "\"other\"").status, 200);
}

TEST_F(Site, ServesNoFileWhateverThePathSays) {
  Record();
  for (const char* path :
       {"/ledger.sqlite", "/../ledger.sqlite", "/..%2fledger.sqlite", "/api/../ledger.sqlite",
        "/%2e%2e/%2e%2e/etc/passwd", "/api/", "/api", "//", "/index.html", "/live.js",
        "/favicon.ico", "http://localhost/", "*", ""}) {
    EXPECT_EQ(Ask(path).status, 404) << path;
  }
  EXPECT_EQ(Ask("/api/study?study=../../etc/passwd").status, 404);
}

TEST_F(Site, SaysWhatIsWrongWithAQuestion) {
  Record();
  EXPECT_EQ(Ask("/api/study").status, 400);
  EXPECT_EQ(Ask("/api/study?study=a&study=b").status, 400);
  EXPECT_EQ(Ask("/api/study?study=%zz").status, 400);
  EXPECT_EQ(Ask("/api/study?study=nobody").status, 404);
  EXPECT_EQ(Ask("/api/study?study=" + std::string(5000, 'a')).status, 414);
  EXPECT_TRUE(
      AskJson("/api/curves?study=study&metric=none&arm=dense")["curves"][0]["points"].empty());
}

TEST_F(Site, SaysThatThereIsNoLedgerAndShowsItOnceThereIsOne) {
  const HttpAnswer missing = Ask("/api/studies");
  EXPECT_EQ(missing.status, 503);
  EXPECT_TRUE(Says(*missing.body, "there is no ledger"));
  Record();
  EXPECT_EQ(Ask("/api/studies").status, 200);
}

TEST_F(Site, SaysThatALedgerIsDamaged) {
  std::ofstream(LedgerIn(folder)) << "no database";
  const HttpAnswer damaged = Ask("/api/studies");
  EXPECT_EQ(damaged.status, 503);
  EXPECT_TRUE(Says(*damaged.body, "is not an upcycle ledger"));
}

TEST_F(Site, WithATokenLetsInWhoBringsItAndGivesACookie) {
  const Access access = {.token = "0123456789abcdef", .cookie = "upcycle_1"};
  LiveSite guarded(SourcesHere(), access);
  HttpRequest request = {.target = "/", .hosts = {"10.0.0.1"}};
  EXPECT_EQ(guarded.Answer(request).status, 401);
  request.target = "/?token=0123456789abcdef";
  const HttpAnswer page = guarded.Answer(request);
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(Says(FieldOf(page, "Set-Cookie"), "HttpOnly; SameSite=Strict"));
  request.target = "/api/machine?token=0123456789abcdef";
  EXPECT_EQ(guarded.Answer(request).status, 401) << "an address with a token is for the page";
  request.target = "/api/machine";
  request.cookie = "upcycle_1=0123456789abcdef";
  EXPECT_EQ(guarded.Answer(request).status, 200);
}

TEST_F(Site, RefusesBeforeItLooksAtAnything) {
  HttpRequest request = {.method = "POST", .target = "/api/studies", .hosts = {"localhost"}};
  EXPECT_EQ(site.Answer(request).status, 405);
  request = {.target = "/api/studies", .hosts = {"evil.example"}};
  EXPECT_EQ(site.Answer(request).status, 421);
}

}  // namespace
}  // namespace upcycle
