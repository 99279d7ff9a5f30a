"""Drafts: one for each employee, chain and kind; whoever changes it says which version he saw."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Never

from hub.bus.base import Bus
from hub.contracts.base import Event
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from hub.store.told import OWES, Fact, Owing, Told
from services.interactions.answered import answered_in
from services.interactions.drafts import approval
from services.interactions.drafts.approval import REVIEWERS, Approved, said, said_in, version_of
from services.interactions.drafts.forms import DraftForm, DraftKind
from services.interactions.repository import SOURCE, Repository
from services.interactions.writing import Answer

DRAFTS = CollectionSpec(
    "drafts", (Index("login", "at"), Index("chain_id", "at"), Index(REVIEWERS, "at", many=True), OWES)
)
ELSEWHERE = "this draft was changed elsewhere, in another tab or on another computer; read it again"
_MOST = 50
_WAITS = {
    "asked": "it waits for {reviewers}, who approve it or not; or take your request back",
    "returned": "{by} returned it: «{comment}»; change it and ask again, or take your request back",
    "approved": "it is not what {by} approved; save your draft, which asks anew, or send what was approved",
}


class Drafts:
    """Nobody else is told of them, unless their author asks for approval; who sees the chain may read them."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, repository: Repository) -> None:
        self._repository = repository
        self._drafts = store.collection(DRAFTS)
        self.told = Told(self._drafts, facts=_no_facts, state=_no_state, source=SOURCE)
        self.told.on(bus, clock)
        self._clock = clock

    async def put(self, login: str, chain_id: str, kind: DraftKind, form: DraftForm) -> Document | None:
        """The draft as it is then; none where it says nothing. Raises Conflict: it is not as it was seen."""
        document = {**self._written(form), "_id": draft_id(login, chain_id, kind), "kind": kind}
        document |= {"login": login, "chain_id": chain_id, "at": iso(self._clock.now()), "version": 1}
        stored = await self.told.get(document["_id"])
        if stored and _same(stored, document):
            return stored
        if (version_of(stored) if stored else 0) != form.version:
            raise Conflict(ELSEWHERE)
        if form.says_nothing:
            await self.drop(login, chain_id, kind)
            return None
        if stored:
            return await self._rewrite(document["_id"], form, by=login)
        if not await self._drafts.insert(document):
            raise Conflict(ELSEWHERE)
        return {**document, "_v": 1}

    async def edit(self, draft_id: str, form: DraftForm, *, by: str) -> Document:
        """By one who is asked to approve it. Raises NotFound, Conflict, Forbidden."""
        if form.says_nothing:
            raise InvalidInput(fields={"text": "say what it shall say, or return it to its author with a comment"})

        def mine(draft: Document) -> None:
            approval.check_reviewer(draft, by)
            if draft["approval"]["state"] == "returned":
                raise Conflict("you returned it: its author changes it now")

        return await self._rewrite(draft_id, form, by=by, check=mine)

    async def _rewrite(
        self, draft_id: str, form: DraftForm, *, by: str, check: Callable[[Document], None] = lambda _: None
    ) -> Document:
        now, written = self._clock.now(), {**self._written(form), "at": iso(self._clock.now())}
        answers = await self._answers((await self.get(draft_id))["chain_id"])

        def rewritten(draft: Document) -> Owing:
            check(draft)
            if version_of(draft) != form.version:
                raise Conflict(ELSEWHERE)
            return approval.written_anew(draft, written, by=by, answers=answers, at=now)

        return await self._amend(draft_id, rewritten)

    async def ask(
        self,
        login: str,
        chain_id: str,
        reviewers: Sequence[str],
        *,
        version: int,
        comment: str,
        show: Callable[[], Awaitable[object]] | None = None,
    ) -> Document:
        """Who writes it asks these to approve it as it stands. Raises NotFound, Conflict, InvalidInput.

        `show` lets them see the chain, before it is theirs to decide: a crash leaves nobody asked who sees nothing.
        """
        if login in reviewers:
            raise InvalidInput(fields={"reviewers": "a second person approves it; leave yourself out"})

        answers = await self._answers(chain_id)

        def asking(draft: Document) -> Owing:
            if version_of(draft) != version:
                raise Conflict(ELSEWHERE)
            return approval.asked(draft, reviewers, comment=comment, answers=answers, at=self._clock.now())

        name = draft_id(login, chain_id, "answer")
        asking(await self.get(name))
        if show:
            await show()
        return await self._amend(name, asking)

    async def withdraw(self, login: str, chain_id: str) -> Document:
        """Nobody is asked any more. Raises NotFound, Conflict."""
        change = partial(approval.withdrawn, at=self._clock.now())
        return await self._amend(draft_id(login, chain_id, "answer"), change)

    async def approve(self, draft_id: str, *, by: str, version: int) -> Document:
        """It may leave as it is. Raises NotFound, Conflict, Forbidden."""
        change = partial(approval.approved, by=by, version=version, at=self._clock.now())
        return await self._amend(draft_id, change)

    async def send_back(self, draft_id: str, *, by: str, version: int, comment: str) -> Document:
        """Its author changes it. Raises NotFound, Conflict, Forbidden."""
        change = partial(approval.returned, by=by, version=version, comment=comment, at=self._clock.now())
        return await self._amend(draft_id, change)

    async def _amend(self, draft_id: str, change: Callable[[Document], Owing]) -> Document:
        after = await self.told.amend(draft_id, change)
        if after is None:
            raise NotFound(f"there is no draft {draft_id}; perhaps it was sent, or thrown away")
        await self.told.tell(after)
        return after

    async def cleared(self, login: str, chain_id: str, answer: Answer, *, message: str) -> Approved | None:
        """What a second person approved, if it is this: for `message`, or for that one for which it was spent before.

        Raises Conflict: he was asked, and did not approve this.
        """
        plain = not (answer.html or answer.inline or answer.to or answer.buttons)
        written = said(answer.model_dump(mode="json"), [one.id for one in answer.attachments])

        def spending(draft: Document) -> Document | None:
            if not (found := draft.get("approval")):
                return None
            if found["state"] == "approved" and plain and written == said_in(draft):
                return approval.spent(draft, message)
            words = {**found, "reviewers": ", ".join(found["reviewers"])}
            raise Conflict(f"this answer needs approval: {_WAITS[found['state']].format(**words)}")

        draft = await self.told.amend(draft_id(login, chain_id, "answer"), spending)
        found = (draft or {}).get("approval")
        return Approved(found["message"], found.get("answers")) if found else None

    async def _answers(self, chain_id: str) -> str | None:
        found = await answered_in(self._repository, chain_id)
        return found["_id"] if found else None

    async def get(self, draft_id: str) -> Document:
        """Raises NotFound."""
        if (draft := await self.told.get(draft_id)) is None:
            raise NotFound(f"there is no draft {draft_id}; perhaps it was sent, or thrown away")
        return draft

    async def drop(self, login: str, chain_id: str, kind: DraftKind) -> None:
        """It was sent, or thrown away; those who were to approve it are told."""
        name = draft_id(login, chain_id, kind)
        while (draft := await self.told.get(name)) is not None:
            await self._gone(draft)

    async def sent(self, login: str, chain_id: str, approved: Approved) -> None:
        """It was approved once: the same words sent again are another message. What was written since stays."""
        draft = await self.told.get(draft_id(login, chain_id, "answer"))
        if draft and (draft.get("approval") or {}).get("message") == approved.message:
            await self._gone(draft)

    async def _gone(self, draft: Document) -> None:
        """Unless somebody changes it at this moment."""
        if not draft.get("approval"):
            await self._drafts.delete(draft)
            return
        swapped = await self.told.swap_many([(draft, approval.withdrawn(draft, self._clock.now()))])
        for after in swapped.values():
            await self.told.tell(after)
            now = await self.told.get(after["_id"])
            if now and version_of(now) == version_of(after):
                await self._drafts.delete(now)

    async def of_chain(self, chain_id: str) -> list[Document]:
        """Everybody's, the newest first."""
        return (await self._drafts.find({"chain_id": chain_id}, order="at", descending=True, limit=_MOST)).items

    async def of(self, login: str, *, limit: int, after: str | None) -> Page:
        """Somebody's, the newest first."""
        return await self._drafts.find({"login": login}, order="at", descending=True, limit=limit, after=after)

    async def to_review(self, login: str, *, limit: int, after: str | None) -> Page:
        """Those that wait for him, the newest first."""
        return await self._drafts.find({REVIEWERS: login}, order="at", descending=True, limit=limit, after=after)

    async def begun(self, login: str, chain_ids: list[str]) -> set[str]:
        """In which of these chains he has one."""
        ids = {draft_id(login, chain_id, kind): chain_id for chain_id in chain_ids for kind in ("answer", "note")}
        return {ids[found] for found in await self._drafts.get_many(ids)}

    def _written(self, form: DraftForm) -> dict[str, Any]:
        written: dict[str, Any] = form.model_dump(mode="json", exclude={"version"})
        return written


def draft_id(login: str, chain_id: str, kind: str) -> str:
    return derive("dr", login, chain_id, kind)


def _same(stored: Document, document: Document) -> bool:
    """A write that is sent again, because no answer came."""
    return all(stored.get(name) == value for name, value in document.items() if name not in ("at", "version"))


def _no_facts(_: Document | None, __: Document) -> Sequence[Fact]:
    return ()


def _no_state(kind: type[Event], _: Document) -> Never:
    raise AssertionError(f"drafts state nothing, no {kind.TYPE} either")
