"""What an attack found in lists, segments and mailings, and what holds since."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.kit.errors import InvalidInput
from services.campaigns.lists.service import _line_end
from services.campaigns.mailings.pages import BYTES, _bounded
from services.campaigns.segments.models import Condition
from services.campaigns.segments.sql import MOST_NODES, Question, _moment
from tests.services.campaigns.conftest import MARKETER
from tests.services.campaigns.test_lists import read_in

NOW = datetime(2026, 3, 2)


def test_a_line_that_ends_between_quotes_is_not_cut_there() -> None:
    piece = b'a@x.example,"one\nintruder@x.example,two"\nb@x.example,three'
    assert piece[: _line_end(piece)] == b'a@x.example,"one\nintruder@x.example,two"\n'
    assert _line_end(b'a,"never\nends') == 0


async def test_nobody_is_made_of_the_halves_of_a_quoted_cell_wherever_a_file_is_cut(desk: Any) -> None:
    rows = "\n".join(f'a{n}@example.com,"x\nintruder{n}@example.com,z"' for n in range(60_000))
    made = await read_in(desk, f"email,note\nzz@example.com,1\n{rows}\n".encode())
    assert (made["state"], made["rows"], made["rejected"]) == ("ready", 60_001, 0)


async def test_a_list_with_a_line_that_is_too_long_says_so_instead_of_being_read_for_ever(desk: Any) -> None:
    long = b"a@example.com," + b"x" * (3 * 2**20)
    made = await read_in(desk, b"email,note\nq@example.com,1\n" + long + b"\nb@example.com,y\n")
    assert made["state"] == "failed"
    assert "bytes" in made["reason"]


async def test_a_list_that_is_removed_or_anothers_is_no_list(desk: Any) -> None:
    made = await read_in(desk, b"email\nx1@example.com\n")
    stranger = Actor(login="boris", reach=("owner:boris",))
    with pytest.raises(InvalidInput):
        await desk.segments.count(Condition(list=made["_id"]), None, stranger)
    await desk.lists.remove(made["_id"], actor=MARKETER)
    with pytest.raises(InvalidInput):
        await desk.segments.count(Condition(list=made["_id"]), None, MARKETER)


def test_segments_that_name_segments_cost_what_they_come_to() -> None:
    leaf = Condition(field="name", compare="is", value="x")
    segments: dict[str, Any] = {"s0": (leaf, None)}
    for number in range(1, 6):
        below = [Condition(segment=f"s{number - 1}")] * 40
        segments[f"s{number}"] = (Condition(any=below), None)
    with pytest.raises(InvalidInput, match=str(MOST_NODES)):
        Question(NOW, segments).of(Condition(segment="s5"), None)


@pytest.mark.parametrize("hours", [14, -14])
def test_moments_at_the_ends_of_the_calendar_are_moved_inside(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    for year in (1, 9999):
        moment = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, 0 if year == 1 else 23, tzinfo=zone)
        assert _moment(moment).tzinfo is None


def test_what_is_filled_in_for_one_recipient_is_weighed_as_it_travels() -> None:
    heavy = _bounded(("s", '"' * (BYTES // 2), ""))
    assert isinstance(heavy, str)
    assert _bounded(("s", "x" * 1_000, "")) == ("s", "x" * 1_000, "")
