#!/usr/bin/env python3
"""Holds our tokenizers against Hugging Face's `tokenizers` and `sentencepiece`, token by token, and prints a table.

    ninja -C build tokenizer_agreement
    python -B tests/golden/tokenizer_agreement.py build/tests/tokenizer_agreement DATA WORK [NAME ...]

with both libraries installed. DATA is the folder that UPCYCLE_TEST_DATA names: the tokenizers in it are asked about
its books, the source code of this repository, and seeded made-up strings (emoji, CJK, combining marks, bytes that are
no UTF-8, and 10,000 of everything). So are tokenizers of the families' kinds, trained on a part of the same texts and
kept in the folder WORK. NAMEs choose among all of these.

Each line: strings, their tokens, how many strings have other tokens, other decodings, or other tokens when they are
encoded in parts, and the megabytes of text that ours and theirs encode in a second of one processor, each in the
fastest of three times (theirs once where that takes seconds). "rounding" are those of the differing strings that a
unigram model's sums explain: sentencepiece adds up the scores of a whole text in single precision, and so decides ties,
and more the longer the text, by rounding, from version to version in other ways (0.2.3 begins at zero again now and
then). Ours are those of the version that we are built with. Ends with status 1 where anything else differs, and prints
the shortest string that does.
"""

import functools
import math
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

import sentencepiece
import tokenizers

import tokenizer_cases
import tokenizer_families

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 7


def characters(*ranges):
    return [chr(code) for first, last in ranges for code in range(first, last)]


EMOJI = list("😀😁🎉👨‍👩‍👧🏳️‍🌈❤️🇩🇪👍🏽") + characters((0x1F300, 0x1F650))
CJK = characters((0x4E00, 0x4F00), (0x3040, 0x30FF), (0xAC00, 0xAC80), (0x20000, 0x20040))
MARKS = characters((0x300, 0x370)) + list("aeiouAEIOUncs")
ASCII = characters((0x20, 0x7F))
SPACE = list(" \t\n\r\u00a0\u2003\u3000\u200b\u0085\u180e\v\f\x1c")
LETTERS = characters((0xA0, 0x250), (0x370, 0x600))
NUMBERS = list("0123456789٠١٢३४५½²Ⅷ①𝟘")
SHORTENED = list("'sStTmMdDrReEvVlLſK’ ")
CONTROL = characters((0, 0x20)) + ["\x7f", "\ufffd", "\ufeff", "\u2581", "\u0120", "\u010a"]
TOKENS = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<|im_start|>", "<0x0A>", "<extra>", "  ", "<|begin_of_text|>"]
POOLS = [ASCII, SPACE, CJK, EMOJI, MARKS, LETTERS, NUMBERS, SHORTENED, CONTROL, TOKENS]


def any_character(rng):
    code = rng.randrange(0x110000 - 0x800)
    return chr(code if code < 0xD800 else code + 0x800)


def made_up(rng):
    """A string of up to 80 pieces from a few pools, with some of all of Unicode among them."""
    pools = rng.sample(POOLS, rng.randint(1, 4))
    pieces = rng.choice([0, 1, 2, 3, 5, 8, 13, 21, 40, 80])
    return "".join(any_character(rng) if rng.random() < 0.03 else rng.choice(rng.choice(pools)) for _ in range(pieces))


def from_pools(rng, pools, count):
    return ["".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 60))).encode() for _ in range(count)]


def no_utf8(rng):
    if rng.random() < 0.3:
        return rng.randbytes(rng.randint(1, 40))
    text = bytearray(made_up(rng).encode())
    for _ in range(rng.randint(1, 4)):
        text.insert(rng.randrange(len(text) + 1), rng.randrange(0x80, 0x100))
    return bytes(text)


def text_sets(data):
    books = [path.read_bytes() for path in sorted((data / "books").glob("*.txt"))]
    code = [path.read_bytes() for path in tokenizer_families.source_files(ROOT)]
    rng = random.Random(SEED)
    return {
        "books": books,
        "books, by line": [line for book in books for line in book.splitlines(True)],
        "source code": code,
        "made up": [made_up(rng).encode() for _ in range(10000)],
        "emoji": from_pools(rng, [EMOJI, EMOJI, ASCII], 1000),
        "CJK": from_pools(rng, [CJK, CJK, SPACE], 1000),
        "combining marks": from_pools(rng, [MARKS, MARKS, LETTERS], 1000),
        "no UTF-8": [no_utf8(rng) for _ in range(2000)],
    }


class HuggingFace:
    def __init__(self, path):
        self.tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self.slow = False

    def read(self, text):
        return text.decode("utf-8", "replace")

    def encode(self, text):
        return self.tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids

    def decode(self, tokens):
        return self.tokenizer.decode(tokens).encode()

    def from_rounding(self, ours, theirs):
        return False


