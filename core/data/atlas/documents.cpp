#include "core/data/atlas/documents.h"

#include <array>
#include <bit>
#include <cctype>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/random.h"

namespace upcycle::atlas {
namespace {

// Random choices in sequence, for one document.
class Dice {
 public:
  Dice(uint64_t seed, std::string_view name, uint64_t step) : stream_(seed, name, step) {}
  uint64_t Below(uint64_t bound) { return stream_.Below(next_++, bound); }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  RandomStream stream_;
  uint64_t next_ = 0;
};

// The choices of kTellings out of kDocuments, as bit masks.
constexpr auto kChoices = [] {
  std::array<uint32_t, 10> choices = {};
  size_t found = 0;
  for (uint32_t mask = 0; mask < (1u << kDocuments); ++mask) {
    if (std::popcount(mask) == kTellings) choices.at(found++) = mask;
  }
  return choices;
}();

// How often training document `variant` tells the fact: 0, 1 or 2 times.
int Tellings(const World& world, const Fact& fact, int64_t variant) {
  const RandomStream stream(world.seed(), "atlas/tellings");
  const uint64_t drawn =
      stream.Below(static_cast<uint64_t>(world.NumberOf(fact)), kChoices.size() * kTellings);
  const uint32_t mask = kChoices[drawn / kTellings];
  const uint32_t bit = 1u << variant;
  if ((mask & bit) == 0) return 0;
  const auto earlier = static_cast<uint64_t>(std::popcount(mask & (bit - 1)));
  return earlier == drawn % kTellings ? 2 : 1;
}

struct Telling {
  const RelationInfo* info = nullptr;
  std::string value;
  std::string_view statement;  // the template
};

constexpr std::string_view kSubject = "{S} ";

// What the document tells, in its order.
std::vector<Telling> ChooseTellings(const World& world, Subject subject, int64_t variant,
                                    Dice& dice) {
  std::vector<Telling> tellings;
  for (const RelationInfo& info : RelationsOf(subject.kind)) {
    const Fact fact = {subject, info.relation};
    const auto value = world.ValueOf(fact);
    int times = 0;
    if (variant < kDocuments) {
      times = Tellings(world, fact, variant);
    } else if (dice.Below(kDocuments) < kTellings) {
      times = dice.OneIn(kTellings) ? 2 : 1;
    }
    const uint64_t wordings = info.statements.size();
    const uint64_t first = dice.Below(wordings);
    const uint64_t second = (first + 1 + dice.Below(wordings - 1)) % wordings;
    if (!value) continue;
    if (times > 0) tellings.push_back({&info, *value, info.statements[first]});
    if (times > 1) tellings.push_back({&info, *value, info.statements[second]});
  }
  for (size_t i = tellings.size(); i > 1; --i) {
    std::swap(tellings[i - 1], tellings[dice.Below(i)]);
  }
  return tellings;
}

// How the subject is named in one sentence.
struct Naming {
  std::string subject, possessive, object;                       // as name or pronoun
  std::string name;                                              // always a name
  std::string_view pronoun, pronoun_possessive, pronoun_object;  // always a pronoun
};

enum class Form { kPronoun, kShortName, kFullName };

class Writer {
 public:
  Writer(const World& world, Subject subject, Dice& dice)
      : world_(world), subject_(subject), dice_(dice) {
    if (subject.kind != SubjectKind::kPerson) {
      pronoun_ = "it", possessive_ = "its", object_ = "it";
    } else if (world.IsWoman(subject.index)) {
      pronoun_ = "she", possessive_ = "her", object_ = "her";
    } else {
      pronoun_ = "he", possessive_ = "his", object_ = "him";
    }
  }

  void Write(const std::vector<Telling>& tellings) {
    if (tellings.empty() || dice_.OneIn(3)) Open();
    for (size_t i = 0; i < tellings.size(); ++i) {
      const bool joined =
          i + 1 < tellings.size() && MayJoin(tellings[i], tellings[i + 1]) && dice_.OneIn(2);
      if (joined) {
        Join(tellings[i], tellings[i + 1]);
        ++i;
      } else {
        Sentence(tellings[i].statement, tellings[i].value);
      }
      another_person_ = tellings[i].info->value == ValueKind::kPerson;
    }
  }

