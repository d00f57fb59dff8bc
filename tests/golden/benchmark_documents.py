"""Made-up questions in the records of each benchmark, as Hugging Face's datasets have them, and the
same ones in their publisher's files. Nothing here was taken from a benchmark.

Among them are what prompts stumble over: space of every kind at the edges, brackets, quotes, line
ends inside a field, capitals beyond ASCII, three choices and five, labels that are numbers, a blank
at the end, an item that is also one of the examples.
"""

import dataclasses
import json
import typing

ANIMALS = ["heron", "otter", "newt", "lynx", "wren", "vole", "crab", "moth", "toad", "hare",
           "seal", "stoat", "rook", "bee", "eel", "yak", "ibis", "ant", "cod", "owl", "ram", "fox",
           "gull", "mole", "pike", "swan"]


def lines(records):
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)


def without(record, *fields):
    return {name: value for name, value in record.items() if name not in fields}


def label_lines(records, field):
    return "".join(f"{record[field]}\n" for record in records)


@dataclasses.dataclass(frozen=True)
class Document:
    splits: dict
    published: typing.Callable = dict  # {file name: text}
    shots: tuple = (0, 3)


def arc_record(number, question, texts, key, labels="ABCDE"):
    return {"id": f"made_up_{number}", "question": question,
            "choices": {"text": texts, "label": list(labels[:len(texts)])}, "answerKey": key}


def science_publisher(record, stem):
    choices = [{"text": text, "label": label}
               for text, label in zip(record["choices"]["text"], record["choices"]["label"])]
    return {"id": record["id"], "question": {"stem": record[stem], "choices": choices},
            "answerKey": record["answerKey"]}


ARC_TEST = [
    arc_record(0, "Which of these melts in the sun?", ["a stone", "ice", "a nail", "sand"], "B"),
    arc_record(1, " Why is the night dark? ", ["the “sun” is gone", "it's cold", "no reason"], "1",
               "1234"),
    arc_record(2, "What has é legs?\nCount them.", ["one", "two ", " three", "four", "five"], "E"),
    arc_record(3, "Which is longest?", ["a", "bb", "ccc \"c\"", "d'd\\d"], "C"),
]
ARC_TRAIN = [
    arc_record(100 + i, f"Which animal is number {i}?",
               [f"a {ANIMALS[(i + k) % len(ANIMALS)]}" for k in range(4)], "ABCD"[i % 4])
    for i in range(26)
]


def arc(name, train):
    splits = {"test": ARC_TEST, "train": train}
    return Document(splits, lambda: {
        f"{name}-{split.capitalize()}.jsonl": lines(science_publisher(r, "question") for r in records)
        for split, records in splits.items()}, (0, 3, 7))


OPEN_BOOK = {
    split: [without({**r, "question_stem": r["question"],
                     "answerKey": (" " if i == 1 else "") + r["answerKey"]}, "question")
            for i, r in enumerate(records)]
    for split, records in {"test": ARC_TEST, "train": ARC_TRAIN[:9]}.items()
}

HELLASWAG_ENDINGS = ["walks away.", " sits [step] down.", "sings  [title] loudly", "[a] b [c"]


def hellaswag_record(number, activity, ctx_a, ctx_b, label, split="val"):
    return {"ind": number, "activity_label": activity, "ctx_a": ctx_a, "ctx_b": ctx_b,
            "ctx": f"{ctx_a} {ctx_b}" if ctx_b else ctx_a, "endings": HELLASWAG_ENDINGS,
            "source_id": f"made~up~{number}", "split": split, "split_type": "indomain",
            "label": str(label)}


HELLASWAG = {
    "validation": [
        hellaswag_record(0, "Juggling", "A man stands on a hill.", "he", 3),
        hellaswag_record(1, "Home", "[header] How to rest [title] Lie down. [step] Close both eyes.",
                         "", 0),
        hellaswag_record(2, "Skiing", "Two people ski  down.", "then Élodie and Jim", 1),
        hellaswag_record(3, "Été", "Wow!  [substeps]   It  is\nopen [never\nclosed].", "éva ΣΑ", 2),
        hellaswag_record(4, "Baking: bread", "Who waits?", "50 Cakes", 2),
    ],
    "train": [
        hellaswag_record(100 + i, "Watching", f"A {animal} is seen.", "it", i % 4, "train")
        for i, animal in enumerate(ANIMALS[:10])
    ] + [hellaswag_record(0, "Juggling", "A man stands on a hill.", "he", 3)],
}


