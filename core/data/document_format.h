// How one file holds many documents.
#pragma once

#include <string_view>

#include "core/data/corpus.h"
#include "core/fingerprint.h"

namespace upcycle {

class DocumentFormat {
 public:
  virtual ~DocumentFormat() = default;
  DocumentFormat(const DocumentFormat&) = delete;
  DocumentFormat& operator=(const DocumentFormat&) = delete;

  // Calls `visit` with each document of a file's text that is not empty. Throws Error(kInput), with
  // file and line, for what is not UTF-8 or not of this format.
  virtual void Visit(const fs::path& path, std::string_view text,
                     const Corpus::Visitor& visit) const = 0;

  // What decides, beside the files, which documents there are.
  virtual void AddTo(Hasher& hasher) const = 0;

 protected:
  DocumentFormat() = default;
};

}  // namespace upcycle
