"""The rules about second factors: a secret counts once its first code was shown, and each code once.

A factor is an authenticator application or a passkey. With the first of them begins a new epoch: what was granted on
the password alone ends, and recovery codes are given.
"""

from dataclasses import dataclass
from datetime import timedelta

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.secrets import SecretBox
from hub.store.base import Document, Store
from services.gateway.access.totp import new_secret, step_of
from services.gateway.employees.recovery import Drawn, Recovery
from services.gateway.employees.repository import EmployeesRepository

WRONG = "wrong, or used already; take the next one that the application shows, or a recovery code"
CONFIRMED_WITHIN = timedelta(minutes=30)
_NEVER = "1970-01-01T00:00:00Z"
NO_FACTOR = "there is no second factor to recover; POST /api/v1/me/second-factor or /api/v1/me/passkeys first"


@dataclass(frozen=True, slots=True)
class Shown:
    """A code that was right."""

    recovery_left: int | None = None
    """Recovery codes that are left, where it was one."""


class Factors:
    """Secrets are sealed in the employee's document, under `totp`, and `totp_pending` until they are confirmed.

    Beside them are `passkeys` and `recovery`, the hashes of the codes that are left.
    """

    def __init__(self, store: Store, box: SecretBox, clock: Clock) -> None:
        self._repository = EmployeesRepository(store)
        self._box = box
        self._clock = clock
        self.recovery = Recovery(box)

    async def begin(self, login: str) -> str:
        """A new secret; what counted before counts until this is confirmed."""
        secret = new_secret()
        begun = {"totp_pending": self._box.seal(secret), "totp_begun": iso(self._clock.now())}
        await self._repository.amend(login, lambda stored: {**stored, **begun})
        return secret

    async def confirm(self, login: str, code: str, *, session: str | None = None) -> tuple[str, ...]:
        """From now on each login takes a code. Where it is the first factor, all but `session` ends.

        Returns:
            The recovery codes, where it is the first factor.

        Raises:
            Conflict: none was begun in the last half hour.
            InvalidInput: it is not the code.
        """
        drawn, first = self.recovery.draw(), False

        def confirmed(stored: Document) -> Document:
            nonlocal first
            self._check_begun(stored)
            step = step_of(self._box.unseal(stored["totp_pending"]), code, self._clock.now())
            if step is None:
                raise InvalidInput(f"code: {WRONG}", fields={"code": WRONG})
            first = not has_factor(stored)
            begun = beginning(stored, drawn, session) if first else {}
            return {**stored, **begun, "totp": stored["totp_pending"], "totp_step": step, "totp_pending": None}

        await self._repository.amend(login, confirmed)
        return drawn.codes if first else ()

    def _check_begun(self, stored: Document) -> None:
        """A secret that lies about does not become a factor some day."""
        begun = from_iso(stored.get("totp_begun") or _NEVER)
        if not stored.get("totp_pending") or self._clock.now() - begun > CONFIRMED_WITHIN:
            minutes = CONFIRMED_WITHIN // timedelta(minutes=1)
            fix = "POST /api/v1/me/second-factor, and confirm what it gives"
            raise Conflict(f"no second factor was begun in the last {minutes} minutes; {fix}")

    async def proves(self, login: str, code: str) -> Shown | None:
        """Whether it is the code of now, or a recovery code; it is never again."""
        shown: Shown | None = None

        def used(stored: Document) -> Document | None:
            nonlocal shown
            shown, now = None, self._clock.now()
            secret = self._box.unseal(stored["totp"]) if stored.get("totp") else None
            if secret and (step := step_of(secret, code, now, after=stored["totp_step"])) is not None:
                shown = Shown()
                return {**stored, "totp_step": step}
            left = self.recovery.without(stored.get("recovery", ()), code)
            if left is None:
                return None
            shown = Shown(recovery_left=len(left))
            return {**stored, "recovery": left}

        await self._repository.amend(login, used)
        return shown

    async def renew(self, login: str) -> tuple[str, ...]:
        """New recovery codes; those before count no more.

        Raises:
            Conflict: he has no second factor.
        """
        drawn = self.recovery.draw()

        def renewed(stored: Document) -> Document:
            if not has_factor(stored):
                raise Conflict(NO_FACTOR)
            return {**stored, "recovery": list(drawn.hashes)}

        await self._repository.amend(login, renewed)
        return drawn.codes

    async def remove(self, login: str) -> None:
        """His authenticator application counts no more; with his last factor go the recovery codes."""

        await self._repository.amend(login, _without_application)

    async def give_up(self, login: str, *, spared: str) -> None:
        """The same by himself: whoever has it in hand may be logged in with it, so all but the session `spared` ends.

        Raises:
            Conflict: he has none.
        """

        def given_up(stored: Document) -> Document:
            if not stored.get("totp"):
                raise Conflict("you have no authenticator application; GET /api/v1/me/passkeys lists your passkeys")
            return {**_without_application(stored), "epoch": stored.get("epoch", 0) + 1, "spared": spared}

        await self._repository.amend(login, given_up)


def _without_application(stored: Document) -> Document:
    left = stored.get("recovery", []) if stored.get("passkeys") else []
    return {**stored, "totp": None, "totp_pending": None, "recovery": left}


def has_factor(stored: Document) -> bool:
    return bool(stored.get("totp") or stored.get("passkeys"))


def beginning(stored: Document, drawn: Drawn, session: str | None) -> Document:
    """What else changes in his document with the first factor: it is a new epoch, which `session` alone outlives."""
    return {"epoch": stored.get("epoch", 0) + 1, "spared": session, "recovery": list(drawn.hashes)}
