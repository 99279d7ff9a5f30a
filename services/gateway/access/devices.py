"""Devices on which a login succeeded: each keeps a sealed cookie, so that strangers cannot use up its tries."""

from datetime import timedelta

import orjson

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive, fresh
from hub.kit.secrets import SecretBox

_LARGEST = 1_000
"""Characters of a cookie that is looked at."""


class Devices:
    """Seals and reads the cookies. Copies of the gateway share the key file; with another key a device is unknown."""

    def __init__(self, box: SecretBox, clock: Clock, *, lifetime: timedelta) -> None:
        self._box = box
        self._clock = clock
        self.lifetime = lifetime

    def seal(self, login: str, device: str | None) -> str:
        """For the device that is known by this id, or for a new one."""
        said = {"login": login, "id": device or fresh("dev"), "at": iso(self._clock.now())}
        # Without the padding, which would have to be quoted in a cookie.
        return self._box.seal(orjson.dumps(said).decode()).rstrip("=")

    def read(self, login: str, text: str | None) -> str | None:
        """The id of the device; none when this is not a cookie of this login's, or an old one."""
        if text is None or len(text) > _LARGEST:
            return None
        try:
            said = orjson.loads(self._box.unseal(text + "=" * (-len(text) % 4)))
            fits = said["login"] == login and from_iso(said["at"]) + self.lifetime > self._clock.now()
            return str(said["id"]) if fits else None
        except (ConfigurationError, ValueError, KeyError, TypeError):
            # A cookie is what a stranger sends; the key also seals other things.
            return None


def cookie_of(login: str) -> str:
    """The name of its cookie: several employees may share a browser."""
    return f"omnihub-device-{derive('dev', login)[-8:]}"
