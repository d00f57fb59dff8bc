"""What is compared: each case is a model, how it is routed and how it is trained.

A case says only what differs from the defaults below, in the words of a recipe. `hugging_face`
names the classes of transformers that can express it: the first gives the numbers that are kept,
the others must agree with it.
"""

import dataclasses
from fractions import Fraction

STEPS = 10

MODEL = {
    "family": "llama",
    "layers": 2,
    "width": 16,
    "heads": 4,
    "kv_heads": 2,
    "head_width": 4,
    "ffn_width": 16,
    "sequence_length": 12,
    "tied_embeddings": True,
    "rope_theta": 10000.0,
    "norm_epsilon": 1e-5,
    "init_std": 0.25,
}
MOE = {
    "expansion": 2,
    "granularity": 2,
    "top_k": 2,
    "layers": "all",
    "capacity_factor": "dropless",
    "drop_policy": "probs",
    "shared_expert": "none",
}
ROUTER = {
    "order": "softmax_then_topk",
    "score": "softmax",
    "init_std": 0.4,
    "load_balance": 0.0,
    "balance_scope": "micro_batch",
    "z_loss": 0.0,
}
TRAIN = {"batch_sequences": 4, "micro_batch_sequences": 4}
LEARNING_RATE = {"schedule": "cosine", "peak": 8e-3, "minimum": 1e-3, "warmup_steps": 3}
# An epsilon that is felt shows where it is added, and keeps AdamW from making a rounding error in a
# gradient near zero as large as a step.
OPTIMIZER = {
    "beta1": 0.9,
    "beta2": 0.95,
    "epsilon": 1e-5,
    "weight_decay": 0.1,
    "clip_norm": 2.0,
}
VOCABULARY = 32

