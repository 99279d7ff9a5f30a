"""What comes back on a mailing is on its recipient's row, told to the projections, and in his chain."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.bounce import Bounce, BounceRecipient
from hub.contracts.campaign import MailedRecorded, ResponsesRecorded
from hub.contracts.interaction import Direction, Interaction, InteractionLinked, Link, Participant, Role
from hub.testing.builders import NOON, envelopes
from tests.services.campaigns.conftest import a_client
from tests.services.campaigns.mailing_desk import Post, a_post


@pytest.fixture
async def post(desk: Any) -> Post:
    made = await a_post(desk)
    await desk.hear(*(a_client(n, name="Анна Смирнова") for n in range(1, 4)))
    return made


async def sent(post: Post, **over: Any) -> tuple[str, list[Any]]:
    """A mailing that has left; its recipients."""
    mailing = await post.launched(**over)
    await post.run()
    await post.told(*post.asked())
    return mailing["_id"], post.asked()


def came(number: int, recipient: Any, **over: Any) -> InteractionLinked:
    """Something that names a message of ours."""
    fields: dict[str, Any] = {
        "id": f"in_r{number}",
        "channel": "email",
        "type": "email",
        "direction": Direction.IN,
        "accounts": ("mb_1",),
        "at": NOON + timedelta(hours=1),
        "client_id": "cl_1",
        "chain_id": "ch_1",
        "link": Link(rule="new_chain"),
        "refs": (f"email:<{recipient.id}@example.com>", f"interaction:{recipient.id}"),
        **over,
    }
    return InteractionLinked(interaction=Interaction.model_validate(fields))


async def hear(post: Post, *events: Any) -> None:
    await post.outcomes.hear_interactions(envelopes(*events))


async def row_of(post: Post, mailing: str, recipient: Any) -> dict[str, Any]:
    return next(row for row in await post.rows(mailing) if row["message"] == recipient.id)


async def test_a_reply_counts_once_and_brings_the_message_into_the_chain(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await hear(post, came(1, first))
    await hear(post, came(1, first))
    assert (await post.statistics(mailing))["replied"] == 1
    told = post.events(MailedRecorded)[-1]
    assert (told.id, told.beside, told.subject) == (first.id, "in_r1", "Скидка")
    assert "Анна, сюда" in told.text
    assert [one.kind for one in told.answers] == ["replied"]


async def test_an_answer_of_a_robot_is_no_reply(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await hear(post, came(1, first, auto="auto-reply"))
    assert (await post.statistics(mailing))["replied"] == 0


async def test_a_bounce_is_on_the_row_and_closes_the_address(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    recipient = BounceRecipient(address=first.address, reason="user-unknown", text="550 no such user")
    await hear(post, came(1, first, bounce=Bounce(kind="hard", recipients=(recipient,))))
    assert (await row_of(post, mailing, first))["state"] == "bounced"
    (closed,) = post.events(ReachabilityRecorded)
    assert (closed.address, closed.reachable, closed.reason) == (
        first.address,
        False,
        "user-unknown: 550 no such user",
    )


async def test_a_mailbox_that_is_full_is_no_bounce_for_good(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await hear(post, came(1, first, bounce=Bounce(kind="soft")))
    assert (await row_of(post, mailing, first))["state"] == "sent"


async def test_a_complaint_withdraws_consent(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await hear(post, came(1, first, bounce=Bounce(kind="complaint")))
    (word,) = post.events(ConsentRecorded)
    assert (word.address, word.state, word.source) == (first.address, "withdrawn", "complaint")
    assert (await post.statistics(mailing))["complained"] == 1


async def test_who_unsubscribes_is_on_his_row(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    row = await row_of(post, mailing, first)
    word = post.desk.consents.said(
        first.address, "withdrawn", topic="offers", source="one_click", words="x", by=row["_id"]
    )
    await post.desk.consents.publish([word])
    await post.desk.follow()
    found = await post.statistics(mailing)
    assert (found["unsubscribed"], found["sent"]) == (1, 3)


async def test_a_message_by_sms_counts_as_a_reply_to_what_went_there_lately(post: Post) -> None:
    message = {"channel": "sms", "template": await post.sms(), "account": "num_1"}
    mailing, (first, *_) = await sent(post, messages=[message])
    person = Participant(role=Role.FROM, address=first.address)
    await hear(post, came(1, first, channel="sms", refs=(), participants=(person,), at=NOON + timedelta(days=1)))
    await hear(post, came(2, first, channel="sms", refs=(), participants=(person,), at=NOON + timedelta(days=9)))
    assert (await row_of(post, mailing, first))["state"] == "replied"
    assert len((await row_of(post, mailing, first))["answers"]) == 1


async def test_a_row_never_moves_backwards(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await post.told(first, state="delivered", receipt=True)
    await hear(post, came(1, first))
    for state in ("queued", "sent", "delivered", "unknown", "failed"):
        await post.told(first, state=state)
    assert (await row_of(post, mailing, first))["state"] == "replied"


async def test_a_receipt_says_that_what_was_sent_did_not_arrive(post: Post) -> None:
    mailing, (first, *_) = await sent(post)
    await post.told(first, state="failed", receipt=True, reason="undelivered")
    row = await row_of(post, mailing, first)
    assert (row["state"], row["reason"]) == ("failed", "undelivered")


async def test_what_is_unknown_is_settled_by_what_comes_back(post: Post) -> None:
    mailing = (await post.launched())["_id"]
    await post.run()
    first = post.asked()[0]
    await post.told(first, state="unknown", reason="cut after DATA")
    assert (await post.statistics(mailing))["unknown"] == 1
    await hear(post, came(1, first))
    assert ((await post.statistics(mailing))["unknown"], (await row_of(post, mailing, first))["state"]) == (
        0,
        "replied",
    )


async def test_that_somebody_got_it_is_told_to_segments(post: Post) -> None:
    mailing, _ = await sent(post)
    told = [one for event in post.events(ResponsesRecorded) for one in event.responses]
    assert {(one.kind, one.client_id) for one in told} == {("got", f"cl_{n}") for n in range(1, 4)}
    condition = {"did": "got", "mailing": mailing}
    from services.campaigns.segments.models import Condition
    from tests.services.campaigns.conftest import MARKETER

    assert await post.desk.segments.count(Condition.model_validate(condition), None, MARKETER) == 3
