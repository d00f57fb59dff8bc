// A made-up paper of two studies that share their dense parent, small enough to be run in a test.
#pragma once

#include <filesystem>

#include "tests/temporary_folder.h"

namespace upcycle {

// Of its claims one is supported by any runs, one contradicted, one undecided, and two are counts.
inline void PutTinyPaper(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  Put(folder / "base.yaml", R"(
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}
data:
  tokenizer: bytes
  train: [{kind: atlas, people: 8}]
parent:
  train: {tokens: 20k, batch_sequences: 8, validate_every: 0, learning_rate: {warmup_steps: 5}}
moe: {expansion: 4, router: {balance_scope: global}}
train: {tokens: 10k, batch_sequences: 8, validate_every: 10, validate_sequences: 8,
        learning_rate: {warmup_steps: 5, peak: 3e-3}}
evaluate: {sequences: 16, questions: 8}
seeds: 4
allow: [unequal_compute, untuned_rate]
)");
  Put(folder / "tokens.yaml", R"(
name: tiny-tokens
extends: base.yaml
sizes: {lab: {}, paper: {model: {width: 32}, seeds: 2}}
arms:
  - {name: short, upcycle: none}
  - {name: long, upcycle: none, train.tokens: 60k}
)");
  Put(folder / "experts.yaml", R"(
name: tiny-experts
extends: base.yaml
sizes: {lab: {}, paper: {model: {width: 32}, seeds: 2}}
upcycle: copy
arms:
  - {name: E4T2}
  - {name: other beta, train.optimizer.beta2: 0.9501}
)");
  Put(folder / "claims.yaml", R"(
paper: {title: Small models of small worlds, source: nowhere, authors: Nobody 2024}
claims:
  - id: longer
    claim: More training is better.
    where: section 1
    number: 3 % lower loss
    study: tokens.yaml
    expect: {arm: long, is: better, than: short}
  - id: shorter
    claim: Less training is better.
    study: tokens.yaml
    expect: {arm: short, is: better, than: long}
  - id: beta
    claim: The other beta is better.
    study: experts.yaml
    expect: {arm: other beta, is: better, than: E4T2}
  - id: size
    claim: A wide mixture has a billion parameters.
    number: 1 B
    study: experts.yaml
    count: {arm: E4T2, quantity: parameters_total, is: 1B, size: paper}
    because: It counts in another unit.
)");
}

}  // namespace upcycle
