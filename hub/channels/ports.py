"""What the gate asks, in the store of a channel's service: consents and groups as the topics tell them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from hub.bus.base import Bus
from hub.contracts.address import AddressChanged
from hub.contracts.base import Envelope
from hub.contracts.interaction import GroupChanged
from hub.contracts.topics import ADDRESSES, GROUPS
from hub.kit.errors import StoreUnavailable
from hub.store.amend import TRIES, contended
from hub.store.base import Collection, CollectionSpec, Document, Store

CONSENTS = CollectionSpec("consents")
GROUP_STATES = CollectionSpec("groups")


class ConsentRepository:
    """Which addresses said no to a channel: a projection of `addresses`."""

    def __init__(self, store: Store) -> None:
        self._consents = store.collection(CONSENTS)

    async def withdrawn(self, addresses: Sequence[str], channel: str) -> list[str]:
        """See `hub.channels.gate.Consents`."""
        found = await self._consents.get_many(addresses)
        return [address for address in addresses if channel in found.get(address, {}).get("withdrawn", ())]

    async def learn(self, events: Sequence[AddressChanged]) -> None:
        """Takes what is newer than what is known. Raises StoreUnavailable."""
        newest = _newest([(event.address.address, event.revision, _withdrawn(event)) for event in events])
        await _take(self._consents, newest, wanted=lambda document: bool(document["withdrawn"]))


class GroupRepository:
    """Which mailings run: a projection of `groups`."""

    def __init__(self, store: Store) -> None:
        self._groups = store.collection(GROUP_STATES)

    async def state(self, group: str) -> str:
        """See `hub.channels.gate.Groups`."""
        found = await self._groups.get(group)
        return found["state"] if found else "running"

    async def learn(self, events: Sequence[GroupChanged]) -> None:
        """Takes what is newer than what is known. Raises StoreUnavailable."""
        newest = _newest([(event.group, event.revision, {"state": event.state}) for event in events])
        await _take(self._groups, newest, wanted=lambda _: True)


def subscribe_gate(
    bus: Bus,
    *,
    group: str,
    consents: ConsentRepository,
    groups: GroupRepository,
    woken: Callable[[str], Awaitable[None]],
) -> None:
    """Keeps both up to date, in consumer groups of their own; `woken` is called with each group that changed."""

    async def on_addresses(envelopes: Sequence[Envelope]) -> None:
        await consents.learn([e.event for e in envelopes if isinstance(e.event, AddressChanged)])

    async def on_groups(envelopes: Sequence[Envelope]) -> None:
        events = [e.event for e in envelopes if isinstance(e.event, GroupChanged)]
        await groups.learn(events)
        for name in dict.fromkeys(event.group for event in events):
            await woken(name)

    bus.subscribe(ADDRESSES.name, group=f"{group}-gate", handle=on_addresses)
    bus.subscribe(GROUPS.name, group=f"{group}-gate", handle=on_groups)


def _withdrawn(event: AddressChanged) -> Document:
    return {"withdrawn": [one.channel for one in event.address.consent if one.state == "withdrawn"]}


def _newest(told: Sequence[tuple[str, int, Document]]) -> dict[str, Document]:
    """Of each name what its highest revision says."""
    newest: dict[str, Document] = {}
    for name, revision, says in told:
        if name not in newest or newest[name]["revision"] < revision:
            newest[name] = {"_id": name, "revision": revision, **says}
    return newest


async def _take(
    collection: Collection, newest: Mapping[str, Document], *, wanted: Callable[[Document], bool]
) -> None:
    """Writes what is newer than what is stored; what is not there yet only where it is wanted."""
    left = dict(newest)
    for attempt in range(TRIES):
        stored = await collection.get_many(left)
        left = {name: d for name, d in left.items() if name not in stored or stored[name]["revision"] < d["revision"]}
        fresh = [d for name, d in left.items() if name not in stored and wanted(d)]
        older = [{**d, "_v": stored[name]["_v"]} for name, d in left.items() if name in stored]
        done = await collection.insert_many(fresh) if fresh else set()
        done |= await collection.swap_many(older) if older else set()
        unwanted = {name for name, d in left.items() if name not in stored and not wanted(d)}
        left = {name: d for name, d in left.items() if name not in done | unwanted}
        if not left:
            return
        await contended(attempt)
    raise StoreUnavailable(f"{collection} is changed by too many at once; try again")
