#include "tools/serve/http_server.h"

#include <chrono>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(1e3 * seconds));
}

HttpAnswer PlainAnswer(int status, std::string text) {
  return {.status = status,
          .type = "text/plain; charset=utf-8",
          .body = std::make_shared<const std::string>(std::move(text))};
}

std::string Text(boost::beast::string_view view) { return {view.data(), view.size()}; }

HttpRequest RequestFrom(const http::request<http::string_body>& message) {
  HttpRequest request = {.method = Text(message.method_string()),
                         .target = Text(message.target()),
                         .hosts = {},
                         .cookie = Text(message[http::field::cookie]),
                         .authorization = Text(message[http::field::authorization]),
                         .if_none_match = Text(message[http::field::if_none_match])};
  const auto [first, last] = message.equal_range(http::field::host);
  for (auto field = first; field != last; ++field) request.hosts.push_back(Text(field->value()));
  return request;
}

// What a request that could not be read deserves; nothing where nobody waits for an answer.
std::optional<HttpAnswer> AnswerToBroken(const ErrorCode& error) {
  if (error == http::error::header_limit) {
    return PlainAnswer(431, "The request's head is too large.\n");
  }
  if (error == http::error::body_limit) return PlainAnswer(413, "Requests have no body here.\n");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
  if (error.category() != http::make_error_code(http::error::bad_version).category()) return {};
  return PlainAnswer(400, "This is no request of HTTP/1.1.\n");
}

// One connection: a request, its answer, the next.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const HttpLimits& limits, const HttpServer::Answerer& answerer,
             size_t* open)
      : stream_(std::move(socket)), limits_(limits), answerer_(answerer), open_(open) {
    ++*open_;
  }
  ~Connection() { --*open_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read() {
    parser_.emplace();
    parser_->header_limit(limits_.head_bytes);
    parser_->body_limit(0);
    stream_.expires_after(Milliseconds(limits_.read_seconds));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const ErrorCode& error, size_t) { self->Answer(error); });
  }

 private:
  using Response = http::response<http::span_body<const char>>;

  void Answer(const ErrorCode& error) {
    if (error) {
      const auto answer = AnswerToBroken(error);
      if (answer) Write(*answer, /*head_only=*/false, /*keep_alive=*/false);
      return;
    }
    const auto& message = parser_->get();
    const bool keep_alive = message.keep_alive() && ++requests_ < limits_.requests;
    HttpAnswer answer;
    try {
      answer = answerer_(RequestFrom(message));
    } catch (const std::exception& problem) {
      answer = PlainAnswer(500, fmt::format("{}\n", problem.what()));
    }
    Write(answer, message.method() == http::verb::head, keep_alive);
  }

  void Write(const HttpAnswer& answer, bool head_only, bool keep_alive) {
    body_ = answer.body;
    response_.emplace();
    response_->result(static_cast<unsigned>(answer.status));
    response_->version(11);
    response_->set(http::field::content_type, answer.type);
    for (const auto& [name, value] : answer.fields) response_->insert(name, value);
    response_->keep_alive(keep_alive);
    const bool has_body = answer.status != 304;
    if (has_body) response_->content_length(body_->size());
    if (has_body && !head_only) response_->body() = {body_->data(), body_->size()};
    stream_.expires_after(Milliseconds(limits_.write_seconds));
    serializer_.emplace(*response_);
    const auto done = [self = shared_from_this(), keep_alive](const ErrorCode& error, size_t) {
      self->response_.reset();
      self->body_.reset();
      if (!error && keep_alive) return self->Read();
      ErrorCode ignored;
      self->stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    };
    if (head_only || !has_body) {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  const HttpLimits& limits_;
  const HttpServer::Answerer& answerer_;
  size_t* open_;
  int requests_ = 0;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<Response> response_;
  std::optional<http::response_serializer<http::span_body<const char>>> serializer_;
  std::shared_ptr<const std::string> body_;  // what the response refers to
};

Tcp::endpoint EndpointOf(const std::string& address, uint16_t port) {
  ErrorCode error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error) {
    throw Error(Cause::kInput,
                fmt::format("--bind {} is no address: 127.0.0.1 serves this machine alone, "
                            "0.0.0.0 or :: everybody who reaches it",
                            address));
  }
  return {parsed, port};
}

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpLimits& its_limits, Answerer its_answerer)
      : limits(its_limits), answerer(std::move(its_answerer)), acceptor(context), pause(context) {}

  void Listen(const Tcp::endpoint& endpoint) {
    try {
      acceptor.open(endpoint.protocol());
      acceptor.set_option(asio::socket_base::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
    } catch (const boost::system::system_error& error) {
      throw Error(
          Cause::kInput,
          fmt::format("cannot listen on {} port {}: {}; choose another --port, 0 for any "
                      "that is free, or another --bind",
                      endpoint.address().to_string(), endpoint.port(), error.code().message()));
    }
  }

  void Accept() {
    acceptor.async_accept([this](const ErrorCode& error, Tcp::socket socket) {
      if (error) return AcceptLater();
      if (open < limits.connections) {
        std::make_shared<Connection>(std::move(socket), limits, answerer, &open)->Read();
      }
      Accept();
    });
  }

  // For want of file descriptors, say.
  void AcceptLater() {
    pause.expires_after(std::chrono::milliseconds(200));
    pause.async_wait([this](const ErrorCode& error) {
      if (!error) Accept();
    });
  }

  const HttpLimits limits;
  const Answerer answerer;
  size_t open = 0;  // connections
  asio::io_context context{1};
  Tcp::acceptor acceptor;
  asio::steady_timer pause;
};

HttpServer::HttpServer(const std::string& address, uint16_t port, const HttpLimits& limits,
                       Answerer answerer)
    : parts_(std::make_unique<Parts>(limits, std::move(answerer))) {
  parts_->Listen(EndpointOf(address, port));
  parts_->Accept();
}

HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return parts_->acceptor.local_endpoint().port(); }

void HttpServer::Run(const std::function<bool()>& is_stopped) {
  while (!is_stopped()) parts_->context.run_for(std::chrono::milliseconds(100));
}

}  // namespace upcycle
