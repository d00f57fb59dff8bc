#!/usr/bin/env python3
"""Holds what `upcycle evaluate` keeps of a model's answers against lm-evaluation-harness 0.4.13,
item by item: both ask the same model the same questions of the published files. Prints for each
task how many items, how far apart the log-likelihoods are, and on how many items the two disagree;
ends with 1 where they disagree at all, or are further apart than --bound. README.md says how to run
it.
"""

import argparse
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import datasets
from lm_eval.models.huggingface import HFLM

import real_benchmarks
from benchmarks import SEED, Harness


def splits_of(folder, task):
    """The records of each split, as Hugging Face's datasets would hold them."""
    if task == "arc_challenge":
        return {split: real_benchmarks.arc_records(folder / f"arc_challenge/ARC-Challenge-{name}.jsonl")
                for split, name in (("test", "Test"), ("train", "Dev"))}
    if task == "hellaswag":
        scenes = real_benchmarks.hellaswag_records(folder / "hellaswag/hellaswag_val_full.txt")
        return {"validation": scenes, "train": scenes[:1]}
    if task == "lambada_openai":
        return {"test": real_benchmarks.json_lines(folder / "lambada/lambada_test.jsonl")}
    subject = task.removeprefix("mmlu_")
    return {split: real_benchmarks.mmlu_records(folder / f"mmlu/{split}/{subject}_{split}.csv", subject)
            for split in ("test", "dev")}


def harness_answers(model, task, shots, items):
    """(log-likelihoods, metrics) of each item."""
    task.set_fewshot_seed(SEED)
    task.set_config("num_fewshot", shots)
    task.build_all_requests(limit=items or None, rank=0, world_size=1)
    answers = model.loglikelihood(task.instances, disable_tqdm=True)
    by_item = {}
    for instance, answer in zip(task.instances, answers, strict=True):
        by_item.setdefault(instance.doc_id, []).append(answer)
    found = []
    for number, document in enumerate(task.eval_docs):
        if number not in by_item:
            break
        metrics = task.process_results(document, by_item[number])
        found.append(([likelihood for likelihood, _ in by_item[number]], metrics))
    return found


def our_answers(ledger, task):
    rows = ledger.execute(
        "SELECT log_likelihoods, correct, correct_normalised FROM item WHERE task = ? "
        "ORDER BY number", (task,))
    return [(json.loads(likelihoods), correct, normalised)
            for likelihoods, correct, normalised in rows]


def compare(ours, theirs):
    """The largest distance of two log-likelihoods, over 1 and their size; disagreements in acc and
    acc_norm."""
    distance, disagreements = 0.0, 0
    for (likelihoods, correct, normalised), (expected, metrics) in zip(ours, theirs, strict=True):
        assert len(likelihoods) == len(expected)
        for a, b in zip(likelihoods, expected, strict=True):
            distance = max(distance, abs(a - b) / max(1.0, abs(b)))
        disagreements += correct != int(metrics["acc"])
        if normalised is not None:
            disagreements += normalised != int(metrics["acc_norm"])
    return distance, disagreements


def accuracies(answers):
    return sum(correct for _, correct, _ in answers) / len(answers)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path, help="a Hugging Face folder")
    parser.add_argument("--program", default="upcycle")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--tasks", default="arc_challenge,hellaswag,lambada_openai,mmlu")
    parser.add_argument("--shots", type=int, default=0)
    parser.add_argument("--items", type=int, default=0, help="of each task or subject; 0: all")
    parser.add_argument("--subjects", type=int, default=0, help="of MMLU, for the harness; 0: all")
    parser.add_argument("--bound", type=float, default=1e-4)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    datasets.disable_progress_bars()
    harness = Harness()
    model = HFLM(pretrained=str(arguments.model), device="cpu", dtype="float32", batch_size=16)
    failed = False
    with tempfile.TemporaryDirectory() as root:
        subprocess.run([arguments.program, "evaluate", str(arguments.model), "--tasks",
                        arguments.tasks, "--data", str(arguments.data), "--shots",
                        str(arguments.shots), "--items", str(arguments.items), "--root", root],
                       check=True)
        ledger = sqlite3.connect(pathlib.Path(root) / "ledger.sqlite")
        names = []
        for task in arguments.tasks.split(","):
            subjects = harness.subjects()[:arguments.subjects or None]
            names += [f"mmlu_{name}" for name in subjects] if task == "mmlu" else [task]
        total = {}
        for name in names:
            task = harness.task(name, splits_of(arguments.data, name))
            theirs = harness_answers(model, task, arguments.shots, arguments.items)
            ours = our_answers(ledger, name.replace("mmlu_", "mmlu/"))
            distance, disagreements = compare(ours, theirs)
            failed |= disagreements > 0 or distance > arguments.bound
            entry = total.setdefault(name.split("_")[0], [0, 0.0, 0])
            total[name.split("_")[0]] = [entry[0] + len(ours), max(entry[1], distance),
                                         entry[2] + disagreements]
            print(f"{name}: {len(ours)} items, log-likelihoods within {distance:.1e}, "
                  f"{disagreements} disagreements, accuracy {accuracies(ours):.4f}", flush=True)
    for name, (items, distance, disagreements) in total.items():
        print(f"all of {name}: {items} items, within {distance:.1e}, {disagreements} disagreements")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
