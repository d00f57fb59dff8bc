// A request and its answer, as far as a server that only tells things needs them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace upcycle {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";             // as it was asked for, with its query
  std::vector<std::string> hosts = {};  // all fields of this name: there must be one
  std::string cookie = {};
  std::string authorization = {};
  std::string if_none_match = {};
};

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";
  std::shared_ptr<const std::string> body = std::make_shared<std::string>();
  std::vector<std::pair<std::string, std::string>> fields = {};  // beside type and length
};

}  // namespace upcycle
