#include "core/journal.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using Records = std::vector<JournalRecord>;

Records ReadAll(const fs::path& path) {
  JournalReader reader(path);
  Records all;
  while (true) {
    const Records records = reader.ReadNext();
    if (records.empty()) return all;
    all.insert(all.end(), records.begin(), records.end());
  }
}

// Three points of two metrics around an event, and the offset behind each record.
struct Sample {
  TemporaryFolder folder;
  fs::path path = folder / "journal";
  Records records = {
      JournalPoint{"train/loss", 0, 6.25},
      JournalEvent{R"({"event":"started"})"},
      JournalPoint{"moe/load_entropy", 0, 0.5},
      JournalPoint{"train/loss", 1, 6.125},
  };
  std::vector<uint64_t> ends;
  std::string bytes;

  Sample() {
    JournalWriter writer(path);
    for (const JournalRecord& record : records) {
      Write(writer, record);
      writer.Flush();
      ends.push_back(fs::file_size(path));
    }
    bytes = ReadTextFile(path);
  }

  static void Write(JournalWriter& writer, const JournalRecord& record) {
    if (const auto* point = std::get_if<JournalPoint>(&record)) {
      writer.Point(point->metric, point->step, point->value);
    } else {
      writer.Event(nlohmann::json::parse(std::get<JournalEvent>(record).json));
    }
  }

  // The records that lie whole within the first `size` bytes.
  Records Within(uint64_t size) const {
    Records whole;
    for (size_t i = 0; i < records.size() && ends[i] <= size; ++i) whole.push_back(records[i]);
    return whole;
  }
};

TEST(Journal, GivesBackWhatWasWrittenInItsOrder) {
  const Sample sample;
  EXPECT_EQ(ReadAll(sample.path), sample.records);
}

TEST(Journal, KeepsEveryBitOfAValue) {
  TemporaryFolder folder;
  const double values[] = {-0.0, std::numeric_limits<double>::denorm_min(),
                           std::numeric_limits<double>::infinity(), 0.1};
  {
    JournalWriter writer(folder / "journal");
    for (int64_t i = 0; i < 4; ++i) writer.Point("x", i - 2, values[i]);
    writer.Point("x", std::numeric_limits<int64_t>::max(), std::nan(""));
  }
  const Records records = ReadAll(folder / "journal");
  ASSERT_EQ(records.size(), 5u);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(records[i], JournalRecord(JournalPoint{"x", i - 2, values[i]}));
  }
  EXPECT_TRUE(std::signbit(std::get<JournalPoint>(records[0]).value));
  EXPECT_TRUE(std::isnan(std::get<JournalPoint>(records[4]).value));
  EXPECT_EQ(std::get<JournalPoint>(records[4]).step, std::numeric_limits<int64_t>::max());
}

TEST(Journal, HasTheBytesThatItsFormatPromises) {
  const Sample sample;
  EXPECT_EQ(sample.bytes.substr(0, 8), "UPJRNL01");
  // The definition of train/loss: 9 bytes of header, an id, the name; then the point itself.
  EXPECT_EQ(sample.ends[0], 8u + (9 + 8 + 10) + (9 + 24));
  EXPECT_EQ(sample.bytes.substr(8 + 9 + 8, 10), "train/loss");
  // The second point of a known metric needs no definition.
  EXPECT_EQ(sample.ends[3] - sample.ends[2], 9u + 24);
}

TEST(Journal, ContinuesBehindWhatIsThere) {
  Sample sample;
  { JournalWriter(sample.path).Point("train/loss", 2, 6.0); }
  sample.records.push_back(JournalPoint{"train/loss", 2, 6.0});
  EXPECT_EQ(ReadAll(sample.path), sample.records);
}

TEST(Journal, SurvivesATornTailAtEveryByte) {
  const Sample sample;
  for (size_t cut = 0; cut <= sample.bytes.size(); ++cut) {
    const fs::path path = sample.folder / "cut";
    Put(path, std::string_view(sample.bytes).substr(0, cut));
    Records expected = sample.Within(cut);
    ASSERT_EQ(ReadAll(path), expected) << "cut at byte " << cut;

    { JournalWriter(path).Point("validation/loss", 9, 5.5); }
    expected.push_back(JournalPoint{"validation/loss", 9, 5.5});
    ASSERT_EQ(ReadAll(path), expected) << "cut at byte " << cut << " and continued";
  }
}

TEST(Journal, TakesZerosBehindItsRecordsForATornTail) {
  const Sample sample;
  Put(sample.path, sample.bytes + std::string(5000, '\0'));
  EXPECT_EQ(ReadAll(sample.path), sample.records);
  { JournalWriter writer(sample.path); }
  EXPECT_EQ(ReadTextFile(sample.path), sample.bytes);
}

