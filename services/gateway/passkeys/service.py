"""The rules about passkeys: who makes one, whose it is, and that none is shown twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from secrets import token_bytes
from typing import Any

from hub.kit.clock import Clock
from hub.kit.errors import Conflict, NotFound
from hub.kit.ids import derive
from hub.store.base import Document, Store
from services.gateway.access.place import Place
from services.gateway.employees.factors import beginning, has_factor
from services.gateway.employees.models import Employee
from services.gateway.employees.recovery import Recovery
from services.gateway.employees.repository import EmployeesRepository
from services.gateway.errors import CounterWentBack, NotThisPasskey
from services.gateway.passkeys import checks
from services.gateway.passkeys.ceremonies import LIFETIME, Ceremonies
from services.gateway.passkeys.models import Ceremony, Passkey, Use, texted

MOST = 20
"""Of one employee; they are in his document."""
_MILLISECONDS = int(LIFETIME.total_seconds() * 1000)
Begun = tuple[dict[str, Any], str]
"""Options for the browser, and the text of the ceremony."""


@dataclass(frozen=True, slots=True)
class CounterBack:
    """A passkey that says it was used less often than it was."""

    login: str
    passkey: str
    before: int
    after: int


Tell = Callable[[CounterBack], Awaitable[None]]


class Passkeys:
    """Of all employees. Each is known to authenticators by a random `handle`, which says nothing about him."""

    def __init__(self, store: Store, ceremonies: Ceremonies, recovery: Recovery, clock: Clock, *, tell: Tell) -> None:
        """`tell` is called for each counter that went back."""
        self._repository = EmployeesRepository(store)
        self._ceremonies = ceremonies
        self._recovery = recovery
        self._clock = clock
        self._tell = tell

    async def of(self, login: str) -> list[Passkey]:
        """Raises NotFound: there is no such employee."""
        document = await self._repository.get(login)
        if document is None:
            raise NotFound
        return _passkeys(document)

    async def begin_adding(self, employee: Employee, session: str, place: Place) -> Begun:
        handle = texted(token_bytes(32))
        document = await self._repository.amend(
            employee.login, lambda stored: stored if stored.get("handle") else {**stored, "handle": handle}
        )
        if document is None:
            raise NotFound
        ceremony, text = self._ceremonies.begin(Use.ADD, place, login=employee.login, session=session)
        return _to_make(ceremony, employee, document), text

    async def add(
        self, login: str, session: str, text: str, credential: dict[str, Any], *, name: str
    ) -> tuple[Passkey, tuple[str, ...]]:
        """The new one; and recovery codes, where it is his first factor, with which all but `session` ends.

        Raises:
            NotThisPasskey: it does not answer the ceremony, or he was not verified by the authenticator.
            Conflict: he has it already, or too many.
        """
        ceremony = self._ceremonies.read(Use.ADD, text, login=login, session=session)
        made = await checks.made(credential, ceremony)
        await self._ceremonies.spend(ceremony)
        new = Passkey(
            id=derive("pk", login, made.credential),
            credential=made.credential,
            key=made.key,
            count=made.count,
            name=name,
            created_at=self._clock.now(),
            used_at=None,
            synced=made.synced,
        )
        drawn, first = self._recovery.draw(), False

        def added(stored: Document) -> Document:
            nonlocal first
            _refuse_more(stored, new)
            first = not has_factor(stored)
            begun = beginning(stored, drawn, session) if first else {}
            return {**stored, **begun, "passkeys": [*stored.get("passkeys", ()), new.document()]}

        await self._repository.amend(login, added)
        return new, drawn.codes if first else ()

    async def rename(self, login: str, passkey_id: str, name: str) -> tuple[Passkey, Passkey]:
        """As it was and as it is; raises NotFound."""
        before = _found(await self._repository.get(login), passkey_id)
        after = replace(before, name=name)
        await self._change(login, passkey_id, lambda stored: {**stored, "name": name})
        return before, after

    async def remove(self, login: str, passkey_id: str, *, spared: str | None = None) -> Passkey:
        """Ends all that was granted to him, but `spared`: whoever has it in hand may be logged in with it.

        Raises:
            NotFound: he has no such passkey.
        """
        gone: Passkey | None = None

        def removed(stored: Document) -> Document:
            nonlocal gone
            gone = _found(stored, passkey_id)
            left = [each for each in stored["passkeys"] if each["id"] != passkey_id]
            codes = stored.get("recovery", []) if left or stored.get("totp") else []
            epoch = {"epoch": stored.get("epoch", 0) + 1, "spared": spared}
            return {**stored, **epoch, "passkeys": left, "recovery": codes}

        await self._repository.amend(login, removed)
        if gone is None:
            raise NotFound
        return gone

    def begin_login(self, place: Place, login: str = "") -> Begun:
        """The same for every login, so that nobody learns who is here, and who has passkeys."""
        ceremony, text = self._ceremonies.begin(Use.LOG_IN, place, login=login)
        return _to_show(ceremony), text

    async def begin_proof(self, employee: Employee, session: str, place: Place) -> Begun:
        ceremony, text = self._ceremonies.begin(Use.PROVE, place, login=employee.login, session=session)
        return _to_show(ceremony, await self.of(employee.login)), text

    def login_of(self, text: str) -> Ceremony:
        """The login that was begun; raises NotThisPasskey."""
        return self._ceremonies.read(Use.LOG_IN, text)

    async def owner(self, handle: str | None) -> str | None:
        """Whose this handle is."""
        document = await self._repository.by("handle", handle.rstrip("=")) if handle else None
        return str(document["_id"]) if document else None

    async def show(self, login: str, ceremony: Ceremony, credential: dict[str, Any]) -> Passkey:
        """His passkey that was shown; the challenge is spent.

        Raises:
            NotThisPasskey: it is none of his, or does not answer the challenge.
            CounterWentBack: the right key, used less often than it was.
        """
        shown = await self._known(login, ceremony, credential)
        signed = await checks.signed(credential, ceremony, shown.key)
        await self._ceremonies.spend(ceremony)
        before = 0

        def used(stored: Document) -> Document | None:
            nonlocal before
            before = int(stored["count"])
            if (before or signed.count) and signed.count <= before:
                return None
            return {**stored, "count": signed.count, "used_at": now, "synced": signed.synced}

        now = replace(shown, used_at=self._clock.now()).document()["used_at"]
        try:
            counted = await self._change(login, shown.id, used)
        except NotFound as exc:  # removed at this moment
            raise NotThisPasskey from exc
        if not counted:
            await self._tell(CounterBack(login, shown.id, before, signed.count))
            raise CounterWentBack
        return shown

    async def prove(self, login: str, session: str, text: str, credential: dict[str, Any]) -> None:
        """That he showed a passkey just now, in this session; raises as `show`."""
        ceremony = self._ceremonies.read(Use.PROVE, text, login=login, session=session)
        await self.show(login, ceremony, credential)

    async def _known(self, login: str, ceremony: Ceremony, credential: dict[str, Any]) -> Passkey:
        document = await self._repository.get(login)
        handle = credential["response"].get("userHandle")
        fits = document is not None and ceremony.login in ("", login)
        if not fits or (handle is not None and handle.rstrip("=") != document.get("handle")):  # type: ignore[union-attr]
            raise NotThisPasskey
        given = credential["id"].rstrip("=")
        found = next((each for each in _passkeys(document or {}) if each.credential == given), None)
        if found is None:
            raise NotThisPasskey
        return found

    async def _change(self, login: str, passkey_id: str, change: Callable[[Document], Document | None]) -> bool:
        """Whether it was changed; raises NotFound where he has it no more."""
        done = False

        def changed(stored: Document) -> Document | None:
            nonlocal done
            _found(stored, passkey_id)
            new = [change(each) if each["id"] == passkey_id else each for each in stored["passkeys"]]
            done = None not in new
            return {**stored, "passkeys": new} if done else None

        await self._repository.amend(login, changed)
        return done


def _passkeys(document: Document) -> list[Passkey]:
    return [Passkey.of(each) for each in document.get("passkeys", ())]


def _found(document: Document | None, passkey_id: str) -> Passkey:
    for each in _passkeys(document or {}):
        if each.id == passkey_id:
            return each
    raise NotFound


def _refuse_more(stored: Document, new: Passkey) -> None:
    passkeys = _passkeys(stored)
    if any(each.id == new.id for each in passkeys):
        raise Conflict("this passkey is there already")
    if len(passkeys) >= MOST:
        raise Conflict(f"there are {MOST} passkeys; remove one first")


def _to_make(ceremony: Ceremony, employee: Employee, document: Document) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON."""
    user = {"id": document["handle"], "name": employee.login, "displayName": employee.name}
    return {
        "rp": {"id": ceremony.place.name, "name": "omnihub"},
        "user": user,
        "challenge": texted(ceremony.challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in checks.ALGORITHMS],
        "timeout": _MILLISECONDS,
        "excludeCredentials": _named(_passkeys(document)),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def _to_show(ceremony: Ceremony, passkeys: list[Passkey] | None = None) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON."""
    return {
        "rpId": ceremony.place.name,
        "challenge": texted(ceremony.challenge),
        "timeout": _MILLISECONDS,
        "allowCredentials": _named(passkeys or []),
        "userVerification": "required",
    }


def _named(passkeys: list[Passkey]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": each.credential} for each in passkeys]
