#include "tools/serve/http_server.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/stopwatch.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

// A client that says what it likes.
class Client {
 public:
  static constexpr int kPatienceSeconds = 120;  // then it hears no more

  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  void Say(const std::string& bytes) {
    ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  // All that comes until `end` has come, or the connection is closed.
  std::string Hear(const std::string& end = "") {
    std::string heard;
    char bytes[4096];
    while (end.empty() || heard.find(end) == std::string::npos) {
      const ssize_t count = ::recv(socket_.get(), bytes, sizeof(bytes), 0);
      if (count <= 0) break;
      heard.append(bytes, static_cast<size_t>(count));
    }
    return heard;
  }

  std::string Ask(const std::string& bytes) {
    Say(bytes);
    return Hear();
  }

 private:
  FileDescriptor socket_;
};

class Server : public testing::Test {
 protected:
  static constexpr HttpLimits kLimits = {
      .head_bytes = 512, .connections = 2, .read_seconds = 600, .requests = 3};

  Server()
      : server("127.0.0.1", 0, kLimits, Echo),
        thread([this] { server.Run([this] { return stopped.load(); }); }) {}
  ~Server() override {
    stopped = true;
    thread.join();
  }

  static HttpAnswer Echo(const HttpRequest& request) {
    if (request.target == "/fail") throw Error(Cause::kBug, "on purpose");
    return {.type = "text/plain",
            .body = std::make_shared<const std::string>(request.method + " " + request.target)};
  }

  std::atomic<bool> stopped = false;
  HttpServer server;
  std::thread thread;
};

TEST_F(Server, AnswersAndClosesWhenAsked) {
  const std::string heard =
      Client(server.port()).Ask("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\nGET /a")) << heard;
}

TEST_F(Server, AnswersSeveralRequestsOfOneConnectionAndThenLetsItGo) {
  Client client(server.port());
  for (int i = 0; i < 3; ++i) client.Say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string heard = client.Hear();
  size_t answers = 0;
  for (size_t at = 0; (at = heard.find("GET /a", at)) != std::string::npos; ++at) ++answers;
  EXPECT_EQ(answers, 3u) << heard;
  EXPECT_TRUE(Says(heard, "Connection: close"));
}

TEST_F(Server, GivesTheHeadAloneWhereOnlyThatIsAskedFor) {
  const std::string heard =
      Client(server.port()).Ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(Says(heard, "Content-Length: 7"));
  EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
}

TEST_F(Server, RefusesWhatIsTooLargeOrNoHttp) {
  const std::string large = "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1000, 'x');
  EXPECT_TRUE(Says(Client(server.port()).Ask(large + "\r\n\r\n"), "HTTP/1.1 431"));
  EXPECT_TRUE(Says(
      Client(server.port()).Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
      "HTTP/1.1 413"));
  EXPECT_TRUE(Says(Client(server.port()).Ask("hello\r\n\r\n"), "HTTP/1.1 400"));
}

TEST(ImpatientServer, DoesNotWaitForSlowClients) {
  HttpServer server("127.0.0.1", 0, {.read_seconds = 0.5},
                    [](const HttpRequest&) { return HttpAnswer{}; });
  std::atomic<bool> stopped = false;
  std::thread thread([&] { server.Run([&] { return stopped.load(); }); });
  const Stopwatch watch;
  Client client(server.port());
  client.Say("GET / HT");
  EXPECT_EQ(client.Hear(), "");
  EXPECT_LT(watch.Seconds(), Client::kPatienceSeconds);
  stopped = true;
  thread.join();
}

