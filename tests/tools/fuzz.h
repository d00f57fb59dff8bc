// Damaged files for readers that must read or refuse whatever they are given: seeded mutations of a
// good one.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace upcycle {

class Mutation {
 public:
  // Each number is another mutation; `name` says of what.
  Mutation(uint64_t number, std::string_view name) : stream_(number, name) {}

  // One to four edits. `words` mean something to the reader, and are put in now and then.
  std::string Apply(std::string bytes, std::span<const std::string_view> words = {}) {
    const uint64_t edits = 1 + Below(4);
    for (uint64_t i = 0; i < edits; ++i) Edit(bytes, words);
    return bytes;
  }

 private:
  static constexpr size_t kLongestPart = 64;

  uint64_t Below(uint64_t bound) { return stream_.Below(index_++, bound); }
  size_t Place(const std::string& bytes) { return Below(bytes.size() + 1); }
  size_t Length(const std::string& bytes, size_t at) {
    return std::min<size_t>(1 + Below(kLongestPart), bytes.size() - at);
  }

  void Edit(std::string& bytes, std::span<const std::string_view> words) {
    const size_t at = Place(bytes), from = Place(bytes);
    switch (Below(words.empty() ? 9 : 10)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
        return;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(Below(256));
        return;
      case 2:
        bytes.erase(at, Length(bytes, at));
        return;
      case 3:  // rarely: hardly anything is left to be read
        if (Below(4) == 0) bytes.resize(at);
        return;
      case 4:
        bytes.insert(at, bytes.substr(from, Length(bytes, from)));
        return;
      case 5:
        bytes.replace(at, Length(bytes, at), bytes.substr(from, Length(bytes, from)));
        return;
      case 6:
        return Double(bytes, at);
      case 7:
        return ChangeNumber(bytes, at);
      case 8:
        return ChangeInteger(bytes, at);
      default:
        bytes.insert(at, words[Below(words.size())]);
    }
  }

  // What stands around `at` between two separators comes twice: a key, an element, a line, a field.
  void Double(std::string& bytes, size_t at) {
    constexpr std::string_view kSeparators = ",;{}[]\n\t";
    const size_t before = at == 0 ? std::string::npos : bytes.find_last_of(kSeparators, at - 1);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    const size_t end = bytes.find_first_of(kSeparators, at);
    if (end == std::string::npos || end - begin > 16 * kLongestPart) return;
    bytes.insert(end, bytes[end] + bytes.substr(begin, end - begin));
  }

  // The first number in digits from `at` on becomes one that few readers expect.
  void ChangeNumber(std::string& bytes, size_t at) {
    constexpr std::array<std::string_view, 12> kNumbers = {
        "-1",      "0",     "1e999", "1.5", "2147483648",          "4294967296",
        "4194303", "65536", "-0",    "NaN", "9223372036854775807", "18446744073709551616"};
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto begin =
        std::find_if(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), is_digit);
    const auto end = std::find_if_not(begin, bytes.end(), is_digit);
    if (begin != end) bytes.replace(begin, end, kNumbers[Below(kNumbers.size())]);
  }

  // Four or eight bytes become an integer at the edge of what they can say.
  void ChangeInteger(std::string& bytes, size_t at) {
    constexpr std::array<uint64_t, 8> kIntegers = {
        0,           1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, uint64_t{1} << 32, uint64_t{1} << 63,
        ~uint64_t{0}};
    const uint64_t integer = kIntegers[Below(kIntegers.size())];
    const size_t size = std::min<size_t>(Below(2) == 0 ? 4 : 8, bytes.size() - at);
    for (size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(integer >> (8 * i));
  }

  RandomStream stream_;
  uint64_t index_ = 0;
};

// Gives `count` mutations of `good` to `read`, which must return or throw Error(kInput). Both must
// happen, or the mutations show nothing.
inline void ExpectReadOrRefused(std::string_view name, const std::string& good, uint64_t count,
                                std::span<const std::string_view> words,
                                const std::function<void(const std::string&)>& read) {
  uint64_t refused = 0;
  for (uint64_t number = 0; number < count; ++number) {
    SCOPED_TRACE(testing::Message() << "mutation " << number << " of " << name);
    try {
      read(Mutation(number, name).Apply(good, words));
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 0u) << name;
  EXPECT_LT(refused, count) << name;
}

}  // namespace upcycle
