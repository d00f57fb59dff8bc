#include "tools/serve/guard.h"

#include <gtest/gtest.h>

#include "core/secret.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr const char* kToken = "0123456789abcdef";

HttpRequest To(const std::string& host) {
  HttpRequest request;
  request.hosts = {host};
  return request;
}

int StatusFor(const HttpRequest& request, const Access& access,
              const std::optional<std::string>& query_token = std::nullopt) {
  const auto refusal = Refusal(request, access, query_token);
  return refusal ? refusal->status : 200;
}

TEST(Guard, KnowsWhichAddressesStayOnThisMachine) {
  for (const char* own : {"127.0.0.1", "127.9.9.9", "::1"}) EXPECT_TRUE(IsLoopback(own)) << own;
  for (const char* wide : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost", ""}) {
    EXPECT_FALSE(IsLoopback(wide)) << wide;
  }
}

TEST(Guard, AnswersToAddressesAndItsOwnNames) {
  const Access access = {.names = {"lab"}};
  for (const char* host : {"localhost", "LOCALHOST:8390", "127.0.0.1:1", "[::1]:8390", "[::1]",
                           "10.0.0.7", "lab:80", "Lab.", "localhost:"}) {
    EXPECT_TRUE(NamesThisServer(host, access)) << host;
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "lab:80:80",
        "lab:x", "[::1", "[::1]x", "::1:80", "localhost:123456", "user@localhost", "a b"}) {
    EXPECT_FALSE(NamesThisServer(host, access)) << host;
  }
}

TEST(Guard, RefusesOtherNamesAndSeveral) {
  EXPECT_EQ(StatusFor(To("evil.example"), {}), 421);
  HttpRequest request = To("localhost");
  EXPECT_EQ(StatusFor(request, {}), 200);
  request.hosts = {"localhost", "localhost"};
  EXPECT_EQ(StatusFor(request, {}), 421);
  request.hosts = {};
  EXPECT_EQ(StatusFor(request, {}), 421);
}

TEST(Guard, RefusesAllMethodsThatCouldChangeSomething) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "X"}) {
    HttpRequest request = To("localhost");
    request.method = method;
    EXPECT_EQ(StatusFor(request, {}), 405) << method;
  }
  HttpRequest head = To("localhost");
  head.method = "HEAD";
  EXPECT_EQ(StatusFor(head, {}), 200);
}

TEST(Guard, WantsTheTokenInOneOfThreeWays) {
  const Access access = {.token = kToken, .cookie = "upcycle_1"};
  HttpRequest request = To("localhost");
  EXPECT_EQ(StatusFor(request, access), 401);
  EXPECT_EQ(StatusFor(request, access, kToken), 200);
  EXPECT_EQ(StatusFor(request, access, "0123456789abcdeX"), 401);
  request.authorization = std::string("Bearer ") + kToken;
  EXPECT_EQ(StatusFor(request, access), 200);
  request.authorization = kToken;
  EXPECT_EQ(StatusFor(request, access), 401);
  request.authorization = "";
  request.cookie = std::string("other=1; upcycle_1=") + kToken;
  EXPECT_EQ(StatusFor(request, access), 200);
  request.cookie = std::string("upcycle_2=") + kToken + "; xupcycle_1=" + kToken;
  EXPECT_EQ(StatusFor(request, access), 401);
  request.cookie = "upcycle_1=; ;=; upcycle_1";
  EXPECT_EQ(StatusFor(request, access), 401);
}

TEST(Guard, ComparesWholeTokens) {
  EXPECT_TRUE(SameToken(kToken, kToken));
  for (const char* other : {"", "0", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg",
                            "0123456789abcdef0123456789abcdef"}) {
    EXPECT_FALSE(SameToken(other, kToken)) << other;
  }
  EXPECT_FALSE(SameToken("", ""));
}

TEST(Guard, MakesTokensThatItTakes) {
  const std::string token = MakeSecret();
  EXPECT_EQ(ProblemOfToken(token), "");
  EXPECT_EQ(token.size(), 32u);
  EXPECT_NE(token, MakeSecret());
  EXPECT_TRUE(Says(ProblemOfToken("short"), "5 characters"));
  EXPECT_TRUE(Says(ProblemOfToken("0123456789abcde;"), "letters"));
  EXPECT_TRUE(Says(ProblemOfToken(std::string(200, 'a')), "200 characters"));
}

TEST(Guard, GivesACookieThatNoScriptAndNoOtherSiteSees) {
  EXPECT_EQ(CookieFor({.token = kToken, .cookie = "upcycle_1"}),
            "upcycle_1=0123456789abcdef; Path=/; HttpOnly; SameSite=Strict");
}

}  // namespace
}  // namespace upcycle
