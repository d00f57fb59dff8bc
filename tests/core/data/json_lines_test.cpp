#include "core/data/json_lines.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::vector<std::string> Read(std::string_view text, const std::string& key = "text") {
  std::vector<std::string> documents;
  JsonLines(key).Visit("a.jsonl", text, [&](std::string_view d) { documents.emplace_back(d); });
  return documents;
}

std::string Refusal(std::string_view text, const std::string& key = "text") {
  return MessageOf([&] { Read(text, key); });
}

TEST(JsonLines, GivesTheTextOfEachLine) {
  EXPECT_EQ(Read("{\"text\": \"one\"}\n{\"id\": 7, \"text\": \"two\\nlines\", \"x\": [{}]}\n"),
            (std::vector<std::string>{"one", "two\nlines"}));
}

TEST(JsonLines, NeedNoLastLineEndAndMayHaveThoseOfWindows) {
  EXPECT_EQ(Read("{\"text\": \"a\"}\r\n\r\n{\"text\": \"b\"}"),
            (std::vector<std::string>{"a", "b"}));
}

TEST(JsonLines, ReadTheKeyThatIsNamed) {
  EXPECT_EQ(Read(R"({"text": "no", "body": "yes", "meta": {"body": "no"}})", "body"),
            std::vector<std::string>{"yes"});
}

TEST(JsonLines, EscapesBecomeTheirCharacters) {
  EXPECT_EQ(Read(R"({"text": "\u00e9\ud83d\ude00\/\t\u0000"})"),
            std::vector<std::string>{std::string("é😀/\t\0", 9)});
}

TEST(JsonLines, EmptyTextsAreNoDocuments) {
  EXPECT_TRUE(Read("{\"text\": \"\"}\n\n{\"text\": \"\"}\n").empty());
}

TEST(JsonLines, AFaultyLineIsNamedByItsNumber) {
  EXPECT_EQ(Refusal("{\"text\": \"a\"}\n\n{\"text\": \"b\"\n"),
            "a.jsonl:3: the line is not JSON at its byte 13");
  EXPECT_TRUE(Says(Refusal("{\"text\": \"b\"} x\n"), "a.jsonl:1: the line is not JSON"));
  EXPECT_TRUE(Says(Refusal("\"text\"\n"), "is a text and not an object"));
  EXPECT_TRUE(Says(Refusal("[{\"text\": \"a\"}]\n"), "is a list and not an object"));
}

TEST(JsonLines, ALineWithoutTheTextIsRefused) {
  EXPECT_TRUE(Says(Refusal("{\"content\": \"a\"}"), "has no \"text\"; text_key names the key"));
  EXPECT_TRUE(Says(Refusal("{\"text\": null}"), "has null under \"text\""));
  EXPECT_TRUE(Says(Refusal("{\"text\": [\"a\"]}"), "has a list under \"text\""));
  EXPECT_TRUE(Says(Refusal("{\"text\": {\"text\": \"a\"}}"), "has an object under \"text\""));
  EXPECT_TRUE(Says(Refusal(R"({"text": "a", "text": "b"})"), "has \"text\" twice"));
}

TEST(JsonLines, WhatIsNotUnicodeIsRefused) {
  EXPECT_EQ(Refusal("{\"text\": \"ok\"}\n{\"text\": \"caf\xE9\"}\n"),
            "a.jsonl:2: the line is not UTF-8 (its byte 14 is 0xE9)");
  EXPECT_TRUE(Says(Refusal(R"({"text": "\ud83d"})"), "half of a surrogate pair"));
}

TEST(JsonLines, DeepNestingIsPassedOver) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  EXPECT_EQ(Read("{\"x\": " + deep + ", \"text\": \"a\"}"), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace upcycle
