"""The tensors of a case as a Hugging Face checkpoint names them, their shapes, and first values."""

import numpy


def shapes_of(case):
    """{name: shape} of every weight, in no particular order."""
    model = case.model
    width = model["width"]
    queries, keys = (model[heads] * model["head_width"] for heads in ("heads", "kv_heads"))
    table = (case.vocabulary, width)
    traits = case.traits
    shapes = {"model.embed_tokens.weight": table} | _norm(case, "model.norm")
    if traits["learned_positions"]:
        shapes["model.embed_positions.weight"] = (model["sequence_length"], width)
    if not model["tied_embeddings"]:
        shapes["lm_head.weight"] = table
    for layer in range(model["layers"]):
        prefix = f"model.layers.{layer}."
        for name in norm_names(case):
            shapes |= _norm(case, prefix + name)
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            shapes[f"{prefix}self_attn.{name}_proj.weight"] = (rows, width)
            if traits["query_bias"]:
                shapes[f"{prefix}self_attn.{name}_proj.bias"] = (rows,)
            if name != "v" and traits["query_key_norm"] != "none":
                by_head = traits["query_key_norm"] == "head"
                shapes[f"{prefix}self_attn.{name}_norm.weight"] = (
                    model["head_width"] if by_head else rows,)
        shapes[f"{prefix}self_attn.o_proj.weight"] = (width, queries)
        if traits["output_bias"]:
            shapes[f"{prefix}self_attn.o_proj.bias"] = (width,)
        if not case.has_experts(layer):
            shapes |= _mlp(case, prefix + "mlp", ("gate_proj", "up_proj", "down_proj"),
                           model["ffn_width"])
            if traits["mlp_bias"]:
                shapes[prefix + "mlp.up_proj.bias"] = (model["ffn_width"],)
                shapes[prefix + "mlp.down_proj.bias"] = (width,)
            continue
        shapes[router_name(case, layer)] = (case.experts, width)
        for expert in range(case.experts):
            shapes |= _mlp(case, *expert_names(case, layer, expert), case.expert_width)
        shared = case.moe["shared_expert"]
        if shared != "none":
            shapes |= _mlp(case, *shared_names(layer), model["ffn_width"])
        if shared == "gated":
            shapes[f"{prefix}mlp.shared_expert_gate.weight"] = (1, width)
    return shapes


def norm_names(case):
    """What the norms of a layer's two halves are called."""
    if case.traits["residual"] == "after":
        return "post_attention_layernorm", "post_feedforward_layernorm"
    return "input_layernorm", "post_attention_layernorm"


def router_name(case, layer):
    return f"model.layers.{layer}.{_block(case)}.gate.weight"


def expert_names(case, layer, expert):
    """Where an expert's weights are, and what its gate, up and down are called there."""
    mixtral = ("w1", "w3", "w2")
    return (
        f"model.layers.{layer}.{_block(case)}.experts.{expert}",
        mixtral if case.is_mixtral() else ("gate_proj", "up_proj", "down_proj"),
    )


def shared_names(layer):
    """The same of the expert that takes every token."""
    return f"model.layers.{layer}.mlp.shared_expert", ("gate_proj", "up_proj", "down_proj")


def draw_weights(case, random):
    """{name: float32 array}: every path carries gradient, and no norm is the identity."""
    weights = {}
    for name, shape in sorted(shapes_of(case).items()):
        values = random.standard_normal(shape)
        if name.endswith("norm.weight"):
            values = 1 + 0.2 * values
        elif name.endswith(".bias"):
            values = 0.1 * values
        elif name.endswith(".gate.weight"):
            values = case.moe["router"]["init_std"] * values
        else:
            values = case.model["init_std"] * values
        weights[name] = values.astype(numpy.float32)
    return weights


def _block(case):
    return "block_sparse_moe" if case.is_mixtral() else "mlp"


def _norm(case, name):
    kinds = {"rms": ("weight",), "layer": ("weight", "bias"), "plain_layer": ()}[
        case.traits["norm"]]
    return {f"{name}.{kind}": (case.model["width"],) for kind in kinds}


def _mlp(case, prefix, names, hidden):
    gate, up, down = names
    width = case.model["width"]
    shapes = {f"{prefix}.{up}.weight": (hidden, width), f"{prefix}.{down}.weight": (width, hidden)}
    if case.gated:
        shapes[f"{prefix}.{gate}.weight"] = (hidden, width)
    return shapes
