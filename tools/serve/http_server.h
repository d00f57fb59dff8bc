// HTTP/1.1 on one port and one thread (Boost.Beast). What a client may take is bounded:
// connections, bytes of a request, and the time for each of its steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tools/serve/http.h"

namespace upcycle {

struct HttpLimits {
  uint32_t head_bytes = 8192;  // of a request; none has a body
  size_t connections = 64;     // at a time; another one is closed at once
  double read_seconds = 10;    // until a request has come, also the next of a connection
  double write_seconds = 20;   // until an answer has gone
  int requests = 1000;         // of a connection
};

class HttpServer {
 public:
  using Answerer = std::function<HttpAnswer(const HttpRequest&)>;

  // Listens from now on. Port 0: any that is free. Throws Error(kInput) where it cannot.
  HttpServer(const std::string& address, uint16_t port, const HttpLimits& limits,
             Answerer answerer);
  ~HttpServer();

  uint16_t port() const;

  // Answers until `is_stopped`, which is asked ten times a second; then closes all connections.
  // What the answerer throws is answered with 500.
  void Run(const std::function<bool()>& is_stopped);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace upcycle
