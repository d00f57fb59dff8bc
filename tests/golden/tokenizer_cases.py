"""Writes tokenizer_cases/NAME: small tokenizers of each kind, and what their own libraries make of texts.

    python -B tests/golden/tokenizer_cases.py

with `tokenizers` and `sentencepiece` installed. Each folder holds the tokenizer's files as a model of its family
brings them, and expected.json: for each text of texts.json (hexadecimal bytes where it is no UTF-8) its tokens, and
what the library makes of these tokens where that is not the text. llama2.c has no library for Python: its rule is
written down here.
"""

import json
import pathlib
import struct
import sys

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).parent / "tokenizer_cases"

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

TRAINING_TEXT = [
    "The miller lived by the river, and the miller's sons went to the town.\n",
    "They'll say that it's theirs; we've seen that they don't know, and I'm sure.\n",
    "for (int i = 0; i < count; ++i) {\n    total += values[i];\n}\n",
    "In the year 1743 the river rose 12 feet, and in 1744 another 3.\n",
    "café naïve Über 你好，世界。 Привет мир 😀😀\n",
] * 3

TEXTS = [
    "", " ", "  ", "\n", "\n\n\n", "\r\n\t\v\f", "the miller", " the miller", "The  miller   and the river ",
    "Hello, world! It's theirs; they'LL say WE'VE seen, I'm sure, don't you'd?",
    "for (int i = 0; i < 10; ++i) {\n\tvalues[i] += 3.14e-5;  // what?!\n}\n\n\n",
    "  indented\n    more\n\tand tabs\t\t\n   ", "trailing space ", "1 12 123 1234 12345 3.14 ½ ² Ⅷ ٣٤٥ १२",
    "naïve café, cafe\u0301, o\u0308\u0323, \u0344, A\u030a \u212b \ufb01 ½ ﾊﾝｶｸ", "ÜBER Straße ΣΊΣΥΦΟΣ İstanbul",
    "你好，世界。日本語のテキスト、한국어 텍스트 𠀀𠀁", "Привет, мир! שלום עולם مرحبا بالعالم नमस्ते दुनिया",
    "😀😁 👨‍👩‍👧 🏳️‍🌈 ❤️ 🇩🇪 👍🏽", "it\u2019s \u201cquoted\u201d \u2014 dashed\u2026", "a\u00a0b\u2003c\u3000d\u200be\u0085f\u180eg\u2028h",
    "\ufeffbyte order mark", "\u2581 \u2581\u2581a \u0120b", "nul\0inside \x01\x1b\x7f", "'s 'S 'ſ \u212a 'K",
    "<s>hello</s> <unk> <|endoftext|> a<|endoftext|>b", "<|im_start|>user\nhi<|im_end|>", "<x> a <x> b<x>c  <x>  d",
    "word sword word, words-word word", "a_b snake_case CamelCase __init__ $x @y #z %", "x" * 70, "ab" * 20 + " " + "ba" * 20, "<0x0A> <0xE4><0xBD><0xA0>", "The End", "the  \n\n  end",
    b"\xff\xfe", b"a\xc3(b", b"\xe2\x96 \xf0\x9f\x98 \xed\xa0\x80", b"caf\xc3\xa9 \xc3", b"\xf0\x9f\x98\x80\xf0\x9f\x98",
    b"\xc0\x80\xf5\x80\x80\x80", b"\x80\x80the",
]


