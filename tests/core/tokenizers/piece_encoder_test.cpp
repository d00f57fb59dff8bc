// Our tokens are those of the sentencepiece library, for models that it trains, for made-up ones
// and for whatever text.
#include "core/tokenizers/piece_encoder.h"

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "core/files.h"
#include "core/random.h"
#include "core/tokenizers/bpe_text.h"
#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/core/tokenizers/piece_file.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using Options = std::map<std::string, std::string>;

// Numbers one after the other.
class Draw {
 public:
  Draw(uint64_t number, std::string_view name) : stream_(number, name) {}
  size_t Below(size_t bound) { return stream_.Below(index_++, bound); }
  bool OneIn(size_t many) { return Below(many) == 0; }
  template <typename Choices>
  const auto& Of(const Choices& choices) {
    return choices[Below(std::size(choices))];
  }

 private:
  RandomStream stream_;
  uint64_t index_ = 0;
};

constexpr std::array<std::string_view, 12> kLines = {
    "The miller and the river, and the miller's daughter by the river.",
    "the quick brown fox jumps over the lazy dog; then the dog jumps over the fox",
    "There were 12 feet of water in 1984, and 1,024 in the other year (or more).",
    "  two  spaces   and three, and\ttabs ",
    "Caf\u00E9 na\u00EFve r\u00E9sum\u00E9 \u2014 \u201Cquoted\u201D \u2026",
    "e\u0301 and \u00E9, \uFF21\uFF22\uFF23 \uFB01ne \u2460\u2461 \u3000wide\u00A0space",
    "\u4F60\u597D\uFF0C\u4E16\u754C\u3002\u65E5\u672C\u8A9E\u306E\u30C6\u30AD\u30B9\u30C8",
    "\u041F\u0440\u0438\u0432\u0435\u0442, \u043C\u0438\u0440! \u0439\u0438\u0306",
    "\U0001F600\U0001F601 smile \U0001F600",
    "aaaaaaaaaaaaaaaaaaaaaa ------------- ........ ____________",
    "int main() { return 0; }  // <x> and <extra> in code",
    "x\u2581y \u2581 z \u2581\u2581",
};

std::vector<std::string> Lines() {
  std::vector<std::string> lines;
  for (int i = 0; i < 3; ++i) lines.insert(lines.end(), kLines.begin(), kLines.end());
  return lines;
}

// Up to 60 parts of lines, single characters, spaces, names of tokens, and bytes that are no text.
std::string MadeUpText(Draw& draw) {
  constexpr std::array<std::string_view, 27> kParts = {" ",
                                                       "  ",
                                                       "\u2581",
                                                       "\n",
                                                       "\t",
                                                       std::string_view("\0", 1),
                                                       "\x01",
                                                       "\xFF",
                                                       "\xE2\x96",
                                                       "\xC3",
                                                       "\xED\xA0\x80",
                                                       "\xC0\x80",
                                                       "\xF4\x90\x80\x80",
                                                       "a",
                                                       "aa",
                                                       "<x>",
                                                       "<extra>",
                                                       "<0x41>",
                                                       "</s>",
                                                       "<unk>",
                                                       "\u0301",
                                                       "\uFF21",
                                                       "\u00A0",
                                                       "\U0001F9E0",
                                                       "\u0439",
                                                       "\u2603",
                                                       "\u3000"};
  std::string text;
  for (size_t parts = draw.Below(60); parts > 0; --parts) {
    if (draw.OneIn(2)) {
      const std::string_view part = draw.Of(kParts);
      for (size_t times = draw.OneIn(20) ? draw.Below(300) : 1; times > 0; --times) text += part;
      continue;
    }
    const std::string_view line = draw.Of(kLines);
    const size_t begin = draw.Below(line.size());
    text += line.substr(begin, draw.Below(12));
  }
  return text;
}