def hellaswag_published():
    files = {"validation": "hellaswag_val.jsonl", "train": "hellaswag_train.jsonl"}
    return {files[split]: lines({**r, "label": int(r["label"])} for r in records)
            for split, records in HELLASWAG.items()}


def piqa_record(goal, sol1, sol2, label):
    return {"goal": goal, "sol1": sol1, "sol2": sol2, "label": label}


PIQA = {
    "validation": [
        piqa_record("How do I dry a hat?", "Hang it up.", "Put it in a lake.", 0),
        piqa_record("dresser ", "move it with care ", "finish,  woodgrain", 1),
        piqa_record("naïve \"goal\"", "¿sí?", "no", 1),
    ],
    "train": [piqa_record(f"How do I feed a {animal}?", "By hand.", f"With a {animal}.", i % 2)
              for i, animal in enumerate(ANIMALS[:5])] + [
        piqa_record("How do I dry a hat?", "Hang it up.", "Put it in a lake.", 0)] * 3,
}


def piqa_published():
    files = {"validation": "valid", "train": "train"}
    published = {}
    for split, records in PIQA.items():
        published[f"{files[split]}.jsonl"] = lines(without(r, "label") for r in records)
        published[f"{files[split]}-labels.lst"] = label_lines(records, "label")
    return published


def winogrande_record(sentence, option1, option2, answer):
    return {"sentence": sentence, "option1": option1, "option2": option2, "answer": answer}


WINOGRANDE = {
    "validation": [
        winogrande_record("The cup did not fit the box because the _ was too big.", "cup", "box",
                          "1"),
        winogrande_record("_ thanked Ana, for Zoë had helped.", "Ana", "Zoë", "2"),
        winogrande_record("Ian sold the house to Leo because he liked _", "Ian", "Leo", "2"),
        winogrande_record("Both _ and _ are blanks.\u00a0", "one", "two", "1"),
    ],
    "train": [winogrande_record(f"The {animal} fled from Tom, for _ was loud.", f"the {animal}",
                                "Tom", "12"[i % 2]) for i, animal in enumerate(ANIMALS[:7])] + [
        winogrande_record("Ian sold the house to Leo because he liked _", "Ian", "Leo", "2")] * 2,
}


def winogrande_published():
    files = {"validation": "dev", "train": "train_xl"}
    published = {}
    for split, records in WINOGRANDE.items():
        published[f"{files[split]}.jsonl"] = lines(
            {"qID": f"made-up-{i}", **r} for i, r in enumerate(records))
        published[f"{files[split]}-labels.lst"] = label_lines(records, "answer")
    return published


def boolq_record(number, question, passage, label):
    return {"question": question, "passage": passage, "idx": number, "label": label}


BOOLQ = {
    "validation": [
        boolq_record(0, "is a newt a fish", "Newt -- A newt is an amphibian. ", 0),
        boolq_record(1, "do owls fly?", "Owl -- Owls (/aʊl/) fly at night.\nMost of them.", 1),
    ],
    "train": [boolq_record(i, f"is a {animal} alive", f"{animal.capitalize()} -- It lives.", 1)
              for i, animal in enumerate(ANIMALS[:8])],
}


def boolq_published():
    def original(record):
        title, passage = record["passage"].split(" -- ", 1)
        return {"question": record["question"], "title": title, "answer": bool(record["label"]),
                "passage": passage}
    return {"dev.jsonl": lines(map(original, BOOLQ["validation"])),
            "train.jsonl": lines(map(original, BOOLQ["train"]))}


def sciq_record(question, support, correct, *distractors):
    return {"question": question, "distractor3": distractors[2], "distractor1": distractors[0],
            "distractor2": distractors[1], "correct_answer": correct, "support": support}


SCIQ = {
    "test": [
        sciq_record("What floats?", "\n\u3000 Wood is light.  ", "wood", "iron", "lead", "gold"),
        sciq_record("What sinks?", "", "a stone", "a cork", "a “feather”", "oil"),
    ],
    "train": [sciq_record(f"What is a {animal}?", f"A {animal} is an animal.", "an animal", "a rock",
                          "a tree", "a cloud") for animal in ANIMALS[:6]],
}

TRUTHFULQA = {
    "validation": [
        {"question": question,
         "mc1_targets": {"choices": choices, "labels": [1] + [0] * (len(choices) - 1)},
         "mc2_targets": {"choices": choices, "labels": [1] + [0] * (len(choices) - 1)}}
        for question, choices in [
            ("Do newts bring rain?", ["No, newts bring no rain", "Yes, they do", "Only in \"May\""]),
            (" What's under a hill? ", ["Earth", "A giant's château"]),
        ]
    ],
}


