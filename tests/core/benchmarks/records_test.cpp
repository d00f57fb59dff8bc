#include "core/benchmarks/records.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::vector<std::string> NamesOf(std::string_view text) {
  std::vector<std::string> names;
  ForEachRecord(text, "x.jsonl", [&](const Record& record, const Fingerprint&) {
    names.push_back(record.Text("name"));
  });
  return names;
}

std::string Refused(std::string_view text) {
  return MessageOf([&] { NamesOf(text); });
}

const std::vector<std::string> kTwo = {"a", "b"};

TEST(Records, AreLines) {
  EXPECT_EQ(NamesOf("{\"name\": \"a\"}\n{\"name\": \"b\"}\n"), kTwo);
  EXPECT_EQ(NamesOf("{\"name\": \"a\"}\r\n\n  {\"name\": \"b\"}"), kTwo);
  EXPECT_EQ(NamesOf(""), std::vector<std::string>{});
}

TEST(Records, AreAnArray) {
  EXPECT_EQ(NamesOf("[{\"name\": \"a\"}, {\"name\": \"b\"}]"), kTwo);
  EXPECT_EQ(NamesOf(" [\n]\n"), std::vector<std::string>{});
  EXPECT_EQ(NamesOf("[{\"name\": \"],\\\"}\"}]"), std::vector<std::string>{"],\"}"});
}

TEST(Records, OfTheSameTextHaveTheSameFingerprint) {
  std::vector<Fingerprint> prints;
  ForEachRecord("{\"n\": 1}\n {\"n\": 1} \n{\"n\": 2}\n", "x",
                [&](const Record&, const Fingerprint& print) { prints.push_back(print); });
  EXPECT_EQ(prints[0], prints[1]);
  EXPECT_NE(prints[0], prints[2]);
}

TEST(Records, ThatAreNoJsonAreRefusedWithTheirLine) {
  EXPECT_TRUE(
      Says(Refused("{\"name\": \"a\"}\n\n{\"name\": \n"), "x.jsonl:3: not a record in JSON"));
  EXPECT_TRUE(Says(Refused("[{\"name\": \"a\"},\n{\"name\"}]"), "x.jsonl:2: not a record in JSON"));
  EXPECT_TRUE(Says(Refused("[\n{\"name\": \"a\"}\n,\n]"), "x.jsonl:4: not a record in JSON"));
  EXPECT_TRUE(Says(Refused("{\"name\": \"\xff\"}"), "x.jsonl:1: not a record in JSON"));
}

TEST(Records, ThatAreNoObjectsAreRefused) {
  EXPECT_TRUE(Says(Refused("{\"name\": \"a\"}\n3\n"), "x.jsonl:2: expected a record in braces"));
}

TEST(Records, OfAnArrayThatIsCutOffAreRefused) {
  EXPECT_TRUE(Says(Refused("[{\"name\": \"a\"},\n{\"name\": \"b\"}"), "is never closed"));
  EXPECT_TRUE(Says(Refused("[{\"name\": \"a"), "is never closed"));
  EXPECT_TRUE(Says(Refused("[{\"name\": \"a\"}]\nmore"), "text behind the array"));
}

TEST(Records, SayWhichFieldIsMissingOrOfAnotherType) {
  EXPECT_TRUE(
      Says(Refused("{\"nam\": 1, \"n\": 2}"), "x.jsonl:1: no field \"name\" among: nam, n"));
  EXPECT_TRUE(Says(Refused("{\"name\": 1}"), "x.jsonl:1: \"name\" is number; expected a string"));
}

TEST(Records, WithAFieldTwiceAreRefused) {
  EXPECT_TRUE(Says(Refused("{\"name\": \"a\", \"x\": {\"b\": 1, \"b\": 2}}"),
                   "x.jsonl:1: the field \"b\" stands twice in one object"));
}

TEST(Records, OfTooManyFieldsAreRefused) {
  std::string text = "{\"name\": \"a\"";
  for (int i = 0; i < 2000; ++i) text += ", \"" + std::to_string(i) + "\": 0";
  EXPECT_TRUE(Says(Refused(text + "}"), "more than 1000 fields"));
}

TEST(Records, OfDeepNestingAreReadOrRefused) {
  const std::string deep(100'000, '[');
  EXPECT_TRUE(Says(Refused("{\"name\": " + deep), "not a record in JSON"));
}

TEST(Records, WithAnyByteChangedAreReadOrRefused) {
  const std::string_view text =
      "[{\"name\": \"a\", \"b\": [1, {\"c\": \"\\n\"}]},\n {\"name\": \"d\"}]";
  const RandomStream stream(1, "records/bytes");
  for (uint64_t i = 0; i < 3000; ++i) {
    std::string changed(text);
    changed[stream.Below(2 * i, text.size())] = static_cast<char>(stream.Below(2 * i + 1, 256));
    try {
      NamesOf(changed);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput) << changed;
    }
  }
}

}  // namespace
}  // namespace upcycle
