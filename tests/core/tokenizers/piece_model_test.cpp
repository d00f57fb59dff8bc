#include "core/tokenizers/piece_model.h"

#include <gtest/gtest.h>

#include "core/tokenizers/character_map.h"
#include "core/tokenizers/piece_words.h"
#include "core/tokenizers/proto_fields.h"
#include "tests/caught_error.h"
#include "tests/core/tokenizers/piece_file.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using namespace std::string_view_literals;

TEST(ProtoFields, AreThoseOfTheMessageInTheirOrder) {
  std::vector<ProtoField> fields;
  ReadProtoFields(
      "\x08\x96\x01\x12\x03"sv
      "abc\x25\x01\x02\0\0\x29\x01\0\0\0\0\0\0\x80"sv,
      [&](const ProtoField& field) { fields.push_back(field); });
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_TRUE(fields[0].Is(1, ProtoWire::kInteger) && fields[0].integer == 150);
  EXPECT_TRUE(fields[1].Is(2, ProtoWire::kBytes) && fields[1].bytes == "abc");
  EXPECT_TRUE(fields[2].Is(4, ProtoWire::kFixed32) && fields[2].integer == 0x201);
  EXPECT_TRUE(fields[3].Is(5, ProtoWire::kFixed64) && fields[3].integer >> 63 == 1);
}

TEST(ProtoFields, OfAGroupAreLeftOut) {
  size_t fields = 0;
  ReadProtoFields("\x0B\x10\x05\x0C\x10\x06"sv, [&](const ProtoField& field) {
    ++fields;
    EXPECT_EQ(field.integer, 6u);
  });
  EXPECT_EQ(fields, 1u);
}

TEST(ProtoFields, DamagedOnesAreRefused) {
  const auto ignore = [](const ProtoField&) {};
  for (const std::string_view message :
       {"\x08"sv, "\x08\x80"sv,
        "\x12\x03"sv
        "ab"sv,
        "\x25\x01\x02\0"sv, "\x0F"sv, "\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv,
        "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv}) {
    EXPECT_EQ(CauseOf([&] { ReadProtoFields(message, ignore); }), Cause::kInput);
  }
}

TEST(PieceModel, SaysWhatItsFileSays) {
  PieceModel model;
  model.kind = PieceModel::Kind::kBpe;
  model.pieces = {{"<unk>", 0, PieceKind::kUnknown},
                  {"a", -1.5F, PieceKind::kNormal},
                  {"b", -2, PieceKind::kUnused},
                  {"<x>", 0, PieceKind::kUserDefined}};
  model.puts_space_before = false;
  model.spaces_end_words = true;
  const PieceModel read = PieceLibrary(PieceFile(model)).Model();
  EXPECT_EQ(read.kind, model.kind);
  ASSERT_EQ(read.pieces.size(), model.pieces.size());
  for (size_t i = 0; i < read.pieces.size(); ++i) {
    EXPECT_EQ(read.pieces[i].text, model.pieces[i].text);
    EXPECT_EQ(read.pieces[i].score, model.pieces[i].score);
    EXPECT_EQ(read.pieces[i].kind, model.pieces[i].kind);
  }
  EXPECT_FALSE(read.puts_space_before);
  EXPECT_TRUE(read.drops_extra_spaces);
  EXPECT_TRUE(read.spaces_end_words);
}

TEST(PieceModel, HasTheFormatsDefaultsWhereItsFileIsSilent) {
  const PieceModel read = ReadPieceModel("\x0A\x03\x0A\x01\x61"sv);
  ASSERT_EQ(read.pieces.size(), 1u);
  EXPECT_EQ(read.pieces[0].text, "a");
  EXPECT_EQ(read.pieces[0].kind, PieceKind::kNormal);
  EXPECT_EQ(read.kind, PieceModel::Kind::kUnigram);
  EXPECT_TRUE(read.puts_space_before && read.drops_extra_spaces && read.escapes_spaces);
  EXPECT_FALSE(read.spaces_end_words);
}

TEST(PieceModel, ANumberWithoutANameSaysNothing) {
  const PieceModel read = ReadPieceModel("\x0A\x05\x0A\x01\x61\x18\x09\x12\x02\x18\x05"sv);
  EXPECT_EQ(read.pieces[0].kind, PieceKind::kNormal);
  EXPECT_EQ(read.kind, PieceModel::Kind::kUnigram);
}

TEST(PieceWords, AreCutApartWhereNoPieceReachesOver) {
  const auto stay = [](std::string_view piece) {
    return StayWithinWords({{"<unk>\u2581<unk>", 0, PieceKind::kUnknown}, {std::string(piece)}});
  };
  EXPECT_TRUE(stay("\u2581a"));
  EXPECT_TRUE(stay("\u2581\u2581a"));
  EXPECT_FALSE(stay("a\u2581"));
  EXPECT_FALSE(
      stay("\u2581"
           "a\u2581"));
}

std::string NfkcMap() {
  const std::vector<std::string> lines = {"a b c d e f", "a"};
  return PieceLibrary(TrainedPieceFile({{"vocab_size", "20"}}, lines)).Model().character_map;
}

TEST(CharacterMap, AppliesTheRuleForTheLongestText) {
  const CharacterMap map(NfkcMap());
  const CharacterMap::Rule rule = map.LongestAt("e\u0301\u0301");
  EXPECT_EQ(rule.size, 3u);
  EXPECT_EQ(rule.replacement, "\u00E9");
  EXPECT_EQ(map.LongestAt("\uFB01x").replacement, "fi");
  EXPECT_EQ(map.LongestAt("x").size, 0u);
  EXPECT_TRUE(map.HasRulesFrom("e"));
  EXPECT_FALSE(map.HasRulesFrom("ex"));
  EXPECT_EQ(CharacterMap("").LongestAt("\uFB01").size, 0u);
}

TEST(CharacterMap, ThatLeadsOutOfItselfIsRefused) {
  const std::string good = NfkcMap();
  const auto refused = [](const std::string& map) {
    return Says(MessageOf([&] { CharacterMap damaged(map); }), "damaged");
  };
  EXPECT_TRUE(refused(good.substr(0, 3)));
  EXPECT_TRUE(refused(good.substr(0, 1000)));
  EXPECT_TRUE(refused(std::string(4, '\0') + good.substr(4)));
  EXPECT_TRUE(refused(std::string(9, '\xFF')));
  std::string far = good;
  far.replace(4, 4, "\xFF\xFF\xFF\x7F");  // the root's offset
  EXPECT_TRUE(refused(far));
  std::string no_text = good;
  no_text.back() = '\xFF';
  EXPECT_TRUE(refused(no_text));
}

}  // namespace
}  // namespace upcycle
