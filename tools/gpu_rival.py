#!/usr/bin/env python3
"""PyTorch on the models of `upcycle bench`: the same shapes, tokens a step and arithmetic.

A Llama block stack (RMSNorm, RoPE, grouped-query attention by scaled_dot_product_attention, SwiGLU,
tied head, cross-entropy in float32) in bfloat16 with float32 master weights and moments: gradients
are clipped by their global norm, made float32 layer by layer, and fused AdamW moves the masters.
That is the faster fair form: autocast would cast every weight in every step. Experts are dropless,
once as a loop over experts and once with PyTorch's grouped product where it has one. Every form
runs eagerly; the last also with torch.compile, block by block.

Models run in a process forked before CUDA is touched; one that faults or hangs costs its own
figures alone. Whatever fails says why.
"""

import argparse
import ctypes
import gc
import json
import os
import signal
import statistics
import sys
import tempfile
import time

NOT_MEASURED = "not measured"


def not_measured(reason):
    return {"not_measured": str(reason)}


def build(torch, shape, device, grouped):
    """The model as a list of parts, each of which the optimizer moves by itself."""
    nn, F = torch.nn, torch.nn.functional
    width, heads, kv_heads = shape["width"], shape["heads"], shape["kv_heads"]
    head_width, length = shape["head_width"], shape["sequence_length"]
    kind = {"device": device, "dtype": torch.bfloat16}

    def weight(*extents):
        return nn.Parameter(torch.empty(*extents, **kind).normal_(0, 0.02))

    positions = torch.arange(length, device=device, dtype=torch.float32)
    powers = torch.arange(0, head_width, 2, device=device, dtype=torch.float32) / head_width
    angles = positions[:, None] * shape["rope_theta"] ** -powers
    cosines = torch.cat([angles.cos()] * 2, -1).to(torch.bfloat16)
    sines = torch.cat([angles.sin()] * 2, -1).to(torch.bfloat16)

    def rotate(x):
        low, high = x.chunk(2, -1)
        return x * cosines + torch.cat([-high, low], -1) * sines

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = weight((heads + 2 * kv_heads) * head_width, width)
            self.out = weight(width, heads * head_width)

        def forward(self, x):
            batch = x.shape[0]
            qkv = F.linear(x, self.qkv).view(batch, length, heads + 2 * kv_heads, head_width)
            q, k, v = qkv.transpose(1, 2).split([heads, kv_heads, kv_heads], 1)
            mixed = F.scaled_dot_product_attention(
                rotate(q), rotate(k), v, is_causal=True, enable_gqa=heads != kv_heads)
            return F.linear(mixed.transpose(1, 2).reshape(batch, length, -1), self.out)

    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = weight(2 * shape["ffn_width"], width)
            self.down = weight(width, shape["ffn_width"])

        def forward(self, x):
            gate, up = F.linear(x, self.inner).chunk(2, -1)
            return F.linear(F.silu(gate) * up, self.down)

    grouped_mm = getattr(F, "grouped_mm", None) or getattr(torch, "_grouped_mm", None)

    class Experts(nn.Module):
        def __init__(self):
            super().__init__()
            self.experts, self.top_k = shape["experts"], shape["top_k"]
            hidden = shape["expert_width"]
            self.router = weight(self.experts, width)
            self.inner = weight(self.experts, 2 * hidden, width)
            self.down = weight(self.experts, width, hidden)

        def by_groups(self, x, chosen, weights):
            order = torch.argsort(chosen.view(-1), stable=True)
            counts = torch.zeros(self.experts, dtype=torch.int32, device=x.device)
            counts.scatter_add_(0, chosen.view(-1), torch.ones_like(order, dtype=torch.int32))
            offsets = torch.cumsum(counts, 0, dtype=torch.int32)
            rows = x[order // self.top_k]
            gate, up = grouped_mm(rows, self.inner.transpose(-2, -1), offs=offsets).chunk(2, -1)
            rows = grouped_mm(F.silu(gate) * up, self.down.transpose(-2, -1), offs=offsets)
            back = torch.empty_like(order)
            back[order] = torch.arange(order.numel(), device=x.device)
            rows = rows[back].view(-1, self.top_k, width)
            return (rows * weights[..., None].to(rows.dtype)).sum(1)

        def one_by_one(self, x, chosen, weights):
            out = torch.zeros_like(x)
            for expert in range(self.experts):
                token, rank = torch.where(chosen == expert)
                gate, up = F.linear(x[token], self.inner[expert]).chunk(2, -1)
                rows = F.linear(F.silu(gate) * up, self.down[expert])
                out = out.index_add(0, token, rows * weights[token, rank, None].to(rows.dtype))
            return out

        def forward(self, x):
            flat = x.view(-1, width)
            probabilities = F.linear(flat, self.router).float().softmax(-1)
            weights, chosen = probabilities.topk(self.top_k, -1)
            mix = self.by_groups if grouped else self.one_by_one
            return mix(flat, chosen, weights).view_as(x)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.RMSNorm(width, eps=1e-5, **kind)
            self.attention = Attention()
            self.mlp_norm = nn.RMSNorm(width, eps=1e-5, **kind)
            self.mlp = Experts() if shape["experts"] else Dense()

        def forward(self, x):
            x = x + self.attention(self.norm(x))
            return x + self.mlp(self.mlp_norm(x))

    class Ends(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = weight(shape["vocabulary"], width)
            self.norm = nn.RMSNorm(width, eps=1e-5, **kind)

        def loss(self, x, targets):
            logits = F.linear(self.norm(x), self.embedding)
            return F.cross_entropy(logits.float(), targets, reduction="sum")

    return [Block() for _ in range(shape["layers"])], Ends()


class Training:
    def __init__(self, torch, shape, device, form):
        self.torch, self.form, self.shape = torch, form, shape
        self.blocks, self.ends = build(torch, shape, device, form["grouped"])
        self.loss = self.ends.loss
        if form["compiled"]:
            mode = "reduce-overhead" if form["graphs"] else None
            for block in self.blocks:
                block.compile(dynamic=False, mode=mode)
            self.loss = torch.compile(self.ends.loss, dynamic=False, mode=mode)
        self.parts = []
        for module in [*self.blocks, self.ends]:
            weights = list(module.parameters())
            masters = [w.detach().float() for w in weights]
            optimizer = torch.optim.AdamW(masters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1,
                                          fused=True)
            self.parts.append((weights, masters, optimizer))
        self.weights = [w for weights, _, _ in self.parts for w in weights]
        size = (8, shape["sequences"], shape["sequence_length"] + 1)
        self.tokens = torch.randint(shape["vocabulary"], size, device=device)
        self.count = 0

    def forward(self, tokens, targets):
        torch = self.torch
        x = torch.nn.functional.embedding(tokens, self.ends.embedding)
        for block in self.blocks:
            x = block(x)
        x, targets = x.view(-1, x.shape[-1]), targets.reshape(-1)
        if not self.form["chunked"]:
            return self.loss(x, targets) / targets.numel()
        total = 0
        for rows, answers in zip(x.split(2048), targets.split(2048)):
            total = total + torch.utils.checkpoint.checkpoint(
                self.loss, rows, answers, use_reentrant=False)
        return total / targets.numel()

    def step(self):
        torch = self.torch
        if self.form["graphs"]:
            torch.compiler.cudagraph_mark_step_begin()
        batch = self.tokens[self.count % len(self.tokens)]
        self.count += 1
        self.forward(batch[:, :-1], batch[:, 1:]).backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0, foreach=True)
        with torch.no_grad():
            for weights, masters, optimizer in self.parts:
                for weight, master in zip(weights, masters):
                    master.grad = weight.grad.float()
                    weight.grad = None
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                torch._foreach_copy_(weights, masters)


def time_steps(torch, training, device, seconds):
    """Seconds of each step by CUDA's events, after warm-up."""
    on_gpu = device != "cpu"
    wait = torch.cuda.synchronize if on_gpu else (lambda: None)
    for _ in range(3):
        training.step()
    wait()
    begin = time.perf_counter()
    training.step()
    wait()
    steps = max(5, min(200, int(seconds / max(1e-6, time.perf_counter() - begin))))
    if not on_gpu:
        times = []
        for _ in range(steps):
            begin = time.perf_counter()
            training.step()
            times.append(time.perf_counter() - begin)
        return times
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(steps + 1)]
    marks[0].record()
    for mark in marks[1:]:
        training.step()
        mark.record()
    wait()
    return [a.elapsed_time(b) / 1000 for a, b in zip(marks, marks[1:])]


