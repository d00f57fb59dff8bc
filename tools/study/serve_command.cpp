// `upcycle serve`: the studies of a root, live in a browser.

#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/machine_load.h"
#include "core/process_identity.h"
#include "core/secret.h"
#include "core/stop_signals.h"
#include "kernels/gpu_load.h"
#include "tools/commands.h"
#include "tools/serve/guard.h"
#include "tools/serve/http_server.h"
#include "tools/serve/live_site.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

struct ServeOptions {
  StateOptions state;
  int port = 8390;
  std::string bind = "127.0.0.1";
  std::string token;
  std::vector<std::string> hosts;
};

ServeOptions ParseOptions(const Arguments& arguments) {
  ServeOptions options;
  CommandLine line("serve [options]",
                   "The studies of a root, live in a browser: what runs and how far it is, curves, "
                   "failures, what waits and why. It only reads, until Ctrl-C.");
  options.state.Declare(line);
  line.Option("port", &options.port, "to listen on; 0: any that is free");
  line.Option("bind", &options.bind,
              "address to listen on; beyond this machine (0.0.0.0) a token is needed");
  line.Option("token", &options.token,
              "what a client must bring, 16 characters or more, seen by whoever lists processes "
              "[beyond this machine: one is made up]");
  line.Option("host", &options.hosts, "another name that this machine goes by; may be repeated");
  line.Parse(arguments);
  if (options.port < 0 || options.port > 65535) {
    throw Error(Cause::kInput, "--port is between 0 and 65535");
  }
  if (!options.token.empty()) {
    const std::string problem = ProblemOfToken(options.token);
    if (!problem.empty()) throw Error(Cause::kInput, "--token cannot be used: " + problem);
  }
  return options;
}

std::string Lower(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

Access AccessFor(const ServeOptions& options) {
  Access access = {.token = options.token, .names = {Lower(HostName())}};
  if (access.token.empty() && !IsLoopback(options.bind)) access.token = MakeSecret();
  for (const std::string& host : options.hosts) access.names.push_back(Lower(host));
  return access;
}

// Where a browser finds it: an address that means all of them is none to go to.
std::string AddressToOpen(const ServeOptions& options, const Access& access, uint16_t port) {
  const bool is_any = options.bind == "0.0.0.0" || options.bind == "::";
  std::string host = is_any ? HostName() : options.bind;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const std::string query = access.token.empty() ? "" : "?token=" + access.token;
  return fmt::format("http://{}:{}/{}", host, port, query);
}

}  // namespace

int ServeCommand(const Arguments& arguments) {
  const ServeOptions options = ParseOptions(arguments);
  StopSignals stop;
  LoadMeter load;
  GpuLoadMeter gpus;
  LiveSite::Sources sources = {.ledger = options.state.Ledger(),
                               .scheduler_lock = options.state.SchedulerLock(),
                               .load = [&] {
                                 MachineLoad now = load.Look();
                                 now.gpus = gpus.Look();
                                 return now;
                               }};
  Access access = AccessFor(options);
  std::unique_ptr<LiveSite> site;
  HttpServer server(options.bind, static_cast<uint16_t>(options.port), {},
                    [&](const HttpRequest& request) { return site->Answer(request); });
  // Browsers keep the cookies of a machine's ports together.
  access.cookie = fmt::format("upcycle_{}", server.port());
  site = std::make_unique<LiveSite>(std::move(sources), access);
  fmt::print("{} shows the studies of {}, until Ctrl-C\n",
             AddressToOpen(options, access, server.port()), options.state.Root().native());
  if (std::fflush(stdout) != 0) return kExitDone;  // reported where the command ends
  server.Run([&] { return stop.Requests() > 0; });
  return kExitDone;
}

}  // namespace upcycle
