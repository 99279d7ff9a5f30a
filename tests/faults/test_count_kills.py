"""Interactions is killed between a handover and the count of the client, and a copy of it finds what is left."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.kit.ids import fresh
from hub.store.mongo import MongoStore
from hub.testing.customer import Customer
from hub.testing.processes import Api, Distributed, add_mailbox, api, simulators
from hub.testing.waiting import PATIENCE, until
from services.interactions.models import CHAINS, CLIENTS, UNCOUNTED

pytestmark = [pytest.mark.slow, pytest.mark.connected]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[dict[str, Any]]:
    with simulators(tmp_path / "outside") as running:
        yield running.facts()


async def test_a_client_is_listed_for_the_new_team_whenever_the_service_is_killed_in_a_handover(
    outside: dict[str, Any], tmp_path: Path, kafka_server: Any, mongo_server: Any
) -> None:
    database = fresh("counts")
    hub = Distributed(tmp_path / "hub", kafka=kafka_server.bootstrap, mongo=mongo_server.url, database=database)
    hub.start()
    try:
        with api(hub.facts()["api"]) as client:
            team = handed_over_and_killed(client, hub, outside)
            found = await counted(f"{database}_interactions", mongo_server.url)
    finally:
        hub.stop()
    assert found["seen_by"] == [f"team:{team}"]


async def counted(database: str, url: str) -> dict[str, Any]:
    """The client there is, once no chain says that he is to be counted."""
    store = MongoStore(url, database)
    chains, clients = store.collection(CHAINS), store.collection(CLIENTS)
    await store.start()
    try:
        for _ in range(5 * int(PATIENCE)):
            if not (await chains.find({UNCOUNTED: True})).items:
                break
            await asyncio.sleep(0.2)
        (client,) = (await clients.find({})).items
    finally:
        await store.stop()
    return client


def handed_over_and_killed(client: Api, hub: Distributed, mail: dict[str, Any]) -> str:
    """Id of the team."""
    add_mailbox(client, mail)
    team: str = client.post("/teams", json={"name": "Second line", "members": []})["id"]
    Customer(mail, mail["cast"][0]).writes(mail["mailboxes"][0]["address"], "Вопрос", "Когда?")
    (chain,) = until(lambda: client.get("/chains")["items"])
    copy = hub.copies["interactions"]
    copy.stop()
    copy.environ["OMNIHUB_SEAM"] = "interactions.before_count"
    copy.start()
    client.request("PATCH", f"/chains/{chain['id']}", json={"team": team})
    assert copy.wait() == -signal.SIGKILL
    copy.environ["OMNIHUB_SEAM"] = ""
    copy.start()
    until(lambda: client.get(f"/chains/{chain['id']}")["team"] == team)
    return team