TEST(Journal, RefusesDamageInItsMiddleAtEveryByteAndLeavesTheFileAlone) {
  const Sample sample;
  for (size_t at = 8; at < sample.ends[2]; ++at) {
    std::string damaged = sample.bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const fs::path path = sample.folder / "damaged";
    Put(path, damaged);

    JournalReader reader(path);
    const Records before = sample.Within(at);
    if (!before.empty()) {
      ASSERT_EQ(reader.ReadNext(), before) << "byte " << at;
    }
    ASSERT_TRUE(Says(MessageOf([&] { reader.ReadNext(); }), "damaged at byte")) << "byte " << at;

    ASSERT_EQ(CauseOf([&] { JournalWriter writer(path); }), Cause::kInput) << "byte " << at;
    ASSERT_EQ(ReadTextFile(path), damaged) << "byte " << at;
  }
}

TEST(Journal, RefusesAForeignFileAndLeavesItAlone) {
  TemporaryFolder folder;
  for (const char* text : {"name: a recipe\n", "hello", "UPJRNL99 and more", "UPX"}) {
    Put(folder / "foreign", text);
    EXPECT_EQ(CauseOf([&] { ReadAll(folder / "foreign"); }), Cause::kInput) << text;
    EXPECT_EQ(CauseOf([&] { JournalWriter writer(folder / "foreign"); }), Cause::kInput) << text;
    EXPECT_EQ(ReadTextFile(folder / "foreign"), text);
  }
}

TEST(Journal, AcceptsTextThatIsNotUtf8) {
  TemporaryFolder folder;
  { JournalWriter(folder / "journal").Event({{"event", "failed"}, {"message", "caf\xe9.txt"}}); }
  const Records records = ReadAll(folder / "journal");
  ASSERT_EQ(records.size(), 1u);
  const auto event = nlohmann::json::parse(std::get<JournalEvent>(records[0]).json);
  EXPECT_EQ(event["message"], "caf\xef\xbf\xbd.txt");
}

