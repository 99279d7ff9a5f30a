"""A login that went to the provider: what it must come back with is in a sealed cookie of that browser."""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import orjson

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import ConfigurationError, InvalidInput
from hub.kit.secrets import SecretBox

COOKIE = "omnihub-sso"
LIFETIME = timedelta(minutes=10)
_LARGEST = 3_500
"""Characters of a cookie that is looked at."""
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]{0,999}")
"""A path: not `//host`, nor `/\\host`, which browsers take for the same."""


def _drawn() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    origin: str
    until: datetime
    next: str
    """Where on our own pages he wanted to go."""
    state: str = field(default_factory=_drawn)
    nonce: str = field(default_factory=_drawn)
    verifier: str = field(default_factory=_drawn)
    """Of PKCE (RFC 7636)."""

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def is_of(self, state: str) -> bool:
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "surrogatepass"))


class Flows:
    """Any copy of the gateway reads what another one began."""

    def __init__(self, box: SecretBox, clock: Clock) -> None:
        # With a key of its own: what is sealed for other purposes is no login under way.
        self._box = SecretBox(urlsafe_b64encode(box.derived("single sign-on")))
        self._clock = clock

    def begin(self, origin: str, wanted: str) -> Flow:
        """Raises InvalidInput where `wanted` is no path of ours."""
        if not _OURS.fullmatch(wanted):
            fix = "must be a path of this hub, as /chains"
            raise InvalidInput(f"next: {fix}", fields={"next": fix})
        return Flow(origin=origin, until=self._clock.now() + LIFETIME, next=wanted)

    def seal(self, flow: Flow) -> str:
        said = {**asdict(flow), "until": iso(flow.until)}
        return self._box.seal(orjson.dumps(said).decode()).rstrip("=")

    def read(self, text: str | None) -> Flow | None:
        """None where it is none of ours, or over."""
        if not text or len(text) > _LARGEST:
            return None
        try:
            said = orjson.loads(self._box.unseal(text + "=" * (-len(text) % 4)))
            flow = Flow(**{**said, "until": from_iso(said["until"])})
        except (ConfigurationError, ValueError, KeyError, TypeError):
            return None
        now = self._clock.now()
        return flow if now < flow.until <= now + 2 * LIFETIME else None
