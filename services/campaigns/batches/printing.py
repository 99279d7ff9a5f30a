"""Makes the files of a batch: labels or envelopes and letters as PDF, addresses as CSV.

Runs in a process apart (`hub.kit.apart`), which the kernel ends at its limits; letters that are too long are left out
one by one, so that they cost nobody else his.
"""

import logging
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from hub.kit.tables.writing import delimited, header
from services.campaigns.batches.paper import A4, SHEETS, Sheet
from services.campaigns.letterboxes import parts_of, printed

PRINT = "services.campaigns.batches.printing:made"
PAGES, PAGES_TOGETHER = 10, 3_000
"""Of one letter, who has a longer one gets none; and of a batch, who comes after these waits for the next one."""
COLUMNS = ("number", "name", "contact", "address", "city", "region", "country", "postcode")
_FONT = "letters"
_WORDS = 10_000
"""Whose width is remembered."""
_MARGIN, _SENDER, _LINE = 20.0, 90.0, 5.5
"""Millimetres: of a letter's edge, of the column of the addresses, of a line's height."""
_INK = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What is no letter and would only turn others round."""
Person = dict[str, Any]
"""`number`, `name`, `raw` (lines of the letterbox), `subject`, `text`."""


for _name in ("fpdf", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # of each table of a font that is not needed it tells


def made(people: Sequence[Person], sheet: str, skip: int, sender: str, day: str) -> dict[str, Any]:
    """`letters`, `labels` and `addresses` as bytes, `pages`; `left_out`: by number why there is no letter; `later`:
    numbers of those that the batch has no room for.
    """
    with _fonts() as folder:
        letters, left_out, later = _letters(people, sender, day, folder)
        kept = [person for person in people if person["number"] not in {*left_out, *later}]
        return {
            "letters": bytes(letters.output()),
            "labels": bytes(_labels(kept, SHEETS[sheet], skip, sender, folder).output()),
            "addresses": _addresses(kept),
            "pages": letters.page,
            "left_out": left_out,
            "later": later,
        }


@contextmanager
def _fonts() -> Iterator[Path]:
    """As files, for so they are asked for."""
    import pymupdf_fonts

    with TemporaryDirectory() as folder:
        for style, name in (("", "notos"), ("B", "notosbo")):
            (Path(folder) / f"{_FONT}{style}.ttf").write_bytes(pymupdf_fonts.myfont(name))
        yield Path(folder)


class _Paper(FPDF):
    """Knows which letters it can print."""

    def __init__(self, page: tuple[float, float], folder: Path) -> None:
        super().__init__(unit="mm", format=page)
        for style in ("", "B"):
            self.add_font(_FONT, style, folder / f"{_FONT}{style}.ttf")
        self.set_auto_page_break(False)
        font = self.fonts[_FONT]
        assert isinstance(font, TTFFont)
        self._known = frozenset(map(chr, font.cmap)) | {"\n"}
        self.wide = lru_cache(_WORDS)(self.get_string_width)
        """Of words of a text, in its font: the same ones come again and again."""

    def clean(self, text: str) -> str:
        """Without what the font lacks, as emoji, and what is no letter."""
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
        return "".join([letter for letter in _INK.sub("", text) if letter in self._known])


def _letters(
    people: Sequence[Person], sender: str, day: str, folder: Path
) -> tuple[_Paper, dict[int, str], list[int]]:
    paper, left_out, later = _Paper(A4, folder), {}, []
    paper.set_margins(_MARGIN, _MARGIN, _MARGIN)
    for person in people:
        lines = list(islice(_lines(paper, person["text"], A4[0] - 2 * _MARGIN), _LINES + 1))
        if len(lines) > _LINES:
            left_out[person["number"]] = f"the letter has over {PAGES} pages"
        elif paper.page + _pages(len(lines)) > PAGES_TOGETHER:
            later.append(person["number"])
        else:
            _letter(paper, person, lines, sender, day)
    return paper, left_out, later


_FIRST = int((A4[1] - 2 * _MARGIN - 75) // _LINE)
_OTHER = int((A4[1] - 2 * _MARGIN) // _LINE)
"""Lines of a text on the first page, below addresses and heading, and on each other one."""
_LINES = _FIRST + (PAGES - 1) * _OTHER
"""Of a letter; further ones are not even broken."""
_WIDEST = 500
"""Characters that a line of paper has at most."""


def _pages(lines: int) -> int:
    return 1 + max(0, -(-(lines - _FIRST) // _OTHER))


def _lines(paper: _Paper, text: str, width: float) -> Iterator[str]:
    """Broken to the width, at blanks; a word that is wider than a line, anywhere."""
    paper.set_font(_FONT, "", 11)
    for line in paper.clean(text).split("\n"):
        yield from _broken(paper, line, width - 3)


def _broken(paper: _Paper, line: str, width: float) -> Iterator[str]:
    blank, so_far, used = paper.wide(" "), "", 0.0
    for word in line.split(" "):
        for piece in _cut(paper, word, width):
            wide = paper.wide(piece)
            if so_far and used + blank + wide > width:
                yield so_far
                so_far, used = piece, wide
            else:
                so_far, used = (f"{so_far} {piece}", used + blank + wide) if so_far else (piece, wide)
    yield so_far


def _cut(paper: _Paper, word: str, width: float) -> Iterator[str]:
    start = 0
    while (rest := word[start : start + _WIDEST]) and paper.wide(rest) > width:
        end = max(1, _fitting(paper, rest, width))
        yield rest[:end]
        start += end
    yield rest


def _fitting(paper: _Paper, line: str, width: float) -> int:
    """How many of its characters the width has room for."""
    return bisect_right(range(1, len(line) + 1), width, key=lambda count: paper.get_string_width(line[:count]))


def _letter(paper: _Paper, person: Person, lines: Sequence[str], sender: str, day: str) -> None:
    paper.add_page()
    whom = printed(person["name"], parts_of(person["raw"]))
    _block(paper, (_MARGIN, _MARGIN), sender.split("\n")[:5], width=_SENDER - _MARGIN, points=9)
    _block(paper, (A4[0] - _MARGIN - 85, _MARGIN + 15), whom, width=85, points=11)
    _block(paper, (_MARGIN, _MARGIN + 55), [day], width=60, points=10)
    _block(paper, (_MARGIN, _MARGIN + 63), [person["subject"]], width=A4[0] - 2 * _MARGIN, points=12, style="B")
    paper.set_font(_FONT, "", 11)
    paper.set_xy(_MARGIN, _MARGIN + 75)
    room = _FIRST
    for line in lines:
        if room == 0:
            paper.add_page()
            room = _OTHER
        paper.cell(0, _LINE, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        room -= 1


def _block(
    paper: _Paper, place: tuple[float, float], lines: Sequence[str], *, width: float, points: float, style: str = ""
) -> None:
    """Lines below one another; one that is too wide is set smaller, and cut where that does not do."""
    left, top = place
    height = points * 0.45
    for number, line in enumerate(lines):
        _fitted(paper, shown := paper.clean(line).replace("\n", " ")[:_WIDEST], width, points, style)
        shown = shown[: _fitting(paper, shown, width)]
        paper.set_xy(left, top + number * height)
        paper.cell(width, height, shown)


def _fitted(paper: _Paper, line: str, width: float, points: float, style: str) -> None:
    size = points
    paper.set_font(_FONT, style, size)
    while size > points * 0.6 and paper.get_string_width(line) > width - 1:
        size -= 0.5
        paper.set_font(_FONT, style, size)


def _labels(people: Sequence[Person], sheet: Sheet, skip: int, sender: str, folder: Path) -> _Paper:
    paper = _Paper(sheet.page, folder)
    paper.set_margins(0, 0, 0)
    for number, person in enumerate(people, skip):
        if number == skip or number % sheet.count == 0:
            paper.add_page()
        lines = printed(person["name"], parts_of(person["raw"]))
        _envelope(paper, sheet, lines, sender) if sheet.count == 1 else _label(paper, sheet, number, lines)
    return paper


def _label(paper: _Paper, sheet: Sheet, number: int, lines: Sequence[str]) -> None:
    left, top = sheet.place(number % sheet.count)
    width, height = sheet.label
    points = min(sheet.points, (height - 5) / len(lines) / 0.45)
    _block(paper, (left + 4, top + 2.5), lines, width=width - 8, points=points)


def _envelope(paper: _Paper, sheet: Sheet, lines: Sequence[str], sender: str) -> None:
    width, height = sheet.label
    _block(paper, (10, 10), sender.split("\n")[:5], width=width / 2 - 20, points=9)
    _block(paper, (width / 2, height / 2 - 5), lines, width=width / 2 - 10, points=sheet.points)


def _addresses(people: Sequence[Person]) -> bytes:
    return header(COLUMNS) + delimited(_row(person) for person in people)


def _row(person: Person) -> list[str]:
    parts = parts_of(person["raw"])
    about = [str(person["number"]), person["name"], parts["contact"], parts["street"]]
    return [*about, parts["city"], parts["region"], parts["country"] or "RU", parts["postcode"]]
