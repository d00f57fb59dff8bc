#!/usr/bin/env python3
"""Writes cases/NAME for every case: config.json and model.safetensors, a model as upcycle writes
it; expected.safetensors, its inputs, logits, gradients and trained weights; and expected.json, its
losses step by step. README.md says how to run it.
"""

import argparse
import json
import pathlib
import sys
import zlib

import numpy
import safetensors
import safetensors.numpy
import torch
import transformers

from cases import CASES, STEPS
from hugging_face import HuggingFaceModel, read_folder
from parts import draw_weights
from plain_model import PlainModel
from training import draw_samples, objective, train

# Of the choices that a rounding error could turn: in the logits of a router, in weights of drops.
CHOICE_MARGIN, DROP_MARGIN = 3e-4, 1e-4
ATTEMPTS = 200
# How far float32 may lead the plain model astray; norms are of gradients, relative to themselves.
ROUNDED_LOGITS, ROUNDED_WEIGHTS, ROUNDED_NORMS = 4e-6, 5e-6, 2e-6
# How far references may be apart: float32 in parts of Hugging Face's models.
LOGIT_BOUND, GRADIENT_BOUND, LOSS_BOUND, WEIGHT_BOUND = 5e-6, 5e-6, 2e-6, 1e-5

ACTIVATIONS = {"swiglu": "silu", "squared_relu": "relu2", "geglu": "gelu_pytorch_tanh",
               "gelu": "gelu", "gelu_tanh": "gelu_pytorch_tanh"}

ROUNDING = 1e-12

MADE_WITH = {
    "numpy": numpy.__version__,
    "python": sys.version.split()[0],
    "safetensors": safetensors.__version__,
    "torch": torch.__version__,
    "transformers": transformers.__version__,
}


def config_of(case):
    """As experiments/formats/model_config.cpp writes it."""
    model, moe = case.model, case.moe
    config = {
        "vocab_size": case.vocabulary,
        "hidden_size": model["width"],
        "num_hidden_layers": model["layers"],
        "num_attention_heads": model["heads"],
        "num_key_value_heads": model["kv_heads"],
        "head_dim": model["head_width"],
        "intermediate_size": case.expert_width if moe else model["ffn_width"],
        "max_position_embeddings": model["sequence_length"],
        "rope_theta": model["rope_theta"],
        "tie_word_embeddings": model["tied_embeddings"],
        "attention_bias": case.traits["query_bias"],
        "initializer_range": model["init_std"],
        "bos_token_id": 0,
        "eos_token_id": 0,
        "torch_dtype": "float32",
        "upcycle": {"model": model} | ({"moe": moe} if moe else {}),
    }
    config["hidden_act"] = ACTIVATIONS[case.traits["activation"]]
    rms = case.traits["norm"] == "rms"
    config["rms_norm_eps" if rms else "norm_eps"] = model["norm_epsilon"]
    share = model.get("rotary_share", 1.0)
    if model["family"] == "nemotron" or share != 1.0:
        config["partial_rotary_factor"] = share
    if scaling := model.get("rope_scaling"):
        config["rope_scaling"] = {
            "rope_type": scaling["kind"],
            "factor": scaling["factor"],
            "low_freq_factor": scaling["low_frequency_factor"],
            "high_freq_factor": scaling["high_frequency_factor"],
            "original_max_position_embeddings": scaling["original_length"],
        }
    if case.is_mixtral():
        return config | {
            "model_type": "mixtral",
            "architectures": ["MixtralForCausalLM"],
            "num_local_experts": case.experts,
            "num_experts_per_tok": moe["top_k"],
            "router_aux_loss_coef": moe["router"]["load_balance"],
            "sliding_window": None,
        }
    if moe:
        return config | {"model_type": "upcycle_moe"}
    if not case.has_llama_layers():
        return config | {"model_type": "upcycle_" + model["family"]}
    if model["family"] == "mistral":
        return config | {"model_type": "mistral", "architectures": ["MistralForCausalLM"],
                         "sliding_window": None}
    return config | {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}


def draw(case):
    """The first weights and samples that the case can be shown with."""
    for attempt in range(ATTEMPTS):
        random = numpy.random.default_rng([zlib.crc32(case.name.encode()), attempt])
        weights, samples = draw_weights(case, random), draw_samples(case, random)
        plain = PlainModel(case, weights)
        outcome = train(plain, case, samples)
        rounded = train(PlainModel(case, weights, torch.float32), case, samples)
        objection = objection_to(case, plain, outcome, rounded)
        if objection is None:
            return weights, samples, plain, outcome, attempt
        print(f"{case.name}, draw {attempt}: {objection}")
    raise SystemExit(f"{case.name}: {ATTEMPTS} draws, and none that shows it")


