"""Four eyes: an answer leaves as a second person approved it, and not otherwise."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.draft import DraftMoved
from hub.contracts.interaction import SendMessage
from hub.contracts.notice import NoticeGiven
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable
from hub.testing.builders import an_arrival
from services.interactions.answers import Answers
from services.interactions.drafts.approval import Approved, version_of
from services.interactions.drafts.forms import DraftForm
from services.interactions.drafts.service import Drafts, draft_id
from services.interactions.outgoing import Outgoing
from services.interactions.planned import Planned, Rewrite
from services.interactions.reach import Account, Accounts
from services.interactions.secondperson import SecondPerson
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench

CHAIN, TEXT = "ch_1", "Счёт на 10 000 ₽ во вложении"
DRAFT = draft_id("anna", CHAIN, "answer")


class Accounted:
    """Our accounts, as a test says they are."""

    def __init__(self, *known: Account, silent: tuple[str, ...] = ()) -> None:
        self.told = Accounts(known=known, silent=silent)

    async def accounts(self) -> Accounts:
        return self.told


def support(*, approval: bool) -> Account:
    return Account(id="mb_support", channel="email", address="support@romashka.example", approval=approval)


@pytest.fixture
def drafts(bench: Bench) -> Drafts:
    return bench.drafts


async def written(drafts: Drafts, text: str = TEXT, *, version: int = 0, **over: Any) -> dict[str, Any]:
    draft = await drafts.put("anna", CHAIN, "answer", DraftForm(text=text, version=version, **over))
    assert draft
    return draft


async def asked(drafts: Drafts, *reviewers: str) -> int:
    draft = await written(drafts)
    after = await drafts.ask("anna", CHAIN, reviewers or ("olga",), version=version_of(draft), comment="")
    return version_of(after)


async def cleared(drafts: Drafts, text: str = TEXT, **over: Any) -> bool:
    return await drafts.cleared("anna", CHAIN, Answer(text=text, **over), message="in_1") is not None


def state(draft: dict[str, Any]) -> tuple[str, str | None, str]:
    return draft["approval"]["state"], draft["approval"]["by"], draft["approval"]["comment"]


def told(bench: Bench) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.kind, one.by, one.to) for one in bench.bus.events("notices") if isinstance(one, NoticeGiven)]


async def test_a_draft_of_which_nobody_was_asked_is_neither_approved_nor_refused(drafts: Drafts) -> None:
    assert not await cleared(drafts)
    await written(drafts)
    assert not await cleared(drafts, "Что-то другое")


async def test_it_leaves_as_it_was_approved_and_not_before(bench: Bench, drafts: Drafts) -> None:
    version = await asked(drafts, "olga", "boris")
    with pytest.raises(Conflict, match="olga, boris"):
        await cleared(drafts)
    approved = await drafts.approve(DRAFT, by="olga", version=version)
    assert state(approved) == ("approved", "olga", "")
    assert await cleared(drafts)
    assert told(bench) == [
        ("approval_asked", "anna", ("olga", "boris")),
        ("approved", "olga", ("anna", "boris")),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"text": TEXT + "!"},
        {"cc": ["x@example.com"]},
        {"bcc": ["x@example.com"]},
        {"to": ["x@example.com"]},
        {"html": "<p>Другое</p>"},
        {"reply_all": True},
        {"account": "mb_2"},
    ],
)
async def test_nothing_else_leaves_than_what_was_approved(drafts: Drafts, other: dict[str, Any]) -> None:
    await drafts.approve(DRAFT, by="olga", version=await asked(drafts))
    with pytest.raises(Conflict, match="not what olga approved"):
        await cleared(drafts, **{"text": TEXT, **other})


async def test_a_change_after_the_approval_asks_anew(bench: Bench, drafts: Drafts) -> None:
    approved = await drafts.approve(DRAFT, by="olga", version=await asked(drafts))
    again = await written(drafts, "Счёт на 100 ₽", version=version_of(approved))
    assert state(again) == ("asked", None, "")
    with pytest.raises(Conflict, match="it waits for olga"):
        await cleared(drafts, "Счёт на 100 ₽")
    assert told(bench)[-1] == ("approval_asked", "anna", ("olga",))


async def test_the_same_words_written_again_leave_it_approved(drafts: Drafts) -> None:
    approved = await drafts.approve(DRAFT, by="olga", version=await asked(drafts))
    assert state(await written(drafts, version=version_of(approved))) == ("approved", "olga", "")
    assert await cleared(drafts)


async def test_another_version_than_he_read_is_not_approved(drafts: Drafts) -> None:
    version = await asked(drafts)
    await written(drafts, "Счёт на 100 ₽", version=version)
    with pytest.raises(Conflict, match="changed since you read it"):
        await drafts.approve(DRAFT, by="olga", version=version)


async def test_it_is_returned_with_a_comment_and_waits_until_its_author_asks_again(
    bench: Bench, drafts: Drafts
) -> None:
    version = await asked(drafts)
    returned = await drafts.send_back(DRAFT, by="olga", version=version, comment="Назовите срок")
    assert state(returned) == ("returned", "olga", "Назовите срок")
    after = await written(drafts, "Пришлём завтра", version=version_of(returned))
    with pytest.raises(Conflict, match="Назовите срок"):
        await cleared(drafts, "Пришлём завтра")
    again = await drafts.ask("anna", CHAIN, ("olga",), version=version_of(after), comment="Так?")
    assert state(again) == ("asked", None, "Так?")
    assert [kind for kind, _, _ in told(bench)] == ["approval_asked", "returned", "approval_asked"]


async def test_whoever_is_asked_changes_it_and_approves_what_he_wrote(drafts: Drafts) -> None:
    version = await asked(drafts)
    edited = await drafts.edit(DRAFT, DraftForm(text="Счёт на 9 000 ₽", version=version), by="olga")
    assert (state(edited), edited["edited_by"], edited["login"]) == (("asked", None, ""), "olga", "anna")
    await drafts.approve(DRAFT, by="olga", version=version_of(edited))
    assert await cleared(drafts, "Счёт на 9 000 ₽")
    with pytest.raises(Conflict):
        await cleared(drafts)


async def test_nobody_approves_his_own_words_or_what_others_are_asked_about(drafts: Drafts) -> None:
    draft = await written(drafts)
    with pytest.raises(InvalidInput) as refused:
        await drafts.ask("anna", CHAIN, ("olga", "anna"), version=version_of(draft), comment="")
    assert list(refused.value.fields) == ["reviewers"]
    with pytest.raises(Conflict, match="nobody is asked"):
        await drafts.approve(DRAFT, by="olga", version=1)
    version = version_of(await drafts.ask("anna", CHAIN, ("olga",), version=version_of(draft), comment=""))
    for login in ("anna", "boris"):
        with pytest.raises(Forbidden):
            await drafts.approve(DRAFT, by=login, version=version)
        with pytest.raises(Forbidden):
            await drafts.edit(DRAFT, DraftForm(text="x", version=version), by=login)


async def test_of_two_who_decide_the_first_one_does(drafts: Drafts) -> None:
    version = await asked(drafts, "olga", "boris")
    await drafts.approve(DRAFT, by="olga", version=version)
    with pytest.raises(Conflict, match="approved already by olga"):
        await drafts.send_back(DRAFT, by="boris", version=version, comment="Нет")


async def test_what_waits_for_somebody_is_listed_for_him_until_it_is_decided_withdrawn_or_thrown_away(
    drafts: Drafts,
) -> None:
    async def waiting(login: str = "olga") -> int:
        return len((await drafts.to_review(login, limit=9, after=None)).items)

    version = await asked(drafts)
    assert (await waiting(), await waiting("boris")) == (1, 0)
    await drafts.withdraw("anna", CHAIN)
    assert (await waiting(), await cleared(drafts)) == (0, False)
    draft = await drafts.get(DRAFT)
    version = version_of(await drafts.ask("anna", CHAIN, ("olga",), version=version_of(draft), comment=""))
    await drafts.approve(DRAFT, by="olga", version=version)
    assert await waiting() == 0
    await drafts.drop("anna", CHAIN, "answer")
    with pytest.raises(NotFound):
        await drafts.get(DRAFT)


async def test_those_whom_it_concerns_hear_of_every_step(bench: Bench, drafts: Drafts) -> None:
    version = await asked(drafts, "olga", "boris")
    await drafts.approve(DRAFT, by="olga", version=version)
    await drafts.drop("anna", CHAIN, "answer")
    moved = [(one.state, one.to) for one in bench.bus.events("notices") if isinstance(one, DraftMoved)]
    assert moved == [(each, ("anna", "olga", "boris")) for each in ("asked", "approved", None)]


def answers(bench: Bench, accounts: Accounted) -> Answers:
    outgoing = Outgoing(bench.repository, second=SecondPerson(accounts, bench.clock))
    return Answers(bench.repository, bench.bus, bench.clock, outgoing=outgoing)


async def plan(bench: Bench, accounts: Accounted, key: str, *, approved: Approved | None = None) -> dict[str, Any]:
    (chain,) = await bench.chains()
    found = answers(bench, accounts)
    return await found.plan(chain["_id"], Answer(text=TEXT), author="anna", idempotency_key=key, approved=approved)


async def test_by_an_account_that_wants_a_second_person_nothing_leaves_unapproved(bench: Bench) -> None:
    await bench.receive(an_arrival())
    accounts = Accounted(support(approval=True))
    with pytest.raises(Forbidden) as refused:
        await plan(bench, accounts, "1")
    assert list(refused.value.fields) == ["account"]
    assert bench.bus.events("outbound") == []
    sent = await plan(bench, accounts, "2", approved=Approved("in_2", None))
    again = await plan(bench, accounts, "3", approved=Approved("in_2", None))
    assert (again["_id"], len(bench.bus.events("outbound"))) == (sent["_id"], 1)


async def test_a_change_of_the_account_counts_after_two_seconds_and_a_silent_service_is_not_taken_for_leave(
    bench: Bench,
) -> None:
    await bench.receive(an_arrival())
    accounts = Accounted(support(approval=True))
    found = SecondPerson(accounts, bench.clock)
    for known in (accounts.told, Accounts(silent=("email",))):
        accounts.told = known
        bench.clock.advance(timedelta(seconds=3))
        with pytest.raises(Forbidden):
            await found.check("email", "mb_support")
    with pytest.raises(Conflict):
        await found.check("email", "mb_other")
    accounts.told = Accounts(known=(support(approval=False),))
    bench.clock.advance(timedelta(seconds=3))
    await found.check("email", "mb_support")


async def test_the_words_of_what_was_approved_for_later_stay_while_its_time_may_change(bench: Bench) -> None:
    await bench.receive(an_arrival())
    outgoing = Outgoing(bench.repository, second=SecondPerson(Accounted(support(approval=True)), bench.clock))
    found = Answers(bench.repository, bench.bus, bench.clock, outgoing=outgoing)
    (chain,) = await bench.chains()
    later = Answer(text=TEXT, undo_seconds=60)
    waiting = await found.plan(
        chain["_id"], later, author="anna", idempotency_key=None, approved=Approved("in_1", None)
    )
    planned = Planned(bench.repository, bench.bus, bench.clock, outgoing=outgoing)
    with pytest.raises(Forbidden):
        await planned.rewrite(waiting["_id"], Rewrite(text="Другое"))
    moved = await planned.rewrite(waiting["_id"], Rewrite(send_at="2026-03-03T09:00:00Z"))  # type: ignore[arg-type]
    assert (moved["text"], moved["planned"]) == (TEXT, True)


async def approved_in(bench: Bench) -> str:
    """The chain in which Anna's answer was approved."""
    (chain,) = await bench.chains()
    draft = await bench.drafts.put("anna", chain["_id"], "answer", DraftForm(text=TEXT))
    assert draft
    after = await bench.drafts.ask("anna", chain["_id"], ("olga",), version=1, comment="")
    await bench.drafts.approve(draft["_id"], by="olga", version=version_of(after))
    return str(chain["_id"])