TEST_F(Server, SurvivesWhatItsAnswererThrows) {
  EXPECT_TRUE(
      Says(Client(server.port()).Ask("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 500"));
  EXPECT_TRUE(Says(Client(server.port()).Ask("GET /b HTTP/1.0\r\n\r\n"), "GET /b"));
}

TEST(PatientServer, TakesNoMoreConnectionsThanItMay) {
  const HttpLimits limits = {.connections = 1, .read_seconds = 600};
  HttpServer server("127.0.0.1", 0, limits, [](const HttpRequest& request) {
    return HttpAnswer{.body = std::make_shared<const std::string>(request.target)};
  });
  std::atomic<bool> stopped = false;
  std::thread thread([&] { server.Run([&] { return stopped.load(); }); });
  {
    Client first(server.port());
    first.Say("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(Says(first.Hear("/first"), "HTTP/1.1 200"));
    EXPECT_EQ(Client(server.port()).Ask("GET /second HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    first.Say("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(Says(first.Hear("/again"), "HTTP/1.1 200"));
  }
  stopped = true;
  thread.join();
}

TEST_F(Server, SaysWhyItCannotListen) {
  EXPECT_THROW(HttpServer("127.0.0.1", server.port(), {}, Echo), Error);
  EXPECT_THROW(HttpServer("nowhere", 0, {}, Echo), Error);
}

// The port that the program says it listens on; 0 if it ends before it does.
uint16_t PortOf(Program& program, std::string* address) {
  uint16_t port = 0;
  program.Await([&] {
    *address = program.OutputSoFar();
    const size_t slash = address->find("//");
    const size_t colon = slash == std::string::npos ? slash : address->find(':', slash);
    if (address->find('\n') == std::string::npos || colon == std::string::npos) return false;
    port = static_cast<uint16_t>(std::stoi(address->substr(colon + 1)));
    return true;
  });
  return port;
}

class ServeCommand : public testing::Test {
 protected:
  ServeCommand() {
    LedgerWriter writer(LedgerIn(folder));
    writer.RecordStudy(StudyOf({"dense"}, {0}));
  }

  std::vector<std::string> Words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"serve", "--root", folder.path().native()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder;
};

TEST_F(ServeCommand, ServesUntilItIsAskedToStopAndWritesNothing) {
  Program program(Words({"--port", "0"}));
  std::string said;
  const uint16_t port = PortOf(program, &said);
  ASSERT_NE(port, 0);
  EXPECT_TRUE(Says(said, "http://127.0.0.1:"));
  EXPECT_TRUE(Says(Client(port).Ask("GET /api/studies HTTP/1.1\r\nHost: localhost\r\n"
                                    "Connection: close\r\n\r\n"),
                   "\"study\":\"study\""));
  Client idle(port);  // an open connection holds nothing up
  const Stopwatch watch;
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait().exit_code, 0);
  EXPECT_LT(watch.Seconds(), HttpLimits().read_seconds);
}

// "200" of "HTTP/1.1 200 OK"; all that was heard where it is no answer.
std::string StatusIn(const std::string& heard) {
  return heard.starts_with("HTTP/1.1 ") ? heard.substr(9, 3) : heard;
}

TEST_F(ServeCommand, AnswersWhateverASocketBringsAndChangesNothing) {
  Program program(Words({"--port", "0"}));
  std::string said;
  const uint16_t port = PortOf(program, &said);
  ASSERT_NE(port, 0);
  const std::string ledger = ReadTextFile(LedgerIn(folder));
  const std::string host = "Host: localhost\r\nConnection: close\r\n";
  const std::string many_fields = [] {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += fmt::format("X-{}: filling\r\n", i);
    return text;
  }();
  struct Case {
    const char* what;
    std::string head;  // without the empty line that ends it
    const char* status;
  };
  const std::vector<Case> cases = {
      {"HTTP/1.0", "GET /api/studies HTTP/1.0\r\nHost: localhost\r\n", "200"},
      {"HTTP/1.0 without a host", "GET /api/studies HTTP/1.0\r\n", "421"},
      {"no host", "GET /api/studies HTTP/1.1\r\nConnection: close\r\n", "421"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\n" + host, "421"},
      {"another's host", "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n", "421"},
      {"HTTP/0.9", "GET /\r\n", "400"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\n" + host, "400"},
      {"no version that there is", "GET / HTTP/x.y\r\n" + host, "400"},
      {"a byte of 0", std::string("GET /\0 HTTP/1.1\r\n", 17) + host, "400"},
      {"a field that goes on", "GET / HTTP/1.1\r\nHost: localhost\r\n: none\r\n", "400"},
      {"a giant field", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'x') + "\r\n",
       "431"},
      {"giant many fields", "GET / HTTP/1.1\r\n" + host + many_fields, "431"},
      {"a long address", "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n" + host, "414"},
      {"a way up", "GET /../../../../etc/passwd HTTP/1.1\r\n" + host, "404"},
      {"a way up below the answers", "GET /api/../ledger.sqlite HTTP/1.1\r\n" + host, "404"},
      {"a hidden way up", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host, "404"},
      {"the ledger itself", "GET /ledger.sqlite HTTP/1.1\r\n" + host, "404"},
      {"a name that is a way up", "GET /api/study?study=../ledger HTTP/1.1\r\n" + host, "404"},
      {"an escape that is none", "GET /api/study?study=%zz HTTP/1.1\r\n" + host, "400"},
      {"an address of another machine", "GET http://evil.example/ HTTP/1.1\r\n" + host, "404"},
      {"a body", "POST /api/study HTTP/1.1\r\nContent-Length: 5\r\n" + host, "413"},
      {"a body without an end",
       "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n" + host, "400"},
  };
  for (const Case& tried : cases) {
    EXPECT_EQ(StatusIn(Client(port).Ask(tried.head + "\r\n")), tried.status) << tried.what;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MKCOL"}) {
    const std::string heard =
        Client(port).Ask(std::string(method) + " /api/studies HTTP/1.1\r\n" + host + "\r\n");
    EXPECT_EQ(StatusIn(heard), "405") << method;
    EXPECT_TRUE(Says(heard, "Allow: GET, HEAD")) << method;
  }
  EXPECT_EQ(ReadTextFile(LedgerIn(folder)), ledger);
  EXPECT_EQ(StatusIn(Client(port).Ask("GET / HTTP/1.1\r\n" + host + "\r\n")), "200");
}

TEST_F(ServeCommand, BeyondLoopbackWantsATokenThatItPrints) {
  Program program(Words({"--port", "0", "--bind", "0.0.0.0"}));
  std::string said;
  const uint16_t port = PortOf(program, &said);
  ASSERT_NE(port, 0);
  const size_t place = said.find("?token=");
  ASSERT_NE(place, std::string::npos) << said;
  const std::string token = said.substr(place + 7, 32);
  const std::string question =
      "GET /api/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  EXPECT_TRUE(Says(Client(port).Ask(question + "\r\n"), "HTTP/1.1 401"));
  EXPECT_TRUE(Says(Client(port).Ask(question + "Authorization: Bearer " + token + "\r\n\r\n"),
                   "HTTP/1.1 200"));
}

TEST_F(ServeCommand, RefusesArgumentsThatCannotBe) {
  const std::pair<std::vector<std::string>, const char*> refused[] = {
      {{"--token", "short"}, "--token cannot be used"},
      {{"--port", "70000"}, "--port is between"},
      {{"--bind", "example.org"}, "is no address"},
      {{"extra"}, "usage"}};
  for (const auto& [words, why] : refused) {
    const Finished finished = RunProgram(Words(words));
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_TRUE(Says(finished.err, why));
  }
}

}  // namespace
}  // namespace upcycle
