"""Challenges: sealed into a text that the caller brings back, so that nothing is kept of those who only ask."""

import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

import orjson

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import ConfigurationError
from hub.kit.secrets import SecretBox
from services.gateway.access.place import Place
from services.gateway.access.spent import Spent
from services.gateway.errors import NotThisPasskey
from services.gateway.passkeys.models import Ceremony, Use, raw_of, texted

LIFETIME = timedelta(minutes=5)
OVER = "ceremony: over, used already, or begun for something else; begin again"


class Ceremonies:
    """Any copy of the gateway reads what another one began; a challenge that was answered rightly is spent."""

    def __init__(self, box: SecretBox, spent: Spent, clock: Clock) -> None:
        # With a key of its own: what is sealed for other purposes is no ceremony.
        self._box = SecretBox(urlsafe_b64encode(box.derived("passkey ceremonies")))
        self._spent = spent
        self._clock = clock

    def begin(self, use: Use, place: Place, *, login: str = "", session: str = "") -> tuple[Ceremony, str]:
        """A new one, and its text."""
        made = Ceremony(
            use=use,
            challenge=secrets.token_bytes(32),
            place=place,
            until=self._clock.now() + LIFETIME,
            login=login,
            session=session,
        )
        return made, self._box.seal(orjson.dumps(_document(made)).decode())

    def read(self, use: Use, text: str, *, login: str = "", session: str = "") -> Ceremony:
        """Raises NotThisPasskey unless it was begun for this use, in this session, and is not over."""
        try:
            told = orjson.loads(self._box.unseal(text))
            found = _ceremony(told)
        except (ConfigurationError, ValueError, KeyError, TypeError) as exc:
            raise NotThisPasskey(OVER, fields={"ceremony": OVER}) from exc
        mine = found.session == session and (not session or found.login == login)
        if found.use is not use or not mine or not self._runs(found):
            raise NotThisPasskey(OVER, fields={"ceremony": OVER})
        return found

    async def spend(self, ceremony: Ceremony) -> None:
        """Raises NotThisPasskey where somebody was faster."""
        if not await self._spent.first("challenge", ceremony.challenge.hex(), until=ceremony.until):
            raise NotThisPasskey(OVER, fields={"ceremony": OVER})

    def _runs(self, ceremony: Ceremony) -> bool:
        """What is said to last longer was begun before the clock was set back."""
        now = self._clock.now()
        return now < ceremony.until <= now + 2 * LIFETIME


def _document(made: Ceremony) -> dict[str, str]:
    return {
        "use": made.use,
        "challenge": texted(made.challenge),
        "origin": made.place.origin,
        "until": iso(made.until),
        "login": made.login,
        "session": made.session,
    }


def _ceremony(told: dict[str, str]) -> Ceremony:
    return Ceremony(
        use=Use(told["use"]),
        challenge=raw_of(told["challenge"]),
        place=Place(told["origin"]),
        until=from_iso(told["until"]),
        login=told["login"],
        session=told["session"],
    )