# What sets the layers of a family apart (core/recipe/families.h), where it is not Llama's.
TRAITS = {
    "norm": "rms",  # layer, plain_layer
    "activation": "swiglu",  # squared_relu, geglu, gelu, gelu_tanh
    "residual": "before",  # after, parallel
    "query_key_norm": "none",  # head, whole
    "query_bias": False,
    "output_bias": False,
    "mlp_bias": False,
    "learned_positions": False,
    "scaled_embedding": False,
}
BIASES = {"query_bias": True, "output_bias": True, "mlp_bias": True}
FAMILIES = {
    "llama": {},
    "mistral": {},
    "nemotron": {"norm": "layer", "activation": "squared_relu"},
    "qwen2": {"query_bias": True},
    "qwen3": {"query_key_norm": "head"},
    "gemma": {"activation": "geglu", "scaled_embedding": True},
    "olmo": {"norm": "plain_layer"},
    "olmo2": {"residual": "after", "query_key_norm": "whole"},
    "olmoe": {"query_key_norm": "whole"},
    "gpt2": {"norm": "layer", "activation": "gelu_tanh", "learned_positions": True} | BIASES,
    "neox": {"norm": "layer", "activation": "gelu", "residual": "parallel"} | BIASES,
}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    model: dict
    moe: dict | None
    train: dict
    hugging_face: tuple = ()
    vocabulary: int = VOCABULARY

    @property
    def traits(self):
        return TRAITS | FAMILIES[self.model["family"]]

    @property
    def gated(self):
        return self.traits["activation"] in ("swiglu", "geglu")

    @property
    def rotary_width(self):
        return 2 * int(self.model.get("rotary_share", 1.0) * self.model["head_width"] / 2)

    def has_llama_layers(self):
        """Whether LlamaForCausalLM and MistralForCausalLM compute its dense layers."""
        named = self.model["family"] in ("llama", "mistral")
        return named and self.model.get("rotary_share", 1.0) == 1.0

    @property
    def experts(self):
        return self.moe["expansion"] * self.moe["granularity"]

    @property
    def expert_width(self):
        return self.model["ffn_width"] // self.moe["granularity"]

    @property
    def samples(self):
        return STEPS * self.train["batch_sequences"]

    def has_experts(self, layer):
        return self.moe is not None and (self.moe["layers"] == "all" or layer % 2 == 1)

    def is_mixtral(self):
        return (
            self.moe is not None
            and self.has_llama_layers()
            and self.moe["layers"] == "all"
            and self.moe["router"]["order"] == "topk_then_softmax"
            and self.moe["router"]["score"] == "softmax"
            and self.moe["shared_expert"] == "none"
        )

    def capacity(self, tokens):
        """Assignments that an expert may serve of a micro-batch of so many tokens."""
        if self.moe["capacity_factor"] == "dropless":
            return tokens
        share = Fraction(tokens * self.moe["top_k"], self.experts)
        rows = share * Fraction(str(self.moe["capacity_factor"]))
        return min(tokens, -(-rows.numerator // rows.denominator))


def case(name, model=None, moe=None, router=None, train=None, hugging_face=(), **more):
    if moe is not None:
        moe = MOE | moe | {"router": ROUTER | (router or {})}
    fixed = {"learning_rate": LEARNING_RATE, "optimizer": OPTIMIZER}
    train = TRAIN | fixed | (train or {})
    return Case(name, MODEL | (model or {}), moe, train, hugging_face, **more)


# Of the families that come last: small, as there are many.
# Of a bias on keys hardly anything is seen, and AdamW would make steps of its rounding errors.
CALM = {"optimizer": OPTIMIZER | {"epsilon": 1e-3}}
SMALL = {"width": 8, "heads": 2, "kv_heads": 1, "head_width": 4, "ffn_width": 12,
         "sequence_length": 8, "init_std": 0.35}


def small(family, name=None, moe=None, router=None, train=None, hugging_face=(), **model):
    return case(name or family + "_dense", SMALL | {"family": family} | model, moe, router, train,
                hugging_face=hugging_face, vocabulary=16)


LLAMA, NEMOTRON = {"family": "llama"}, {"family": "nemotron"}
UNTIED = {"tied_embeddings": False}
TOPK_FIRST = {"order": "topk_then_softmax"}
BY_TWO = {"micro_batch_sequences": 2}
AS_IN_RECIPES = {"optimizer": OPTIMIZER | {"epsilon": 1e-8}}


def losses(balance, z, scope):
    return {"load_balance": balance, "z_loss": z, "balance_scope": scope}


CASES = [
    case("llama_dense", train=AS_IN_RECIPES, hugging_face=("LlamaForCausalLM",), vocabulary=64),
    case(
        "llama_dense_untied",
        UNTIED | {"heads": 2, "head_width": 8, "rope_theta": 500.0, "norm_epsilon": 1e-3},
        train=BY_TWO,
        hugging_face=("LlamaForCausalLM",),
    ),
    case("nemotron_dense", NEMOTRON, hugging_face=("NemotronForCausalLM",), vocabulary=64),
    case(
        "nemotron_dense_untied",
        NEMOTRON | UNTIED,
        train=AS_IN_RECIPES,
        hugging_face=("NemotronForCausalLM",),
    ),
    case(
        "llama_mixtral",
        UNTIED,
        {"expansion": 4, "granularity": 1},
        TOPK_FIRST,
        hugging_face=("MixtralForCausalLM", "Qwen2MoeForCausalLM"),
    ),
    case(
        "llama_softmax_first",
        LLAMA,
        {"expansion": 2, "granularity": 2},
        hugging_face=("Qwen2MoeForCausalLM",),
    ),
    case(
        "llama_topk_first_of_six",
        {"heads": 2, "kv_heads": 1, "head_width": 8, "ffn_width": 18},
        {"expansion": 2, "granularity": 3, "top_k": 3},
        TOPK_FIRST,
        BY_TWO,
        hugging_face=("Qwen2MoeForCausalLM", "MixtralForCausalLM"),
    ),
    case(
        "llama_one_of_eight_every_other_layer",
        {"ffn_width": 12},
        {"expansion": 8, "granularity": 1, "top_k": 1, "layers": "every_other",
         "capacity_factor": 1.25},
        losses(0.02, 0.003, "micro_batch"),
        BY_TWO,
    ),
    case(
        "llama_topk_first_drops_by_probability",
        LLAMA,
        {"capacity_factor": 0.75},
        TOPK_FIRST | losses(0.05, 0.001, "sequence"),
    ),
    case(
        "llama_softmax_first_drops_by_position",
        {"kv_heads": 4},
        {"expansion": 2, "granularity": 4, "top_k": 4, "capacity_factor": 1.0,
         "drop_policy": "position"},
        losses(0.05, 0.01, "global"),
        BY_TWO,
    ),
    case(
        "llama_topk_first_drops_by_position",
        UNTIED,
        {"expansion": 3, "granularity": 1, "capacity_factor": 0.9, "drop_policy": "position"},
        TOPK_FIRST | losses(0.03, 0.002, "micro_batch"),
        BY_TWO,
    ),
    case(
        "nemotron_softmax_first",
        NEMOTRON,
        {"expansion": 4, "granularity": 2, "layers": "every_other"},
        losses(0.02, 0.01, "micro_batch"),
    ),
    case(
        "nemotron_topk_first_drops_by_position",
        NEMOTRON | UNTIED,
        {"expansion": 4, "granularity": 1, "capacity_factor": 1.0, "drop_policy": "position"},
        TOPK_FIRST | losses(0.05, 0.001, "sequence"),
        BY_TWO,
    ),
    case(
        "nemotron_softmax_first_drops_by_probability",
        NEMOTRON | {"ffn_width": 24},
        {"expansion": 2, "granularity": 3, "top_k": 3, "capacity_factor": 0.8},
        losses(0.05, 0.01, "global"),
        {"micro_batch_sequences": 1},
    ),
    case(
        "llama_gated_shared_expert",
        LLAMA,
        {"expansion": 2, "granularity": 2, "shared_expert": "gated"},
        hugging_face=("Qwen2MoeForCausalLM",),
    ),
    case(
        "nemotron_sigmoid_shared_expert",
        NEMOTRON,
        {"expansion": 2, "granularity": 2, "shared_expert": "plain"},
        TOPK_FIRST | {"score": "sigmoid"} | losses(0.05, 0.01, "global"),
        BY_TWO,
    ),
    small(
        "llama",
        "llama_rope_scaled",
        layers=1,
        head_width=8,
        rope_scaling={"kind": "llama3", "factor": 8.0, "low_frequency_factor": 1.0,
                      "high_frequency_factor": 4.0, "original_length": 100},
        hugging_face=("LlamaForCausalLM",),
    ),
    small("mistral", hugging_face=("MistralForCausalLM",), tied_embeddings=False),
    small("qwen2", hugging_face=("Qwen2ForCausalLM",)),
    small("qwen3", hugging_face=("Qwen3ForCausalLM",), init_std=0.25),
    small("gemma", hugging_face=("GemmaForCausalLM",), init_std=0.2),
    small("olmo", hugging_face=("OlmoForCausalLM",)),
    small("olmo2", hugging_face=("Olmo2ForCausalLM",), tied_embeddings=False),
    small(
        "nemotron",
        "nemotron_half_rotated",
        hugging_face=("NemotronForCausalLM",),
        rotary_share=0.5,
        tied_embeddings=False,
    ),
    small("gpt2", train=CALM, hugging_face=("GPT2LMHeadModel",), kv_heads=2),
    small(
        "neox",
        train=CALM,
        hugging_face=("GPTNeoXForCausalLM",),
        width=16,
        kv_heads=2,
        head_width=8,
        layers=1,
        rotary_share=0.25,
        tied_embeddings=False,
    ),
    small(
        "qwen3",
        "qwen3_experts",
        {"expansion": 2, "granularity": 2},
        TOPK_FIRST,
        hugging_face=("Qwen3MoeForCausalLM",),
        layers=1,
    ),
    small(
        "olmoe",
        "olmoe_experts",
        {"expansion": 2, "granularity": 2},
        hugging_face=("OlmoeForCausalLM",),
        layers=1,
    ),
]
