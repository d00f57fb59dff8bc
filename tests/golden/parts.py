"""The tensors of a case as a Hugging Face checkpoint names them, their shapes, and first values."""

import numpy


def shapes_of(case):
    """{name: shape} of every weight, in no particular order."""
    model = case.model
    width = model["width"]
    queries, keys = (model[heads] * model["head_width"] for heads in ("heads", "kv_heads"))
    table = (case.vocabulary, width)
    shapes = {"model.embed_tokens.weight": table} | _norm(case, "model.norm")
    if not model["tied_embeddings"]:
        shapes["lm_head.weight"] = table
    for layer in range(model["layers"]):
        prefix = f"model.layers.{layer}."
        shapes |= _norm(case, prefix + "input_layernorm")
        shapes |= _norm(case, prefix + "post_attention_layernorm")
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            shapes[f"{prefix}self_attn.{name}_proj.weight"] = (rows, width)
        shapes[f"{prefix}self_attn.o_proj.weight"] = (width, queries)
        if not case.has_experts(layer):
            shapes |= _mlp(case, prefix + "mlp", ("gate_proj", "up_proj", "down_proj"),
                           model["ffn_width"])
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
    kinds = ("weight",) if case.gated else ("weight", "bias")
    return {f"{name}.{kind}": (case.model["width"],) for kind in kinds}


def _mlp(case, prefix, names, hidden):
    gate, up, down = names
    width = case.model["width"]
    shapes = {f"{prefix}.{up}.weight": (hidden, width), f"{prefix}.{down}.weight": (width, hidden)}
    if case.gated:
        shapes[f"{prefix}.{gate}.weight"] = (hidden, width)
    return shapes
