"""Messages written into the index of the search, and asked for while more arrive: the index alone, no store."""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

from bench._letters import letters
from hub.kit.clock import iso
from hub.kit.ids import derive
from hub.testing.builders import NOON
from services.interactions.adapters.index import Index
from services.interactions.search.asking import understood
from services.interactions.search.entries import Around, Entry, of_interaction

NAME = "search"
GOAL = "at 1,000,000 messages p95 within 100 ms while 500/s arrive; the index at most a third of the text"

MESSAGES = int(os.environ.get("SEARCH_MESSAGES", "1000000"))
_AT_ONCE, _ROUNDS, _ARRIVING = 5_000, 40, 500
_SURNAMES = ("Смирнов", "Иванов", "Кузнецов", "Попов", "Васильев", "Петров", "Соколов", "Фёдоров", "Brown", "Fisher")
_NAMES = ("Анна", "Пётр", "Ольга", "Олег", "Мария", "Иван", "Елена", "Сергей", "Mary", "John")
QUESTIONS = (
    "договор накладная ",
    "from:смирнов state:open доставка ",
    '"закрывающая документация"',
    "упл",
    "перез",
    "8 916 123-45-67",
    "has:file насос -картой ",
    "tag:vip after:2026-03-01 invoice ",
    "from:fisher gasket ",
)


@cache
def _texts() -> list[tuple[str, str]]:
    return [("\n".join(letter.words), letter.subject) for letter in letters(2_000, to="support@romashka.example")]


def _entries(count: int, first: int = 0) -> Iterator[Entry]:
    """Of people who write about the same things in lines that differ by their numbers and names."""
    rng, texts = random.Random(first), _texts()
    for number in range(first, first + count):
        text, subject = texts[rng.randrange(len(texts))]
        name = f"{rng.choice(_NAMES)} {rng.choice(_SURNAMES)}{rng.choice(('', 'а'))}"
        phone = f"+7 9{rng.randrange(10**9):09d}"
        yield of_interaction(
            {
                "_id": derive("in", str(number), at=0),
                "at": iso(NOON - timedelta(seconds=number)),
                "subject": f"{subject} № {rng.randrange(10**6)}",
                "text": f"{text}\nЗаказ {rng.randrange(10**7)}, {name}, {phone}",
                "participants": [
                    {"role": "from", "name": name, "raw": f"client{number % 200_000}@mail.example", "address": ""}
                ],
                "attachments": [{"filename": f"Счёт {number}.pdf"}] if number % 10 == 0 else [],
                "direction": "in",
                "channel": "email",
                "type": "email",
            },
            Around(
                derive("ch", str(number // 4), at=0),
                derive("cl", str(number % 200_000), at=0),
                name,
                [
                    f"state:{'open' if number % 20 == 0 else 'closed'}",
                    f"seen:team:{number % 30}",
                    *(["tag:vip"] if number % 50 == 0 else []),
                ],
            ),
        )


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        return await asyncio.to_thread(_run, Path(name))


def _run(folder: Path) -> dict[str, float | str]:
    index, text = Index(folder / "index"), 0
    started = time.perf_counter()
    for first in range(0, MESSAGES, _AT_ONCE):
        page = list(_entries(_AT_ONCE, first))
        text += sum(len(f"{entry.title}\n{entry.text}\n{entry.contacts}".encode()) for entry in page)
        index.add(page)
        if first % (_AT_ONCE * 10) == 0:
            index.commit({})
    index.commit({})
    wrote = time.perf_counter() - started
    took = sorted(_asked(index))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    index.close()
    return {
        "messages": MESSAGES,
        "written /s": round(MESSAGES / wrote),
        "p50 ms": round(statistics.median(took) * 1000, 1),
        "p95 ms": round(took[int(len(took) * 0.95)] * 1000, 1),
        "max ms": round(took[-1] * 1000, 1),
        "index / text": round(size / text, 2),
    }


def _asked(index: Index) -> Iterator[float]:
    """Between two commits of what arrives in a second."""
    for round_ in range(_ROUNDS):
        index.add(_entries(_ARRIVING, MESSAGES + round_ * _ARRIVING))
        index.commit({})
        for question in QUESTIONS:
            wanted = understood(question, "Europe/Moscow")
            started = time.perf_counter()
            index.find(wanted, kinds=("interaction", "file"), seen=(), contacts=True, limit=50, below=None)
            yield time.perf_counter() - started


if __name__ == "__main__":
    print(asyncio.run(run()))
