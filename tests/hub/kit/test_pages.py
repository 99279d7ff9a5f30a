"""HTML of colleagues is tried in a process of its own before it is taken."""

import pytest

from hub.kit.errors import InvalidInput
from hub.kit.pages import MOST, Pages
from hub.testing.apart import SHARED

LETTER = "<p>Здравствуйте, <b>Анна</b>!</p><table><tr><td>Насос</td><td>12 000 ₽</td></tr></table>" * 200
BOMBS = {
    "marks that are open in each paragraph": "<p>" + "".join(f"<b a{n}>" for n in range(700)) + "<p>x" * 4_000,
    "marks that are open in very many": "<p>" + "".join(f"<b a{n}>" for n in range(1_000)) + "<p>x" * 100_000,
    "ends of nothing": "<div></a>" * 100_000,
    "depth": "<div>" * 200_000,
}


async def test_a_long_letter_is_taken() -> None:
    await Pages(SHARED).check(LETTER)
    await Pages(SHARED).check(None)


@pytest.mark.parametrize("kind", BOMBS)
async def test_what_would_take_too_much_is_refused_by_its_field_and_the_next_letter_is_taken(kind: str) -> None:
    pages = Pages(SHARED)
    with pytest.raises(InvalidInput, match="paste it as text") as refused:
        await pages.check(BOMBS[kind])
    assert list(refused.value.fields or ()) == ["html"]
    await pages.check(LETTER)


async def test_what_becomes_too_long_is_refused_whatever_time_it_took() -> None:
    with pytest.raises(InvalidInput):
        await Pages(SHARED, cpu=30).check("<p>x</p>" * (MOST // 8 + 1))