def truthfulqa_published():
    records = [{"question": r["question"],
                **{name: dict(zip(r[name]["choices"], r[name]["labels"]))
                   for name in ("mc1_targets", "mc2_targets")}} for r in TRUTHFULQA["validation"]]
    return {"mc_task.json": json.dumps(records, ensure_ascii=False, indent=4) + "\n"}


def logiqa_record(label, context, question, *options):
    return {"label": label, "context": context, "question": question, "options": list(options)}


LOGIQA = {
    "test": [
        logiqa_record("b", "All newts swim.  Nim is a newt.", "What follows?", "Nim flies.", "Nim swims.",
                      "Nim is 3. 5 long.", "Nothing"),
        logiqa_record("d", "Some owls are “old”.", "Which is false? Say.", "No owl is old", "x", "y",
                      "z.  z."),
    ],
    "train": [logiqa_record("abcd"[i % 4], f"Every {animal} runs.", "What follows?", "It runs.",
                            "It rests.", "It reads.", "It rows.")
              for i, animal in enumerate(ANIMALS[:6])],
}


def logiqa_published():
    def packed(text):
        return text.replace(". ", ".")

    def block(record):
        options = [f"{'ABCD'[i]}.{packed(option)}" for i, option in enumerate(record["options"])]
        return "\n".join([record["label"], packed(record["context"]), packed(record["question"]),
                          *options])
    files = {"test": "Test.txt", "train": "Train.txt"}
    return {files[split]: "\n" + "\n\n".join(map(block, records)) + "\n"
            for split, records in LOGIQA.items()}


LAMBADA = {
    "test": [{"text": text} for text in [
        "She took the old lamp from the shelf, and it was the lamp",
        "“Who,” he said, “left the naïve newt here?”\n\nIt was  Zoë",
        "Then came the rain, and with it the\nwind",
        "alone",
    ]],
}


def mmlu_record(subject, question, choices, answer):
    return {"question": question, "subject": subject, "choices": choices, "answer": answer}


MMLU_TEST = [
    mmlu_record("anatomy", "  Which bone is \"long\"?\n", ["skull", "femur, or thigh", "", "hip"], 1),
    mmlu_record("anatomy", "Line one\nline two\u00a0", [" a", "b ", "c\nc", "0"], 3),
    mmlu_record("anatomy", "How many?", ["1", "2", "3", "4"], 0),
    mmlu_record("abstract_algebra", "Is 2 + 2 = 4, in Z_5?", ["Yes, \"yes\"", "No", "0", "ℤ"], 0),
    mmlu_record("high_school_us_history", "Who wrote “it”?", ["She", "He", "They", "We"], 2),
    mmlu_record("high_school_us_history", "When?", ["Now", "Then", "Never", "Soon"], 3),
]
MMLU_DEV = [
    mmlu_record(subject, f"{subject} {i}?", [f"{letter}{i}" for letter in "wxyz"], i % 4)
    for subject in ("anatomy", "abstract_algebra", "high_school_us_history") for i in range(5)
]

DOCUMENTS = {
    "arc_easy": arc("ARC-Easy", ARC_TRAIN),
    "arc_challenge": arc("ARC-Challenge", ARC_TRAIN[:12]),
    "hellaswag": Document(HELLASWAG, hellaswag_published),
    "piqa": Document(PIQA, piqa_published),
    "winogrande": Document(WINOGRANDE, winogrande_published, (0, 3, 5)),
    "boolq": Document(BOOLQ, boolq_published),
    "openbookqa": Document(OPEN_BOOK, lambda: {
        f"{split}.jsonl": lines(science_publisher(r, "question_stem") for r in records)
        for split, records in OPEN_BOOK.items()}),
    "sciq": Document(SCIQ, lambda: {f"{split}.json": json.dumps(records, ensure_ascii=False) + "\n"
                                    for split, records in SCIQ.items()}),
    "truthfulqa_mc1": Document(TRUTHFULQA, truthfulqa_published, (0,)),
    "logiqa": Document(LOGIQA, logiqa_published),
    "lambada_openai": Document(LAMBADA, lambda: {"lambada_test.jsonl": lines(LAMBADA["test"])},
                               (0, 2)),
    "mmlu": Document({"test": MMLU_TEST, "dev": MMLU_DEV}, shots=(0, 5)),
}
