"""The same models as classes of Hugging Face transformers, in float64 as far as those allow: their
RMSNorm, rotary tables and routers' softmax are float32 whatever the weights are.

Their own auxiliary losses are left out: they pool layers and do not divide by top_k.
"""

import json
import re

import torch
import transformers

from parts import shapes_of

EXPERT = re.compile(r"(.*)\.(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(\w+)\.weight")
ROUTER = re.compile(r"(.*)\.(?:mlp|block_sparse_moe)\.gate\.weight")
PROJECTION = re.compile(r"self_attn\.([qkv])_proj")
PLAIN = {"experts_implementation": "eager", "attn_implementation": "eager"}


class HuggingFaceModel:
    def __init__(self, class_name, case, weights, folder):
        self.case, self.class_name = case, class_name
        config = _config(class_name, case, folder)
        self.model = getattr(transformers, class_name)._from_config(
            config, dtype=torch.float64, **PLAIN)
        self.model.train()
        self.named = dict(self.model.named_parameters())
        self._require_all_parts()
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.zero_()  # what no part fills in: biases, a shared expert
            for name, values in weights.items():
                piece, shift = self._piece(name)
                values = torch.tensor(values, dtype=torch.float64) - shift
                piece.copy_(values.reshape(piece.shape))

    def parameters(self):
        """Those that parts lie in, and whether they decay: what else the class has is untrained."""
        own = sorted({self._place(name)[0] for name in shapes_of(self.case)})
        return [(name, self.named[name], self.named[name].dim() > 1) for name in own]

    def forward(self, tokens):
        return self.model(input_ids=tokens, use_cache=False).logits.flatten(0, 1), []

    def value(self, name):
        piece, shift = self._piece(name)
        return piece.detach().reshape(shapes_of(self.case)[name]) + shift

    def gradient(self, name):
        return self._piece(name, gradient=True)[0].reshape(shapes_of(self.case)[name])

    def _require_all_parts(self):
        own = {self._place(name)[0] for name in shapes_of(self.case)}
        rest = {name for name in self.named if name not in own}
        strange = {name for name in rest if not re.search(r"shared_expert|[qkv]_proj\.bias$", name)}
        if strange:
            raise SystemExit(f"{self.class_name} has weights that no part fills: {sorted(strange)}")

    def _piece(self, name, gradient=False):
        parameter, view = self._place(name)
        tensor = self.named[parameter].grad if gradient else self.named[parameter]
        # Nemotron's LayerNorm1P and Gemma's RMSNorm multiply by weight + 1.
        one_more = (self.class_name in ("NemotronForCausalLM", "GemmaForCausalLM")
                    and name.endswith("norm.weight"))
        return view(tensor), 1.0 if one_more else 0.0

    def _place(self, name):
        """The parameter that a part lies in, and a view of the part in it."""
        if self.class_name == "GPT2LMHeadModel":
            return _place_in_gpt2(name)
        if self.class_name == "GPTNeoXForCausalLM":
            return _place_in_neox(name, self.case.model["heads"], self.case.model["head_width"])
        if match := EXPERT.fullmatch(name):
            layer, expert, kind = match[1], int(match[2]), match[3]
            hidden = self.case.expert_width
            if kind in ("w2", "down_proj"):
                return f"{layer}.mlp.experts.down_proj", lambda x: x[expert]
            rows = slice(0, hidden) if kind in ("w1", "gate_proj") else slice(hidden, 2 * hidden)
            return f"{layer}.mlp.experts.gate_up_proj", lambda x: x[expert, rows]
        if match := ROUTER.fullmatch(name):
            return f"{match[1]}.mlp.gate.weight", lambda x: x
        return name, lambda x: x


def _renamed(name, names):
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name


def _place_in_gpt2(name):
    """Its products are x·W: matrices lie transposed, queries, keys and values side by side."""
    place = _renamed(name, {
        "model.layers": "transformer.h",
        "model.embed_tokens": "transformer.wte",
        "model.embed_positions": "transformer.wpe",
        "model.norm": "transformer.ln_f",
        "input_layernorm": "ln_1",
        "post_attention_layernorm": "ln_2",
        "self_attn.o_proj": "attn.c_proj",
        "mlp.up_proj": "mlp.c_fc",
        "mlp.down_proj": "mlp.c_proj",
    })
    if match := PROJECTION.search(place):
        third = "qkv".index(match[1])
        place = place.replace(match[0], "attn.c_attn")
        return place, lambda x: _transposed(x.chunk(3, -1)[third])
    return place, lambda x: _transposed(x) if ".c_" in place else x