def measure_form(torch, shape, device, form, seconds):
    if device != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    training = Training(torch, shape, device, form)
    times = time_steps(torch, training, device, seconds)
    middle = statistics.median(times)
    tokens = shape["sequences"] * shape["sequence_length"]
    found = {"step_seconds": middle, "steps": len(times), "tokens_per_second": tokens / middle,
             "head": "in chunks, computed twice" if form["chunked"] else "whole"}
    if device != "cpu":
        found["peak_bytes"] = torch.cuda.max_memory_allocated()
    return found


def forms_of(shape):
    def form(name, grouped=False, compiled=False, graphs=False):
        return {"name": name, "grouped": grouped, "compiled": compiled, "graphs": graphs,
                "chunked": False}

    small = shape["width"] < 512
    if not shape["experts"]:
        forms = [form("eager"), form("compiled", compiled=True)]
        if small:
            forms.append(form("compiled, CUDA graphs", compiled=True, graphs=True))
        return forms
    forms = [form("eager, experts by grouped product", grouped=True),
             form("eager, experts one by one"),
             form("compiled, experts by grouped product", grouped=True, compiled=True)]
    if small:
        forms.append(form("compiled, CUDA graphs", grouped=True, compiled=True, graphs=True))
    return forms


def choose_attention(torch, shape):
    """Leaves on only the fastest attention that works on this shape; says which."""
    flags = {"cuDNN": torch.backends.cuda.enable_cudnn_sdp,
             "flash": torch.backends.cuda.enable_flash_sdp}
    times = {}

    def only(name):
        torch.backends.cuda.enable_math_sdp(False)
        torch.backends.cuda.enable_mem_efficient_sdp(False)
        for other, switch in flags.items():
            switch(other == name)

    def pass_through():
        sizes = [(shape["sequences"], heads, shape["sequence_length"], shape["head_width"])
                 for heads in (shape["heads"], shape["kv_heads"], shape["kv_heads"])]
        q, k, v = (torch.randn(size, device="cuda", dtype=torch.bfloat16, requires_grad=True)
                   for size in sizes)
        torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True,
            enable_gqa=shape["heads"] != shape["kv_heads"]).sum().backward()
        torch.cuda.synchronize()

    for name in flags:
        try:
            only(name)
            pass_through()
            begin = time.perf_counter()
            for _ in range(5):
                pass_through()
            times[name] = time.perf_counter() - begin
        except Exception:  # a kernel that does not take the shape
            torch.cuda.empty_cache()
    if not times:
        for switch in flags.values():
            switch(True)
        torch.backends.cuda.enable_math_sdp(True)
        torch.backends.cuda.enable_mem_efficient_sdp(True)
        return "PyTorch's choice"
    best = min(times, key=times.get)
    only(best)
    return best


