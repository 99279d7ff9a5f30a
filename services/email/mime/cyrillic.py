"""Which of the Cyrillic encodings turns some bytes into words: the likelihood of letter pairs, and of letter case."""

import re
from functools import cache, lru_cache
from operator import add
from typing import NamedTuple

_LETTERS = " абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў"
# Row: a letter (or the word's edge); column: the letter after it. A digit d in base 36 says: likelihood exp(-0.3 d).
# Counted in Russian prose, manuals and program messages, with a seventh of Ukrainian and some Bulgarian.
_PAIRS = (
    "zeb8eadgb9pafb897c8acfhicijzzzerfzjpmzz",
    "5rebfcdealca8b8qeba8lmfgdfizzzwgdozshzz",
    "b8qiom7qqazd9jc6v8fn8ygkoqdd6luqdpfzzzz",
    "66rkof7mg8zfcib7heagdzjqkfqj9izzisdzzzz",
    "a8ollaczwayh8jc3v9nlaxsykozsxwxxxydzzzz",
    "a5lcng6go8zeah97gafgawkilkyiedzrfkfzzzz",
    "5mfdbbefekdc9a7id8a8lniiffgzzzyllovuwrz",
    "a7jqp83oz7zfgm7gsrmoczxwlvzuzkxzvokzzzz",
    "84f9eaekpbzgea89gdkjbvkrlmxmdizsezhzzzz",
    "4jfbgdbkbecb99aigc98picfdgjzzzzhbwzzwzz",
    "1unnqdnorsze7hcfopaawtyjffqzvzzvqzwyzzz",
    "75rgzudkr8zobse4uadbazpgyphkzvquzzfzzzz",
    "77kpko7gl6zeipd7ozdkbtvqivzoe7yc9jfzwzz",
    "57kgmv6zz8ziheb6hliqasxsntzqcmwxeoczzzz",
    "a6upjd6vn6zhqx96zpfcbiqjklnuaezjbnfzuzz",
    "5ra8aaecdhcc99ajd999olikdgkzzzpiiwulszz",
    "g9zuzz8zzazidyh3j4khbztgprzjgjzqfzezzzz",
    "b5lefi6fn7zhkfd6llfdajholgqmcfzjdofzzzz",
    "9bkdoi9ntaz99ed9aid5drhmhkzhgazk9gizzzz",
    "77qbtl7qt8zejmd5k9clcqspivtmd7vnhuhzzzz",
    "5hdab9dagpgbaadqbca9tierbeezzzqbjzzrfzz",
    "g3wtpu9ww6tsamo6vbkgaguwttwrifvvuwbwwww",
    "3atdlvczqazqfhd4xbijdprzymzqxtpxxzezyzz",
    "98tfsv5xq4xhqrpbllomcxtrwxxqbcxdex7xxxx",
    "c6zkzy4rz6zclt9gyis5czuwthzuzfzyyihzzzz",
    "c7xgxy4yy5y9alabljmdbxxxrxytwayyukfyyyy",
    "f7wwww3ww5wwwwf6wowrbwwwwvvwwdwwwdkwwww",
    "stjaj97g9trc9afcc6b7trklhrbttttq8kttttt",
    "4zf9gg9lhs7f89hzdecawz9rfdrzzzzzozzzzzz",
    "2zkmjldzajt9zf8fszaezpkjldozzzweeqzuqzz",
    "hvsnlmvvoticbjgvlji0sggtvhvvvvvvvvvvvvv",
    "2tbdnbxjosojlhivqgd8ytjn7h8yyyvguyyvfyy",
    "1yldjcdjepkbcdbtlid9sugjipgzzzxgizzzlzz",
    "3ssnqgsljsqnga4ssdh6ssgssssssssssssssss",
    "5fe8f7rhdybb8c8ikd9aooilfekyyyyedytbfwy",
    "1qngnkpqlqhkjfgoojjhqq8qoqqqqqqqqqqaqqq",
    "2trjmdtrrtpam9dtqii5rrqpqptttttcrttdttt",
    "5agggfdhh6hhdhhchcge7hhhhhhhhhhghh7hhhh",
    "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
)
_STEP = -0.3

# In the order of preference where two read the same.
_CODECS = {"cp1251": 0.0, "koi8_u": -0.3, "cp866": -1.5, "iso8859_5": -1.5, "mac_cyrillic": -2.5}
_SAME = {"koi8_r": "koi8_u", "koi8-r": "koi8_u", "koi8-u": "koi8_u", "iso8859-5": "iso8859_5"}
_EVERYDAY = "«»—–№…„“”’•\u00a0°§©®"
_STRANGE, _MARK, _MIXED, _RAISED, _FOREIGN = -9.0, -4.0, -7.0, -5.0, -8.0

