"""Pages are bounded in bytes, and the next one goes on where they end."""

from dataclasses import dataclass

import orjson
from pydantic import BaseModel

from hub.api.pages import PAGE_BYTES, each, listed


class Thing(BaseModel):
    name: str


@dataclass(frozen=True)
class Page:
    items: list[str]
    next: str | None


def shelf(things: list[str], start: int = 0) -> object:
    async def find(limit: int) -> Page:
        end = start + limit
        return Page(things[start:end], str(end) if end < len(things) else None)

    return find


async def page(things: list[str], *, start: int = 0, limit: int = 100) -> tuple[list[str], str | None, int]:
    answer = await listed(shelf(things, start), each(lambda name: Thing(name=name)), limit=limit)
    told = orjson.loads(answer.body)
    return [one["name"] for one in told["items"]], told["next"], len(answer.body)


async def test_a_page_that_is_small_enough_is_whole() -> None:
    assert (await page(["a", "b", "c"], limit=2))[:2] == (["a", "b"], "2")
    assert (await page([]))[:2] == ([], None)


async def test_a_page_that_would_be_too_large_ends_earlier_and_nothing_is_left_out() -> None:
    things = [f"{number}" * 90_000 for number in range(10)] * 4
    found: list[str] = []
    start: int | None = 0
    while start is not None:
        names, after, size = await page(things, start=start)
        assert size <= PAGE_BYTES + 100
        found += names
        start = int(after) if after else None
    assert found == things


async def test_one_item_that_is_larger_than_a_page_is_a_page() -> None:
    large = "x" * (2 * PAGE_BYTES)
    assert (await page([large, "y"]))[:2] == ([large], "1")