def run_form(torch, shape, device, form, seconds):
    """A form's figures; once more with the head in chunks if memory does not suffice."""
    for chunked in (False, True):
        try:
            return measure_form(torch, shape, device, dict(form, chunked=chunked), seconds)
        except Exception as error:
            problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            memory = isinstance(error, getattr(torch, "OutOfMemoryError", MemoryError))
        gc.collect()
        if not memory or shape["vocabulary"] < 32768:
            break
    return not_measured(problem[:300])


def measure_model(torch, shape, device, seconds, file):
    """In a process of its own: rewrites `file` after every form."""
    torch.manual_seed(1)
    attention = choose_attention(torch, shape) if device != "cpu" else "CPU"
    forms = forms_of(shape)
    found = {form["name"]: not_measured("not tried") for form in forms}
    for form in forms:
        torch.compiler.reset()
        gc.collect()
        found[form["name"]] = run_form(torch, shape, device, form, seconds)
        with open(file + ".new", "w") as out:
            json.dump({"attention": attention, "forms": found}, out)
        os.replace(file + ".new", file)


class Child:
    """Measures models from one on, in a process forked before CUDA is touched."""

    def __init__(self, torch, shapes, first, arguments, folder):
        self.folder, self.at, self.since = folder, first, time.monotonic()
        sys.stdout.flush()
        parent = os.getpid()
        self.process = os.fork()
        if self.process == 0:
            self.become(torch, shapes, arguments, parent)

    def become(self, torch, shapes, arguments, parent):
        status = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            # Whoever is killed while compiling leaves half of a file behind.
            for compiler in ("TORCHINDUCTOR", "TRITON"):
                cache = os.path.join(self.folder, f"{compiler}{self.at}")
                os.environ[f"{compiler}_CACHE_DIR"] = cache
            for at in range(self.at, len(shapes)):
                if os.getppid() != parent:
                    break
                with open(os.path.join(self.folder, "at"), "w") as out:
                    out.write(str(at))
                file = os.path.join(self.folder, f"{at}.json")
                measure_model(torch, shapes[at], arguments.device, arguments.seconds, file)
                if arguments.device != "cpu":
                    torch.cuda.synchronize()  # after a fault on the device nothing works any more
            else:
                status = 0
        except BaseException as error:
            print(f"gpu_rival: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)

    def watch(self, model_seconds, deadline, progress):
        """Which model it ended at, and why; calls `progress` whenever it comes to another one."""
        while True:
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                return self.at, self.why(status)
            now, at = time.monotonic(), self.read_place()
            if at != self.at:
                self.at, self.since = at, now
                progress()
            if now > deadline or now - self.since > model_seconds:
                os.killpg(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                return self.at, f"not done within {now - self.since:.0f} s"
            time.sleep(0.1)

    def read_place(self):
        try:
            with open(os.path.join(self.folder, "at")) as read:
                return int(read.read())
        except (OSError, ValueError):
            return self.at

    def why(self, status):
        self.at = self.read_place()
        if os.WIFSIGNALED(status):
            return f"ended by signal {os.WTERMSIG(status)}"
        return "" if os.WEXITSTATUS(status) == 0 else "ended by an error, see standard error"


def without_capacity(shape):
    """What decides the rival's model: it is dropless whatever the capacity."""
    return json.dumps({k: v for k, v in shape.items() if k not in ("name", "capacity_factor")})


def found_of(shape, file, problem):
    """What a child wrote of a model; for what it did not come to, the problem."""
    found = read_json(file) or {"forms": {f["name"]: not_measured("") for f in forms_of(shape)}}
    for name, form in found["forms"].items():
        if form.get("not_measured") in ("", "not tried"):
            found["forms"][name] = not_measured(problem or "no time was left")
    return found


def measure_all(torch, shapes, arguments, publish):
    """One child after the other, each going on behind the model that ended the one before."""
    deadline = time.monotonic() + arguments.budget
    problems, first = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        def progress():
            publish([found_of(shape, os.path.join(folder, f"{i}.json"), problems.get(i))
                     for i, shape in enumerate(shapes)])

        while first < len(shapes) and time.monotonic() + 5 < deadline:
            child = Child(torch, shapes, first, arguments, folder)
            at, problem = child.watch(arguments.model_seconds, deadline, progress)
            if not problem:
                break
            problems[at] = problem
            first = at + 1
        progress()


def best_of(forms):
    rates = [form["tokens_per_second"] for form in forms.values() if "tokens_per_second" in form]
    return max(rates, default=None)


def compare(report, bench):
    """Sets each model's tokens/s beside ours."""
    ours = {}
    for model in (bench or {}).get("models", []):
        rate = model.get("balanced", {}).get("tokens_per_second")
        if rate:
            ours[model["name"]] = rate
    for model in report["models"]:
        best, rate = best_of(model["forms"]), ours.get(model["name"])
        model["upcycle_tokens_per_second"] = rate or not_measured("not in the benchmark's report")
        both = bool(rate and best)
        model["upcycle_over_best"] = rate / best if both else not_measured("one is missing")


def markdown(report):
    lines = ["### PyTorch on the same models", "",
             f"- {report['torch']}",
             f"- {report['method']}", "",
             "| model | form | tokens/s | peak memory | upcycle tokens/s | upcycle / this |",
             "|---|---|---|---|---|---|"]
    reasons = []
    for model in report["models"]:
        ours = model["upcycle_tokens_per_second"]
        ours = ours if isinstance(ours, (int, float)) else None
        for name, form in model["forms"].items():
            rate = form.get("tokens_per_second")
            if rate is None:
                reasons.append(f"- {model['name']}, {name}: {form.get('not_measured')}")
            cells = [model["name"], name, f"{rate:.0f}" if rate else NOT_MEASURED,
                     f"{form['peak_bytes'] / 1e9:.1f} GB" if "peak_bytes" in form else NOT_MEASURED,
                     f"{ours:.0f}" if ours else NOT_MEASURED,
                     f"{ours / rate:.2f}" if ours and rate else NOT_MEASURED]
            lines.append("| " + " | ".join(cells) + " |")
    if reasons:
        lines += ["", "Not measured:", "", *(line.replace("|", "\\|") for line in reasons)]
    return "\n".join(lines) + "\n"


def write(arguments, report, last):
    """Files at once, so that an early end leaves most of them; standard output at the end."""
    texts = {arguments.json: json.dumps(report, indent=2) + "\n",
             arguments.markdown: markdown(report)}
    for file, text in texts.items():
        if file == "-":
            print(text if last else "", end="")
        elif file:
            with open(file + ".new", "w") as out:
                out.write(text)
            os.replace(file + ".new", file)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", required=True,
                        help="file written by upcycle bench --list --json FILE")
    parser.add_argument("--bench", help="file written by upcycle bench --json FILE")
    parser.add_argument("--json", default="", help="file, or - for standard output")
    parser.add_argument("--markdown", default="", help="file, or -")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--seconds", type=float, default=1.5, help="for each measurement")
    parser.add_argument("--model-seconds", type=float, default=80, help="for one model at most")
    parser.add_argument("--budget", type=float, default=200, help="seconds for everything")
    return parser.parse_args()


def read_json(file):
    try:
        with open(file) as read:
            return json.load(read)
    except (OSError, TypeError, ValueError):
        return None


def main():
    arguments = read_arguments()
    begin = time.monotonic()
    shapes = read_json(arguments.models)
    if not isinstance(shapes, list):
        sys.exit(f"gpu_rival: {arguments.models} holds no list of models")
    report = {"torch": "", "method": " ".join(__doc__.split("\n\n")[1].split()), "models": []}
    torch, problem = None, ""
    try:
        import torch
        report["torch"] = f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}"
    except Exception as error:
        problem = f"PyTorch cannot be imported: {error}"
        report["torch"] = f"PyTorch: {NOT_MEASURED}: {problem}"
    bench = read_json(arguments.bench)
    keys = list(dict.fromkeys(without_capacity(shape) for shape in shapes))

    def publish(found, last=False):
        by_key = dict(zip(keys, found))
        report["models"] = [dict(shape, **by_key[without_capacity(shape)]) for shape in shapes]
        compare(report, bench)
        write(arguments, report, last)

    latest = [{"forms": {"any": not_measured(problem)}} for _ in keys]
    if torch:
        distinct = [next(s for s in shapes if without_capacity(s) == key) for key in keys]

        def keep(found):
            latest[:] = found
            publish(found)

        measure_all(torch, distinct, arguments, keep)
    publish(latest, last=True)
    return 0 if any(best_of(model["forms"]) for model in report["models"]) else 1


if __name__ == "__main__":
    sys.exit(main())
