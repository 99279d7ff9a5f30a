"""Phones of employees in the store."""

from collections import defaultdict

from hub.kit.clock import Clock
from hub.kit.every import every
from hub.store.base import CollectionSpec, Document, Page, Store
from services.telephony.calls.drafts import Logins
from services.telephony.phones.models import Phone

PHONES = CollectionSpec("phones")
_FRESH = 1.0
_ALL = 1000


class PhoneRepository:
    """A document for each employee, by his login."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._phones = store.collection(PHONES)
        self._clock = clock
        self._logins: dict[str, dict[str, str]] = {}
        self._read_at = float("-inf")

    async def logins(self, exchange: str) -> Logins:
        """Whose an extension is, as of a second ago at the most."""
        return (await self._fresh()).get(exchange, {})

    async def reachable(self) -> set[str]:
        """Who has a phone at some exchange, as of a second ago at the most."""
        return {login for logins in (await self._fresh()).values() for login in logins.values()}

    async def _fresh(self) -> dict[str, dict[str, str]]:
        now = self._clock.now().timestamp()
        if not 0 <= now - self._read_at < _FRESH:
            self._logins, self._read_at = await self._all(), now
        return self._logins

    async def of(self, login: str) -> list[Phone]:
        stored = await self._phones.get(login)
        return [Phone.model_validate(one) for one in stored["phones"]] if stored else []

    async def get(self, login: str) -> Document | None:
        return await self._phones.get(login)

    async def put(self, login: str, phones: list[Phone]) -> Document:
        """The document as it is now, whoever else changes it."""
        document: Document = {"_id": login, "phones": [one.model_dump() for one in phones]}
        await self._phones.put_many([document])
        self._read_at = float("-inf")
        return document

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._phones.find({}, limit=limit, after=after)

    async def _all(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for one in await every(lambda after: self._phones.find({}, limit=_ALL, after=after)):
            for phone in one["phones"]:
                number = phone["number"] or f"client:{one['_id']}"
                found[phone["exchange"]].setdefault(number, one["_id"])
        return found
