"""Which browsers of whom are told while no page is open."""

from collections.abc import Mapping, Sequence

from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.kit.every import pages
from hub.kit.ids import derive
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Index, Store
from services.interactions.push.forms import DeviceForm

DEVICES = CollectionSpec("notification_devices", (Index("login", "at"),))
EPOCHS = CollectionSpec("notification_epochs")
"""What is known of employees: one document."""
_KNOWN = "known"
_PAGE = 500
MOST = 10
"""Of one employee; of more the newest."""


class Devices:
    """A browser is of whoever added it last: another employee who logs in there takes it over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._kept = store.collection(DEVICES)
        self._epochs = store.collection(EPOCHS)
        self._clock = clock

    async def add(self, login: str, form: DeviceForm) -> Document:
        """Added twice it is one."""
        told = {"login": login, "at": iso(self._clock.now()), **form.model_dump()}
        fresh = {"_id": derive("pd", form.endpoint), **told}
        stored = await upsert(self._kept, fresh, lambda known: {**known, **told})
        for one in (await self.of(login))[MOST:]:
            await self._kept.delete(one)
        return stored

    async def of(self, login: str) -> Sequence[Document]:
        """The newest first."""
        return (await self._kept.find({"login": login}, order="at", descending=True, limit=2 * MOST)).items

    async def remove(self, login: str, device_id: str) -> None:
        """Raises NotFound: it is not his."""
        found = await self._kept.get(device_id)
        if found is None or found["login"] != login:
            raise NotFound(f"you have no device {device_id}; GET /api/v1/notification-devices lists yours")
        await self._kept.delete(found)

    async def keep(self, epochs: Mapping[str, int | None]) -> None:
        """Those of whoever works here, and had no new epoch: with a password, what was granted on it ends."""
        known = (await self._epochs.get(_KNOWN) or {}).get("epochs", {})
        spared = {login for login, epoch in epochs.items() if known.get(login, epoch) == epoch}
        async for some in pages(lambda after: self._kept.find({}, limit=_PAGE, after=after)):
            for one in some:
                if one["login"] not in spared:
                    await self._kept.delete(one)
        told = {"_id": _KNOWN, "epochs": dict(epochs)}
        await upsert(self._epochs, told, lambda before: {**before, **told})

    async def gone(self, device: Document) -> None:
        """Its push service does not know it any more."""
        await self._kept.delete(device)