// Encodes with what an earlier text has left in the memory.
class Ours {
 public:
  explicit Ours(const PieceModel& model) : encoder_(PieceEncoder::For(model)) {}
  const PieceEncoder* encoder() const { return encoder_.get(); }

  // Empty-handed where the text is left to the library.
  std::optional<std::vector<int32_t>> Tokens(std::string_view text) {
    std::vector<int32_t> tokens;
    if (!encoder_->Encode(text, memory_, tokens)) return std::nullopt;
    return tokens;
  }

 private:
  std::unique_ptr<const PieceEncoder> encoder_;
  PieceMemory memory_;
};

struct Trained {
  const char* name;
  Options options;
};

void PrintTo(const Trained& trained, std::ostream* out) { *out << trained.name; }

class TrainedPieces : public testing::TestWithParam<std::tuple<const char*, Trained>> {
 protected:
  static std::string File() {
    const auto& [type, trained] = GetParam();
    Options options = trained.options;
    options["model_type"] = type;
    options.emplace("vocab_size", options.contains("byte_fallback") ? "520" : "260");
    return TrainedPieceFile(options, Lines());
  }
};

TEST_P(TrainedPieces, MakeTheLibrarysTokens) {
  const PieceLibrary library(File());
  Ours ours(library.Model());
  ASSERT_NE(ours.encoder(), nullptr);
  for (const std::string_view line : kLines) EXPECT_EQ(ours.Tokens(line), library.Tokens(line));
  for (uint64_t number = 0; number < 400; ++number) {
    Draw draw(number, "tests/trained_pieces");
    const std::string text = MadeUpText(draw);
    EXPECT_EQ(ours.Tokens(text), library.Tokens(text)) << "text " << number << ": " << text;
  }
}

