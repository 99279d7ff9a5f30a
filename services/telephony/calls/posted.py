"""What a provider's webhooks tell of calls, by its mapping: pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from services.telephony.calls.mapping import WebhookMapping
from services.telephony.calls.models import Call
from services.telephony.calls.webhooks import calls_of
from services.telephony.exchanges.models import Exchange
from services.telephony.exchanges.presets import PRESETS
from services.telephony.intake.posts import Post, Told

MOST_FIELDS, MOST_CALLS = 500, 200


def mapping_of(exchange: Exchange) -> WebhookMapping:
    """Its own, else its provider's."""
    given = exchange.webhook
    if given.mapping:
        return WebhookMapping.of(given.mapping.model_dump())
    return PRESETS[given.provider].mapping


def read(exchange: Exchange, post: Post) -> Sequence[Told]:
    """See `services.telephony.intake.posts.Read`."""
    mapping = mapping_of(exchange)
    inner = PRESETS[exchange.webhook.provider].inner if exchange.webhook.provider else ""
    body = body_of(post, inner)
    found = []
    for one in mapping.each(body)[:MOST_CALLS]:
        call = mapping.facts(one).get("id")
        if not isinstance(one, Mapping) or not call:
            raise ValueError(f"no call's id at {' or '.join(mapping.paths['id'])}")
        found.append(Told(str(call), one))
    return found


def fold(exchange: Exchange, bodies: Sequence[Mapping[str, Any]]) -> list[Call]:
    """See `services.telephony.intake.posts.Fold`."""
    mapping = mapping_of(exchange)
    # A list of calls was taken apart when it came.
    return calls_of(
        bodies, WebhookMapping(mapping.paths, mapping.words, "", mapping.aside, mapping.happens), exchange.lines
    )


def form_of(raw: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises ValueError."""
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return dict(reversed(pairs))


def body_of(post: Post, inner: str = "") -> Any:
    """JSON, or a form as an object of texts, `inner` being its field that holds the JSON. Raises ValueError."""
    if "json" in post.kind or post.raw.lstrip()[:1] in (b"{", b"["):
        return orjson.loads(post.raw)
    form = form_of(post.raw)
    if inner and inner in form:
        return orjson.loads(form[inner])
    if not form:
        raise ValueError("neither JSON nor a form")
    return form
