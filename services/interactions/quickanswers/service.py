"""Quick answers: everybody's, a team's, or somebody's own."""

from collections.abc import Iterable

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, NotFound
from hub.kit.every import every
from hub.kit.ids import derive, fresh
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Store
from services.interactions.quickanswers.forms import FilledView, QuickAnswerForm
from services.interactions.quickanswers.words import filled, values_of

QUICK_ANSWERS = CollectionSpec("quick_answers")
MOST = 1_000
"""All of a hub: they are read together."""
_SHOWN = 50
_AT_ONCE = 500


class QuickAnswers:
    """Whoever sees one may change it: what is everybody's, everybody keeps."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._answers = store.collection(QUICK_ANSWERS)
        self._clock = clock

    async def seen(self, actor: Actor) -> list[Document]:
        """By title."""
        found = [one for one in await self._all() if _sees(actor, one)]
        return sorted(found, key=lambda one: (one["title"].casefold(), one["_id"]))

    async def get(self, actor: Actor, answer_id: str) -> Document:
        """Raises NotFound."""
        found = await self._answers.get(answer_id)
        if found is None or not _sees(actor, found):
            raise NotFound(f"there is no quick answer {answer_id}")
        return found

    async def add(self, form: QuickAnswerForm, *, actor: Actor, key: str | None) -> Document:
        """The same key of the same employee gives the same one. Raises Conflict: there are too many."""
        if len(await self._all()) >= MOST:
            raise Conflict(f"there are {MOST} quick answers; remove some that nobody needs")
        answer_id = derive("qa", actor.login, key) if key else fresh("qa")
        document = {"_id": answer_id, **self._said(form, actor)}
        if not await self._answers.insert(document):
            return await self.get(actor, answer_id)
        return document

    async def change(self, answer_id: str, form: QuickAnswerForm, *, actor: Actor) -> Document:
        """Raises NotFound."""
        await self.get(actor, answer_id)
        said = self._said(form, actor)
        if (changed := await amend(self._answers, answer_id, lambda now: {**now, **said})) is None:
            raise NotFound(f"there is no quick answer {answer_id}")
        return changed

    async def remove(self, answer_id: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        await self.get(actor, answer_id)
        await self._answers.delete_many([answer_id])

    async def filled(self, actor: Actor, chain: Document, client: Document | None, words: str) -> list[FilledView]:
        """Those that have these words, as the chain fills them in, in the client's language where there is one."""
        wanted = words.casefold().split()
        values, language = values_of(chain, client, actor), (client or {}).get("language")
        found = [one for one in await self.seen(actor) if all(word in _words(one) for word in wanted)]
        found.sort(key=lambda one: one["shortcut"].casefold() != words.casefold())
        return [_filled(one, values, [language or "", "ru", "en"]) for one in found[:_SHOWN]]

    async def _all(self) -> list[Document]:
        return await every(lambda after: self._answers.find({}, limit=_AT_ONCE, after=after))

    def _said(self, form: QuickAnswerForm, actor: Actor) -> Document:
        return {
            **form.model_dump(mode="json", exclude={"own", "team"}),
            "team": form.team or None,
            "owner": actor.login if form.own else None,
            "changed_at": iso(self._clock.now()),
            "changed_by": actor.login,
        }


def _sees(actor: Actor, answer: Document) -> bool:
    if answer["owner"]:
        return bool(answer["owner"] == actor.login)
    return not answer["team"] or answer["team"] in actor.teams or EVERYTHING in actor.reach


def _words(answer: Document) -> str:
    return " ".join((answer["title"], answer["shortcut"], *answer["texts"].values())).casefold()


def _filled(answer: Document, values: dict[str, str], languages: Iterable[str]) -> FilledView:
    texts = answer["texts"]
    language = next((one for one in languages if one in texts), next(iter(texts)))
    return FilledView(
        id=answer["_id"],
        title=answer["title"],
        shortcut=answer["shortcut"],
        language=language,
        text=filled(texts[language], values),
    )