_UPPER = "А-ЯЁІЇЄҐЎ"
_LOWER = "а-яёіїєґў"
_RAISED_LETTER = re.compile(f"[{_LOWER}][{_UPPER}]|(?<![{_UPPER}])[{_UPPER}]{{2,}}(?=[{_LOWER}])")
_CAPITALS = re.compile(f"(?<![{_UPPER}{_LOWER}])[{_UPPER}]{{2,}}(?![{_LOWER}])")
_INITIAL = re.compile(f"(?<![{_UPPER}{_LOWER}])[{_UPPER}]")
_MARK_INSIDE = re.compile(f"(?<=[{_UPPER}{_LOWER}])[«№„“—](?=[{_LOWER}])|[—–№°©®§]{{2}}")
_MIXED_SCRIPT = re.compile("[A-Za-z](?=[\u0400-\u04ff])|[\u0400-\u04ff](?=[A-Za-z])")
_HIGH = re.compile(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?")
_SAMPLE = 400

# Thirty letters of Russian score -3.9 to -2.8 a letter, eight letters -4.5 at worst. Latin script with accents, read
# as Cyrillic, scores below -5; Greek, Hebrew, Thai and East Asian text can come up to -3.5 where it is short.
_LIKELY, _CERTAIN = -4.4, -3.5
_MARGIN = 8.0
_LATIN = re.compile(r"cp125[0247]|cp12?58|iso8859-(?:1|2|3|4|9|10|13|14|15|16)$|mac-roman|mac_latin2|cp437|cp85\d")


class Guess(NamedTuple):
    """A codec; `likely` where nothing else is known, `sure` where it may overrule a label."""

    codec: str
    likely: bool
    sure: bool
    mean: float = 0.0  # The logarithm of the likelihood, per letter.


class _Score(NamedTuple):
    total: float  # Natural logarithm of the likelihood.
    mean: float  # The same per letter.
    letters: int


class _PairTable(dict[str, float]):
    """Pairs with a character outside the alphabet are priced when they are first met."""

    def __missing__(self, pair: str) -> float:
        after = pair[1]
        strange = _FOREIGN if after == "?" else _STRANGE
        price = self[" " + after] if after in _LETTERS else strange
        if len(self) < 20_000:
            self[pair] = price
        return price


@cache
def _pair_table() -> _PairTable:
    table = _PairTable()
    for before, row in zip(_LETTERS, _PAIRS, strict=True):
        for after, digit in zip(_LETTERS, row, strict=True):
            table[before + after] = int(digit, 36) * _STEP
    table["  "] = 0.0
    return table


@cache
def _folding() -> dict[int, str]:
    fold = dict.fromkeys(range(128), " ") | {ord(char): " " for char in _EVERYDAY}
    fold |= dict.fromkeys(range(0x400, 0x460), "?")
    for char in _LETTERS:
        fold[ord(char)] = fold[ord(char.upper())] = char
    return fold


def best(data: bytes, declared: str | None) -> Guess | None:
    """The best reading of `data` as Cyrillic; None where it is not Cyrillic in any encoding.

    `declared` is the codec of the label, or None; it is kept unless another is much more likely.
    """
    label = _SAME.get(declared or "", declared)
    if label in _CODECS and _plainly(data, label):
        return Guess(declared or label, True, True)
    sample = _sample(data)
    scores = {codec: _score(sample, codec) for codec in _CODECS}
    codec = max(scores, key=lambda name: scores[name].total + _CODECS[name])
    won = scores[codec]
    if won.letters == 0:
        return None
    if label in _CODECS:
        sure = won.mean > _LIKELY and won.total - scores[label].total > _MARGIN
    else:
        sure = _overrules(won, label)
    name = declared if label == codec and declared else _precise(data, codec)
    return Guess(name, won.mean > _LIKELY, sure, won.mean)


def _overrules(won: _Score, label: str | None) -> bool:
    if label is None or _LATIN.match(label):
        return won.letters >= 4 and won.mean > _LIKELY
    return won.letters >= 20 and won.mean > _CERTAIN


def _precise(data: bytes, codec: str) -> str:
    """KOI8-R where the text has none of the letters that KOI8-U adds."""
    if codec == "koi8_u" and not re.search(rb"[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd]", data):
        return "koi8_r"
    return codec


@lru_cache(maxsize=8)
def _frequent(codec: str) -> bytes:
    return "оеаинтсрвлкмдпу".encode(codec)


def _plainly(data: bytes, codec: str) -> bool:
    """Nearly all high bytes are everyday small letters: the label is right, no need to compare."""
    sample = data[:2048].translate(None, _ASCII)
    if codec == "cp1251" and _MAC_BYTES.search(data, 0, 2048):
        return False
    return len(sample) >= 60 and len(sample.translate(None, _frequent(codec))) * 100 < 28 * len(sample)


_ASCII = bytes(range(128))
_MAC_BYTES = re.compile(rb"[\x80-\x83\x8a-\x90]|[\xe0-\xfe]\xdf")


def _sample(data: bytes) -> bytes:
    if len(data) <= _SAMPLE:
        return data
    out, size = [], 0
    for match in _HIGH.finditer(data):
        out.append(match[0][:_SAMPLE])
        size += len(out[-1]) + 1
        if size > _SAMPLE:
            break
    return b" ".join(out)[:_SAMPLE]


def _score(sample: bytes, codec: str) -> _Score:
    text = sample.decode(codec, "replace")
    folded = f" {text.translate(_folding())} "
    total = sum(map(_pair_table().__getitem__, map(add, folded, folded[1:])))
    letters = len(folded) - folded.count(" ")
    total += _MARK * sum(map(text.count, _EVERYDAY)) + _RAISED * len(_RAISED_LETTER.findall(text))
    total += _MIXED * (len(_MIXED_SCRIPT.findall(text)) + len(_MARK_INSIDE.findall(text)))
    case = len(_INITIAL.findall(text)) + len(_CAPITALS.findall(text))
    return _Score(total - case, total / letters if letters else -99.0, letters)
