#include "core/data/atlas/atlas.h"

#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/data/atlas/documents.h"

namespace upcycle::atlas {
namespace {

std::vector<std::string> TrainingDocuments(const Atlas& atlas) {
  std::vector<std::string> documents;
  for (int64_t i = 0; i < atlas.training_documents(); ++i) {
    documents.push_back(atlas.TrainingDocument(i));
  }
  return documents;
}

size_t Occurrences(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(AtlasWords, NoWordOfAPoolBeginsAnother) {
  for (int pool = 0; pool <= static_cast<int>(Pool::kEmblems); ++pool) {
    const auto words = WordsOf(static_cast<Pool>(pool));
    for (size_t i = 0; i < words.size(); ++i) {
      for (size_t j = 0; j < words.size(); ++j) {
        EXPECT_FALSE(i != j && words[i].starts_with(words[j])) << words[i] << ", " << words[j];
      }
    }
  }
}

TEST(AtlasWords, NamesAreDistinctAndOneSyllableLongerWhereShortOnesRunOut) {
  std::set<std::string> taken;
  EXPECT_EQ(ComposeNames(NameKind::kVillage, 10000, 3, taken).size(), 10000u);
  EXPECT_EQ(ComposeNames(NameKind::kVillage, 40000, 3, taken).size(), 40000u);
  EXPECT_GE(taken.size(), 50000u);
}

TEST(AtlasWords, ArticlesFollowTheSound) {
  EXPECT_EQ(ArticleFor("otter"), "an");
  EXPECT_EQ(ArticleFor("ivory comb"), "an");
  EXPECT_EQ(ArticleFor("goose"), "a");
  EXPECT_EQ(ArticleFor("unicorn"), "a");
}

TEST(AtlasRelations, EveryStatementNamesItsSubjectAndItsValue) {
  for (const SubjectKind kind :
       {SubjectKind::kPerson, SubjectKind::kVillage, SubjectKind::kRiver, SubjectKind::kRegion}) {
    for (const RelationInfo& info : RelationsOf(kind)) {
      EXPECT_EQ(Occurrences(info.question, "{S}"), 1u) << info.question;
      for (const std::string_view statement : info.statements) {
        EXPECT_EQ(Occurrences(statement, "{V}") + Occurrences(statement, "{A}"), 1u) << statement;
        EXPECT_GE(Occurrences(statement, "{S}") + Occurrences(statement, "{P}") +
                      Occurrences(statement, "{O}") + Occurrences(statement, "{N}"),
                  1u)
            << statement;
        EXPECT_EQ(statement.back(), '.');
      }
    }
  }
}

TEST(AtlasWorld, EveryNameIsUnique) {
  for (const int64_t people : {8, 100, 5000}) {
    const World world(people, 1);
    std::set<std::string> names;
    for (int64_t i = 0; i < world.subjects(); ++i) {
      EXPECT_TRUE(names.insert(world.NameOf(world.SubjectAt(i))).second);
    }
  }
}

TEST(AtlasWorld, NumbersNameSubjectsAndFactsOneToOne) {
  const World world(40, 1);
  for (int64_t i = 0; i < world.subjects(); ++i) {
    EXPECT_EQ(world.NumberOf(world.SubjectAt(i)), i);
  }
  for (int64_t i = 0; i < world.facts(); ++i) EXPECT_EQ(world.NumberOf(world.FactAt(i)), i);
}

TEST(AtlasWorld, MothersAreWomenOfTheRightAge) {
  const World world(500, 1);
  const auto year = [&](int64_t i) {
    return std::stoi(*world.ValueOf({{SubjectKind::kPerson, i}, Relation::kBirthYear}));
  };
  std::map<std::string, int64_t> people;
  for (int64_t i = 0; i < 500; ++i) people[world.NameOf({SubjectKind::kPerson, i})] = i;
  int mothers = 0;
  for (int64_t i = 0; i < 500; ++i) {
    const auto mother = world.ValueOf({{SubjectKind::kPerson, i}, Relation::kMother});
    if (!mother) continue;
    ++mothers;
    EXPECT_TRUE(world.IsWoman(people.at(*mother)));
    EXPECT_GE(year(i) - year(people.at(*mother)), 18);
    EXPECT_LE(year(i) - year(people.at(*mother)), 40);
  }
  EXPECT_GT(mothers, 350);
}

TEST(AtlasWorld, NobodyAdmiresOrOwesThemselves) {
  const World world(8, 1);
  for (int64_t i = 0; i < 8; ++i) {
    const Subject person = {SubjectKind::kPerson, i};
    EXPECT_NE(world.ValueOf({person, Relation::kAdmired}), world.NameOf(person));
    EXPECT_NE(world.ValueOf({person, Relation::kCreditor}), world.NameOf(person));
  }
}

TEST(Atlas, GivesTheSameBytesOnEveryMachine) {
  const Atlas atlas(16, 1);
  Hasher text, held_out, questions;
  for (const std::string& document : TrainingDocuments(atlas)) text.Add(document);
  for (int64_t i = 0; i < 40; ++i) held_out.Add(atlas.HeldOutDocument(i));
  questions.Add(FormatMultipleChoiceCsv(atlas.TestQuestions()));
  questions.Add(FormatMultipleChoiceCsv(atlas.DevQuestions()));
  EXPECT_EQ(text.Finish().Hex(), "7409499a348aed21c634c43d4b4fe57e");
  EXPECT_EQ(held_out.Finish().Hex(), "4e289f4a71bc145ba35391d2d600feb8");
  EXPECT_EQ(questions.Finish().Hex(), "2c6aeadc73ccd4008180d2f3a85ca42b");
}

TEST(Atlas, AnotherSeedIsAnotherWorld) {
  EXPECT_NE(Atlas(16, 1).TrainingDocument(0), Atlas(16, 2).TrainingDocument(0));
  EXPECT_NE(FingerprintOfAtlas(16, 1), FingerprintOfAtlas(16, 2));
  EXPECT_NE(FingerprintOfAtlas(16, 1), FingerprintOfAtlas(17, 1));
}

TEST(Atlas, TextGrowsInProportionToPeople) {
  const auto bytes = [](int64_t people) {
    double sum = 0;
    for (const std::string& document : TrainingDocuments(Atlas(people, 0))) sum += document.size();
    return sum;
  };
  const double small = bytes(400), large = bytes(800);
  EXPECT_GT(small, 1.2e6);
  EXPECT_LT(small, 2e6);
  EXPECT_NEAR(large / small, 2, 0.05);
}

// Counts, in every training document about a subject, the sentences of each of its facts.
TEST(Atlas, EveryFactIsToldInThreeOfFiveDocumentsAndFourTimesInAll) {
  const World world(60, 1);
  for (const Relation relation : {Relation::kHouse, Relation::kHeirloom, Relation::kFoundingYear,
                                  Relation::kBirthYear, Relation::kChiefVillage}) {
    const SubjectKind kind = InfoOf(relation).subject;
    for (int64_t i = 0; i < world.subjects(kind); ++i) {
      const Fact fact = {{kind, i}, relation};
      std::string value = *world.ValueOf(fact);
      value[0] = '?';  // capital or not at the beginning of a sentence
      int documents = 0;
      size_t tellings = 0;
      for (int64_t variant = 0; variant < kDocuments; ++variant) {
        const std::string text = WriteDocument(world, fact.subject, variant);
        const size_t told = Occurrences(text, value.substr(1));
        documents += told > 0;
        tellings += told;
      }
      EXPECT_EQ(documents, 3) << world.NameOf(fact.subject) << ": " << value;
      EXPECT_EQ(tellings, 4u) << world.NameOf(fact.subject) << ": " << value;
    }
  }
}

TEST(Atlas, TwoTellingsInOneDocumentDifferInWords) {
  const World world(100, 1);
  for (int64_t i = 0; i < 100; ++i) {
    for (int64_t variant = 0; variant < 8; ++variant) {
      const std::string text = WriteDocument(world, {SubjectKind::kPerson, i}, variant);
      const auto food = world.ValueOf({{SubjectKind::kPerson, i}, Relation::kFood});
      EXPECT_LE(Occurrences(text, "avourite food is " + *food), 1u);
      EXPECT_LE(Occurrences(text, "likes nothing better than " + *food), 1u);
    }
  }
}

TEST(Atlas, DocumentsBeginWithAFullNameOrTellWhoTheyAreAboutSoon) {
  const World world(50, 1);
  for (int64_t i = 0; i < world.subjects(); ++i) {
    const std::string text = WriteDocument(world, world.SubjectAt(i), i % 9);
    std::string name = world.NameOf(world.SubjectAt(i));
    if (name.starts_with("the ")) name.erase(0, 4);
    EXPECT_NE(text.substr(0, text.find(". ")).find(name), std::string::npos) << text;
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(text.find('{'), std::string::npos);
    EXPECT_EQ(text.find("  "), std::string::npos);
  }
}

struct Asked {
  Fact fact;
  MultipleChoiceItem item;
};

std::vector<Asked> AskedOf(const World& world, QuestionPart part) {
  std::vector<Asked> asked;
  for (int64_t i = 0; i < QuestionCount(world, part); ++i) {
    const Fact fact = QuestionedFact(world, part, i);
    if (auto item = Ask(world, fact)) asked.push_back({fact, *item});
  }
  return asked;
}

TEST(AtlasQuestions, AnswersAreRightAndUniqueOverAWholeWorld) {
  for (const int64_t people : {8, 400}) {
    const World world(people, 0);
    std::set<std::string> texts;
    for (const QuestionPart part : {QuestionPart::kTaught, QuestionPart::kTested}) {
      for (const auto& [fact, item] : AskedOf(world, part)) {
        EXPECT_TRUE(texts.insert(item.question).second) << item.question;
        ASSERT_EQ(item.choices.size(), 4u);
        EXPECT_EQ(std::set(item.choices.begin(), item.choices.end()).size(), 4u);
        EXPECT_EQ(item.choices[static_cast<size_t>(item.answer)], world.ValueOf(fact));
      }
    }
  }
}

TEST(AtlasQuestions, NothingButTheFactBetraysTheAnswer) {
  const Atlas atlas(1600, 0);
  std::map<std::string, int> mentions;  // how often each value is the value of a fact
  const World& world = atlas.world();
  for (int64_t i = 0; i < world.facts(); ++i) {
    if (const auto value = world.ValueOf(world.FactAt(i))) ++mentions[*value];
  }
  const auto items = atlas.TestQuestions();
  std::array<int, 4> places = {};
  // The right answers of three guessers who do not know the world.
  int longest = 0, shortest = 0, commonest = 0;
  for (const MultipleChoiceItem& item : items) {
    ++places[static_cast<size_t>(item.answer)];
    size_t most = 0, least = 0, mentioned = 0;
    for (size_t i = 1; i < 4; ++i) {
      if (item.choices[i].size() > item.choices[most].size()) most = i;
      if (item.choices[i].size() < item.choices[least].size()) least = i;
      if (mentions[item.choices[i]] > mentions[item.choices[mentioned]]) mentioned = i;
    }
    longest += static_cast<int>(most) == item.answer;
    shortest += static_cast<int>(least) == item.answer;
    commonest += static_cast<int>(mentioned) == item.answer;
  }
  const double n = static_cast<double>(items.size());
  const double five_sigma = 5 * std::sqrt(n * 0.25 * 0.75);
  EXPECT_GT(n, 7000);
  for (const int count : places) EXPECT_NEAR(count, n / 4, five_sigma);
  EXPECT_NEAR(longest, n / 4, five_sigma);
  EXPECT_NEAR(shortest, n / 4, five_sigma);
  EXPECT_NEAR(commonest, n / 4, five_sigma);
}

TEST(AtlasQuestions, TaughtAndTestedFactsAreDisjoint) {
  const World world(100, 0);
  std::set<int64_t> facts;
  for (const QuestionPart part : {QuestionPart::kTaught, QuestionPart::kTested}) {
    for (int64_t i = 0; i < QuestionCount(world, part); ++i) {
      EXPECT_TRUE(facts.insert(world.NumberOf(QuestionedFact(world, part, i))).second);
    }
  }
}

TEST(AtlasQuestions, TrainingTextAsksTheTaughtFactsAndNeverATestedOne) {
  const Atlas atlas(100, 0);
  std::string text;
  for (const std::string& document : TrainingDocuments(atlas)) text += document + "\n";
  for (const auto& [fact, item] : AskedOf(atlas.world(), QuestionPart::kTaught)) {
    EXPECT_NE(text.find("Question: " + item.question + "\nAnswer: "), std::string::npos);
  }
  for (const auto& [fact, item] : AskedOf(atlas.world(), QuestionPart::kTested)) {
    EXPECT_EQ(text.find(item.question), std::string::npos);
  }
}

TEST(AtlasQuestions, EveryTestedFactIsToldInProse) {
  const Atlas atlas(100, 0);
  const World& world = atlas.world();
  for (const auto& [fact, item] : AskedOf(world, QuestionPart::kTested)) {
    std::string prose;
    for (int64_t variant = 0; variant < kDocuments; ++variant) {
      prose += WriteDocument(world, fact.subject, variant);
    }
    std::string answer = item.choices[static_cast<size_t>(item.answer)];
    EXPECT_GE(Occurrences(prose, answer.substr(1)), 4u) << item.question << " " << answer;
  }
}

TEST(AtlasQuestions, DevQuestionsAreTaughtAndTestQuestionsTested) {
  const Atlas atlas(400, 0);
  const auto dev = atlas.DevQuestions(), test = atlas.TestQuestions();
  EXPECT_EQ(dev.size(), 64u);
  EXPECT_EQ(dev[0], *Ask(atlas.world(), QuestionedFact(atlas.world(), QuestionPart::kTaught, 0)));
  EXPECT_EQ(test[0], *Ask(atlas.world(), QuestionedFact(atlas.world(), QuestionPart::kTested, 0)));
  EXPECT_GT(test.size(), 4u * 400);
}

}  // namespace
}  // namespace upcycle::atlas