async def sent(bench: Bench, chain_id: str, key: str, **over: Any) -> dict[str, Any]:
    """As the page sends it."""
    answer, found = Answer(text=TEXT, **over), bench.answers
    message = found.id_of(chain_id, "anna", key)
    approved = await bench.drafts.cleared("anna", chain_id, answer, message=message)
    return await found.plan(chain_id, answer, author="anna", idempotency_key=key, approved=approved)


async def test_an_approval_is_for_one_message_however_often_it_is_sent(bench: Bench) -> None:
    await bench.receive(an_arrival())
    chain_id = await approved_in(bench)
    found = [await sent(bench, chain_id, key) for key in ("1", "2")]
    assert len({one["_id"] for one in found}) == len(bench.bus.events("outbound")) == 1


async def test_what_is_written_while_it_leaves_stays(bench: Bench) -> None:
    await bench.receive(an_arrival())
    chain_id = await approved_in(bench)
    approved = await bench.drafts.cleared("anna", chain_id, Answer(text=TEXT), message="in_1")
    assert approved
    draft = await bench.drafts.get(draft_id("anna", chain_id, "answer"))
    await bench.drafts.put("anna", chain_id, "answer", DraftForm(text="Ещё одно", version=version_of(draft)))
    await bench.drafts.sent("anna", chain_id, approved)
    kept = await bench.drafts.get(draft["_id"])
    assert (kept["text"], state(kept)) == ("Ещё одно", ("asked", None, ""))


