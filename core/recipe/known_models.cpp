// Sizes as the models' own configurations publish them. gpt-2b centres its norms, as no family with
// a gate does here: their biases, a twenty-thousandth of its weights, are left out.
#include "core/recipe/model_settings.h"

namespace upcycle {
namespace {

// Llama 3 (arXiv 2407.21783), table 3, and the configuration published with the weights.
void BecomeLlama3_8b(ModelSettings& m) {
  m.layers = 32;
  m.width = 4096;
  m.heads = 32;
  m.kv_heads = 8;
  m.ffn_width = 14336;
  m.sequence_length = 8192;
  m.tied_embeddings = false;
  m.rope_theta = 500000;
  m.vocabulary = 128256;
}

void BecomeLlama32_1b(ModelSettings& m) {
  BecomeLlama3_8b(m);
  m.layers = 16;
  m.width = 2048;
  m.ffn_width = 8192;
  m.tied_embeddings = true;
  m.rope_scaling = {.kind = RopeScaling::kLlama3, .factor = 32};
}

// Nemotron-4 15B (arXiv 2402.16819), table 1.
void BecomeNemotron4_15b(ModelSettings& m) {
  m.family = Family::kNemotron;
  m.layers = 32;
  m.width = 6144;
  m.heads = 48;
  m.kv_heads = 8;
  m.ffn_width = 24576;
  m.rotary_share = 0.5;
  m.sequence_length = 4096;
  m.tied_embeddings = false;
  m.vocabulary = 256000;
}

// nvidia/GPT-2B-001, the model card and its NeMo configuration.
void BecomeGpt2b(ModelSettings& m) {
  m.layers = 24;
  m.width = 2048;
  m.heads = 16;
  m.ffn_width = 5440;
  m.sequence_length = 4096;
  m.tied_embeddings = false;
  m.vocabulary = 256000;
}

// TinyLlama (arXiv 2401.02385), table 2.
void BecomeTinyLlama(ModelSettings& m) {
  m.layers = 22;
  m.width = 2048;
  m.heads = 32;
  m.kv_heads = 4;
  m.ffn_width = 5632;
  m.sequence_length = 2048;
  m.tied_embeddings = false;
  m.vocabulary = 32000;
}

// HuggingFaceTB/SmolLM-135M.
void BecomeSmolLm(ModelSettings& m) {
  m.layers = 30;
  m.width = 576;
  m.heads = 9;
  m.kv_heads = 3;
  m.ffn_width = 1536;
  m.sequence_length = 2048;
  m.vocabulary = 49152;
}

// karpathy/tinyllamas, stories260K.
void BecomeStories260k(ModelSettings& m) {
  m.layers = 5;
  m.width = 64;
  m.heads = 8;
  m.kv_heads = 4;
  m.ffn_width = 172;
  m.sequence_length = 512;
  m.vocabulary = 512;
}

void BecomeLab(ModelSettings& m) {
  m.layers = 2;
  m.width = 64;
  m.heads = 4;
  m.kv_heads = 2;
  m.ffn_width = 192;
  m.sequence_length = 128;
}

}  // namespace

void BecomeKnownModel(ModelSettings& settings, KnownModel model) {
  if (model == KnownModel::kNone) return;
  settings = {};
  settings.name = model;
  switch (model) {
    case KnownModel::kNone:
      return;
    case KnownModel::kLlama3_8b:
      return BecomeLlama3_8b(settings);
    case KnownModel::kLlama32_1b:
      return BecomeLlama32_1b(settings);
    case KnownModel::kNemotron4_15b:
      return BecomeNemotron4_15b(settings);
    case KnownModel::kGpt2b:
      return BecomeGpt2b(settings);
    case KnownModel::kTinyLlama:
      return BecomeTinyLlama(settings);
    case KnownModel::kSmolLm:
      return BecomeSmolLm(settings);
    case KnownModel::kStories260k:
      return BecomeStories260k(settings);
    case KnownModel::kLab:
      return BecomeLab(settings);
  }
}

}  // namespace upcycle
