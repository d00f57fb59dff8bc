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
                piece.copy_(torch.tensor(values, dtype=torch.float64) - shift)

    def parameters(self):
        """Those that parts lie in, and whether they decay: what else the class has is untrained."""
        own = sorted({self._place(name)[0] for name in shapes_of(self.case)})
        return [(name, self.named[name], self.named[name].dim() > 1) for name in own]

    def forward(self, tokens):
        return self.model(input_ids=tokens, use_cache=False).logits.flatten(0, 1), []

    def value(self, name):
        piece, shift = self._piece(name)
        return piece.detach() + shift

    def gradient(self, name):
        return self._piece(name, gradient=True)[0]

    def _require_all_parts(self):
        own = {self._place(name)[0] for name in shapes_of(self.case)}
        rest = {name for name in self.named if name not in own}
        strange = {name for name in rest if not re.search(r"shared_expert|[qkv]_proj\.bias$", name)}
        if strange:
            raise SystemExit(f"{self.class_name} has weights that no part fills: {sorted(strange)}")

    def _piece(self, name, gradient=False):
        parameter, index = self._place(name)
        tensor = self.named[parameter].grad if gradient else self.named[parameter]
        # Nemotron's LayerNorm1P multiplies by weight + 1.
        one_more = self.class_name == "NemotronForCausalLM" and name.endswith("norm.weight")
        return tensor[index], 1.0 if one_more else 0.0

    def _place(self, name):
        """The parameter that a part lies in, and where in it: experts are fused in one tensor."""
        if match := EXPERT.fullmatch(name):
            layer, expert, kind = match[1], int(match[2]), match[3]
            hidden = self.case.expert_width
            if kind in ("w2", "down_proj"):
                return f"{layer}.mlp.experts.down_proj", (expert,)
            rows = slice(0, hidden) if kind in ("w1", "gate_proj") else slice(hidden, 2 * hidden)
            return f"{layer}.mlp.experts.gate_up_proj", (expert, rows)
        if match := ROUTER.fullmatch(name):
            return f"{match[1]}.mlp.gate.weight", ...
        return name, ...


def read_folder(folder):
    """The model that transformers itself makes of a folder."""
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, **PLAIN)


def _config(class_name, case, folder):
    if class_name in json.loads((folder / "config.json").read_text()).get("architectures", []):
        return transformers.AutoConfig.from_pretrained(folder)
    model, moe = case.model, case.moe
    common = {
        "vocab_size": case.vocabulary,
        "hidden_size": model["width"],
        "num_hidden_layers": model["layers"],
        "num_attention_heads": model["heads"],
        "num_key_value_heads": model["kv_heads"],
        "head_dim": model["head_width"],
        "max_position_embeddings": model["sequence_length"],
        "rope_parameters": {"rope_type": "default", "rope_theta": model["rope_theta"]},
        "tie_word_embeddings": model["tied_embeddings"],
    }
    if class_name == "NemotronForCausalLM":
        return transformers.NemotronConfig(
            **common, intermediate_size=model["ffn_width"], norm_eps=model["norm_epsilon"],
            hidden_act="relu2", partial_rotary_factor=1.0)
    common |= {
        "rms_norm_eps": model["norm_epsilon"],
        "num_experts_per_tok": moe["top_k"],
        "router_aux_loss_coef": 0.0,
    }
    if class_name == "MixtralForCausalLM":
        return transformers.MixtralConfig(
            **common, intermediate_size=case.expert_width, num_local_experts=case.experts)
    return transformers.Qwen2MoeConfig(
        **common,
        intermediate_size=model["ffn_width"],
        moe_intermediate_size=case.expert_width,
        shared_expert_intermediate_size=(
            case.expert_width if moe["shared_expert"] == "none" else model["ffn_width"]),
        num_experts=case.experts,
        norm_topk_prob=moe["router"]["order"] == "topk_then_softmax",
    )
