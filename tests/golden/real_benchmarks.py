"""What lm-evaluation-harness asks about real files, as digests: reads each file on its own way into
the records that Hugging Face's datasets would hold, and hashes contexts, continuations and answers.
"""

import csv
import json
import re

import xxhash

# The harness draws HellaSwag's examples from a training set; here the first items stand for it, so
# that some are drawn for themselves and left out.
HELLASWAG_EXAMPLES = 1000


def digest_of(requests, golds):
    """As core/fingerprint.h hashes fields: each behind its length in eight bytes."""
    digest = xxhash.xxh3_128()
    for item, gold in zip(requests, golds, strict=True):
        for text in [text for request in item for text in request] + [str(gold)]:
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def json_lines(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def arc_records(path):
    def record(published):
        question = published["question"]
        columns = {name: [choice[name] for choice in question["choices"]]
                   for name in ("text", "label")}
        return {"id": published["id"], "question": question["stem"], "choices": columns,
                "answerKey": published["answerKey"]}
    return [record(published) for published in json_lines(path)]


def hellaswag_records(path):
    """The six-line form joins ctx_a and ctx_b; its publisher says that ctx_b is the unfinished
    sentence at the end, where there is one."""
    text = path.read_text(encoding="utf-8").split("\n")
    records = []
    for begin in range(0, len(text) - 1, 6):
        activity, context = text[begin].split(": ", 1)
        found = re.fullmatch(r"(.*[.!?]) ((?:(?![.!?] ).)*[^.!?])", context)
        ctx_a, ctx_b = found.groups() if found else (context, "")
        records.append({"activity_label": activity, "ctx_a": ctx_a, "ctx_b": ctx_b,
                        "endings": text[begin + 2:begin + 6], "label": text[begin + 1]})
    return records


def mmlu_records(path, subject):
    with path.open(encoding="utf-8", newline="") as file:
        return [{"question": row[0], "subject": subject, "choices": row[1:5],
                 "answer": "ABCD".index(row[5])} for row in csv.reader(file)]


def digests(folder, harness, requests_of, gold_of):
    found = {}

    def add(name, task, shots):
        golds = [gold_of(task, document) for document in task.eval_docs]
        found[name] = {"items": len(golds),
                       "digests": {str(n): digest_of(requests_of(task, n), golds) for n in shots}}

    arc = {split: arc_records(folder / f"arc_challenge/ARC-Challenge-{name}.jsonl")
           for split, name in (("test", "Test"), ("train", "Dev"))}
    add("arc_challenge", harness.task("arc_challenge", arc), (0, 25))
    scenes = hellaswag_records(folder / "hellaswag/hellaswag_val_full.txt")
    hellaswag = {"validation": scenes, "train": scenes[:HELLASWAG_EXAMPLES]}
    add("hellaswag", harness.task("hellaswag", hellaswag), (0, 10))
    lambada = {"test": json_lines(folder / "lambada/lambada_test.jsonl")}
    add("lambada_openai", harness.task("lambada_openai", lambada), (0, 3))
    for subject in harness.subjects():
        splits = {split: mmlu_records(folder / f"mmlu/{split}/{subject}_{split}.csv", subject)
                  for split in ("test", "dev")}
        add(f"mmlu_{subject}", harness.task(f"mmlu_{subject}", splits), (0, 5))
    return found