TEST_P(TrainedPieces, MakeTheLibrarysTokensOfALongText) {
  const PieceLibrary library(File());
  Ours ours(library.Model());
  std::string text;
  Draw draw(1, "tests/long_text");
  while (text.size() < 100'000) text += MadeUpText(draw);
  EXPECT_EQ(ours.Tokens(text), library.Tokens(text));
}

const Trained kTrained[] = {
    {"nmt_nfkc", {}},
    {"nfkc_folded", {{"normalization_rule_name", "nfkc_cf"}}},
    {"identity", {{"normalization_rule_name", "identity"}}},
    {"bytes", {{"byte_fallback", "true"}, {"character_coverage", "0.98"}}},
    {"unknown", {{"character_coverage", "0.98"}}},
    {"all_spaces", {{"remove_extra_whitespaces", "false"}}},
    {"nothing_before", {{"add_dummy_prefix", "false"}}},
    {"as_it_is",
     {{"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"normalization_rule_name", "identity"}}},
    {"spaces_alone",
     {{"allow_whitespace_only_pieces", "true"}, {"remove_extra_whitespaces", "false"}}},
    {"spaces_behind", {{"treat_whitespace_as_suffix", "true"}}},
    {"spaces_behind_all",
     {{"treat_whitespace_as_suffix", "true"}, {"remove_extra_whitespaces", "false"}}},
    {"pieces_of_several_words", {{"split_by_whitespace", "false"}}},
    {"user_defined", {{"user_defined_symbols", "<x>,<extra>,\u2581\u2581,aa,aaa,\u4F60"}}},
    {"user_defined_over_words",
     {{"user_defined_symbols", "r\u2581and,\u2581the\u2581,e "},
      {"remove_extra_whitespaces", "false"}}},
};

std::string NameOf(const testing::TestParamInfo<TrainedPieces::ParamType>& info) {
  return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, TrainedPieces,
                         testing::Combine(testing::Values("bpe", "unigram"),
                                          testing::ValuesIn(kTrained)),
                         NameOf);

// The maps of rules that made-up models have: none, the library's own, and one with spaces in it.
std::vector<std::string> CharacterMaps() {
  const TemporaryFolder folder;
  const fs::path rules = Put(folder / "rules.tsv",
                             "61 20 62\t63\n"       // "a b" to "c"
                             "E9\t20 20 61 20\n"    // "é" to "  a "
                             "2603\t\n"             // "☃" to nothing
                             "62 63\t20\n"          // "bc" to a space
                             "20 20 20\t20 2581\n"  // three spaces to one and U+2581
                             "61 61 61 61\t61\n");
  std::vector<std::string> maps = {""};
  for (const Options& options : {Options{}, Options{{"normalization_rule_name", "nmt_nfkc_cf"}},
                                 Options{{"normalization_rule_tsv", rules.native()}}}) {
    Options all = options;
    all["vocab_size"] = "200";
    maps.push_back(PieceLibrary(TrainedPieceFile(all, Lines())).Model().character_map);
  }
  return maps;
}

constexpr std::array<std::string_view, 11> kCharacters = {
    "a", "a", "b", "c", "\u2581", "\u2581", " ", "\u00E9", "\u4F60", "\U0001F600", "\u2603"};

std::string MadeUpWord(Draw& draw, size_t most) {
  std::string word;
  for (size_t left = 1 + draw.Below(most); left > 0; --left) word += draw.Of(kCharacters);
  return word;
}

// With its U+2581 before all else, or behind it.
std::string WithSpacesAt(bool begin, std::string_view word) {
  std::string spaces, others;
  while (!word.empty()) {
    const bool space = word.starts_with(kEscapedSpace);
    const size_t bytes = space ? kEscapedSpace.size() : 1;
    (space ? spaces : others) += word.substr(0, bytes);
    word.remove_prefix(bytes);
  }
  return begin ? spaces + others : others + spaces;
}

// Pieces of a few characters, with many ties, in which characters and joints may be missing.
PieceModel MadeUpModel(Draw& draw, const std::vector<std::string>& maps) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr std::array<float, 9> kUsual = {-1, -2, -2, -2.5, -3, 0, 0.1F, -0.1F, -7.77F};
  constexpr std::array<float, 6> kExtreme = {kInfinity, -kInfinity, -0.0F, 3e38F, -3e38F, 1e-30F};
  PieceModel model;
  model.kind = draw.OneIn(2) ? PieceModel::Kind::kBpe : PieceModel::Kind::kUnigram;
  model.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"</s>", 0, PieceKind::kControl}};
  if (draw.OneIn(2)) {
    for (int byte = 0; byte < 256; ++byte) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      const std::string name = {'<', '0', 'x', kDigits[byte / 16u], kDigits[byte % 16u], '>'};
      model.pieces.push_back({name, 0, PieceKind::kByte});
    }
  }
  std::set<std::string> known;
  const bool has_unused = draw.OneIn(3), has_user_defined = draw.OneIn(2);
  const bool has_extreme = draw.OneIn(6);
  const size_t shape = draw.Below(3);
  for (size_t left = 1 + draw.Below(60); left > 0; --left) {
    Piece piece = {MadeUpWord(draw, 5), draw.Of(kUsual)};
    if (has_extreme && draw.OneIn(3)) piece.score = draw.Of(kExtreme);
    if (shape > 0) piece.text = WithSpacesAt(shape == 1, piece.text);
    if (draw.OneIn(3)) piece.score = -static_cast<float>(draw.Below(1'000'000)) / 99'991;
    if (has_unused && draw.OneIn(10)) piece.kind = PieceKind::kUnused;
    if (has_user_defined && draw.OneIn(10)) piece.kind = PieceKind::kUserDefined;
    if (known.insert(piece.text).second) model.pieces.push_back(piece);
  }
  model.character_map = draw.Of(maps);
  model.puts_space_before = draw.OneIn(2);
  model.drops_extra_spaces = draw.OneIn(2);
  model.escapes_spaces = !draw.OneIn(5);
  model.spaces_end_words = draw.OneIn(5);
  return model;
}

