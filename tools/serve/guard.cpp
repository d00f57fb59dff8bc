#include "tools/serve/guard.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

constexpr size_t kShortestToken = 16, kLongestToken = 128;

HttpAnswer Refused(int status, std::string text,
                   std::vector<std::pair<std::string, std::string>> fields = {}) {
  return {.status = status,
          .type = "text/plain; charset=utf-8",
          .body = std::make_shared<const std::string>(std::move(text)),
          .fields = std::move(fields)};
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// The name in "name:8390", "name", "[::1]:8390"; empty where it is none of these.
std::string NameOfHost(std::string_view host) {
  const bool is_bracketed = host.starts_with('[');
  const size_t close = host.find(']');
  if (is_bracketed && close == std::string_view::npos) return "";
  const std::string_view name =
      is_bracketed ? host.substr(1, close - 1) : host.substr(0, host.find(':'));
  std::string_view rest = host.substr(is_bracketed ? close + 1 : name.size());
  if (!rest.empty()) rest.remove_prefix(1);  // the colon
  const bool has_colon = host.size() == (is_bracketed ? close + 1 : name.size()) ||
                         host[is_bracketed ? close + 1 : name.size()] == ':';
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!has_colon || rest.size() > 5 || !std::ranges::all_of(rest, is_digit)) return "";
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

// Of "a=1; NAME=VALUE"; empty where there is none.
std::string_view CookieNamed(std::string_view name, std::string_view cookies) {
  while (!cookies.empty()) {
    const size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view pair = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return "";
}

bool BringsToken(const HttpRequest& request, const Access& access,
                 const std::optional<std::string>& query_token) {
  constexpr std::string_view kBearer = "Bearer ";
  if (query_token && SameToken(*query_token, access.token)) return true;
  if (SameToken(CookieNamed(access.cookie, request.cookie), access.token)) return true;
  return request.authorization.starts_with(kBearer) &&
         SameToken(std::string_view(request.authorization).substr(kBearer.size()), access.token);
}

}  // namespace

bool IsLoopback(const std::string& address) {
  in_addr four = {};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six = {};
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string ProblemOfToken(std::string_view token) {
  if (token.size() < kShortestToken || token.size() > kLongestToken) {
    return fmt::format("it has {} characters, and needs {} to {}", token.size(), kShortestToken,
                       kLongestToken);
  }
  return std::ranges::all_of(token, IsTokenCharacter)
             ? ""
             : "it may have letters, digits and - _ . ~ only";
}

bool NamesThisServer(std::string_view host, const Access& access) {
  const std::string name = NameOfHost(host);
  if (name.empty()) return false;
  return name == "localhost" || IsAddress(name) ||
         std::ranges::find(access.names, name) != access.names.end();
}

bool SameToken(std::string_view given, std::string_view token) {
  if (token.empty()) return false;
  volatile unsigned char differs = given.size() == token.size() ? 0 : 1;
  for (size_t i = 0; i < token.size(); ++i) {
    const char other = given.empty() ? '\0' : given[i % given.size()];
    differs = static_cast<unsigned char>(differs | (other ^ token[i]));
  }
  return differs == 0;
}

std::optional<HttpAnswer> Refusal(const HttpRequest& request, const Access& access,
                                  const std::optional<std::string>& query_token) {
  if (request.hosts.size() != 1 || !NamesThisServer(request.hosts.front(), access)) {
    return Refused(421, "This server does not go by that name. --host NAME adds one.\n");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return Refused(405, "Nothing can be changed here: GET and HEAD only.\n",
                   {{"Allow", "GET, HEAD"}});
  }
  if (!access.token.empty() && !BringsToken(request, access, query_token)) {
    return Refused(401,
                   "This needs the token that `upcycle serve` printed: open its address, with "
                   "?token=… in it, or send it as `Authorization: Bearer`.\n",
                   {{"WWW-Authenticate", "Bearer"}});
  }
  return std::nullopt;
}

std::string CookieFor(const Access& access) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", access.cookie, access.token);
}

}  // namespace upcycle
