"""Who asks: an employee or another service, in one signed header that lives for two minutes.

The gateway makes it of the session; services make one of their own name when they ask each other. The key is shared
by all services of a hub and known to nobody else. Format: base64url(JSON) "." base64url(HMAC-SHA256 of what stands
before the point), both without padding, as RFC 7515 has it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Header, Request

from hub.api.parameters import taken
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock
from hub.kit.errors import TooLarge, Unauthenticated

HEADER = "X-Hub-Actor"
LIFETIME = timedelta(minutes=2)
"""Long enough for clocks that differ by a minute."""
_REUSED = 10.0
"""Seconds for which the header of the same actor is given again."""
_MOST_MADE = 200
MAX_BYTES = 60_000
"""Of the header. A signature of 10,000 characters, four bytes each, makes 54,000; servers take 64 KiB of headers."""
_SIGNATURE_BYTES = 44
_SERVICE = "service:"
"""No login of an employee has a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """On whose behalf something is done."""

    login: str
    """Of the employee; `service:NAME` for a service that asks by itself."""
    name: str = ""
    role: str = ""
    teams: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()
    """Whose records he may do this with: tokens of `hub.contracts.scope`. None: nobody's."""
    reads: tuple[str, ...] = ()
    """The same for reading chains: what else is told with the answer names no others."""
    hides: tuple[str, ...] = ()
    """What he is shown masked: kinds of `hub.contracts.masks`."""
    session: str = ""
    """Id of the session or token that he came with."""
    signature: str = ""
    """Under the messages he writes; empty: he has none."""

    @classmethod
    def service(cls, name: str) -> "Actor":
        return cls(login=f"{_SERVICE}{name}", reach=(EVERYTHING,), reads=(EVERYTHING,))

    @property
    def is_service(self) -> bool:
        return self.login.startswith(_SERVICE)

    @property
    def reading(self) -> "Actor":
        """The same, who reaches what he reads."""
        return replace(self, reach=self.reads)

    @property
    def eyes(self) -> str:
        """The same as long as he is shown the same."""
        shown = [self.role, self.teams, *map(sorted, (self.reach, self.reads, self.hides))]
        return sha256(orjson.dumps(shown)).hexdigest()

    def signs(self, wanted: bool) -> str | None:
        """What stands under a message of his: his own signature, nothing, or None for that of the account."""
        return (self.signature or None) if wanted else ""


class Seal:
    """Signs actors and knows its own signature."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._made: dict[Actor, tuple[float, str]] = {}
        """Headers of the last moments: most requests of a second are of a few employees."""

    def header(self, actor: Actor) -> str:
        """What goes into `X-Hub-Actor`, ASCII.

        Raises:
            TooLarge: it would have more than `MAX_BYTES`.
        """
        now = self._clock.now().timestamp()
        made_at, header = self._made.get(actor, (0.0, ""))
        if not made_at <= now < made_at + _REUSED:
            header = self._signed(actor, int(now + LIFETIME.total_seconds()))
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[actor] = (now, header)
        return header

    def _signed(self, actor: Actor, until: int) -> str:
        told = _encoded(orjson.dumps({**asdict(actor), "until": until}))
        if len(told) >= MAX_BYTES - _SIGNATURE_BYTES:
            raise TooLarge("your signature and the names of those you lead are too long together; shorten the one")
        return f"{told}.{self._signature(told)}"

    def read(self, header: str) -> Actor:
        """Raises Unauthenticated: there is none, it is not ours, or it is over."""
        told, _, signature = header.partition(".")
        if len(header) > MAX_BYTES or not hmac.compare_digest(signature.encode(), self._signature(told).encode()):
            raise Unauthenticated(f"{HEADER} is missing or not signed by this hub; ask through the gateway")
        given = orjson.loads(urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        if given.pop("until") < self._clock.now().timestamp():
            raise Unauthenticated(f"{HEADER} is over; sign a new one for every request, and check the clocks")
        # A newer gateway may tell more.
        known: dict[str, Any] = {field.name: given[field.name] for field in fields(Actor) if field.name in given}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return Actor(**{**known, **lists})

    def _signature(self, told: str) -> str:
        return _encoded(hmac.digest(self._key, told.encode(), sha256))


def acting(request: Request) -> Actor:
    """The actor of a public operation, checked before anything of the request is read."""
    return request.state.actor  # type: ignore[no-any-return]


Acting = Annotated[Actor, taken(acting)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255, include_in_schema=False)]
"""Ids of what a write makes are derived of it and its actor, so that a repeat is harmless. The gateway always gives
one and documents it."""


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