TEST(MadeUpPieces, MakeTheLibrarysTokens) {
  const std::vector<std::string> maps = CharacterMaps();
  size_t left_to_library = 0, made = 0;
  for (uint64_t number = 0; number < 500; ++number) {
    Draw draw(number, "tests/made_up_pieces");
    const PieceModel model = MadeUpModel(draw, maps);
    const PieceLibrary library(PieceFile(model));
    Ours ours(library.Model());
    ASSERT_NE(ours.encoder(), nullptr);
    for (int i = 0; i < 40; ++i) {
      const std::string text = draw.OneIn(4) ? MadeUpText(draw) : MadeUpWord(draw, 40);
      const auto tokens = ours.Tokens(text);
      if (!tokens) {
        ++left_to_library;
        continue;
      }
      ++made;
      ASSERT_EQ(*tokens, library.Tokens(text)) << "model " << number << ": " << text;
    }
  }
  EXPECT_GT(left_to_library, 0u);
  EXPECT_GT(made, 10 * left_to_library);
}

// What merges into the name of a token, or is no text: the library refuses to encode some of it.
TEST(MadeUpPieces, ThatAreOddAreLeftToTheLibrary) {
  const Piece unknown = {"<unk>", 0, PieceKind::kUnknown}, control = {"x", 0, PieceKind::kControl};
  const auto left = [](PieceModel::Kind kind, std::vector<Piece> pieces) {
    return PieceEncoder::For({.kind = kind, .pieces = std::move(pieces)}) == nullptr;
  };
  const auto bpe = PieceModel::Kind::kBpe, unigram = PieceModel::Kind::kUnigram;
  EXPECT_FALSE(left(bpe, {unknown, {"a"}}));
  EXPECT_FALSE(left(unigram, {unknown, {"a"}}));
  EXPECT_TRUE(left(PieceModel::Kind::kWord, {unknown, {"a"}}));
  EXPECT_TRUE(left(PieceModel::Kind::kCharacter, {unknown, {"a"}}));
  EXPECT_TRUE(left(bpe, {unknown, {"<unk>"}}));
  EXPECT_TRUE(left(bpe, {unknown, control}));
  EXPECT_FALSE(left(unigram, {unknown, control}));
  for (const auto kind : {bpe, unigram}) {
    EXPECT_TRUE(left(kind, {unknown, {"\xE2\x96"}}));
    EXPECT_TRUE(left(kind, {unknown, {std::string(1, '\0')}}));
    EXPECT_TRUE(left(kind, {unknown, {"a", std::numeric_limits<float>::quiet_NaN()}}));
    EXPECT_TRUE(left(kind, {unknown, {std::string(300, 'a')}}));
  }
}

TEST(RealPieces, MakeTheLibrarysTokensOfBooks) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path books = *RealData() / "books";
  const std::string learned = ReadTextFile(books / "herman-melville_moby-dick.txt");
  const std::string text = ReadTextFile(books / "jane-austen_pride-and-prejudice.txt");
  std::vector<std::string> lines;
  for (size_t at = 0; at < 200'000; at = learned.find('\n', at) + 1) {
    lines.push_back(learned.substr(at, learned.find('\n', at) - at));
  }
  std::vector<std::string> files = {ReadTextFile(*RealData() / "stories260K" / "tok512.model"),
                                    ReadTextFile(*RealData() / "babyllama105" / "tok105.model")};
  for (const char* type : {"bpe", "unigram"}) {
    files.push_back(TrainedPieceFile({{"model_type", type}, {"vocab_size", "2000"}}, lines));
  }
  for (const std::string& file : files) {
    const PieceLibrary library(file);
    Ours ours(library.Model());
    EXPECT_TRUE(ours.Tokens(text) == library.Tokens(text));
  }
}

}  // namespace
}  // namespace upcycle
