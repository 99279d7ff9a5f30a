"""Finding the cards of one client among 100,000, in English and in Russian, and how right that is."""

import resource
import time
from collections.abc import Mapping

from bench._people import Cards, People, english, russian
from services.interactions.duplicates.columns import columns_of, row_of
from services.interactions.duplicates.detect import Finder
from services.interactions.duplicates.records import Record, record_of

NAME = "duplicates"
GOAL = "100,000 cards under 60 s of processor time; precision 0.999 and recall 0.95 or better"

_CARDS = 100_000


async def run() -> Mapping[str, float | str]:
    """Seconds of processor time from the texts of the rows to the pairs, and what of them was right."""
    figures: dict[str, float | str] = {}
    for name, is_russian, columns in (("English", False, english), ("Russian", True, russian)):
        cards = People(1, russian=is_russian).cards(_CARDS, columns)
        start = time.process_time()
        found = {(pair.a, pair.b) for pair in Finder(records_of(cards)).pairs()}
        figures[f"{name}, seconds"] = round(time.process_time() - start, 1)
        right = len(found & cards.pairs())
        figures[f"{name}, precision"] = round(right / len(found), 5)
        figures[f"{name}, recall"] = round(right / len(cards.pairs()), 4)
    figures["MB at most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def records_of(cards: Cards) -> list[Record]:
    """As a table with these columns is read."""
    header = list(cards.rows[0])
    columns = columns_of(header)
    return [
        record_of(n, row_of([row[title] for title in header], columns), month_first="E-mail" in header)
        for n, row in enumerate(cards.rows)
    ]
