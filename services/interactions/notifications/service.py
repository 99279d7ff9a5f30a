"""Notifications: kept for each employee until he has read them, on whatever device; bounded; seen as he sees now."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.scope import SHOWN, Shown, reaches
from hub.kit.clock import Clock
from hub.kit.errors import InvalidInput
from hub.store.amend import amend, upsert
from hub.store.base import Document, Page, Store
from hub.store.told import Owing, Told
from services.interactions.notifications.forms import PreferencesForm, PreferencesView, ReadNotifications
from services.interactions.notifications.mails import Mails, counted
from services.interactions.notifications.models import (
    DEFAULT,
    MOST,
    NOTIFICATIONS,
    PREFERENCES,
    UNREAD,
    Wanted,
    document_of,
    facts,
    marked,
    state,
    ways_of,
)
from services.interactions.notifications.wanting import about, wanted
from services.interactions.repository import SOURCE, Repository
from services.interactions.roots import roots
from services.interactions.seen import Found, Seen, sifted

FRESH = timedelta(days=1)
"""What happened earlier is told to nobody: the hub was down, or has just learnt to tell."""
_TRIMMED = 100
NO_MAIL = "the hub has no account for such mails; name one: [interactions] notify_account"


class Notifications:
    """Everything may be heard twice."""

    def __init__(
        self, store: Store, bus: Bus, clock: Clock, repository: Repository, seen: Seen, *, tasks: Told, mails: Mails
    ) -> None:
        self._kept = store.collection(NOTIFICATIONS)
        self.told = Told(self._kept, facts=facts, state=state, source=SOURCE)
        self.told.on(bus, clock)
        self._preferences = store.collection(PREFERENCES)
        self._clock = clock
        self._repository = repository
        self._seen = seen
        self._tasks = tasks
        self._mails = mails

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Of messages of clients, reminders and notices."""
        since = self._clock.now() - FRESH
        fresh = [envelope for envelope in envelopes if envelope.time > since]
        asked = [about(envelope) for envelope in fresh]
        chains = await roots(self._repository.chains, {chain for chain, _ in asked if chain})
        tasks = await self._tasks.get_many({task for _, task in asked if task})
        await self._give([one for envelope in fresh for one in wanted(envelope, chains, tasks)])

    async def _give(self, all_wanted: Sequence[Wanted]) -> None:
        if not all_wanted:
            return
        known = await self._preferences.get_many({one.login for one in all_wanted})
        given = [(one, ways_of(known.get(one.login), one)) for one in all_wanted]
        documents = [document_of(one, ways, self._clock.now()) for one, ways in given if ways]
        stored, new = await self.told.insert_many([await self._owing(one, known) for one in documents])
        await self.told.tell(*stored.values())
        for login in {stored[each]["login"] for each in new}:
            await self._trim(login)

    async def _owing(self, notification: Document, known: dict[str, Document]) -> Document | Owing:
        """With its mail, where one shall go: stored with it, so that it goes once."""
        preferences = known.get(notification["login"])
        if "mail" not in notification["ways"] or not (preferences and preferences["mail"] and self._mails.account):
            return notification
        if await self.told.get(notification["_id"]) or not await self._may_mail(notification["login"]):
            return notification
        await self._mails.lay()
        return Owing(notification, (self._mails.of(notification, preferences["mail"]),))

    async def _may_mail(self, login: str) -> bool:
        """Counts one more mail; false where there were enough within the hour, also those of this batch."""
        may, now = False, self._clock.now()

        def counting(stored: Document) -> Document:
            nonlocal may
            after = counted(stored, now)
            may = after is not stored
            return after

        await amend(self._preferences, login, counting)
        return may

    async def _trim(self, login: str) -> None:
        """The oldest beyond those that are kept."""
        over = await self._kept.count({"login": login}, at_most=MOST + _TRIMMED) - MOST
        if over > 0:
            oldest = await self._kept.find({"login": login}, order="at", limit=over)
            await self._kept.delete_many([one["_id"] for one in oldest.items])

    async def page(
        self, actor: Actor, *, unread: bool | None, limit: int, after: str | None
    ) -> Found[tuple[Document, Shown]]:
        """The newest first; those about what he does not see any more are left out."""
        where = {UNREAD: actor.login} if unread else {"login": actor.login}

        async def find(limit: int, after: str | None) -> Page:
            return await self._kept.find(where, order="at", descending=True, limit=limit, after=after)

        async def keep(documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
            wanted = [one for one in documents if unread is not False or one["read_at"]]
            return await self._visible(actor, wanted)

        return await sifted(find, keep, order="at", limit=limit, after=after)

    async def unread(self, actor: Actor) -> int:
        """As many as `page` has of them."""
        found = await self._kept.find({UNREAD: actor.login}, order="at", descending=True, limit=MOST)
        return len(await self._visible(actor, found.items))

    async def _visible(self, actor: Actor, documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
        """With their titles and clients' names, as they are now."""
        chains = await self._repository.chains.get_many({one["chain_id"] for one in documents if one["chain_id"]})
        levels = {chain["_id"]: (chain, level) for chain, level in await self._seen.chains(actor, [*chains.values()])}
        tasks = await self._tasks.get_many({one["task_id"] for one in documents if one["task_id"]})
        mine = {task_id: task for task_id, task in tasks.items() if reaches(actor.reach, task["seen_by"])}
        clients = await roots(self._repository.clients, {one["client_id"] for one in documents if one["client_id"]})
        found = []
        for one in documents:
            chain, level = levels.get(one["chain_id"] or "", ({}, "nothing"))
            task = mine.get(one["task_id"] or "")
            if task is None and (one["task_id"] or level == "nothing"):
                continue
            whole = task is not None or level == SHOWN[0]
            name = clients.get(one["client_id"] or "", {}).get("name", "") if level != "nothing" or task else ""
            title = (task or {}).get("title") or chain.get("subject", "")
            place = one["chain_id"] if level != "nothing" else None
            said = {"title": title, "client_name": name} if whole else {"words": ""}
            found.append(({**one, "chain_id": place, **said}, SHOWN[0] if whole else level))
        return found

    async def mark(self, actor: Actor, form: ReadNotifications) -> None:
        """His own; what is not there any more, or another's, is left out."""
        if form.all:
            where = {UNREAD: actor.login} if form.read else {"login": actor.login}
            ids = [one["_id"] for one in (await self._kept.find(where, order="at", limit=MOST)).items]
        else:
            ids = [*form.ids]
        await self._mark(actor.login, ids, read=form.read)

    async def read_chain(self, login: str, chain_ids: Iterable[str]) -> None:
        """He has read these chains: what tells of them waits no more."""
        chains = set(chain_ids)
        found = await self._kept.find({UNREAD: login}, order="at", limit=MOST)
        mine = [one["_id"] for one in found.items if one["chain_id"] in chains and not one["task_id"]]
        await self._mark(login, mine, read=True)

    async def _mark(self, login: str, ids: Sequence[str], *, read: bool) -> None:
        known = await self.told.get_many(ids)
        own = [doc_id for doc_id, one in known.items() if one["login"] == login]
        change = partial(marked, read=read, now=self._clock.now())
        after = await self.told.amend_many(dict.fromkeys(own, change))
        await self.told.tell(*after.values())

    async def preferences(self, login: str) -> PreferencesView:
        found = await self._preferences.get(login) or _blank(login)
        ways = {kind: tuple(found["ways"].get(kind, DEFAULT[kind])) for kind in DEFAULT}
        told = {name: found[name] for name in ("teams", "accounts", "mail")}
        return PreferencesView(ways=ways, can_mail=bool(self._mails.account), **told)

    async def prefer(self, login: str, form: PreferencesForm) -> PreferencesView:
        """Raises InvalidInput: there is nothing that could send mails, or no address for them."""
        given = form.model_dump(mode="json", exclude_none=True)
        before = await self._preferences.get(login) or _blank(login)
        self._check({**before, **given, "ways": {**before["ways"], **given["ways"]}})

        def changed(now: Document) -> Document:
            return {**now, **given, "ways": {**now["ways"], **given["ways"]}}

        await upsert(self._preferences, changed(_blank(login)), changed)
        return await self.preferences(login)

    def _check(self, wanted: Document) -> None:
        mailed = [kind for kind, ways in wanted["ways"].items() if "mail" in ways]
        if mailed and not self._mails.account:
            raise InvalidInput(fields={f"ways.{mailed[0]}": NO_MAIL})
        if mailed and not wanted["mail"]:
            raise InvalidInput(fields={"mail": "give the address that mails shall go to"})


def _blank(login: str) -> Document:
    return {"_id": login, "ways": {}, "teams": [], "accounts": [], "mail": ""}
