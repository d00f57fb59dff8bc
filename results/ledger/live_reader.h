// What a live view asks of a ledger beside LedgerReader's facts, each within stated bounds, however
// much the ledger holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

// Which points of a series are wanted: of each of `parts` equal parts of the steps from 0 to
// `last_step` the first one, and the newest of all.
struct SeriesPart {
  int64_t stage = 0;
  std::string metric;
  int64_t last_step = 0;
  int64_t parts = 1;
};

// An attempt of a study's stage that came to another end than it should.
struct TroubledAttempt {
  int64_t stage = 0;
  int64_t number = 0;
  StageState outcome = StageState::kFailed;
  std::string cause;
  std::string message;
  std::optional<double> time;  // when it ended
};

// The reader's own tables, looked at from another side; used under its Snapshot.
class LiveReader {
 public:
  explicit LiveReader(LedgerReader& ledger) : ledger_(ledger.ledger_) {}

  // At most parts + 1 points by rising step, and as many look-ups, whatever the series' length.
  // Values that are not finite are left out.
  std::vector<MetricPoint> ReadThinned(const SeriesPart& part);

  // The step of a series' newest value; nothing where it has none.
  std::optional<int64_t> ReadNewestStep(int64_t stage, std::string_view metric);

  // By stage, the seconds of its complete attempt. One pass over the study's attempts.
  std::map<int64_t, double> ReadSecondsTaken(int64_t study);

  // The newest first, at most `most`.
  std::vector<TroubledAttempt> ReadTroubles(int64_t study, int64_t most);

 private:
  int64_t MetricNumber(std::string_view name);  // 0: the ledger has no such metric

  Database& ledger_;
  std::map<std::string, int64_t, std::less<>> metrics_;
  std::optional<Statement> next_point_, newest_point_;
};

}  // namespace upcycle
