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


@pytest.mark.parametrize("seam", SEAMS)
def test_killed_while_it_dials_the_hub_rings_nobody_twice_and_knows_what_came_of_everybody(
    world: Any, callers: Callers, seam: str
) -> None:
    group = SEAMS.index(seam)
    numbers = [number_of(100 + group, digit) for digit in NUMBERS]
    # Work after a call keeps the only agent from the others, who are dropped then.
    work = "PT5S" if seam == "dialler.dropped" else "PT0S"
    try:
        with closing(world.start()) as client:
            made = a_list(client, f"killed {group}", numbers, limit="average", start=False, after_call=work)
            is_there(client, made)
        world.hub.stop()
        with closing(world.start(seam=seam)) as client, suppress(httpx.HTTPError):
            client.post(f"/call-lists/{made}/start")
        assert world.hub.wait() == -signal.SIGKILL
        with closing(world.start()) as client:
            told = until(lambda: settled(client, made, len(numbers)))
            client.post(f"/call-lists/{made}/pause")
    finally:
        world.hub.stop()
    rung = Counter(one for one in callers.rung() if f"+{one}" in numbers)
    assert max(rung.values()) == 1
    assert told["sales"] + told["dropped"] <= 3
    # What an exchange may have been asked for is not asked for again.
    assert len(rung) == (3 if seam == "telephony.after_intent" else 4)


def settled(client: Api, made: str, count: int) -> dict[str, Any] | None:
    is_there(client, made)
    says_what_came_of_it(client, "sale")
    told = outcomes(client, made)
    return told if told["attempts"] == count else None