class Sentencepiece:
    def __init__(self, path):
        self.model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.slow = False

    def read(self, text):
        return text

    def encode(self, text):
        return self.model.encode(text)

    def decode(self, tokens):
        return self.model.decode(tokens).encode()

    def from_rounding(self, ours, theirs):
        """Whether no way between two places that both go through is worse than so many additions may hide.

        For models with byte fallback, whose tokens say how many bytes they are.
        """
        sizes, scores = self.sizes_and_scores()
        if sum(sizes[token] for token in ours) != sum(sizes[token] for token in theirs):
            return False
        last_digit = 2.0 ** (math.frexp(math.fsum(scores[token] for token in ours))[1] - 23)  # of single precision
        at, sums, taken, places = [0, 0], [0.0, 0.0], 0, [0, 0]
        while places[0] < len(ours) or places[1] < len(theirs):
            behind = 0 if at[0] <= at[1] else 1
            token = (ours, theirs)[behind][places[behind]]
            places[behind] += 1
            at[behind] += sizes[token]
            sums[behind] += scores[token]
            taken += 1
            if at[0] != at[1]:
                continue
            if abs(sums[0] - sums[1]) > taken * last_digit:
                return False
            sums, taken = [0.0, 0.0], 0
        return True

    @functools.cache
    def sizes_and_scores(self):
        tokens = range(self.model.get_piece_size())
        sizes = [1 if self.model.is_byte(token) else len(self.model.id_to_piece(token).encode()) for token in tokens]
        unknown = min(self.model.get_score(token) for token in tokens) - 10  # a character's, here each byte's
        return sizes, [unknown if self.model.is_byte(token) else self.model.get_score(token) for token in tokens]


class Llama2c:
    """llama2.c has no library: its rule, as tokenizer_cases.py writes it down."""

    def __init__(self, path):
        self.pieces, self.scores, content, at = [], [], path.read_bytes(), 4
        while at < len(content):
            score, size = struct.unpack_from("<fi", content, at)
            self.pieces.append(content[at + 8:at + 8 + size])
            self.scores.append(score)
            at += 8 + size
        self.slow = True

    def read(self, text):
        return text

    def encode(self, text):
        return tokenizer_cases.encode_llama2c(self.pieces, self.scores, text)

    def decode(self, tokens):
        return tokenizer_cases.decode_llama2c(self.pieces, tokens)

    def from_rounding(self, ours, theirs):
        return False


def reference(path):
    return {".json": HuggingFace, ".model": Sentencepiece, ".bin": Llama2c}[path.suffix](path)


def found_tokenizers(data, work):
    paths = list(data.glob("*/tokenizer.json")) + list(data.glob("*/tok*.model")) + list(data.glob("*/tok*.bin"))
    paths += tokenizer_families.train(data, work, ROOT)
    return {path.parent.name if path.suffix == ".json" else f"{path.parent.name}/{path.name}": path for path in paths}


def ours(program, path, texts, folder):
    """Their tokens and decodings, the seconds of encoding, and how many differ when encoded in parts."""
    asked, answered = folder / "texts", folder / "tokens"
    asked.write_bytes(struct.pack("<I", len(texts)) + b"".join(struct.pack("<I", len(t)) + t for t in texts))
    said = subprocess.run([program, path, asked, answered], check=True, capture_output=True, text=True).stdout.split()
    content, at, tokens, decodings = answered.read_bytes(), 0, [], []
    for _ in texts:
        count, = struct.unpack_from("<I", content, at)
        tokens.append(list(struct.unpack_from(f"<{count}i", content, at + 4)))
        at += 4 + 4 * count
    for _ in texts:
        size, = struct.unpack_from("<I", content, at)
        decodings.append(content[at + 4:at + 4 + size])
        at += 4 + size
    return tokens, decodings, float(said[0]), int(said[1])


def theirs(library, texts):
    texts, seconds = [library.read(text) for text in texts], []
    for _ in range(1 if library.slow or sum(map(len, texts)) > 1e6 else 3):
        begin = time.thread_time()
        tokens = [library.encode(text) for text in texts]
        seconds.append(time.thread_time() - begin)
    return tokens, [library.decode(t) for t in tokens], min(seconds)


def compare(program, name, path, set_name, texts, folder):
    our_tokens, our_decodings, our_seconds, in_parts = ours(program, path, texts, folder)
    library = reference(path)
    their_tokens, their_decodings, their_seconds = theirs(library, texts)
    other = [i for i in range(len(texts)) if our_tokens[i] != their_tokens[i]]
    wrong = [i for i in other if not library.from_rounding(our_tokens[i], their_tokens[i])]
    decoded = [i for i in range(len(texts)) if i not in set(other) and our_decodings[i] != their_decodings[i]]
    megabytes = sum(map(len, texts)) / 1e6
    print(f"{name:28} {set_name:16} {len(texts):8} {sum(map(len, their_tokens)):9} {len(other):7} {len(other) - len(wrong):8} "
          f"{len(decoded):8} {in_parts:8} {megabytes / our_seconds:7.1f} {megabytes / their_seconds:7.1f} "
          f"{their_seconds / our_seconds:6.1f}", flush=True)
    for i in sorted(wrong, key=lambda i: len(texts[i]))[:1]:
        print(f"    {texts[i][:200]!r}\n    ours   {our_tokens[i][:60]}\n    theirs {their_tokens[i][:60]}")
    for i in sorted(decoded, key=lambda i: len(texts[i]))[:1]:
        print(f"    {our_tokens[i][:60]}\n    ours   {our_decodings[i][:200]!r}\n    theirs {their_decodings[i][:200]!r}")
    return bool(wrong or decoded or in_parts)


def main():
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    program, data, work, names = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:]
    sets, chosen = text_sets(data), found_tokenizers(data, work)
    print(f"{'tokenizer':28} {'texts':16} {'strings':>8} {'tokens':>9} {'differ':>7} {'rounding':>8} "
          f"{'decoding':>8} {'in parts':>8} {'MB/s':>7} {'theirs':>7} {'ratio':>6}")
    differs = False
    with tempfile.TemporaryDirectory() as folder:
        for name in names or chosen:
            for set_name, texts in sets.items():
                if chosen[name].suffix == ".bin" and set_name in ("books", "books, by line", "source code"):
                    continue  # the rule as written down takes quadratic time
                differs |= compare(program, name, chosen[name], set_name, texts, pathlib.Path(folder))
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