def objection_to(case, plain, outcome, rounded):
    """Why these ten steps would not test what the case is for, if so."""
    if plain.choice_margin < CHOICE_MARGIN or plain.drop_margin < DROP_MARGIN:
        return "a near tie, which rounding might turn"
    norms, rounded_norms = (
        numpy.array([step["gradient_norm"] for step in x.steps]) for x in (outcome, rounded))
    if (apart(rounded.logits, outcome.logits) > ROUNDED_LOGITS
            or largest_apart(rounded.trained, outcome.trained) > ROUNDED_WEIGHTS
            or apart(rounded_norms / norms, numpy.ones(STEPS)) > ROUNDED_NORMS):
        return "rounding errors grow"
    if not min(norms) < case.train["optimizer"]["clip_norm"] < max(norms):
        return "all or no steps are clipped"
    if case.moe and (case.moe["capacity_factor"] != "dropless") != (plain.dropped > 0):
        return f"{plain.dropped} assignments are dropped"
    losses = [step["loss"] for step in outcome.steps]
    if sum(losses[-3:]) > sum(losses[:3]) - 0.3:
        return "nothing is learnt"
    return None


def apart(a, b):
    return float(abs(a - b).max())


def apart_relatively(a, b):
    largest = float(abs(b).max())
    # A bias on keys that nothing rotates moves all scores of a query alike: its gradient is zero,
    # and what float64 leaves of it is rounding.
    return apart(a, b) / largest if largest > ROUNDING else 0.0 if apart(a, b) < ROUNDING else 1.0


def largest_apart(a, b, measure=apart):
    return max(measure(a[name], b[name]) for name in a)


def require_agreement(case, name, a, b):
    found = {
        "logits": (apart(a.logits, b.logits), LOGIT_BOUND),
        "gradients": (largest_apart(a.gradients, b.gradients, apart_relatively), GRADIENT_BOUND),
        "losses": (max(abs(x["loss"] - y["loss"]) for x, y in zip(a.steps, b.steps)), LOSS_BOUND),
        "weights": (largest_apart(a.trained, b.trained), WEIGHT_BOUND),
    }
    print(f"  {name}: " + ", ".join(f"{what} {error:.1e}" for what, (error, _) in found.items()))
    for what, (error, bound) in found.items():
        if not error <= bound:
            raise SystemExit(f"{case.name}: {what} of {name} are {error:.2e} from plain_model.py's")


def require_readable(case, folder, samples, logits):
    """Transformers reads the folder as the model that it is."""
    batch = torch.tensor(samples[:case.train["batch_sequences"]], dtype=torch.int64)
    with torch.no_grad():
        found = read_folder(folder)(input_ids=batch[:, :-1]).logits.flatten(0, 1).numpy()
    if not abs(found - logits).max() <= LOGIT_BOUND:
        raise SystemExit(f"{case.name}: transformers reads the folder as another model")


def save_tensors(path, tensors, metadata):
    contiguous = {name: numpy.ascontiguousarray(values) for name, values in tensors.items()}
    path.write_bytes(safetensors.numpy.save(contiguous, metadata))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def write_expected(folder, case, samples, outcome, facts):
    # Twelve digits: the last bits of a float64 sum are the machine's.
    steps = [{name: float(f"{value:.12g}") for name, value in step.items()}
             for step in outcome.steps]
    write_json(folder / "expected.json",
               {"made_with": MADE_WITH, "steps": steps, "train": case.train} | facts)
    tensors = {"tokens": samples[:, :-1], "targets": samples[:, 1:], "logits": outcome.logits}
    tensors |= {"gradient." + name: values for name, values in outcome.gradients.items()}
    tensors |= {"trained." + name: values for name, values in outcome.trained.items()}
    made_with = ", ".join(f"{name} {version}" for name, version in MADE_WITH.items())
    save_tensors(folder / "expected.safetensors", tensors, {"made_with": made_with})


def generate(case, folder):
    folder.mkdir(parents=True, exist_ok=True)
    weights, samples, plain, outcome, attempt = draw(case)
    print(f"{case.name}: loss {outcome.steps[0]['loss']:.4f} to {outcome.steps[-1]['loss']:.4f}, "
          f"margins {plain.choice_margin:.1e} {plain.drop_margin:.1e}")
    write_json(folder / "config.json", config_of(case))
    save_tensors(folder / "model.safetensors", weights, {"format": "pt"})
    kept, source = outcome, "plain_model.py"
    for name in reversed(case.hugging_face):
        kept, source = train(HuggingFaceModel(name, case, weights, folder), case, samples), name
        require_agreement(case, name, kept, outcome)
    if config_of(case)["model_type"] in ("llama", "mistral") or "MixtralForCausalLM" in case.hugging_face:
        require_readable(case, folder, samples, kept.logits)
    write_expected(folder, case, samples, kept, {"source": source, "draw": attempt})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="cases to write [all]")
    parser.add_argument("--to", type=pathlib.Path, default=pathlib.Path(__file__).parent / "cases")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for case in CASES:
        if not arguments.names or case.name in arguments.names:
            generate(case, arguments.to / case.name)


if __name__ == "__main__":
    main()
