#!/usr/bin/env python3
"""Writes benchmarks/: files of made-up questions as publishers and Hugging Face write them, and
expected.json, what lm-evaluation-harness asks about them and how it scores made-up answers. With
--real FOLDER it writes real.json instead: digests of what it asks about real files, of which
nothing is copied. README.md says how to run it.
"""

import argparse
import collections
import csv
import functools
import json
import logging
import pathlib
import random
import sys

import datasets
import lm_eval
import lm_eval.utils
from lm_eval.api.metrics import aggregate_subtask_metrics, pooled_sample_stderr, stderr_for_metric
from lm_eval.tasks import TaskManager

import real_benchmarks
from benchmark_documents import DOCUMENTS

FOLDER = pathlib.Path(__file__).parent / "benchmarks"
TASK_FOLDERS = ["arc", "boolq", "hellaswag", "lambada", "logiqa", "mmlu/default", "openbookqa",
                "piqa", "sciq", "super_glue/boolq", "truthfulqa", "winogrande"]
SEED = 1234
BOOTSTRAP_ITERATIONS = 2000


class Harness:
    """Its tasks, over splits that are held in memory."""

    def __init__(self):
        tasks = pathlib.Path(lm_eval.__file__).parent / "tasks"
        folders = [str(tasks / folder) for folder in TASK_FOLDERS if (tasks / folder).is_dir()]
        self.manager = TaskManager(include_path=folders, include_defaults=False)
        self.splits = None
        datasets.load_dataset = lambda *_, **__: self.splits
        # It compiles each template anew for every example; once is enough.
        environment = lm_eval.utils.env
        environment.from_string = functools.cache(environment.from_string)

    def task(self, name, splits):
        self.splits = datasets.DatasetDict(
            {split: datasets.Dataset.from_list(records) for split, records in splits.items()})
        return self.manager.load([name])["tasks"][name]

    def groups_of_mmlu(self, splits):
        self.task("mmlu_anatomy", splits)
        groups = self.manager.load(["mmlu"])["groups"]
        return [group for name, group in groups.items() if name != "mmlu"]

    def subjects(self):
        names = self.manager.all_subtasks
        return sorted(name.removeprefix("mmlu_") for name in names if name.startswith("mmlu_"))


def requests_of(task, shots):
    """[[context, continuation] for each choice] for each item."""
    task.set_fewshot_seed(SEED)
    task.set_config("num_fewshot", shots)
    task.build_all_requests(rank=0, world_size=1)
    items = collections.defaultdict(list)
    for instance in task.instances:
        items[instance.doc_id].append(list(instance.args))
    return [items[i] for i in range(len(items))]


def gold_of(task, document):
    if task.OUTPUT_TYPE == "loglikelihood":
        return 0
    return task.doc_to_text(document) if task.multiple_input else task.doc_to_target(document)


def answers_to(requests, seed):
    """A made-up log-likelihood, and whether it was greedy, for every request."""
    source = random.Random(seed)
    return [[[round(-source.random() * len(continuation) * 1.5, 3), source.random() < 0.4]
             for _, continuation in item] for item in requests]


def scores_of(task, answers):
    values = collections.defaultdict(list)
    for document, item in zip(task.eval_docs, answers, strict=True):
        for name, value in task.process_results(document, [tuple(a) for a in item]).items():
            values[name].append(value)
    scores = {}
    for name, items in values.items():
        aggregate = task.aggregation()[name]
        error = stderr_for_metric(aggregate, BOOTSTRAP_ITERATIONS) if len(items) > 1 else None
        scores[name] = {"value": aggregate(items),
                        "standard_error": error(items) if error else None,
                        "count": len(items)}
    return scores


def case_of(task, seed, shot_counts):
    requests = {shots: requests_of(task, shots) for shots in shot_counts}
    answers = answers_to(requests[0], seed)
    return {"gold": [gold_of(task, document) for document in task.eval_docs],
            "requests": {str(shots): asked for shots, asked in requests.items()},
            "answers": answers,
            "scores": scores_of(task, answers)}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_mmlu_rows(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        for record in records:
            csv.writer(file, lineterminator="\n").writerow(
                [record["question"], *record["choices"], "ABCD"[record["answer"]]])


def write_files(name, document):
    for split, records in document.splits.items():
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        write(FOLDER / name / "exported" / f"{split}.jsonl", text)
    for file, text in document.published().items():
        write(FOLDER / name / "published" / file, text)


def mmlu_cases(harness, document):
    """By subject; and all of them as one, as the harness pools them."""
    cases = {}
    for subject in sorted({record["subject"] for record in document.splits["test"]}):
        own = {split: [r for r in records if r["subject"] == subject]
               for split, records in document.splits.items()}
        for split, records in own.items():
            write_mmlu_rows(FOLDER / "mmlu" / "published" / split / f"{subject}_{split}.csv", records)
        cases[subject] = case_of(harness.task(f"mmlu_{subject}", own), len(cases), document.shots)
    several = [case["scores"]["acc"] for case in cases.values() if case["scores"]["acc"]["count"] > 1]
    counts = [score["count"] for score in several]
    pooled = {"value": aggregate_subtask_metrics([score["value"] for score in several], counts),
              "standard_error": float(pooled_sample_stderr(
                  [score["standard_error"] for score in several], counts))}
    return cases, pooled


def subjects_of(harness):
    """How each of the 57 is introduced, and the group that it counts in."""
    subjects = {}
    for group in harness.groups_of_mmlu(DOCUMENTS["mmlu"].splits):
        for task in group.get_all_tasks():
            subjects[task.task_name.removeprefix("mmlu_")] = {
                "description": task.config.description, "group": group.name.removeprefix("mmlu_")}
    return dict(sorted(subjects.items()))


def write_made_up(harness):
    expected = {"made_with": {"python": sys.version.split()[0], "lm_eval": lm_eval.__version__,
                              "datasets": datasets.__version__},
                "bootstrap_iterations": BOOTSTRAP_ITERATIONS}
    for seed, (name, document) in enumerate(DOCUMENTS.items()):
        write_files(name, document)
        if name == "mmlu":
            expected["mmlu"], expected["mmlu_pooled"] = mmlu_cases(harness, document)
        else:
            expected[name] = case_of(harness.task(name, document.splits), seed, document.shots)
    expected["mmlu_subjects"] = subjects_of(harness)
    write(FOLDER / "expected.json", json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    harness = Harness()
    if not arguments.real:
        return write_made_up(harness)
    found = real_benchmarks.digests(arguments.real, harness, requests_of, gold_of)
    write(FOLDER / "real.json", json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