def byte_level(pattern=None, normalizer=None, ignore_merges=False, tokens=256 + 70):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    split = [pre_tokenizers.Split(Regex(pattern), "isolated")] if pattern else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split + [last]) if split else last
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(TRAINING_TEXT, trainers.BpeTrainer(
        vocab_size=tokens, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def gpt2():
    tokenizer = byte_level()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer, {}


def llama3():
    tokenizer = byte_level(LLAMA3, ignore_merges=True)
    # A word that no merge makes: found whole.
    state = json.loads(tokenizer.to_str())
    state["model"]["vocab"]["\u0120theirs"] = len(state["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    begin = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single=f"{begin} $A", pair=f"{begin} $A {begin}:1 $B:1",
                                      special_tokens=[(begin, tokenizer.token_to_id(begin))])])
    return tokenizer, {"bos_token": begin, "eos_token": {"content": "<|end_of_text|>"}}


def qwen():
    tokenizer = byte_level(QWEN, normalizers.NFC())
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer, {"bos_token": None, "eos_token": "<|im_end|>"}


def neox():
    tokenizer = byte_level(normalizer=normalizers.NFC())
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
    tokenizer.add_tokens([AddedToken(" " * spaces, normalized=True) for spaces in (8, 4, 3, 2)])
    return tokenizer, {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}


def added_tokens():
    """Each property of an added token, and one that is looked for in lower case."""
    tokenizer = byte_level(normalizer=normalizers.Lowercase())
    tokenizer.add_special_tokens([
        AddedToken("<|endoftext|>"), AddedToken("<x>", lstrip=True, rstrip=True), AddedToken("<s>", rstrip=True)])
    tokenizer.add_tokens([
        AddedToken("word", single_word=True, normalized=False), AddedToken("The", normalized=True),
        AddedToken("miller and", normalized=False), AddedToken("mill", normalized=False),
        AddedToken("  ", lstrip=True, normalized=False), AddedToken("é"), AddedToken("日本語", normalized=False)])
    return tokenizer, {}


def characters(byte_fallback, fuse_unk, unk="<unk>", letters="", tokens=420):
    """BPE over characters whose merges may reach over spaces, so that it matters where text is cut."""
    tokenizer = Tokenizer(models.BPE(unk_token=unk))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    special = [unk, "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256) if byte_fallback]
    tokenizer.train_from_iterator(TRAINING_TEXT, trainers.BpeTrainer(
        vocab_size=tokens, special_tokens=special, initial_alphabet=["\u2581", *letters], limit_alphabet=60,
        show_progress=False))
    state = json.loads(tokenizer.to_str())
    state["model"].update(byte_fallback=byte_fallback, fuse_unk=fuse_unk)
    state["added_tokens"] = []
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in (unk, "<s>", "</s>")])
    return tokenizer


def words(tokenizer):
    """Without the merges that reach over spaces, as sentencepiece has none."""
    state = json.loads(tokenizer.to_str())
    spans = lambda text: "\u2581" in text.lstrip("\u2581")
    kept, vocabulary = [], state["model"]["vocab"]
    gone = {token for token in vocabulary if spans(token)}
    for left, right in state["model"]["merges"]:
        if not {left, right, left + right} & gone:
            kept.append([left, right])
    state["model"]["merges"] = kept
    return Tokenizer.from_str(json.dumps(state))


def begins(tokenizer):
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    return tokenizer


SPACES_BACK = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
NAMES = {"bos_token": "<s>", "eos_token": "</s>"}


def llama2():
    tokenizer = words(characters(byte_fallback=True, fuse_unk=True, tokens=460))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(SPACES_BACK + [decoders.Strip(" ", 1, 0)])
    return begins(tokenizer), NAMES


def mistral():
    tokenizer = characters(byte_fallback=True, fuse_unk=True, tokens=460)
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(SPACES_BACK + [decoders.Strip(" ", 1, 0)])
    return begins(tokenizer), NAMES


def gemma():
    tokenizer = words(characters(byte_fallback=True, fuse_unk=True, tokens=460))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(SPACES_BACK)
    tokenizer.add_tokens([AddedToken("\n" * lines, normalized=False) for lines in (2, 3)])
    return begins(tokenizer), NAMES


def metaspace():
    tokenizer = characters(byte_fallback=False, fuse_unk=False, tokens=200)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, NAMES


