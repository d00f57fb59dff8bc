// Who may ask the live server what. Everything here is decided from the request alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/serve/http.h"

namespace upcycle {

struct Access {
  std::string token = {};          // empty: whoever reaches the server may read
  std::string cookie = "upcycle";  // the name of the cookie that carries the token
  std::vector<std::string> names =
      {};  // of this server, beside localhost and addresses; lower case
};

// Whether `address` reaches this machine alone.
bool IsLoopback(const std::string& address);

// Why no token can be so; empty if it can: at least 16 letters, digits and signs that need no
// escape, neither in an address nor in a cookie.
std::string ProblemOfToken(std::string_view token);

// Whether a Host field names this server. An address always may: a page of others that wants to
// pass for ours (DNS rebinding) has to come under a name.
bool NamesThisServer(std::string_view host, const Access& access);

// Whether both are the same, in a time that does not tell where they differ.
bool SameToken(std::string_view given, std::string_view token);

// The answer to a request that is refused: another method, host or token; nothing if it may be
// answered. `query_token` is what the address itself brings.
std::optional<HttpAnswer> Refusal(const HttpRequest& request, const Access& access,
                                  const std::optional<std::string>& query_token);

// The field that lets a browser keep the token: no script sees it, no other site sends it.
std::string CookieFor(const Access& access);

}  // namespace upcycle
