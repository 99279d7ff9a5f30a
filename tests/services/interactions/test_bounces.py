"""What a notice about a mail of ours changes: its delivery, the address, and nothing else."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from hub.contracts.bounce import Bounce, BounceRecipient
from hub.contracts.interaction import Interaction, InteractionChanged, InteractionLinked, InteractionReceived
from hub.kit.errors import BusUnavailable
from hub.testing.builders import NOON, a_delivery, an_arrival, envelopes
from services.interactions.answers import Answer
from services.interactions.models import client_view, interaction_view
from tests.services.interactions.conftest import Bench

WORDS = "550 5.1.1 no such user"
ANNA, BORIS = "anna@example.com", "boris@example.com"


def a_recipient(address: str = ANNA, **over: Any) -> BounceRecipient:
    fields = {"action": "failed", "reason": "user-unknown", "text": WORDS, "severity": "hard", **over}
    return BounceRecipient(address=f"email:{address}", **fields)


def a_bounce(about: str, *recipients: BounceRecipient, kind: str = "hard", **over: Any) -> InteractionReceived:
    """A notice of the customer's mail server; `number` tells one from another."""
    fields: dict[str, Any] = {
        "number": "bounce",
        "sender": "mailer-daemon@example.com",
        "name": "Mail Delivery System",
        "subject": "Undelivered Mail Returned to Sender",
        "refs": (f"interaction:{about}",) if about else (),
        "auto": "auto-reply",
        "bounce": Bounce(kind=kind, recipients=recipients or (a_recipient(),)),  # type: ignore[arg-type]
        **over,
    }
    return an_arrival(fields.pop("number"), **fields)


async def test_a_bounce_is_in_the_chain_of_the_mail_it_is_about_and_opens_no_client(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours))
    stored = await bench.repository.interactions.get(a_bounce(ours).id)
    (client,) = await bench.clients()
    assert stored
    assert (stored["client_id"], stored["cause_id"], stored["link"]["rule"]) == (client["_id"], ours, "reference")
    assert client["name"] == "Анна Смирнова"
    assert await bench.opened() == (1, 1, 3)


async def test_a_bounce_moves_the_delivery_with_the_servers_words(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours))
    assert await bench.delivery(ours) == ("bounced", f"user-unknown: {WORDS}")
    (change,) = [e for e in bench.bus.events() if isinstance(e, InteractionChanged)][-1:]
    assert (change.interaction.id, change.interaction.delivery.state) == (ours, "bounced")  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", ["same_subject", "open_chain", "new_chain"])
async def test_a_bounce_whose_mail_was_guessed_marks_nothing(bench: Bench, rule: str) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    notice = a_bounce(ours)
    place = {"client_id": "cl_1", "chain_id": "ch_1", "cause_id": ours, "link": {"rule": rule}, "accounts": []}
    linked = Interaction.model_validate({**notice.model_dump(), **place, "direction": "in"})
    before = await bench.stored(ours), await bench.address()
    await bench.bus.deliver("interactions", envelopes(InteractionLinked(interaction=linked)))
    assert (await bench.stored(ours), await bench.address()) == before


async def test_a_bounce_told_again_changes_nothing_and_tells_the_same(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours))
    before = await bench.repository.interactions.get(ours), await bench.address()
    told = [event.event_id() for event in bench.bus.events()]
    bench.bus.published.clear()
    await bench.receive(a_bounce(ours), a_bounce(ours))
    assert (await bench.repository.interactions.get(ours), await bench.address()) == before
    assert {event.event_id() for event in bench.bus.events()} <= set(told)


