"""A list dials by itself: agents log in, whoever answers is put through, and everybody's outcome is known."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.testing.callers import Callers
from hub.testing.processes import Api
from hub.testing.waiting import until
from tests.journeys.test_calls import by_day

pytestmark = pytest.mark.slow
ALWAYS = {
    "since": "00:00",
    "until": "24:00",
    "weekend_since": "00:00",
    "weekend_until": "24:00",
    "sun": True,
    "holidays": "",
}
ANSWER, BUSY, AWAY, MACHINE = "0123", "7", "8", "9"
"""Last digits of numbers; see the simulated exchange."""


def number_of(group: int, digit: str) -> str:
    return f"+7916700{group:03}{digit}"


def a_list(
    client: Api,
    name: str,
    numbers: list[str],
    *,
    start: bool = True,
    after_call: str = "PT0S",
    most_lines: int = 10,
    **pacing: Any,
) -> str:
    """One of clients with these numbers, loaded and started."""
    for number in numbers:
        card = {"name": f"{name} {number[-1]}", "addresses": [{"address": number}]}
        client.patch(f"/clients/{client.post('/clients', json=card)['id']}", json={"time_zone": by_day()})
    tree = {"field": "name", "compare": "starts", "value": name}
    segment = client.post("/segments", json={"name": name, "include": tree})["id"]
    until(lambda: client.get(f"/segments/{segment}/count")["count"] == len(numbers))
    form = {"name": name, "segment": segment, "hours": ALWAYS, "mode": "predictive", "after_call": after_call}
    form |= {"pacing": {"lines": 3.0, **pacing}, "most_lines": most_lines}
    made = client.post("/call-lists", json=form)["id"]
    until(lambda: (client.get(f"/call-lists/{made}")["report"] or {}).get("new") == len(numbers))
    if start:
        client.post(f"/call-lists/{made}/start")
    return str(made)


def is_there(client: Api, call_list: str) -> None:
    """Whoever is logged in takes calls of it."""
    client.post(f"/call-lists/{call_list}/agents/me")
    client.request("PUT", "/agents/me", json={"state": "available"})


def outcomes(client: Api, call_list: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(days=1)).isoformat(), "until": (now + timedelta(days=1)).isoformat()}
    found: dict[str, Any] = client.get(f"/call-lists/{call_list}/hours", **period)["total"]
    return found


def says_what_came_of_it(client: Api, code: str) -> None:
    for entry in client.get("/call-entries/mine")["items"]:
        client.post(f"/call-entries/{entry['id']}/outcome", json={"disposition": code})


def test_a_list_dials_everybody_once_and_who_answers_speaks_with_an_agent(client: Api, callers: Callers) -> None:
    numbers = [number_of(1, digit) for digit in ANSWER + BUSY + AWAY + MACHINE]
    made = a_list(client, "spring", numbers)
    is_there(client, made)

    def over() -> bool:
        says_what_came_of_it(client, "sale")
        return bool(outcomes(client, made)["attempts"] == len(numbers))

    until(over)
    assert Counter(callers.rung()) == Counter(number.lstrip("+") for number in numbers)
    told = outcomes(client, made)
    # The exchange says of a machine that it is one after it has answered: an agent may have it by then.
    assert told["answered"] == told["sales"] + told["dropped"]
    assert told["answered"] - len(ANSWER) in (0, len(MACHINE))
    assert told["sales"] >= 1
    calls = [one for one in client.all("/interactions", channel="call") if one["call"]]
    assert {one["call"]["complete"] for one in calls} == {True}
    assert sum(one["call"]["answered_login"] == "admin" for one in calls) == told["sales"]
    assert {one["direction"] for one in calls} == {"out"}
