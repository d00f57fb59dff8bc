// What LedgerReader reads of studies as they were recorded, of launches and of holds.

#include "results/ledger/ledger_reader.h"
#include "results/ledger/stored_value.h"

namespace upcycle {
namespace {

HoldSet HoldFromRow(const Statement& row) {
  return ReadStored(row, [&] {
    HoldSet hold = {.scope = {.study = row.Text(0), .arm = row.Text(1)},
                    .kind = ValueNamed<HoldKind>(row.Text(3)).value(),
                    .by = row.Text(4)};
    if (const std::string seed = row.Text(2); !seed.empty()) hold.scope.seed = std::stoll(seed);
    if (!row.IsNull(5)) hold.time = row.Real(5);
    return hold;
  });
}

}  // namespace

StudyRecord LedgerReader::ReadStudyRecord(std::string_view name) {
  const StudyFacts facts = ReadStudy(name);
  StudyRecord study = {.name = facts.name,
                       .description = facts.description,
                       .recipe = ReadRecipe(facts),
                       .metric = facts.metric,
                       .preference = facts.preference,
                       .baseline = facts.baseline,
                       .matched_on = facts.matched_on,
                       .table = facts.table,
                       .stages = {},
                       .arms = {}};
  Statement inputs = ledger_.Prepare(
      "SELECT fingerprint FROM stage_input JOIN stage ON stage.id = stage_input.input "
      "WHERE stage_input.stage = ? ORDER BY fingerprint");
  for (const StageFacts& stage : facts.stages) {
    StageRecord record = {stage.fingerprint, stage.kind, ReadStageSettings(stage.id), {}};
    inputs.Bind(stage.id);
    while (inputs.Step()) record.inputs.push_back(Fingerprint::FromHex(inputs.Text(0)));
    study.stages.push_back(std::move(record));
  }
  for (const ArmFacts& arm : facts.arms) {
    ArmRecord record = {arm.name, arm.changes, arm.settings, arm.cost, {}};
    for (const RunFacts& run : arm.runs) {
      RunRecord its_stages = {.seed = run.seed, .stages = {}};
      for (const auto& [place, stage] : run.stages) {
        its_stages.stages[place] = facts.stages[stage].fingerprint;
      }
      record.runs.push_back(std::move(its_stages));
    }
    study.arms.push_back(std::move(record));
  }
  return study;
}

std::vector<LaunchFacts> LedgerReader::ReadLaunches(std::string_view study) {
  std::vector<LaunchFacts> launches;
  Statement rows = ledger_.Prepare(
      "SELECT number, study, host, pid, command_line, provenance, started, outcome, ended "
      "FROM launch WHERE study = ? ORDER BY number");
  rows.Bind(study);
  while (rows.Step()) {
    LaunchFacts launch = {.start = {.launch = rows.Int(0),
                                    .study = rows.Text(1),
                                    .host = rows.Text(2),
                                    .pid = rows.Int(3),
                                    .command_line = rows.Text(4),
                                    .provenance = rows.Text(5)},
                          .end = std::nullopt};
    if (!rows.IsNull(6)) launch.start.time = rows.Real(6);
    if (!rows.IsNull(8)) launch.end = {rows.Int(0), rows.Text(7), rows.Real(8)};
    launches.push_back(std::move(launch));
  }
  return launches;
}

std::set<int64_t> LedgerReader::ReadStagesOfLastLaunch(std::string_view study) {
  std::set<int64_t> stages;
  Statement rows = ledger_.Prepare(
      "SELECT DISTINCT stage FROM attempt "
      "WHERE launch = (SELECT max(number) FROM launch WHERE study = ?)");
  rows.Bind(study);
  while (rows.Step()) stages.insert(rows.Int(0));
  return stages;
}

std::vector<HoldSet> LedgerReader::ReadHolds() {
  std::vector<HoldSet> holds;
  Statement rows = ledger_.Prepare(
      "SELECT study, arm, seed, kind, set_by, set_at FROM hold ORDER BY study, arm, seed");
  while (rows.Step()) holds.push_back(HoldFromRow(rows));
  return holds;
}

}  // namespace upcycle
