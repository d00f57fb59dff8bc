#include "results/ledger/root_table.h"

namespace upcycle {
namespace {

// NULLs are never equal to one another, and a scope is one row.
std::string SeedText(const HoldScope& scope) {
  return scope.seed ? std::to_string(*scope.seed) : "";
}

}  // namespace

RootTable::RootTable(Database& ledger)
    : start_(ledger.Prepare("INSERT OR REPLACE INTO launch (number, study, started, host, pid, "
                            "command_line, provenance) VALUES (?, ?, ?, ?, ?, ?, ?)")),
      end_(ledger.Prepare("UPDATE launch SET outcome = ?, ended = ? WHERE number = ?")),
      set_(ledger.Prepare("INSERT OR REPLACE INTO hold (study, arm, seed, kind, set_by, set_at) "
                          "VALUES (?, ?, ?, ?, ?, ?)")),
      lift_(ledger.Prepare("DELETE FROM hold WHERE study = ? AND arm = ? AND seed = ?")),
      last_(ledger.Prepare("SELECT coalesce(max(number), 0) FROM launch")),
      offset_(ledger.Prepare("SELECT journal_offset FROM root")),
      set_offset_(ledger.Prepare("UPDATE root SET journal_offset = ?")) {}

void RootTable::Start(const LaunchStart& launch) {
  start_
      .Bind(launch.launch, launch.study, launch.time, launch.host, launch.pid, launch.command_line,
            launch.provenance)
      .Run();
}

void RootTable::End(const LaunchEnd& launch) {
  end_.Bind(launch.outcome, launch.time, launch.launch).Run();
}

void RootTable::Set(const HoldSet& hold) {
  set_.Bind(hold.scope.study, hold.scope.arm, SeedText(hold.scope), NameOf(hold.kind), hold.by,
            hold.time)
      .Run();
}

void RootTable::Lift(const HoldLifted& hold) {
  lift_.Bind(hold.scope.study, hold.scope.arm, SeedText(hold.scope)).Run();
}

int64_t RootTable::LastLaunch() {
  last_.Bind();
  last_.Step();
  const int64_t number = last_.Int(0);
  last_.Reset();
  return number;
}

uint64_t RootTable::Offset() {
  offset_.Bind();
  offset_.Step();
  const auto offset = static_cast<uint64_t>(offset_.Int(0));
  offset_.Reset();
  return offset;
}

void RootTable::SetOffset(uint64_t offset) { set_offset_.Bind(offset).Run(); }

}  // namespace upcycle
