"""A mailing's message is in its recipient's chain once something came back on it."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.campaign import MailedRecorded
from hub.contracts.interaction import Answered, SendMessage
from hub.testing.builders import NOON, an_arrival
from tests.services.interactions.test_bounces import a_bounce, a_recipient

OURS = "in_69a55555" + "7" * 24


def a_mailed(*kinds: str, revision: int = 1, **over: Any) -> MailedRecorded:
    answers = tuple(Answered(kind=kind, at=NOON, words="x") for kind in kinds)  # type: ignore[arg-type]
    fields: dict[str, Any] = {
        "id": OURS,
        "mailing": "ml_1",
        "name": "Весна",
        "channel": "email",
        "account": "mb_support",
        "address": "email:anna@example.com",
        "sent_at": NOON - timedelta(hours=1),
        "subject": "Скидка",
        "text": "Анна, скидка!",
        "keys": (f"email:<{OURS}@romashka.example>",),
    }
    return MailedRecorded(**{**fields, "answers": answers, "revision": revision, **over})


async def kinds(bench: Any) -> list[str]:
    return [one["kind"] for one in (await bench.stored(OURS))["mailing"]["answers"]]


async def test_a_click_brings_it_into_a_chain_of_its_own_and_nothing_is_sent(bench: Any) -> None:
    await bench.receive(an_arrival())
    await bench.hear(a_mailed("clicked"))
    stored, (client,) = await bench.stored(OURS), await bench.clients()
    assert (stored["client_id"], stored["link"]["rule"]) == (client["_id"], "mailing")
    chain = next(one for one in await bench.chains() if one["_id"] == stored["chain_id"])
    assert chain["auto"]
    assert [e for e in bench.bus.events() if isinstance(e, SendMessage)] == []


async def test_a_reply_is_in_one_chain_with_what_it_answers(bench: Any) -> None:
    refs = (f"email:<{OURS}@romashka.example>", f"interaction:{OURS}")
    reply = an_arrival(subject="Re: Скидка", refs=refs)
    await bench.receive(reply)
    await bench.hear(a_mailed("replied", beside=reply.id))
    ours, theirs = await bench.stored(OURS), await bench.stored(reply.id)
    assert (ours["chain_id"], ours["client_id"]) == (theirs["chain_id"], theirs["client_id"])
    assert theirs["cause_id"] == OURS


async def test_a_reply_after_a_click_goes_where_the_message_is(bench: Any) -> None:
    await bench.receive(an_arrival())
    await bench.hear(a_mailed("clicked"))
    refs = (f"email:<{OURS}@romashka.example>", f"interaction:{OURS}")
    reply = an_arrival(2, subject="Re: Скидка", refs=refs)
    await bench.receive(reply)
    assert (await bench.stored(reply.id))["chain_id"] == (await bench.stored(OURS))["chain_id"]


async def test_what_came_back_is_as_it_was_told_last(bench: Any) -> None:
    await bench.receive(an_arrival())
    await bench.hear(a_mailed("clicked"))
    await bench.hear(a_mailed("clicked", "unsubscribed", revision=3))
    await bench.hear(a_mailed("clicked", revision=2))
    assert await kinds(bench) == ["clicked", "unsubscribed"]
    assert len([one for one in await bench.everything() if one["_id"] == OURS]) == 1


async def test_a_letter_is_in_the_chain_of_the_client_whose_row_it_is(bench: Any) -> None:
    await bench.receive(an_arrival())
    (client,) = await bench.clients()
    letter = {"channel": "post", "account": "post", "address": "post:ru/101000/москва/тверская/1", "keys": ()}
    await bench.hear(a_mailed(client_id=client["_id"], **letter))
    await bench.hear(a_mailed("bounced", client_id=client["_id"], revision=2, **letter))
    stored = await bench.stored(OURS)
    assert (stored["type"], stored["client_id"]) == ("post", client["_id"])
    assert await bench.delivery(OURS) == ("bounced", "x")
    await bench.hear(a_mailed(client_id="cl_gone", **{**letter, "id": "in_69a55555" + "6" * 24}))
    assert len([one for one in await bench.everything() if one["type"] == "post"]) == 1


async def test_a_bounce_is_its_delivery(bench: Any) -> None:
    await bench.receive(an_arrival())
    await bench.hear(a_mailed("bounced"))
    assert await bench.delivery(OURS) == ("bounced", "x")


async def test_what_is_beside_something_that_is_not_here_yet_waits_for_it(bench: Any) -> None:
    reply = an_arrival(subject="Re: Скидка")
    await bench.hear(a_mailed("replied", beside=reply.id))
    assert await bench.stored(OURS) == {}
    await bench.receive(reply)
    assert (await bench.stored(OURS))["chain_id"] == (await bench.stored(reply.id))["chain_id"]


async def test_a_message_to_nobodys_address_is_in_no_chain(bench: Any) -> None:
    await bench.hear(a_mailed("clicked"))
    assert await bench.opened() == (0, 0, 0)


async def test_a_notice_that_comes_before_is_in_the_chain_where_the_message_will_be(bench: Any) -> None:
    await bench.receive(an_arrival())
    await bench.receive(a_bounce(OURS), a_bounce(OURS, number="again"))
    await bench.hear(a_mailed("bounced"))
    notices = [await bench.stored(a_bounce(OURS, number=number).id) for number in ("bounce", "again")]
    ours, (client,) = await bench.stored(OURS), await bench.clients()
    assert client["name"] == "Анна Смирнова"
    assert {(one["chain_id"], one["client_id"]) for one in (*notices, ours)} == {(ours["chain_id"], client["_id"])}
    assert (notices[0]["link"]["rule"], notices[0]["link"]["evidence"]) == ("notice", f"interaction:{OURS}")
    assert await bench.delivery(OURS) == ("bounced", "x")


async def test_a_notice_about_a_message_to_nobodys_address_is_where_its_sender_is(bench: Any) -> None:
    await bench.receive(a_bounce(OURS, a_recipient("nobody@example.com")))
    (client,) = await bench.clients()
    assert (client["name"], (await bench.stored(a_bounce(OURS).id))["link"]["rule"]) == (
        "Mail Delivery System",
        "new_chain",
    )


MALLORY = "mallory@other.example"
FORGED = (f"email:<{OURS}@romashka.example>", f"interaction:{OURS}")


def a_forged_notice(**over: Any) -> Any:
    """About a message that Mallory got, or made up, and as if that had gone to Anna."""
    return a_bounce(OURS, sender=MALLORY, name="Mallory", **{"refs": FORGED, **over})


async def of_mallory(bench: Any) -> set[str]:
    """Whose client he is, by all that names him but the notice."""
    names = {one["_id"]: one["name"] for one in await bench.clients()}
    found = [one for one in await bench.everything() if one["link"]["rule"] != "notice"]
    return {names[one["client_id"]] for one in found if f"email:{MALLORY}" in str(one["participants"])}


@pytest.mark.parametrize("together", [True, False])
async def test_a_notice_that_names_another_client_takes_nothing_that_its_sender_writes_with_it(
    bench: Any, together: bool
) -> None:
    await bench.receive(an_arrival())
    by_name = {"sender": MALLORY, "name": "Mallory", "subject": "Re: Скидка"}
    theirs = (
        an_arrival(2, **by_name, refs=FORGED),
        an_arrival(3, **by_name, refs=a_forged_notice().keys),
    )
    for batch in [(a_forged_notice(), *theirs)] if together else [(a_forged_notice(),), theirs]:
        await bench.receive(*batch)
    assert await of_mallory(bench) == {"Mallory"}


async def test_a_mailings_message_is_in_a_chain_of_its_recipient_whoever_a_notice_names(bench: Any) -> None:
    await bench.receive(an_arrival(), an_arrival(2, sender=MALLORY, name="Mallory", subject="Привет"))
    await bench.receive(a_forged_notice())
    await bench.hear(a_mailed("clicked", address=f"email:{MALLORY}"))
    ours = await bench.stored(OURS)
    chain = next(one for one in await bench.chains() if one["_id"] == ours["chain_id"])
    assert (await of_mallory(bench), chain["client_id"]) == ({"Mallory"}, ours["client_id"])
