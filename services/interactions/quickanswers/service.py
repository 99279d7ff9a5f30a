"""Quick answers: everybody's, a team's, or somebody's own."""

from collections.abc import Iterable

from hub.api.actor import Actor
from hub.kit.clock import Clock
from hub.store.base import CollectionSpec, Document, Store
from services.interactions.quickanswers.forms import FilledView
from services.interactions.quickanswers.words import filled, values_of
from services.interactions.whose import Keeping

QUICK_ANSWERS = CollectionSpec("quick_answers")
MOST = 1_000
_SHOWN = 50


class QuickAnswers(Keeping):
    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock, QUICK_ANSWERS, prefix="qa", word="quick answers", most=MOST)

    async def filled(self, actor: Actor, chain: Document, client: Document | None, words: str) -> list[FilledView]:
        """Those that have these words, as the chain fills them in, in the client's language where there is one."""
        wanted = words.casefold().split()
        values, language = values_of(chain, client, actor), (client or {}).get("language")
        found = [one for one in await self.seen(actor) if all(word in _words(one) for word in wanted)]
        found.sort(key=lambda one: one["shortcut"].casefold() != words.casefold())
        return [_filled(one, values, [language or "", "ru", "en"]) for one in found[:_SHOWN]]


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
