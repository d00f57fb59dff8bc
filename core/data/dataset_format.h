// The names inside a dataset's folder, for its writer and its reader.
#pragma once

namespace upcycle::dataset_format {

inline constexpr int kVersion = 1;
inline constexpr char kManifest[] = "dataset.json";
inline constexpr char kTokenizer[] = "tokenizer";
inline constexpr char kTrain[] = "train";
inline constexpr char kValidation[] = "validation";
inline constexpr char kDescription[] = ".json";  // of tokens that lie elsewhere
inline constexpr char kQuestions[] = "questions";

}  // namespace upcycle::dataset_format