def metaspace_never():
    """With an unknown token for some characters and bytes for others."""
    tokenizer = characters(byte_fallback=False, fuse_unk=False, tokens=200)
    state = json.loads(tokenizer.to_str())
    for byte in (0xC3, 0xA9, 0x21):
        state["model"]["vocab"][f"<0x{byte:02X}>"] = len(state["model"]["vocab"])
    state["model"].update(byte_fallback=True, fuse_unk=True)
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.normalizer = normalizers.NFD()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="never")])
    return tokenizer, NAMES


def plain(normalizer, pre_tokenizer, decoder):
    tokenizer = characters(byte_fallback=False, fuse_unk=True, letters=" '.,;0123456789", tokens=230)
    tokenizer.normalizer = normalizer
    # Merges with spaces as they are.
    state = json.loads(tokenizer.to_str().replace("\u2581", " "))
    vocabulary = list(json.loads(tokenizer.to_str())["model"]["vocab"])
    state["model"]["vocab"] = {}
    for token in vocabulary:
        state["model"]["vocab"].setdefault(token.replace("\u2581", " "), len(state["model"]["vocab"]))
    state["model"]["merges"] = [m for m in state["model"]["merges"]]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    return tokenizer, NAMES


def pieces_1():
    return plain(normalizers.Sequence([normalizers.Strip(left=True, right=True), normalizers.Lowercase()]),
                 pre_tokenizers.Sequence([
                     pre_tokenizers.Punctuation("merged_with_next"), pre_tokenizers.Digits(individual_digits=True)]),
                 decoders.Fuse())


def pieces_2():
    return plain(normalizers.Sequence([normalizers.NFKD(), normalizers.Replace(Regex(r"\s+"), " ")]),
                 pre_tokenizers.Sequence([
                     pre_tokenizers.Whitespace(), pre_tokenizers.Split("e", "contiguous"),
                     pre_tokenizers.Digits(individual_digits=False)]),
                 decoders.Sequence([decoders.Replace(Regex("l+"), "L"), decoders.Strip("t", 1, 0), decoders.Fuse()]))


def pieces_3():
    return plain(normalizers.Strip(left=False, right=True),
                 pre_tokenizers.Sequence([
                     pre_tokenizers.Split(Regex(r"\b"), "isolated"), pre_tokenizers.Split(Regex("[aeiou]+"), "removed", True),
                     pre_tokenizers.Split("i", "merged_with_next")]),
                 decoders.Sequence([]))


def pieces_4():
    return plain(normalizers.Strip(left=True, right=False),
                 pre_tokenizers.Sequence([
                     pre_tokenizers.Split(Regex(r"[^\S\n]+|\W"), "merged_with_previous"),
                     pre_tokenizers.Split(Regex("th?e{1,2}"), "merged_with_previous", True),
                     pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]),
                 decoders.Fuse())


def bytes_in_between():
    """The byte alphabet before another step, and a space before the text."""
    tokenizer = byte_level()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False), pre_tokenizers.Split("\u0120", "merged_with_next")])
    return tokenizer, {"eos_token": None}


HUGGING_FACE = [gpt2, llama3, qwen, neox, added_tokens, llama2, mistral, gemma, metaspace, metaspace_never, pieces_1,
                pieces_2, pieces_3, pieces_4, bytes_in_between]


def write_texts():
    texts = [{"hex": text.hex()} if isinstance(text, bytes) else {"text": text} for text in TEXTS]
    lines = ",\n".join(json.dumps(text, ensure_ascii=False) for text in texts)
    (OUT / "texts.json").write_text(f"[\n{lines}\n]\n")


def write_hugging_face(make):
    folder = OUT / make.__name__
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, config = make()
    state = json.loads(tokenizer.to_str())
    (folder / "tokenizer.json").write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")) + "\n")
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    expected = []
    for text in TEXTS:
        read = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        ids = tokenizer.encode(read, add_special_tokens=False).ids
        expected.append((ids, tokenizer.decode(ids)))
    around = tokenizer.encode("the").ids
    write_expected(folder, expected, around, {"tokenizers": tokenizers.__version__})


