"""What of an event the live stream shows."""

import orjson

from hub.contracts.base import Envelope, encode
from hub.contracts.interaction import Direction, Interaction, InteractionLinked, Link
from hub.testing.builders import NOON
from services.gateway.live.shown import shown


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
    seen = shown(encode(Envelope(event=InteractionLinked(interaction=interaction), source="omnihub/test", time=NOON)))
    assert seen is not None
    view = orjson.loads(seen.data)["interaction"]
    assert (view["new_text"], view["has_html"], view["blocked_images"], view["auto"]) == ("Да", True, 1, "list")
    assert "secret" not in seen.data
