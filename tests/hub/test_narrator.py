"""What a person at the terminal reads."""

from typing import Any

import pytest

from hub.contracts.base import Envelope, encode
from hub.contracts.bounce import Bounce, BounceRecipient
from hub.contracts.call import CallState
from hub.contracts.interaction import (
    Answered,
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    InteractionChanged,
    InteractionLinked,
    Link,
    MailingNote,
    Role,
)
from hub.narrator import told
from hub.testing.builders import NOON, a_participant

FAILED = BounceRecipient(address="email:anna@example.com", reason="user-unknown", text="550 5.1.1 no such user")


def an_interaction(**over: Any) -> Interaction:
    fields: dict[str, Any] = {
        "id": "in_1",
        "channel": "email",
        "type": "email",
        "direction": Direction.IN,
        "accounts": ("mb",),
        "at": NOON,
        "client_id": "cl_1",
        "chain_id": "ch_1",
        "subject": "Где заказ?",
        "participants": (a_participant(Role.FROM, name="Анна"), a_participant(Role.TO)),
        "link": Link(rule="reference"),
    }
    return Interaction(**{**fields, **over})


def line(event: InteractionLinked | InteractionChanged) -> str:
    return told(encode(Envelope(event=event, source="omnihub/test", time=NOON)))


@pytest.mark.parametrize(
    ("over", "wanted"),
    [
        ({}, "in    ←  Анна: «Где заказ?» (answers an earlier message)"),
        (
            {"auto": "auto-reply", "bounce": Bounce(kind="hard", recipients=(FAILED,))},
            "bounce ←  anna@example.com: user-unknown: 550 5.1.1 no such user (answers an earlier message)",
        ),
        (
            {"auto": "auto-reply", "bounce": Bounce(kind="auto-reply")},
            "auto-reply ← Анна: «Где заказ?» (answers an earlier message)",
        ),
        ({"auto": "list"}, "in    ←  Анна: «Где заказ?» (answers an earlier message)"),
    ],
)
def test_mail_of_people_of_servers_and_of_robots_is_told_apart(over: dict[str, Any], wanted: str) -> None:
    assert line(InteractionLinked(interaction=an_interaction(**over))) == wanted


def test_that_our_mail_bounced_is_told_though_its_copy_was_saved_long_ago() -> None:
    delivery = Delivery(state=DeliveryState.BOUNCED, reason="user-unknown", copy_state="saved")
    ours = an_interaction(direction=Direction.OUT, delivery=delivery)
    assert (
        line(InteractionChanged(interaction=ours, revision=3))
        == "out   →  anna@example.com: «Где заказ?» bounced: user-unknown"
    )


def test_what_comes_back_on_a_mailing_is_told_with_its_words() -> None:
    answers = (Answered(kind="opened", at=NOON), Answered(kind="clicked", at=NOON, words="https://example.com/sale"))
    delivery = Delivery(state=DeliveryState.SENT)
    note = MailingNote(id="ml_1", name="Весна", answers=answers)
    ours = an_interaction(direction=Direction.OUT, delivery=delivery, mailing=note)
    told_of = line(InteractionChanged(interaction=ours, revision=3))
    assert told_of == "mailing  «Весна»: anna@example.com clicked: https://example.com/sale"


def test_a_call_of_ours_is_told_when_it_is_over_and_how() -> None:
    def told_of(**call: Any) -> str:
        state = CallState(revision=1, started_at=NOON, **call)
        delivery = Delivery(state=DeliveryState.SENT, reason="Originate successfully queued")
        ours = an_interaction(channel="call", direction=Direction.OUT, subject="", call=state, delivery=delivery)
        return line(InteractionChanged(interaction=ours, revision=3))

    assert told_of() == ""
    assert told_of(result="answered", talk=12.4) == "call   →  anna@example.com: answered, 12 s"
    assert told_of(result="busy") == "call   →  anna@example.com: busy"