TEST(JournalWriter, HoldsBackNothingAfterAFlush) {
  TemporaryFolder folder;
  const int status = StatusOfChild([&]() -> int {
    JournalWriter writer(folder / "journal");
    writer.Point("train/loss", 0, 1);
    writer.Flush();
    writer.Point("train/loss", 1, 2);
    _exit(0);  // as a kill does: nothing is destroyed
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadAll(folder / "journal"), Records{(JournalPoint{"train/loss", 0, 1})});
}

TEST(JournalWriter, FlushesWhenMuchHasGathered) {
  TemporaryFolder folder;
  JournalWriter writer(folder / "journal");
  for (int i = 0; i < 10000; ++i) writer.Point("train/loss", i, 1);
  EXPECT_GE(ReadAll(folder / "journal").size(), 7000u);
}

TEST(JournalWriter, KeepsWholeFramesOnAFullDiskAndContinuesWhenThereIsSpace) {
  TemporaryFolder folder;
  const fs::path path = folder / "journal";
  JournalWriter writer(path);
  Records expected;
  const auto add = [&](int64_t step) {
    writer.Point("train/loss", step, 0.5);
    expected.push_back(JournalPoint{"train/loss", step, 0.5});
  };
  add(0);
  writer.Flush();
  const Records before = expected;
  {
    const FileSizeLimit full(fs::file_size(path) + 50);  // one more frame and a half
    for (int64_t step = 1; step < 4; ++step) add(step);
    EXPECT_EQ(CauseOf([&] { writer.Flush(); }), Cause::kDisk);
    EXPECT_EQ(ReadAll(path), before);
    EXPECT_EQ(CauseOf([&] { writer.Flush(); }), Cause::kDisk);
  }
  add(4);
  writer.Flush();
  EXPECT_EQ(ReadAll(path), expected);
}

TEST(JournalWriter, CanBeReopenedAfterAFullDisk) {
  TemporaryFolder folder;
  const fs::path path = folder / "journal";
  {
    const FileSizeLimit full(100);
    JournalWriter writer(path);
    for (int64_t step = 0; step < 5; ++step) writer.Point("train/loss", step, 0.5);
    EXPECT_EQ(CauseOf([&] { writer.Sync(); }), Cause::kDisk);
  }
  { JournalWriter(path).Point("train/loss", 7, 0.5); }
  EXPECT_EQ(ReadAll(path), Records{(JournalPoint{"train/loss", 7, 0.5})});
}

TEST(JournalWriter, BlamesTheDiskWhereNothingFits) {
  TemporaryFolder folder;
  const FileSizeLimit full(3);
  EXPECT_EQ(CauseOf([&] { JournalWriter writer(folder / "journal"); }), Cause::kDisk);
}

TEST(JournalWriter, BlamesTheInputForAMissingFolder) {
  EXPECT_EQ(CauseOf([] { JournalWriter writer("/nonexistent/journal"); }), Cause::kInput);
}

TEST(JournalReader, WaitsForAFileThatIsNotThereYet) {
  TemporaryFolder folder;
  JournalReader reader(folder / "journal");
  EXPECT_TRUE(reader.ReadNext().empty());
  { JournalWriter(folder / "journal").Point("train/loss", 0, 1); }
  EXPECT_EQ(reader.ReadNext(), Records{(JournalPoint{"train/loss", 0, 1})});
}

TEST(JournalReader, ReturnsEachRecordOnceWhileTheFileGrowsByteByByte) {
  const Sample sample;
  const fs::path path = sample.folder / "growing";
  JournalReader reader(path);
  Records seen;
  for (size_t size = 0; size <= sample.bytes.size(); ++size) {
    Put(path, std::string_view(sample.bytes).substr(0, size));
    for (JournalRecord& record : reader.ReadNext()) seen.push_back(std::move(record));
    ASSERT_EQ(seen, sample.Within(size)) << size << " bytes";
  }
  EXPECT_EQ(reader.offset(), sample.bytes.size());
}

TEST(JournalReader, FollowsAWriterInAnotherProcess) {
  TemporaryFolder folder;
  constexpr int64_t kPoints = 20000;
  const pid_t child = fork();
  if (child == 0) {
    JournalWriter writer(folder / "journal");
    for (int64_t step = 0; step < kPoints; ++step) {
      writer.Point("train/loss", step, 1.0 / static_cast<double>(step + 1));
      if (step % 100 == 0) writer.Flush();
    }
    writer.Flush();
    _exit(0);
  }
  JournalReader reader(folder / "journal");
  int64_t next = 0;
  bool in_order = true, writing = true;
  while (true) {
    const Records records = reader.ReadNext(4096);
    if (records.empty() && !writing) break;
    for (const JournalRecord& record : records) {
      const JournalPoint expected{"train/loss", next, 1.0 / static_cast<double>(next + 1)};
      in_order = in_order && record == JournalRecord(expected);
      ++next;
    }
    if (writing && records.empty()) writing = waitpid(child, nullptr, WNOHANG) == 0;
  }
  EXPECT_TRUE(in_order);
  EXPECT_EQ(next, kPoints);
}

TEST(JournalReader, ReadsInPiecesOfAboutTheSizeAskedFor) {
  const Sample sample;
  JournalReader reader(sample.path);
  Records seen;
  for (size_t call = 0; call < sample.records.size(); ++call) {
    const Records records = reader.ReadNext(1);
    EXPECT_EQ(records.size(), 1u);
    seen.insert(seen.end(), records.begin(), records.end());
  }
  EXPECT_EQ(seen, sample.records);
}

TEST(JournalReader, ReadsARecordLargerThanThePieceAskedFor) {
  TemporaryFolder folder;
  const std::string text(100000, 'x');
  { JournalWriter(folder / "journal").Event({{"event", text}}); }
  JournalReader reader(folder / "journal");
  EXPECT_EQ(reader.ReadNext(10).size(), 1u);
}

TEST(JournalReader, ContinuesAtEveryEarlierOffsetAsIfItHadReadOn) {
  const Sample sample;
  for (size_t i = 0; i < sample.ends.size(); ++i) {
    JournalReader reader(sample.path);
    reader.SkipTo(sample.ends[i]);
    EXPECT_EQ(reader.offset(), sample.ends[i]);
    EXPECT_EQ(reader.ReadNext(),
              Records(sample.records.begin() + static_cast<long>(i) + 1, sample.records.end()));
  }
}

TEST(JournalReader, StopsShortOfAnOffsetThatTheFileDoesNotReach) {
  const Sample sample;
  JournalReader reader(sample.path);
  reader.SkipTo(sample.bytes.size() + 1000);
  EXPECT_EQ(reader.offset(), sample.bytes.size());
}

TEST(JournalReader, RefusesAnOffsetInsideARecord) {
  const Sample sample;
  EXPECT_EQ(CauseOf([&] { JournalReader(sample.path).SkipTo(sample.ends[0] + 5); }), Cause::kInput);
}

TEST(JournalReader, StaysAliveWhenATornTailIsCutUnderIt) {
  const Sample sample;
  Put(sample.path, sample.bytes + std::string(100000, 'x'));
  JournalReader reader(sample.path);
  EXPECT_EQ(reader.ReadNext(), sample.records);
  { JournalWriter(sample.path).Point("train/loss", 2, 6.0); }
  EXPECT_EQ(reader.ReadNext(), Records{(JournalPoint{"train/loss", 2, 6.0})});
}

TEST(JournalReader, BlamesTheDiskForAFileThatMayNotBeRead) {
  const Sample sample;
  fs::permissions(sample.folder.path(), fs::perms::all);
  fs::permissions(sample.path, fs::perms::none);
  const Unprivileged user;
  EXPECT_EQ(CauseOf([&] { ReadAll(sample.path); }), Cause::kDisk);
}

}  // namespace
}  // namespace upcycle