async def test_an_answer_goes_to_nobody_else_than_it_was_approved_for(bench: Bench) -> None:
    await bench.receive(an_arrival())
    chain_id = await approved_in(bench)
    bench.clock.advance(timedelta(minutes=1))
    refs, at = ("email:<1@example.com>",), bench.clock.now()
    await bench.receive(an_arrival(2, sender="boss@example.com", refs=refs, at=at))
    with pytest.raises(Conflict, match="ask anew"):
        await sent(bench, chain_id, "1")
    assert bench.bus.events("outbound") == []
    await bench.drafts.ask("anna", chain_id, ("olga",), version=3, comment="")
    await bench.drafts.approve(draft_id("anna", chain_id, "answer"), by="olga", version=4)
    await sent(bench, chain_id, "1")
    (request,) = [one for one in bench.bus.events("outbound") if isinstance(one, SendMessage)]
    assert [one.address for one in request.to] == ["email:boss@example.com"]


async def test_what_was_approved_waits_for_its_time_in_no_other_words(bench: Bench) -> None:
    await bench.receive(an_arrival())
    waiting = await sent(bench, await approved_in(bench), "1", undo_seconds=60)
    with pytest.raises(Forbidden, match="approved these words"):
        await bench.planned.rewrite(waiting["_id"], Rewrite(text="Скидка 90 %"))
    bench.clock.advance(timedelta(minutes=2))
    await bench.planned.release_due()
    stored = await bench.stored(waiting["_id"])
    assert (stored["text"], stored["delivery"]["state"], "approved" in stored) == (TEXT, "queued", False)


async def test_nobody_is_asked_who_could_not_be_shown_the_chain(drafts: Drafts) -> None:
    async def killed() -> None:
        raise StoreUnavailable("killed")

    draft = await written(drafts)
    with pytest.raises(StoreUnavailable):
        await drafts.ask("anna", CHAIN, ("olga",), version=version_of(draft), comment="", show=killed)
    with pytest.raises(Conflict, match="nobody is asked"):
        await drafts.approve(DRAFT, by="olga", version=version_of(draft))
