"""Tokenizers of the kinds that families of models bring, trained on books and on source code."""

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer_cases import LLAMA3, QWEN

# Mistral's "tekken", which Minitron's Mistral models have too; GPT-4o's and Qwen's younger ones look like it.
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
OTHER_SCRIPTS = "你好，世界。日本語のテキスト。한국어 텍스트. Привет мир. 😀😁🎉 café naïve\n" * 50


def source_files(root):
    """The tree's own text: code, scripts and descriptions."""
    ends = {".cpp", ".h", ".cu", ".cuh", ".py", ".md", ".yaml", ".txt"}
    parts = ("core", "kernels", "results", "experiments", "tools", "tests")
    return [path for part in parts for path in sorted((root / part).rglob("*")) if path.suffix in ends]


def training_lines(data, root):
    for path in sorted((data / "books").glob("*.txt"))[:4] + source_files(root)[:200]:
        yield from path.read_text(encoding="utf-8").splitlines(True)
    yield OTHER_SCRIPTS


def byte_level(lines, pattern, normalizer, special, tokens, ignore_merges=False, first=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    split = [pre_tokenizers.Split(Regex(pattern), "isolated")] if pattern else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*first, *split, last])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=tokens, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens(special)
    return tokenizer


def llama3(lines):
    return byte_level(lines, LLAMA3, None, ["<|begin_of_text|>", "<|end_of_text|>"], 32000, ignore_merges=True)


def qwen(lines):
    return byte_level(lines, QWEN, normalizers.NFC(), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 32000)


def neox(lines):
    tokenizer = byte_level(lines, None, normalizers.NFC(), ["<|endoftext|>", "<|padding|>"], 16000)
    tokenizer.add_tokens([AddedToken(" " * spaces, normalized=True) for spaces in range(24, 1, -1)])
    return tokenizer


def tekken(lines):
    return byte_level(lines, TEKKEN, None, ["<unk>", "<s>", "</s>"], 16000, ignore_merges=True)


def digits(lines):
    """GPT-2's words, each digit alone."""
    return byte_level(lines, None, None, ["<|endoftext|>"], 16000, first=[pre_tokenizers.Digits(individual_digits=True)])


def merges_of(model, vocabulary):
    """As the families' own converters find them: every pair of pieces that is a piece, by its score."""
    found = []
    for piece, number in vocabulary.items():
        if model.is_byte(number) or model.is_control(number) or model.is_unknown(number):
            continue
        pairs = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
        known.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        found += [(model.get_score(number), pair) for pair in known]
    found.sort(key=lambda scored: scored[0], reverse=True)
    return [pair for _, pair in found]


def of_pieces(model):
    vocabulary = {model.id_to_piece(i): i for i in range(model.get_piece_size())}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges_of(model, vocabulary), unk_token="<unk>", fuse_unk=True,
                                     byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


SPACES_BACK = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]


def llama2(model):
    tokenizer = of_pieces(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(SPACES_BACK + [decoders.Strip(" ", 1, 0)])
    return tokenizer


def mistral(model):
    tokenizer = of_pieces(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(SPACES_BACK + [decoders.Strip(" ", 1, 0)])
    return tokenizer


def gemma(model):
    tokenizer = of_pieces(model)
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(SPACES_BACK)
    tokenizer.add_tokens([AddedToken("\n" * lines, normalized=False) for lines in range(2, 6)])
    return tokenizer


def metaspace(model):
    tokenizer = of_pieces(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def train_sentencepiece(data, kind, path):
    lines = [line for book in sorted((data / "books").glob("*.txt"))[:2]
             for line in book.read_text(encoding="utf-8").splitlines()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines + OTHER_SCRIPTS.splitlines()), model_prefix=str(path.with_suffix("")),
        model_type=kind, vocab_size=4000, byte_fallback=True, minloglevel=2, num_threads=1, max_sentence_length=100000,
        normalization_rule_name="identity" if kind == "bpe" else "nmt_nfkc",
        remove_extra_whitespaces=kind != "bpe", user_defined_symbols=["<extra>"])


def train(data, work, root):
    """The paths of all of them; trains those that `work` does not have yet."""
    paths = []
    for kind in ("bpe", "unigram"):
        path = work / "sentencepiece" / f"{kind}.model"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            train_sentencepiece(data, kind, path)
        paths.append(path)
    model = sentencepiece.SentencePieceProcessor(model_file=str(paths[0]))
    for make in (llama3, qwen, neox, tekken, digits, llama2, mistral, gemma, metaspace):
        path = work / make.__name__ / "tokenizer.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            byte_based = make in (llama3, qwen, neox, tekken, digits)
            make(training_lines(data, root) if byte_based else model).save(str(path))
        paths.append(path)
    return paths