  std::string Finish() { return std::move(text_) + "\n"; }

 private:
  void Open() {
    static constexpr std::string_view kOpenings[] = {
        "This is an account of {N}.", "Something should be said about {N}.",
        "Here the atlas speaks of {N}.", "Much is told about {N}."};
    Sentence(kOpenings[dice_.Below(std::size(kOpenings))], "");
  }

  static bool MayJoin(const Telling& a, const Telling& b) {
    return a.info != b.info && a.statement.starts_with(kSubject) &&
           b.statement.starts_with(kSubject) && a.statement.find(',') == std::string_view::npos;
  }

  void Join(const Telling& a, const Telling& b) {
    const Naming naming = NextNaming();
    std::string_view first = a.statement;
    first.remove_suffix(1);  // the full stop
    Add(Fill(first, naming, a.value) + " and " +
        Fill(b.statement.substr(kSubject.size()), naming, b.value));
  }

  void Sentence(std::string_view pattern, std::string_view value) {
    Add(Fill(pattern, NextNaming(), value));
  }

  void Add(std::string sentence) {
    sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
    if (!text_.empty()) text_ += ' ';
    text_ += sentence;
  }

  // The first sentence has the full name; behind a sentence about another person comes a name, not
  // a pronoun. Full names are common, since a question will know its subject by nothing else.
  Form NextForm() {
    if (text_.empty()) return Form::kFullName;
    const uint64_t drawn = dice_.Below(6);
    if (drawn < 3) return Form::kFullName;
    return drawn == 3 || another_person_ ? Form::kShortName : Form::kPronoun;
  }

  Naming NextNaming() {
    const Form form = NextForm();
    Naming naming;
    naming.name = form == Form::kFullName ? world_.NameOf(subject_) : world_.ShortNameOf(subject_);
    const bool by_pronoun = form == Form::kPronoun;
    naming.subject = by_pronoun ? std::string(pronoun_) : naming.name;
    naming.possessive = by_pronoun ? std::string(possessive_) : naming.name + "'s";
    naming.object = by_pronoun ? std::string(object_) : naming.name;
    naming.pronoun = pronoun_;
    naming.pronoun_possessive = possessive_;
    naming.pronoun_object = object_;
    return naming;
  }

  static std::string Fill(std::string_view pattern, const Naming& naming, std::string_view value) {
    std::string text;
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '{') {
        text += pattern[i];
        continue;
      }
      text += Slot(pattern.at(i + 1), naming, value);
      i += 2;
    }
    return text;
  }

  static std::string Slot(char slot, const Naming& naming, std::string_view value) {
    switch (slot) {
      case 'S':
        return naming.subject;
      case 'P':
        return naming.possessive;
      case 'O':
        return naming.object;
      case 'N':
        return naming.name;
      case 's':
        return std::string(naming.pronoun);
      case 'p':
        return std::string(naming.pronoun_possessive);
      case 'o':
        return std::string(naming.pronoun_object);
      case 'V':
        return std::string(value);
      case 'A':
        return std::string(ArticleFor(value)) + " " + std::string(value);
      default:
        UPCYCLE_CHECK(false);
        return "";
    }
  }

  const World& world_;
  Subject subject_;
  Dice& dice_;
  std::string_view pronoun_, possessive_, object_;
  std::string text_;
  bool another_person_ = false;
};

}  // namespace

std::string WriteDocument(const World& world, Subject subject, int64_t variant) {
  const auto number = static_cast<uint64_t>(world.NumberOf(subject)) +
                      static_cast<uint64_t>(variant) * static_cast<uint64_t>(world.subjects());
  Dice dice(world.seed(), "atlas/documents", number);
  const auto tellings = ChooseTellings(world, subject, variant, dice);
  Writer writer(world, subject, dice);
  writer.Write(tellings);
  return writer.Finish();
}

}  // namespace upcycle::atlas
