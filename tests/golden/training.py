"""Ten steps of any model here with torch.optim.AdamW, and all that they show."""

import dataclasses

import numpy
import torch
import transformers

from cases import STEPS
from parts import shapes_of


@dataclasses.dataclass
class Outcome:
    logits: numpy.ndarray  # [n, V] of the first batch, each micro-batch routed by itself
    gradients: dict  # of the first batch, before the clip
    steps: list  # losses, gradient norm and learning rate of each step
    trained: dict  # weights after all of them


def draw_samples(case, random):
    """[samples, L + 1] tokens: an affine rule with noise, so that there is something to learn."""
    samples = numpy.empty((case.samples, case.model["sequence_length"] + 1), numpy.int32)
    samples[:, 0] = random.integers(case.vocabulary, size=case.samples)
    for i in range(1, samples.shape[1]):
        noise = random.integers(case.vocabulary, size=case.samples)
        ruled = (3 * samples[:, i - 1] + 1) % case.vocabulary
        samples[:, i] = numpy.where(random.random(case.samples) < 0.9, ruled, noise)
    return samples


def train(model, case, samples):
    samples = torch.tensor(samples, dtype=torch.int64)
    decay = case.train["optimizer"]["weight_decay"]
    parameters = model.parameters()
    rate, settings = case.train["learning_rate"], case.train["optimizer"]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for _, p, decays in parameters if decays], "weight_decay": decay},
            {"params": [p for _, p, decays in parameters if not decays], "weight_decay": 0.0},
        ],
        lr=rate["peak"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
    )
    schedule = transformers.get_scheduler(
        "cosine_warmup_with_min_lr", optimizer, rate["warmup_steps"], STEPS,
        scheduler_specific_kwargs={"min_lr": rate["minimum"]})
    steps, first = [], None
    for step in range(STEPS):
        size = case.train["batch_sequences"]
        batch = samples[step * size:(step + 1) * size]
        optimizer.zero_grad()
        logits, losses = objective(model, case, batch)
        sum(losses.values()).backward()
        if first is None:
            gradients = {name: as_float32(model.gradient(name)) for name in shapes_of(case)}
            first = as_float32(logits), gradients
        # It divides by norm + 1e-6, the model by norm: 1e-6 of a gradient, which AdamW's step, a
        # ratio of gradients, does not see.
        norm = torch.nn.utils.clip_grad_norm_([p for _, p, _ in parameters], settings["clip_norm"])
        steps.append({name: loss.item() for name, loss in losses.items()} | {
            "gradient_norm": norm.item(), "learning_rate": schedule.get_last_lr()[0]})
        optimizer.step()
        schedule.step()
    return Outcome(*first, steps, {name: as_float32(model.value(name)) for name in shapes_of(case)})


def objective(model, case, batch):
    """Logits, and the losses whose sum is minimised, of sequences [B, L + 1]."""
    tokens, targets = batch[:, :-1], batch[:, 1:]
    micro_batches = tokens.split(case.train["micro_batch_sequences"])
    logits, traces = zip(*(model.forward(micro_batch) for micro_batch in micro_batches))
    logits = torch.cat(logits)
    loss = torch.nn.functional.cross_entropy(logits, targets.flatten())
    balance = z = torch.zeros((), dtype=torch.float64)
    for layer in zip(*traces):
        balance = balance + balance_loss(case, layer)
        z = z + case.moe["router"]["z_loss"] * torch.cat(
            [trace.log_sum_exp for trace in layer]).square().mean()
    return logits, {"loss": loss, "balance_loss": balance, "z_loss": z}


def balance_loss(case, traces):
    """c·E/(T·m²) · Σ_i (Σ_t p_ti) n_i over each span of m tokens, and the mean over spans: a
    micro-batch, a sequence or the whole batch (Switch, Fedus et al. 2021, scaled as Megatron-Core
    does)."""
    scope = case.moe["router"]["balance_scope"]
    probabilities = torch.cat([trace.probabilities for trace in traces])
    counts = torch.cat([trace.counts for trace in traces])
    spans = {"micro_batch": len(traces), "global": 1, "sequence": case.train["batch_sequences"]}
    tokens = len(probabilities) // spans[scope]
    probabilities, counts = (
        x.view(spans[scope], tokens, case.experts).sum(1) for x in (probabilities, counts))
    factor = case.moe["router"]["load_balance"] * case.experts / (case.moe["top_k"] * tokens**2)
    return factor * (probabilities * counts).sum(-1).mean()


def as_float32(tensor):
    return tensor.detach().numpy().astype(numpy.float32)