def write_expected(folder, expected, whole, made_with):
    decoded = {i: text for i, (ids, text) in enumerate(expected) if text != TEXTS[i]}
    tokens = ",\n".join(json.dumps(ids, separators=(",", ":")) for ids, text in expected)
    head = json.dumps({"made_with": made_with, "the_whole": whole, "decoded": decoded}, ensure_ascii=False)[:-1]
    (folder / "expected.json").write_text(f'{head}, "tokens": [\n{tokens}\n]}}\n')


def write_sentencepiece(kind):
    folder = OUT / f"sentencepiece_{kind}"
    folder.mkdir(parents=True, exist_ok=True)
    prefix = str(folder / "tokenizer")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING_TEXT), model_prefix=prefix, model_type=kind, vocab_size=380, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=kind == "unigram", num_threads=1, minloglevel=3,
        hard_vocab_limit=False)
    (folder / "tokenizer.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
    expected = []
    for text in TEXTS:
        ids = model.encode(text)
        expected.append((ids, model.decode(ids)))
    write_expected(folder, expected, [1] + model.encode("the"), {"sentencepiece": sentencepiece.__version__})
    return model


def has_bytes(pieces):
    return pieces[3:259] == [b"<0x%02X>" % byte for byte in range(256)]


def encode_llama2c(pieces, scores, text):
    """A space, code points or their bytes, then the best pair of neighbours until none is left. Where a vocabulary has
    no bytes, which llama2.c does not expect, they are unknown."""
    numbers = {}
    for number in range(3, len(pieces)):
        numbers.setdefault(pieces[number], number)
    ids, at = ([numbers[b" "]] if text else []), 0
    while at < len(text):
        end = at + 1
        while end < len(text) and text[end] & 0xC0 == 0x80 and end - at < 4:
            end += 1
        character = text[at:end]
        if character in numbers:
            ids.append(numbers[character])
        else:
            ids += [3 + byte for byte in character] if has_bytes(pieces) else [0]
        at = end
    while True:
        best = None
        for i in range(len(ids) - 1):
            joined = numbers.get(pieces[ids[i]] + pieces[ids[i + 1]])
            if joined is not None and (best is None or scores[joined] > scores[best[1]]):
                best = (i, joined)
        if best is None:
            return ids
        ids[best[0]:best[0] + 2] = [best[1]]


def decode_llama2c(pieces, ids):
    """Tokens 0 to 2 are no text."""
    byte = has_bytes(pieces)
    return b"".join(bytes([i - 3]) if byte and i < 259 else pieces[i] for i in ids if i >= 3).removeprefix(b" ")


def write_llama2c(model):
    folder = OUT / "llama2c"
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [model.id_to_piece(i).replace("\u2581", " ").encode() for i in range(model.get_piece_size())]
    pieces[1], pieces[2] = b"\n<s>\n", b"\n</s>\n"
    scores = [model.get_score(i) for i in range(model.get_piece_size())]
    content = struct.pack("<I", max(map(len, pieces)))
    for piece, score in zip(pieces, scores):
        content += struct.pack("<fi", score, len(piece)) + piece
    (folder / "tokenizer.bin").write_bytes(content)
    expected = []
    for text in TEXTS:
        text_bytes = text if isinstance(text, bytes) else text.encode()
        ids = encode_llama2c(pieces, scores, text_bytes)
        assert decode_llama2c(pieces, ids) == text_bytes
        expected.append((ids, text))
    write_expected(folder, expected, [1] + encode_llama2c(pieces, scores, b"the"), {"python": sys.version.split()[0]})


def main():
    OUT.mkdir(exist_ok=True)
    write_texts()
    for make in HUGGING_FACE:
        write_hugging_face(make)
    write_llama2c(write_sentencepiece("bpe"))
    write_sentencepiece("unigram")


if __name__ == "__main__":
    main()
