"""What the gate asks, in the store of a channel's service: consents and groups as the topics tell them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from hub.bus.base import Bus
from hub.contracts.address import CONSENT, AddressChanged, ConsentRecorded
from hub.contracts.base import Envelope
from hub.contracts.interaction import GroupChanged
from hub.contracts.topics import ADDRESSES, GROUPS, INBOUND
from hub.kit.clock import iso
from hub.kit.errors import StoreUnavailable
from hub.store.amend import TRIES, contended
from hub.store.base import Collection, CollectionSpec, Document, Store

Said = dict[str, list[str]]
"""By what it is about (`consent_name`) what was said last, `given` or `withdrawn`, and when."""
CONSENTS = CollectionSpec("consents")
GROUP_STATES = CollectionSpec("groups")


class ConsentRepository:
    """What owners of addresses said about being written to: their words as they came (`inbound`), and the states of
    the addresses (`addresses`). Of two words about one thing the later one counts, of one moment the no.
    """

    def __init__(self, store: Store) -> None:
        self._consents = store.collection(CONSENTS)

    async def withdrawn(self, addresses: Sequence[str], channel: str, topic: str = "") -> list[str]:
        """See `hub.channels.gate.Consents`."""
        found = await self._consents.get_many(addresses)
        about = {channel, consent_name(channel, topic)}
        return [address for address in addresses if _refused(found.get(address, {}), about)]

    async def learn(self, events: Sequence[AddressChanged | ConsentRecorded]) -> None:
        """Takes what is newer than what is known. Raises StoreUnavailable."""
        told: dict[str, Said] = {}
        for event in events:
            address = event.address.address if isinstance(event, AddressChanged) else event.address
            told[address] = _newer(told.get(address, {}), _said(event))
        left = {address: said for address, said in told.items() if said}
        for attempt in range(TRIES):
            if not (left := await self._take(left)):
                return
            await contended(attempt)
        raise StoreUnavailable("consents are changed by too many at once; try again")

    async def _take(self, told: Mapping[str, Said]) -> dict[str, Said]:
        """What somebody else changed meanwhile."""
        stored = await self._consents.get_many(told)
        fresh = [{"_id": address, "said": said} for address, said in told.items() if address not in stored]
        changed = [(was, {**was, "said": _newer(_known(was), told[address])}) for address, was in stored.items()]
        swaps = [document for was, document in changed if document["said"] != was.get("said")]
        done = await self._consents.insert_many(fresh) if fresh else set()
        done |= await self._consents.swap_many(swaps) if swaps else set()
        wanted = {document["_id"] for document in (*fresh, *swaps)} - done
        return {address: said for address, said in told.items() if address in wanted}


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

    async def on_consents(envelopes: Sequence[Envelope]) -> None:
        await consents.learn([e.event for e in envelopes if isinstance(e.event, AddressChanged | ConsentRecorded)])

    async def on_groups(envelopes: Sequence[Envelope]) -> None:
        events = [e.event for e in envelopes if isinstance(e.event, GroupChanged)]
        await groups.learn(events)
        for name in dict.fromkeys(event.group for event in events):
            await woken(name)

    bus.subscribe(ADDRESSES.name, group=f"{group}-gate", handle=on_consents)
    # His word itself, too: what has not left by then never will, whoever else has to hear of it first.
    bus.subscribe(INBOUND.name, group=f"{group}-gate", handle=on_consents, marks={CONSENT})
    bus.subscribe(GROUPS.name, group=f"{group}-gate", handle=on_groups)


def consent_name(channel: str, topic: str) -> str:
    """What consent is about: a channel, or a topic in it."""
    return f"{channel}/{topic}" if topic else channel


def _said(event: AddressChanged | ConsentRecorded) -> Said:
    if isinstance(event, ConsentRecorded):
        return {consent_name(event.channel, event.topic): [event.state, iso(event.at)]}
    return {consent_name(one.channel, one.topic): [one.state, iso(one.at)] for one in event.address.consent}


def _known(document: Document) -> Said:
    """Documents of an older hub list what was withdrawn, without the time."""
    earlier = {name: ["withdrawn", ""] for name in document.get("withdrawn") or ()}
    return {**earlier, **(document.get("said") or {})}


def _refused(document: Document, about: Iterable[str]) -> bool:
    said = _known(document)
    return any(said[name][0] == "withdrawn" for name in about if name in said)


def _newer(before: Said, after: Said) -> Said:
    kept = dict(before)
    for name, (state, at) in after.items():
        known = kept.get(name)
        if known is None or at > known[1] or (at == known[1] and state == "withdrawn"):
            kept[name] = [state, at]
    return kept


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
