"""The rules about second factors: a secret counts once its first code was shown, and each code once."""

from hub.kit.clock import Clock
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.secrets import SecretBox
from hub.store.base import Document, Store
from services.gateway.access.totp import new_secret, step_of
from services.gateway.employees.repository import EmployeesRepository

WRONG = "wrong, or used already; take the next one that the application shows"


class Factors:
    """Secrets are sealed in the employee's document, under `totp`, and `totp_pending` until they are confirmed."""

    def __init__(self, store: Store, box: SecretBox, clock: Clock) -> None:
        self._repository = EmployeesRepository(store)
        self._box = box
        self._clock = clock

    async def begin(self, login: str) -> str:
        """A new secret; what counted before counts until this is confirmed."""
        secret = new_secret()
        sealed = self._box.seal(secret)
        await self._repository.amend(login, lambda stored: {**stored, "totp_pending": sealed})
        return secret

    async def confirm(self, login: str, code: str) -> None:
        """From now on each login takes a code.

        Raises:
            Conflict: none was begun.
            InvalidInput: it is not the code.
        """

        def confirmed(stored: Document) -> Document:
            if not stored.get("totp_pending"):
                raise Conflict("no second factor was begun; POST /api/v1/me/second-factor first")
            step = step_of(self._box.unseal(stored["totp_pending"]), code, self._clock.now())
            if step is None:
                raise InvalidInput(f"code: {WRONG}", fields={"code": WRONG})
            return {**stored, "totp": stored["totp_pending"], "totp_step": step, "totp_pending": None}

        await self._repository.amend(login, confirmed)

    async def proves(self, login: str, code: str) -> bool:
        """Whether it is the code of now; it is never again."""
        fits = False

        def used(stored: Document) -> Document | None:
            nonlocal fits
            secret = self._box.unseal(stored["totp"]) if stored.get("totp") else None
            step = step_of(secret, code, self._clock.now(), after=stored["totp_step"]) if secret else None
            fits = step is not None
            return {**stored, "totp_step": step} if fits else None

        await self._repository.amend(login, used)
        return fits

    async def remove(self, login: str) -> None:
        await self._repository.amend(login, lambda stored: {**stored, "totp": None, "totp_pending": None})
