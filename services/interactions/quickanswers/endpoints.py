"""Quick answers over HTTP."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Form, Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.quickanswers.forms import FilledList, QuickAnswerForm, QuickAnswerList, QuickAnswerView
from services.interactions.quickanswers.service import QuickAnswers
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import Seen
from services.interactions.whose import whose


class WordsQuery(Form):
    q: str = Field(default="", max_length=200, description="Words of its title, shortcut or text; none: all")


def add(routes: Public, answers: QuickAnswers, seen: Seen, repository: Repository) -> None:
    _add_changes(routes, answers)

    @routes.get("/quick-answers", right=Right.WRITE_MESSAGES, noun="quick_answer")
    async def list_quick_answers(actor: Acting) -> QuickAnswerList:
        """Everybody's, your teams' and your own, by title."""
        return QuickAnswerList(items=[_shown(one) for one in await answers.seen(actor)])

    @routes.get("/chains/{id}/quick-answers", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def fill_quick_answers(chain_id: Id, query: Annotated[WordsQuery, Query()], actor: Acting) -> FilledList:
        """Quick answers as this chain fills them in, in the client's language where they have it."""
        chain = await seen.whole_chain(actor, chain_id)
        client = (await roots(repository.clients, [chain["client_id"]])).get(chain["client_id"])
        return FilledList(items=await answers.filled(actor, chain, client, query.q))


def _add_changes(routes: Public, answers: QuickAnswers) -> None:
    @routes.post("/quick-answers", right=Right.WRITE_MESSAGES, noun="quick_answer", status=201, refuses=[Conflict])
    async def add_quick_answer(form: QuickAnswerForm, actor: Acting, key: Key = None) -> QuickAnswerView:
        """Words for what is asked often, in one language or several."""
        return _shown(await answers.add(form, actor=actor, key=key))

    @routes.put("/quick-answers/{id}", right=Right.WRITE_MESSAGES, noun="quick_answer", refuses=[Conflict])
    async def put_quick_answer(answer_id: Id, form: QuickAnswerForm, actor: Acting) -> QuickAnswerView:
        """Other words, another title, or another owner."""
        return _shown(await answers.change(answer_id, form, actor=actor))

    @routes.delete("/quick-answers/{id}", right=Right.WRITE_MESSAGES, noun="quick_answer", status=204)
    async def remove_quick_answer(answer_id: Id, actor: Acting) -> None:
        """Remove a quick answer."""
        await answers.remove(answer_id, actor=actor)


def _shown(answer: Document) -> QuickAnswerView:
    return QuickAnswerView.model_validate(whose(answer))
