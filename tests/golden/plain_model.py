"""The model in plain PyTorch, in float64 by itself: one expression an equation, no fused weights, no kernels.

Sources: RMSNorm (Zhang and Sennrich 2019), rotary positions (Su et al. 2021), SwiGLU (Shazeer
2020), squared ReLU (So et al. 2021), GELU (Hendrycks and Gimpel 2016), norms behind attention and MLP
(OLMo 2, arXiv 2501.00656), attention beside the MLP (GPT-J, 2021), routing orders and capacity (He et al. 2024, arXiv
2410.07524), sigmoid scores (DeepSeek-V3, arXiv 2412.19437), the gated shared expert (Qwen1.5-MoE).
"""

import dataclasses
import math

import torch

from parts import expert_names, norm_names, router_name, shared_names


@dataclasses.dataclass
class RouterTrace:
    """What one layer's router said about the n tokens of a micro-batch."""

    probabilities: torch.Tensor  # [n, E], over all experts
    counts: torch.Tensor  # [n, E]: 1 where the token chose the expert, before anything is dropped
    log_sum_exp: torch.Tensor  # [n]


class PlainModel:
    def __init__(self, case, weights, dtype=torch.float64):
        self.case = case
        self.weights = {
            name: torch.tensor(values, dtype=dtype, requires_grad=True)
            for name, values in sorted(weights.items())
        }
        # How clear the closest choice was: of experts in their logits, of drops in their weights.
        self.choice_margin = self.drop_margin = math.inf
        self.dropped = 0

    # What a training needs of a model: parameters, and parts by their names.
    def parameters(self):
        return [(name, weight, weight.dim() > 1) for name, weight in self.weights.items()]

    def value(self, name):
        return self.weights[name].detach()

    def gradient(self, name):
        return self.weights[name].grad

    def forward(self, tokens):
        """Of tokens [B, L]: logits [n, V], and a trace of each layer with experts."""
        model, w = self.case.model, self.weights
        traits = self.case.traits
        x = w["model.embed_tokens.weight"][tokens]  # [B, L, D]
        if traits["scaled_embedding"]:
            x = x * math.sqrt(model["width"])
        if traits["learned_positions"]:
            x = x + w["model.embed_positions.weight"][:tokens.shape[1]]
        traces = []
        for layer in range(model["layers"]):
            prefix = f"model.layers.{layer}."
            first, second = (prefix + name for name in norm_names(self.case))
            if traits["residual"] == "after":
                x = x + self._norm(self._attend(x, prefix + "self_attn."), first)
                x = x + self._norm(self._second(x, layer, traces), second)
                continue
            attended = self._attend(self._norm(x, first), prefix + "self_attn.")
            if traits["residual"] == "parallel":
                x = x + attended + self._second(self._norm(x, second), layer, traces)
                continue
            x = x + attended
            x = x + self._second(self._norm(x, second), layer, traces)
        x = self._norm(x, "model.norm").flatten(0, 1)
        tied = model["tied_embeddings"]
        return x @ w["model.embed_tokens.weight" if tied else "lm_head.weight"].T, traces

    def _second(self, x, layer, traces):
        """What the MLP or the experts of a layer make of x [B, L, D]."""
        if not self.case.has_experts(layer):
            names = ("gate_proj", "up_proj", "down_proj")
            return self._feed_forward(x, f"model.layers.{layer}.mlp", names)
        out, trace = self._route(x.flatten(0, 1), layer)
        traces.append(trace)
        return out.view_as(x)

    def _norm(self, x, name):
        kind, epsilon = self.case.traits["norm"], self.case.model["norm_epsilon"]
        if kind == "rms":
            return self._rms_norm(x, self.weights[name + ".weight"])
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred * centred).mean(-1, keepdim=True)
        normal = centred / torch.sqrt(variance + epsilon)
        if kind == "plain_layer":
            return normal
        return normal * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def _rms_norm(self, x, weight):
        epsilon = self.case.model["norm_epsilon"]
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight

    def _multiply(self, x, name):
        """W·x, and the bias where there is one."""
        y = x @ self.weights[name + ".weight"].T
        bias = self.weights.get(name + ".bias")
        return y if bias is None else y + bias

    def _attend(self, x, prefix):
        model, w = self.case.model, self.weights
        sequences, length, _ = x.shape
        width, group = model["head_width"], model["heads"] // model["kv_heads"]

        def heads(name):  # [B, heads, L, W]
            y = self._multiply(x, f"{prefix}{name}_proj")
            norm = w.get(f"{prefix}{name}_norm.weight")
            if norm is not None and self.case.traits["query_key_norm"] == "whole":
                y = self._rms_norm(y, norm)
            y = y.view(sequences, length, -1, width)
            if norm is not None and self.case.traits["query_key_norm"] == "head":
                y = self._rms_norm(y, norm)
            return y.transpose(1, 2)

        q, k = self._rotate(heads("q")), self._rotate(heads("k"))
        k, v = (y.repeat_interleave(group, dim=1) for y in (k, heads("v")))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        out = scores.masked_fill(future, -math.inf).softmax(-1) @ v
        return self._multiply(out.transpose(1, 2).reshape(sequences, length, -1), prefix + "o_proj")

    def _rotate(self, x):
        """Turns (x_i, x_{i + R/2}) at position p by p · theta^(-2i/R), for the first R numbers."""
        if self.case.traits["learned_positions"]:
            return x
        width = self.case.rotary_width
        positions = torch.arange(x.shape[-2], dtype=torch.float64)
        exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
        frequencies = self._scaled(self.case.model["rope_theta"] ** -exponents)
        angles = positions[:, None] * frequencies
        cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        low, high = x[..., :width].chunk(2, -1)
        turned = [low * cosines - high * sines, high * cosines + low * sines]
        return torch.cat(turned + [x[..., width:]], -1)

    def _scaled(self, frequencies):
        """Lowered as Llama 3.1 lowers them, or as they are."""
        scaling = self.case.model.get("rope_scaling")
        if scaling is None:
            return frequencies
        low, high = scaling["low_frequency_factor"], scaling["high_frequency_factor"]
        turns = scaling["original_length"] * frequencies / (2 * math.pi)
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return kept * frequencies + (1 - kept) * frequencies / scaling["factor"]

    def _feed_forward(self, x, prefix, names):
        gate, up, down = (f"{prefix}.{name}" for name in names)
        hidden = self._multiply(x, up)
        if self.case.gated:
            hidden = self._curve(self._multiply(x, gate)) * hidden
        else:
            hidden = self._curve(hidden)
        return self._multiply(hidden, down)

    def _curve(self, x):
        activation = self.case.traits["activation"]
        if activation == "swiglu":
            return x * torch.sigmoid(x)
        if activation == "squared_relu":
            return torch.clamp(x, min=0) ** 2
        if activation == "gelu":
            return x / 2 * (1 + torch.erf(x / math.sqrt(2)))
        return x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    def _route(self, x, layer):
        """What the experts make of x [n, D], and the trace."""
        moe = self.case.moe
        logits = x @ self.weights[router_name(self.case, layer)].T
        sigmoid = moe["router"]["score"] == "sigmoid"
        scores = torch.sigmoid(logits) if sigmoid else logits.softmax(-1)
        probabilities = scores / scores.sum(-1, keepdim=True)
        ordered, experts = logits.sort(-1, descending=True)
        k = moe["top_k"]
        margin = (ordered[:, k - 1] - ordered[:, k]).min().item()
        self.choice_margin = min(self.choice_margin, margin)
        chosen = experts[:, :k]
        weights = scores.gather(1, chosen)
        if moe["router"]["order"] == "topk_then_softmax":
            weights = weights / weights.sum(-1, keepdim=True)
        out = self._share(x, layer)
        for expert in range(self.case.experts):
            tokens, places = torch.where(chosen == expert)  # in the order of the tokens
            kept = self._serve(weights[tokens, places].detach(), x.shape[0])
            tokens, places = tokens[kept], places[kept]
            y = self._feed_forward(x[tokens], *expert_names(self.case, layer, expert))
            out = out.index_add(0, tokens, weights[tokens, places, None] * y)
        counts = torch.zeros_like(probabilities).scatter(1, chosen, 1.0)
        return out, RouterTrace(probabilities, counts, logits.logsumexp(-1))

    def _share(self, x, layer):
        """What the expert that takes every token makes of x [n, D]."""
        shared = self.case.moe["shared_expert"]
        if shared == "none":
            return torch.zeros_like(x)
        out = self._feed_forward(x, *shared_names(layer))
        if shared == "gated":
            gate = self.weights[f"model.layers.{layer}.mlp.shared_expert_gate.weight"]
            out = torch.sigmoid(x @ gate.T) * out
        return out

    def _serve(self, weights, tokens):
        """Which of an expert's assignments, in the order of their tokens, it has room for."""
        capacity = self.case.capacity(tokens)
        if len(weights) <= capacity:
            return torch.arange(len(weights))
        self.dropped += len(weights) - capacity
        if self.case.moe["drop_policy"] == "position":
            return torch.arange(capacity)
        ordered, places = weights.sort(descending=True)
        self.drop_margin = min(self.drop_margin, (ordered[capacity - 1] - ordered[capacity]).item())
        return places[:capacity].sort().values
