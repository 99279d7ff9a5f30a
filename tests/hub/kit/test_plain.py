"""What becomes of what is not seen in the words of strangers."""

import pytest

from hub.kit import plain
from hub.kit.numbers import whole


@pytest.mark.parametrize(
    ("given", "line", "words"),
    [
        ("Пётр", "Пётр", "Пётр"),
        ("gpj.\u202eexe", "gpj.exe", "gpj.\ufffdexe"),
        ("a\u2066b\u2069", "ab", "a\u2066b\u2069"),
        ("a\x00\x1b[31mb", "a[31mb", "a\ufffd\ufffd[31mb"),
        ("one\r\ntwo", "one two", "one \ntwo"),
        ("tab\there", "tab here", "tab\there"),
        ("half \ud83d", "half ?", "half ?"),
        ("👨\u200d👩", "👨\u200d👩", "👨\u200d👩"),
        ("nel\x85end", "nel end", "nel\ufffdend"),
    ],
)
def test_a_line_loses_it_and_a_text_keeps_its_length(given: str, line: str, words: str) -> None:
    assert (plain.line(given), plain.words(given)) == (line, words)
    assert len(plain.words(given).encode("utf-16-le")) == len(given.encode("utf-16-le", "surrogatepass"))


@pytest.mark.parametrize("text", ["", "-", "²", "١", "9" * 19, "9" * 5000, "+1", " 1", "1.0", "--1", "1e3"])
def test_what_is_no_number_of_a_sane_length_is_none(text: str) -> None:
    assert whole(text) is None


def test_a_number_is_read() -> None:
    assert (whole("0"), whole("-17"), whole("9" * 18)) == (0, -17, 10**18 - 1)
