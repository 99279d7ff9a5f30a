"""Whoever changes how he gets in shows first that it is still he: with his password, or with a passkey."""

from hub.kit.errors import InvalidInput
from services.gateway.access.models import Access, Began
from services.gateway.access.throttle import Attempt
from services.gateway.employees.models import Employee
from services.gateway.errors import BeganElsewhere, NotThisPasskey
from services.gateway.parts import Parts
from services.gateway.passkeys.views import Proof

_WRONG = "not your password"


async def prove(form: Proof, me: Employee, mine: Access, address: str, hub: Parts) -> None:
    """Counted as a try of this session: strangers who guess from the same address do not keep him from it.

    Raises:
        BeganElsewhere: the session began with neither.
        InvalidInput: it is not his password, or none of his passkeys.
        TooManyRequests: too many wrong ones.
    """
    if mine.began is Began.SSO:
        raise BeganElsewhere
    if form.password is not None:
        if await hub.desk.proves(me.login, form.password, address=address, device=mine.id) is None:
            raise InvalidInput(f"password: {_WRONG}", fields={"password": _WRONG})
        return
    assert form.passkey is not None
    shown = form.passkey
    try:
        await hub.desk.counted(
            Attempt(login=me.login, address=address, device=mine.id),
            lambda: hub.passkeys.prove(me.login, mine.id, shown.ceremony, shown.credential.told()),
        )
    except NotThisPasskey as exc:
        raise InvalidInput(f"passkey: {exc}", fields={"passkey": str(exc)}) from exc
