// Files of ready-made tokens, byte by byte, as other programs write them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace upcycle {

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// An index of Megatron-LM; what is wrong in it is up to the caller.
struct MegatronParts {
  std::string magic = std::string("MMIDIDX\0\0", 9);
  uint64_t version = 1;
  uint8_t type = 8;  // uint16
  std::vector<int32_t> lengths = {};
  std::vector<int64_t> pointers = {};
  std::vector<int64_t> documents = {};
  int64_t more_sequences = 0;  // than there are

  std::string Text() const {
    const auto sequences =
        static_cast<uint64_t>(static_cast<int64_t>(lengths.size()) + more_sequences);
    return magic + Bytes<uint64_t>({version}) + std::string(1, static_cast<char>(type)) +
           Bytes<uint64_t>({sequences}) + Bytes<uint64_t>({documents.size()}) + Bytes(lengths) +
           Bytes(pointers) + Bytes(documents);
  }
};

// One sequence of uint16 a document, one behind the other.
inline MegatronParts MegatronOf(const std::vector<int32_t>& lengths) {
  MegatronParts parts;
  parts.lengths = lengths;
  int64_t pointer = 0;
  parts.documents.push_back(0);
  for (const int32_t length : lengths) {
    parts.pointers.push_back(pointer);
    parts.documents.push_back(static_cast<int64_t>(parts.pointers.size()));
    pointer += 2 * length;
  }
  return parts;
}

// A .npy of version 1.0.
inline std::string Npy(const std::string& header, const std::string& data) {
  std::string text = header;
  while ((10 + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) +
         Bytes<uint16_t>({static_cast<uint16_t>(text.size())}) + text + data;
}

// llm.c's header of 256 integers, and what follows.
inline std::string Llmc(int32_t magic, int32_t version, int32_t count, const std::string& data) {
  std::vector<int32_t> header(256);
  header[0] = magic;
  header[1] = version;
  header[2] = count;
  return Bytes(header) + data;
}

}  // namespace upcycle
