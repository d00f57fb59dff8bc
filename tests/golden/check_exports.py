#!/usr/bin/env python3
"""Loads what `upcycle convert` writes in transformers, and fails on any warning or other logits:
each model of models/ as it is, in every number type; and the dense ones as mixtures of copies,
which compute what the dense model computes. README.md says how to run it.
"""

import argparse
import io
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

import safetensors.numpy
import torch
import transformers

HERE = pathlib.Path(__file__).parent
# Copies under each order of routing; the scaling makes up for weights that do not sum to 1, exactly
# only where the router's weights are alike, which a std of 0 makes them.
MIXTURES = {
    "mixtral": (["llama", "llama_scaled", "llama_linear", "mistral"], []),
    "qwen2_moe": (["llama", "qwen2", "mistral"], []),
    "qwen3_moe": (["qwen3"], []),
    "qwen2_moe softmax_then_topk": (["llama", "qwen2"], [
        "--set", "moe.router.order=softmax_then_topk", "--set", "moe.router.init_std=0"]),
    "qwen2_moe granularity": (["llama", "qwen2"], [
        "--granularity", "2", "--top-k", "4", "--set", "moe.router.order=softmax_then_topk",
        "--set", "moe.router.init_std=0"]),
    "qwen2_moe shared": (["llama"], ["--set", "moe.shared_expert=gated"]),
    "qwen2_moe layers": (["qwen2"], ["--set", "moe.layers=[1]"]),
}


class Said(logging.Handler):
    """Everything that transformers and torch warn of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def load(folder):
    """The model that transformers makes of a folder, and what it warned of."""
    said = Said()
    for name in ("transformers", "torch"):
        logging.getLogger(name).addHandler(said)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stderr, sys.stderr = sys.stderr, io.StringIO()
        try:
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager",
                output_loading_info=True)
        finally:
            sys.stderr = stderr
    for name in ("transformers", "torch"):
        logging.getLogger(name).removeHandler(said)
    said.lines += [str(warning.message) for warning in caught]
    said.lines += [f"{what}: {names}" for what, names in report.items() if names]
    return model.eval(), said.lines


def logits_of(model, tokens):
    with torch.no_grad():
        return model(input_ids=torch.tensor(tokens.astype("int64")), use_cache=False).logits.numpy()


def rounded(name, dtype):
    """The golden model with its weights rounded by torch."""
    model, _ = load(HERE / "models" / name)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(getattr(torch, dtype)).to(torch.float32))
    return model


def check(upcycle, name, options, bound, dtype=None):
    expected = safetensors.numpy.load_file(HERE / "models" / name / "expected.safetensors")
    tokens, target = expected["tokens"], expected["logits"]
    if dtype:
        options = options + ["--type", dtype]
        target = logits_of(rounded(name, dtype), tokens)
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "out"
        subprocess.run([upcycle, "convert", str(HERE / "models" / name), "-o", str(output)] + options,
                       check=True, capture_output=True)
        model, said = load(output)
    error = float(abs(logits_of(model, tokens) - target).max())
    verdict = "ok" if error <= bound and not said else "WRONG"
    print(f"{verdict:5} {name:18} {type(model).__name__:22} {error:.2e}  {' '.join(options)}")
    for line in said:
        print("      warned:", line)
    return verdict == "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upcycle", help="the program")
    program = parser.parse_args().upcycle
    transformers.logging.set_verbosity_warning()
    good = True
    for folder in sorted((HERE / "models").iterdir()):
        good &= check(program, folder.name, [], 1e-6)
        for dtype in ("bfloat16", "float16"):
            good &= check(program, folder.name, [], 1e-6, dtype)
    for case, (names, options) in MIXTURES.items():
        for name in names:
            experts = ["--experts", "4", "--format", case.split()[0]]
            good &= check(program, name, experts + options, 1e-5)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
