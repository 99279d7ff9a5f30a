"""What of an event the live stream shows."""

from dataclasses import replace

import orjson
import pytest

from hub.contracts.base import Envelope, encode
from hub.contracts.client import Client, ClientOpened
from hub.contracts.interaction import Direction, Interaction, InteractionLinked, Link
from hub.contracts.job import JobProgressed
from hub.contracts.registry import REGISTRY
from hub.contracts.ring import CallRinging, RingingClient, RingingMatter
from hub.contracts.scope import Shown
from hub.contracts.shown import InteractionView
from hub.testing.builders import NOON
from services.gateway.live.position import NAMES
from services.gateway.live.shown import _VIEWS
from services.gateway.live.shown import told as tell


def test_the_live_stream_shows_an_interaction_as_the_api_does() -> None:
    interaction = Interaction(
        id="in_1",
        channel="email",
        type="email",
        direction=Direction.IN,
        accounts=("mb",),
        at=NOON,
        client_id="cl_1",
        chain_id="ch_1",
        text="Да\n",
        html="html/secret:0+5",
        blocked_images=1,
        auto="list",
        raw="raw/secret",
        link=Link(rule="new_chain"),
    )
    seen = tell(encode(Envelope(event=InteractionLinked(interaction=interaction), source="omnihub/test", time=NOON)))
    assert seen is not None
    data = seen.data("full", ())
    view = orjson.loads(data)["interaction"]
    assert (view["new_text"], view["has_html"], view["blocked_images"], view["auto"]) == ("Да", True, 1, "list")
    assert "secret" not in data


@pytest.mark.parametrize("level", ["subject", "metadata"])
def test_a_servers_words_are_withheld_with_what_they_quote(level: Shown) -> None:
    failed = {"state": "failed", "reason": "550 5.1.1 <anna@example.com> no such user", "copy_reason": "NO Тайна"}
    view = InteractionView.model_validate(
        {
            "id": "in_1",
            "channel": "email",
            "type": "email",
            "direction": "out",
            "at": NOON,
            "client_id": "cl_1",
            "chain_id": "ch_1",
            "link": {"rule": "answer"},
            "delivery": failed,
        }
    ).narrowed(level)
    assert view.delivery is not None
    assert (view.delivery.state, view.delivery.reason, view.delivery.copy_reason) == ("failed", None, None)


def test_what_is_replayed_for_one_group_and_what_has_no_readable_type_is_not_shown() -> None:
    told = ClientOpened(client=Client(id="cl_1", name="Anna", opened_at=NOON, opened_by="in_1"))
    record = encode(Envelope(event=told, source="omnihub/test", time=NOON))
    assert tell(record) is not None
    assert tell(replace(record, headers=[*record.headers, ("omnihub-only-group", b"campaigns")])) is None
    assert tell(replace(record, headers=[("ce_type", b"\xff")])) is None


@pytest.mark.parametrize("total", [9, None])
def test_the_live_stream_shows_how_far_a_job_is(total: int | None) -> None:
    told = JobProgressed(
        id="job_1",
        kind="reread",
        state="running",
        done=3,
        total=total,
        failed=1,
        created_at=NOON,
        by="ivan",
        service="email",
        revision=4,
    )
    seen = tell(encode(Envelope(event=told, source="omnihub/email", time=NOON)))
    assert seen is not None
    data = orjson.loads(seen.data("full", ()))
    assert (seen.type, data["state"], data["done"], data["revision"]) == ("job.progressed.v1", "running", 3, 4)


def test_a_ring_is_for_whoevers_phone_it_is_and_shows_the_clients_he_sees() -> None:
    matters = (
        RingingMatter(id="1", title="Заказ", seen_by=("team:t_1",)),
        RingingMatter(id="2", seen_by=("team:t_2",)),
    )
    clients = tuple(
        RingingClient(client_id=client, name="+79161234567", seen_by=(token,), chains=matters)
        for client, token in (("cl_1", "team:t_1"), ("cl_2", "team:t_2"))
    )
    ring = CallRinging(interaction_id="in_1", login="anna", phone="101", state="ringing", at=NOON, clients=clients)
    seen = tell(encode(Envelope(event=ring, source="omnihub/test", time=NOON)))
    assert seen is not None
    assert (seen.to, seen.tokens, seen.noun) == (("anna",), ("owner:anna",), "call")
    data = seen.data("full", ("addresses",), ("team:t_1",))
    (client,) = orjson.loads(data)["clients"]
    assert (client["client_id"], client["name"], [one["id"] for one in client["chains"]]) == (
        "cl_1",
        "+7***4567",
        ["1"],
    )
    assert "seen_by" not in data


def test_the_live_stream_reads_every_topic_of_what_it_shows() -> None:
    assert {REGISTRY.events[kind].TOPIC for kind in _VIEWS} <= set(NAMES)