async def test_a_bounce_whose_events_a_dead_bus_swallowed_is_told_on_the_next_try(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.receive(a_bounce(ours))
    await bench.receive(a_bounce(ours))
    assert [e.interaction.id for e in bench.bus.events() if isinstance(e, InteractionChanged)][-1] == ours
    assert len((await bench.address())["marks"]) == 1


async def test_a_mail_to_two_has_bounced_when_it_failed_for_both(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered(cc=(BORIS,))
    await bench.receive(a_bounce(ours))
    assert await bench.delivery(ours) == ("sent", f"{ANNA}: user-unknown: {WORDS}")
    await bench.receive(a_bounce(ours, a_recipient(BORIS, reason="mailbox-full", text="full"), number="second"))
    assert await bench.delivery(ours) == (
        "bounced",
        f"{ANNA}: user-unknown: {WORDS}; {BORIS}: mailbox-full: full",
    )


async def test_a_mail_to_two_is_delivered_when_one_has_it_and_the_other_failed(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered(cc=(BORIS,))
    delivered = a_recipient(BORIS, action="delivered", reason="delivered", text="250 ok", severity=None)
    await bench.receive(a_bounce(ours), a_bounce(ours, delivered, kind="delivered", number="second"))
    assert (await bench.delivery(ours))[0] == "delivered"


async def test_a_delay_leaves_the_state_and_is_noted(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    delay = a_recipient(action="delayed", reason="timeout", text="4.4.1 no answer", severity=None)
    await bench.receive(a_bounce(ours, delay, kind="soft"))
    assert await bench.delivery(ours) == ("sent", "delayed: timeout: 4.4.1 no answer")
    assert "marks" not in await bench.address()


async def test_a_receipt_of_the_server_makes_it_delivered(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    delivered = a_recipient(action="delivered", reason="delivered", text="250 ok", severity=None)
    await bench.receive(a_bounce(ours, delivered, kind="delivered"))
    assert await bench.delivery(ours) == ("delivered", "delivered: 250 ok")


async def test_notices_in_any_order_come_to_the_same(bench: Bench) -> None:
    await bench.receive(an_arrival())
    outcomes = set()
    for order in permutations(range(3)):
        ours = await bench.answered(f"Да {order}")
        notices = [
            a_bounce(ours, a_recipient(action="delayed"), kind="soft", number=f"{ours} 0", at=NOON),
            a_bounce(ours, a_recipient(text="first"), number=f"{ours} 1", at=NOON + timedelta(hours=1)),
            a_bounce(ours, a_recipient(text="last"), number=f"{ours} 2", at=NOON + timedelta(hours=2)),
        ]
        for place in order:
            await bench.receive(notices[place])
        outcomes.add(await bench.delivery(ours))
    assert outcomes == {("bounced", "user-unknown: last")}


async def test_news_of_the_sending_after_the_bounce_does_not_undo_it(bench: Bench) -> None:
    await bench.receive(an_arrival())
    (chain,) = await bench.chains()
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.receive(a_bounce(planned["_id"]))
    await bench.service.record_deliveries(envelopes(a_delivery(planned["_id"], reason="250 queued")))
    assert await bench.delivery(planned["_id"]) == ("bounced", f"user-unknown: {WORDS}")


async def test_after_a_hard_bounce_the_address_is_invalid_and_the_client_is_not(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours))
    (client,) = await bench.clients()
    view = client_view(client, await bench.repository.addresses_of([client]))
    assert view["addresses"] == [
        {
            "address": f"email:{ANNA}",
            "raw": ANNA,
            "name": "Анна Смирнова",
            "invalid": {"since": "2026-03-02T12:00:00.000000Z", "why": f"user-unknown: {WORDS}"},
            "complained": None,
            "unreachable": None,
            "consent": {},
            "verified": False,
        }
    ]
    await bench.receive(an_arrival(9))
    assert await bench.opened() == (1, 1, 4)


async def test_a_complaint_marks_the_address_and_leaves_the_delivery_delivered(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    complaint = a_recipient(action="", reason="complaint", text="abuse", severity="complaint")
    await bench.receive(a_bounce(ours, complaint, kind="complaint"))
    assert (await bench.delivery(ours))[0] == "delivered"
    assert (await bench.address())["complained"]["why"] == "complaint: abuse"
    assert (await bench.address())["invalid"] is None


async def test_a_forged_bounce_harms_no_address_the_mail_did_not_go_to(bench: Bench) -> None:
    await bench.receive(an_arrival(), an_arrival(2, sender=BORIS, subject="Другое"))
    chain = next(c for c in await bench.chains() if c["subject"] == "Другое")
    planned = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.receive(a_bounce(planned["_id"], a_recipient(ANNA)))
    assert "marks" not in await bench.address(ANNA)
    assert "marks" not in await bench.address(BORIS)


async def test_a_bounce_of_a_forwarded_mail_is_told_of_the_one_it_was_sent_to(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours, a_recipient("anna@elsewhere.example")))
    assert (await bench.delivery(ours))[0] == "bounced"


async def test_a_bounce_that_names_somebody_else_leaves_the_message_as_it_is(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours, a_recipient(BORIS)))
    assert await bench.delivery(ours) == ("sent", "250 queued")


async def test_a_bounce_that_names_the_user_alone_is_about_the_only_recipient(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    await bench.receive(a_bounce(ours, a_recipient("anna").model_copy(update={"address": "email:anna"})))
    assert (await bench.delivery(ours))[0] == "bounced"


async def test_a_notice_that_answers_a_mail_of_the_client_moves_no_delivery(bench: Bench) -> None:
    await bench.receive(an_arrival(1))
    ours = await bench.answered()
    await bench.receive(a_bounce("", refs=("email:<1@example.com>",)))
    assert await bench.delivery(ours) == ("sent", "250 queued")


async def test_a_bounce_of_an_unknown_mail_is_recorded_with_its_sender_and_flagged(bench: Bench) -> None:
    await bench.receive(a_bounce(""))
    (stored,), (chain,), (client,) = await bench.everything(), await bench.chains(), await bench.clients()
    view = interaction_view(stored)
    assert (view["auto"], view["bounce"]["kind"], view["link"]["rule"]) == ("auto-reply", "hard", "new_chain")
    assert chain["auto"] is True
    assert client["addresses"][0]["address"] == "email:mailer-daemon@example.com"


async def test_an_answer_goes_to_the_client_though_machines_wrote_last(bench: Bench) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    away = an_arrival("away", sender="robot@example.com", refs=(f"interaction:{ours}",), auto="auto-reply")
    await bench.receive(a_bounce(ours, at=NOON + timedelta(hours=1)), away)
    await bench.answered("Ещё раз")
    assert [p.address for p in bench.bus.events("outbound")[-1].to] == [f"email:{ANNA}"]  # type: ignore[attr-defined]


async def test_an_interaction_shows_what_is_new_and_never_a_blob_key(bench: Bench) -> None:
    await bench.receive(
        an_arrival(1, text="\nДа\n"),
        an_arrival(2, text="Да\n> Нет", new_text="Да", quoted_text="> Нет", html="html/x:0+5", blocked_images=2),
    )
    views = {view["text"]: view for view in map(interaction_view, await bench.everything())}
    plain, quoting = views["\nДа\n"], views["Да\n> Нет"]
    assert (plain["new_text"], plain["quoted_text"], plain["has_html"]) == ("Да", "", False)
    assert (quoting["new_text"], quoting["quoted_text"], quoting["has_html"]) == ("Да", "> Нет", True)
    assert quoting["blocked_images"] == 2
    assert "html/x" not in str(quoting)


def test_an_interaction_stored_before_any_of_this_is_shown_all_the_same() -> None:
    old = {"_id": "in_1", "_v": 1, "text": "Да ", "attachments": []}
    assert interaction_view(old) == {
        "id": "in_1",
        "text": "Да ",
        "attachments": [],
        "new_text": "Да",
        "quoted_text": "",
        "signature": "",
        "has_html": False,
        "blocked_images": 0,
        "auto": None,
        "bounce": None,
        "authentication": None,
        "contacts": [],
        "warnings": [],
        "source": None,
        "origin": "",
        "invitation": None,
    }


@pytest.mark.parametrize("over", [{"account": "mb_other"}, {"channel": "telegram", "type": "telegram"}])
async def test_a_notice_that_comes_to_another_account_changes_nothing(bench: Bench, over: dict[str, str]) -> None:
    await bench.receive(an_arrival())
    ours = await bench.answered()
    before = await bench.delivery(ours)
    await bench.receive(a_bounce(ours, **over))
    assert await bench.delivery(ours) == before
    await bench.receive(a_bounce(ours, number="the real one"))
    assert (await bench.delivery(ours))[0] == "bounced"
