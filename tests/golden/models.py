#!/usr/bin/env python3
"""Writes models/NAME for every class of transformers that upcycle reads: a small random model as
transformers saves it, and expected.safetensors with tokens and the logits that the class computes
in float32. README.md says how to run it.
"""

import argparse
import json
import pathlib
import shutil

import numpy
import safetensors.numpy
import torch
import transformers

VOCABULARY, WIDTH, LAYERS, LENGTH, SEQUENCES = 32, 16, 2, 12, 2

SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 24,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 16}

MODELS = {
    "llama": ("LlamaConfig", SIZES | {"tie_word_embeddings": False}),
    "llama_scaled": ("LlamaConfig", SIZES | {"tie_word_embeddings": True,
                                             "rope_parameters": LLAMA3}),
    "llama_linear": ("LlamaConfig", SIZES | {"rope_parameters": {
        "rope_type": "linear", "rope_theta": 500.0, "factor": 2.0}}),
    "mistral": ("MistralConfig", SIZES | {"head_dim": 8, "sliding_window": None}),
    "qwen2": ("Qwen2Config", SIZES | {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3Config", SIZES | {"head_dim": 8}),
    "gemma": ("GemmaConfig", SIZES | {"head_dim": 8, "num_key_value_heads": 1}),
    "olmo": ("OlmoConfig", SIZES),
    "olmo2": ("Olmo2Config", SIZES),
    "nemotron": ("NemotronConfig", SIZES | {"head_dim": 4}),
    "gpt2": ("GPT2Config", {
        "vocab_size": VOCABULARY, "n_positions": 24, "n_embd": WIDTH, "n_layer": LAYERS,
        "n_head": 4, "bos_token_id": 1, "eos_token_id": 2}),
    "neox": ("GPTNeoXConfig", {key: value for key, value in SIZES.items()
                               if key != "num_key_value_heads"} | {
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                            "partial_rotary_factor": 0.5}}),
    "mixtral": ("MixtralConfig", SIZES | {"num_local_experts": 4, "num_experts_per_tok": 2,
                                          "head_dim": 4}),
    "qwen2_moe": ("Qwen2MoeConfig", SIZES | EXPERTS | {
        "moe_intermediate_size": 12, "shared_expert_intermediate_size": 24}),
    "qwen2_moe_layers": ("Qwen2MoeConfig", SIZES | EXPERTS | {
        "moe_intermediate_size": 12, "shared_expert_intermediate_size": 24, "num_hidden_layers": 3,
        "mlp_only_layers": [1], "qkv_bias": False, "norm_topk_prob": True}),
    "qwen3_moe": ("Qwen3MoeConfig", SIZES | EXPERTS | {
        "moe_intermediate_size": 12, "head_dim": 8, "norm_topk_prob": True}),
    "olmoe": ("OlmoeConfig", SIZES | EXPERTS | {"intermediate_size": 12}),
}


def draw(model, name):
    """Weights that are felt: norms about 1, biases and matrices well away from 0."""
    random = numpy.random.default_rng([ord(letter) for letter in name])
    with torch.no_grad():
        for parameter_name, parameter in sorted(model.named_parameters()):
            values = random.normal(0, 0.3, tuple(parameter.shape))
            is_factor = "norm" in parameter_name or "ln_" in parameter_name
            if is_factor and parameter_name.endswith("weight") and not is_less_one(model):
                values += 1
            parameter.copy_(torch.tensor(values))


def is_less_one(model):
    return model.config.model_type in ("gemma", "nemotron")


def make(name, folder):
    class_name, settings = MODELS[name]
    config = getattr(transformers, class_name)(**settings)
    model = transformers.AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    draw(model, name)
    tokens = numpy.random.default_rng(7).integers(0, VOCABULARY, (SEQUENCES, LENGTH))
    with torch.no_grad():
        logits = model(input_ids=torch.tensor(tokens), use_cache=False).logits.numpy()
    if folder.exists():
        shutil.rmtree(folder)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    safetensors.numpy.save_file(
        {"tokens": tokens.astype(numpy.int32), "logits": logits.astype(numpy.float32)},
        folder / "expected.safetensors")
    print(name, json.loads((folder / "config.json").read_text())["model_type"],
          f"largest logit {abs(logits).max():.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="all of them where none is named")
    parser.add_argument("--folder", type=pathlib.Path,
                        default=pathlib.Path(__file__).parent / "models")
    arguments = parser.parse_args()
    for name in arguments.names or MODELS:
        make(name, arguments.folder / name)


if __name__ == "__main__":
    main()
