"""What of an event the live stream shows."""

from dataclasses import replace

import orjson
import pytest

from hub.contracts.base import Envelope, encode
from hub.contracts.client import Client, ClientOpened
from hub.contracts.interaction import Direction, Interaction, InteractionLinked, Link
from hub.contracts.job import JobProgressed
from hub.contracts.scope import Shown
from hub.contracts.shown import InteractionView
from hub.testing.builders import NOON
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
