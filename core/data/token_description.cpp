#include "core/data/token_description.h"

#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace upcycle {
namespace {

using nlohmann::json;

int64_t ModifiedAt(const fs::path& path) {
  return fs::last_write_time(path).time_since_epoch().count();
}

std::string FindChange(const json& file) {
  const fs::path path = file.at("path").get<std::string>();
  std::error_code missing;
  if (!fs::is_regular_file(path, missing)) {
    return fmt::format("{}, whose tokens it reads, is not there any more", path.native());
  }
  const bool untouched = fs::file_size(path) == file.at("bytes").get<uintmax_t>() &&
                         ModifiedAt(path) == file.at("modified").get<int64_t>();
  if (untouched || FingerprintOfFile(path).Hex() == file.at("content")) return "";
  return fmt::format("{}, whose tokens it reads, has changed", path.native());
}

}  // namespace

json DescribeTokens(const TokenSource& source, CorpusPart part, double held_out,
                    int64_t text_bytes) {
  json files = json::array();
  for (const auto& [path, content] : source.Contents()) {
    const fs::path real = fs::absolute(path).lexically_normal();
    files.push_back({{"path", real.native()},
                     {"bytes", fs::file_size(real)},
                     {"modified", ModifiedAt(real)},
                     {"content", content.Hex()}});
  }
  return {{"files", files},
          {"bare_element_bytes", BytesOf(source.bare_element())},
          {"validation", part == CorpusPart::kValidation},
          {"held_out", held_out},
          {"text_bytes", text_bytes}};
}

std::string FindChangeOfTokens(const json& description) {
  for (const json& file : description.at("files")) {
    if (std::string change = FindChange(file); !change.empty()) return change;
  }
  return "";
}

std::unique_ptr<TokenPieces> OpenDescribedTokens(const json& description) {
  std::vector<fs::path> files;
  for (const json& file : description.at("files")) {
    files.emplace_back(file.at("path").get<std::string>());
  }
  const TokenSource source(files, description.at("bare_element_bytes") == 2
                                      ? TokenElement::kUint16
                                      : TokenElement::kUint32);
  auto part =
      source.Part(description.at("validation") ? CorpusPart::kValidation : CorpusPart::kTraining,
                  description.at("held_out").get<double>());
  part->set_text_bytes(description.at("text_bytes").get<int64_t>());
  return part;
}

}  // namespace upcycle
