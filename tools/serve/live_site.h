// What the live server answers: the page, and the ledger as JSON (tools/serve/README.md). Nothing
// is read from a path that a request names, and nothing is written.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>

#include "core/files.h"
#include "core/machine_load.h"
#include "core/stopwatch.h"
#include "results/ledger/ledger_stamp.h"
#include "tools/serve/guard.h"
#include "tools/serve/http.h"
#include "tools/serve/query_string.h"

namespace upcycle {

class LiveSite {
 public:
  struct Sources {
    fs::path ledger;
    fs::path scheduler_lock;
    std::function<MachineLoad()> load;  // of this machine, now
  };

  LiveSite(Sources sources, Access access);
  ~LiveSite();

  HttpAnswer Answer(const HttpRequest& request);

 private:
  struct Kept;  // an answer, and the state of the ledger that it is true of

  HttpAnswer AnswerPage(const Target& target) const;
  HttpAnswer AnswerApi(const std::string& as_asked, const Target& target);
  HttpAnswer AnswerMachine();
  HttpAnswer ReadAnswer(const Target& target);
  bool IsSchedulerAtWork();
  void Keep(const std::string& as_asked, const LedgerStamp& stamp, bool at_work,
            const HttpAnswer& answer);

  Sources sources_;
  Access access_;
  std::list<Kept> kept_;  // the last used first
  std::optional<bool> at_work_;
  Stopwatch since_at_work_;
  std::optional<HttpAnswer> machine_;
  Stopwatch since_machine_;
};

}  // namespace upcycle
