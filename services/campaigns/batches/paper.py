"""Sheets of labels and envelopes, by their names: sizes in millimetres. Data."""

from collections.abc import Mapping
from dataclasses import dataclass

A4 = (210.0, 297.0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page with so many labels across and down; one of one label is an envelope."""

    page: tuple[float, float]
    label: tuple[float, float]
    across: int = 1
    down: int = 1
    points: float = 9.0
    """Size of the letters, at most."""

    @property
    def count(self) -> int:
        return self.across * self.down

    def place(self, number: int) -> tuple[float, float]:
        """Left and upper edge of a label, row by row; what the labels leave of a page is on both sides."""
        row, column = divmod(number, self.across)
        left = (self.page[0] - self.across * self.label[0]) / 2
        top = (self.page[1] - self.down * self.label[1]) / 2
        return left + column * self.label[0], top + row * self.label[1]


SHEETS: Mapping[str, Sheet] = {
    "70x37": Sheet(A4, (70, 37), 3, 8),
    "70x42": Sheet(A4, (70, 42.3), 3, 7),
    "105x57": Sheet(A4, (105, 57), 2, 5, 11),
    "52x30": Sheet(A4, (52.5, 29.7), 4, 10, 7),
    "envelope_dl": Sheet((220, 110), (220, 110), points=11),
    "envelope_c5": Sheet((229, 162), (229, 162), points=12),
}
