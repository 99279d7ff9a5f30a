"""The demo by itself: it dials a list and sends a mailing; what comes of both is in chains."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.demo_calls import NUMBERS
from hub.demo_mailing import ANSWERS, BOUNCES, CLICKS, LEAVES
from hub.testing.processes import Api, HubProcess, api, embedded
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    hub = embedded(tmp_path_factory.mktemp("demo") / "hub", demo=True)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


@pytest.fixture(scope="module")
def client(hub: HubProcess) -> Iterator[Api]:
    with api(hub.facts()["api"]) as client:
        yield client


def test_the_demos_list_ends_in_calls_in_chains_a_task_and_a_deal(client: Api) -> None:
    (deal,) = until(lambda: client.get("/deals")["items"])
    assert deal["title"] == "Букет по подписке"
    until(lambda: [one for one in client.all("/tasks") if one["title"] == "Прислать каталог"])
    until(lambda: client.get("/call-lists")["items"][0]["state"] == "paused")
    calls = [one for one in client.all("/interactions", channel="call") if one["direction"] == "out"]
    people = {person["address"] for one in calls for person in one["participants"]}
    assert people >= {f"phone:{number}" for number in NUMBERS}
    assert "answered" in {(one["call"] or {}).get("result") for one in calls}


def test_the_demos_mailing_speaks_two_languages_and_what_comes_back_is_in_the_chains(
    hub: HubProcess, client: Api
) -> None:
    def told() -> dict[str, Any]:
        """By reader the subject that he got, and what came back on it."""
        sent = [one for one in client.all("/interactions", channel="email") if one.get("mailing")]
        return {
            one["participants"][0]["address"]: (one["subject"], one["mailing"]["answers"][-1]["kind"]) for one in sent
        }

    wanted = {
        f"email:{ANSWERS}": ("Ромашки для Веры", "replied"),
        f"email:{BOUNCES}": ("Ромашки для Льва", "bounced"),
        f"email:{CLICKS}": ("Daisies for Tom", "clicked"),
        f"email:{LEAVES}": ("Daisies for Eva", "unsubscribed"),
    }
    until(told, lambda found: found == wanted)
    (mailing,) = client.get("/mailings")["items"]
    counted = client.get(f"/mailings/{mailing['id']}/statistics")
    names = ("audience", "sent", "replied", "bounced", "clicked", "unsubscribed")
    assert [counted[name] for name in names] == [4, 4, 1, 1, 2, 1]
    lines = [f"«Ромашки»: {address.partition(':')[2]} {kind}" for address, (_, kind) in wanted.items()]
    until(lambda: [line for line in lines if line not in hub.output()], lambda missing: not missing)
