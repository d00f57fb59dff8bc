// A small model with fresh weights over bytes, and the same model in double precision.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/tokenizers/byte_tokenizer.h"
#include "experiments/model/transformer.h"
#include "tests/experiments/model/reference_transformer.h"

namespace upcycle {

class ByteModel {
 public:
  ByteModel(int64_t sequence_length, int64_t sequences)
      : backend_(MakeCpuBackend(2)),
        model(*backend_, Small(sequence_length),
              {{sequences, sequence_length, 1}, Purpose::kEvaluate}),
        reference_(model.architecture()) {
    model.parameters().Initialize(*backend_, 5);
    for (const auto& piece : model.parameters().pieces()) {
      const float* values = piece.value.floats();
      reference_.Values(piece.part).assign(values, values + piece.value.size());
    }
  }

  // -ln p(tokens[i + 1] | tokens[0..i]) for each i, in double precision.
  std::vector<double> TokenLosses(const std::vector<int32_t>& tokens) {
    const std::vector<int32_t> inputs(tokens.begin(), tokens.end() - 1);
    const auto logits = reference_.Logits(inputs, 1, static_cast<int64_t>(inputs.size()), {});
    std::vector<double> losses;
    for (size_t i = 0; i < inputs.size(); ++i) {
      double sum = 0;
      for (double logit : logits[i]) sum += std::exp(logit);
      losses.push_back(std::log(sum) - logits[i][static_cast<size_t>(tokens[i + 1])]);
    }
    return losses;
  }

 private:
  static Architecture Small(int64_t sequence_length) {
    Architecture a;
    a.model.layers = 1;
    a.model.width = 16;
    a.model.heads = 2;
    a.model.kv_heads = 1;
    a.model.head_width = 8;
    a.model.ffn_width = 24;
    a.model.sequence_length = sequence_length;
    a.model.init_std = 0.4;
    a.vocabulary = ByteTokenizer().Vocabulary();
    return a;
  }

  std::unique_ptr<Backend> backend_;

 public:
  Transformer model;

 private:
  ReferenceTransformer reference_;
};

}  // namespace upcycle
