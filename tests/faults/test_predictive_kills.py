"""Killed at any instant while a list dials by itself, the hub rings nobody twice and accounts for everybody."""

import signal
from collections import Counter
from contextlib import closing, suppress
from typing import Any

import httpx
import pytest

from hub.testing.callers import Callers
from hub.testing.processes import Api
from hub.testing.waiting import until
from tests.journeys.test_dialler import a_list, is_there, number_of, outcomes, says_what_came_of_it

pytestmark = pytest.mark.slow
SEAMS = (
    "dialler.intended",
    "dialler.rung",
    "dialler.dialled",
    "telephony.after_intent",
    "dialler.agent_taken",
    "dialler.agent_given",
    "dialler.dropped",
)
NUMBERS = ("0", "1", "2", "7")
MAY_HAVE_BEEN_ASKED = ("dialler.dialled", "telephony.after_intent")
"""Killed here, the way out may have noted that it asks the exchange, and not have asked."""


@pytest.mark.parametrize("seam", SEAMS)
def test_killed_while_it_dials_the_hub_rings_nobody_twice_and_knows_what_came_of_everybody(
    world: Any, callers: Callers, seam: str
) -> None:
    group = SEAMS.index(seam)
    numbers = [number_of(100 + group, digit) for digit in NUMBERS]
    # Work after a call keeps the only agent from the others, who are dropped then.
    drops = seam == "dialler.dropped"
    # Of several that are being asked for at once, each may be one that is not asked for again.
    how = {"after_call": "PT5S" if drops else "PT0S", "most_lines": 10 if drops else 1}
    try:
        with closing(world.start()) as client:
            made = a_list(client, f"killed {group}", numbers, limit="average", start=False, **how)
            is_there(client, made)
        world.hub.stop()
        with closing(world.start(seam=seam)) as client, suppress(httpx.HTTPError):
            client.post(f"/call-lists/{made}/start")
        assert world.hub.wait() == -signal.SIGKILL
        with closing(world.start()) as client:
            told = until(lambda: settled(client, made, len(numbers)))
            never_asked = unknown(client, numbers)
            client.post(f"/call-lists/{made}/pause")
    finally:
        world.hub.stop()
    rung = Counter(one for one in callers.rung() if f"+{one}" in numbers)
    assert max(rung.values()) == 1
    assert told["sales"] + told["dropped"] <= 3
    # What an exchange may have been asked for is not asked for again; everybody else is, and each is accounted for.
    assert sorted([*(f"+{one}" for one in rung), *never_asked]) == sorted(numbers)
    assert len(never_asked) <= (seam in MAY_HAVE_BEEN_ASKED)
    assert len(rung) == 3 or seam != "telephony.after_intent"


def unknown(client: Api, numbers: list[str]) -> list[str]:
    """Those of whom the hub says that it does not know whether they were rung."""
    calls = client.all("/interactions", channel="call")
    unsure = [one for one in calls if one["delivery"] and one["delivery"]["state"] == "unknown"]
    people = {person["address"] for one in unsure for person in one["participants"]}
    return [number for number in numbers if f"phone:{number}" in people]


def settled(client: Api, made: str, count: int) -> dict[str, Any] | None:
    is_there(client, made)
    says_what_came_of_it(client, "sale")
    told = outcomes(client, made)
    return told if told["attempts"] == count else None