def _transposed(x):
    return x.T if x.dim() == 2 else x


def _place_in_neox(name, heads, head_width):
    """Queries, keys and values lie side by side in each head."""
    place = _renamed(name, {
        "model.layers": "gpt_neox.layers",
        "model.embed_tokens": "gpt_neox.embed_in",
        "model.norm": "gpt_neox.final_layer_norm",
        "self_attn.o_proj": "attention.dense",
        "mlp.up_proj": "mlp.dense_h_to_4h",
        "mlp.down_proj": "mlp.dense_4h_to_h",
    })
    if match := PROJECTION.search(place):
        third = "qkv".index(match[1])
        place = place.replace(match[0], "attention.query_key_value")
        return place, lambda x: x.view(heads, 3, head_width, *x.shape[1:])[:, third]
    return place, lambda x: x


def read_folder(folder):
    """The model that transformers itself makes of a folder."""
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, **PLAIN)


def _config(class_name, case, folder):
    if class_name in json.loads((folder / "config.json").read_text()).get("architectures", []):
        return transformers.AutoConfig.from_pretrained(folder)
    model = case.model
    if class_name == "GPT2LMHeadModel":
        return transformers.GPT2Config(
            vocab_size=case.vocabulary, n_embd=model["width"], n_layer=model["layers"],
            n_head=model["heads"], n_positions=model["sequence_length"],
            n_inner=model["ffn_width"], layer_norm_epsilon=model["norm_epsilon"],
            tie_word_embeddings=model["tied_embeddings"], attn_pdrop=0.0, embd_pdrop=0.0,
            resid_pdrop=0.0, bos_token_id=0, eos_token_id=0)
    share = model.get("rotary_share", 1.0)
    common = {
        "vocab_size": case.vocabulary,
        "hidden_size": model["width"],
        "num_hidden_layers": model["layers"],
        "num_attention_heads": model["heads"],
        "num_key_value_heads": model["kv_heads"],
        "head_dim": model["head_width"],
        "intermediate_size": model["ffn_width"],
        "max_position_embeddings": model["sequence_length"],
        "rope_parameters": {"rope_type": "default", "rope_theta": model["rope_theta"]},
        "tie_word_embeddings": model["tied_embeddings"],
        "pad_token_id": None,  # whose row of the embedding would not be trained
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    if class_name == "NemotronForCausalLM":
        common["rope_parameters"]["partial_rotary_factor"] = share
        return transformers.NemotronConfig(
            **common, norm_eps=model["norm_epsilon"], hidden_act="relu2")
    if class_name == "GPTNeoXForCausalLM":
        common["rope_parameters"]["partial_rotary_factor"] = share
        for key in ("num_key_value_heads", "head_dim"):
            del common[key]
        return transformers.GPTNeoXConfig(**common, layer_norm_eps=model["norm_epsilon"])
    if class_name == "OlmoForCausalLM":
        return transformers.OlmoConfig(**common)
    common["rms_norm_eps"] = model["norm_epsilon"]
    if not case.moe:
        return getattr(transformers, class_name).config_class(**common)
    return _config_with_experts(class_name, case, common)


def _config_with_experts(class_name, case, common):
    moe = case.moe
    common |= {"num_experts_per_tok": moe["top_k"], "router_aux_loss_coef": 0.0}
    normed = moe["router"]["order"] == "topk_then_softmax"
    if class_name == "MixtralForCausalLM":
        return transformers.MixtralConfig(
            **common | {"intermediate_size": case.expert_width}, num_local_experts=case.experts)
    common |= {"num_experts": case.experts, "norm_topk_prob": normed}
    if class_name == "OlmoeForCausalLM":
        return transformers.OlmoeConfig(**common | {"intermediate_size": case.expert_width})
    common["moe_intermediate_size"] = case.expert_width
    if class_name == "Qwen3MoeForCausalLM":
        return transformers.Qwen3MoeConfig(**common)
    return transformers.Qwen2MoeConfig(
        **common,
        shared_expert_intermediate_size=(
            case.expert_width if moe["shared_expert"] == "none" else case.model["ffn_width"]))
