"""Mailings by mail: encoded once, handed over in batches, each with its own intent and outcome."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.channels.content import Content
from hub.contracts.address import ConsentRecorded
from hub.contracts.base import Envelope
from hub.contracts.interaction import (
    DeliveryRecorded,
    DeliveryState,
    GroupChanged,
    Participant,
    Recipient,
    Role,
    SendMessage,
    SendPage,
)
from hub.kit.blobs import FolderBlobs
from hub.testing.waiting import eventually
from services.email.compose import compose
from services.email.models import Mailbox, Server
from services.email.outbound.premade import Premade
from tests.services.email.conftest import CUSTOMER, EmailHarness

MAILING = "ml_" + "3" * 32
PIECES: Any = [
    "<p>Привет, ",
    ["value", 0, True],
    '! <a href="',
    ["link", 0, ["https://example.com/?a=1"]],
    '">сюда</a>\n',
]
CONTENT = Content(
    mailing=MAILING,
    key="ab" * 32,
    base="https://hub.example",
    subject=["Скидка для ", ["value", 0, False]],
    text=["Привет, ", ["value", 0, False], "!\n.точка\n", "длинная строка " * 20],
    html=[*PIECES, ["pixel"], "</p>"],
    from_name="Ромашка",
)
SERVER = Server(host="x", port=25, security="plain", user="")
MAILBOX = Mailbox(
    id="mb_1", address="us@example.com", name="", imap=SERVER, smtp=SERVER, plus_addressing=False, revision=1
)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_message(number: int, *values: str, address: str = CUSTOMER) -> SendMessage:
    return SendMessage(
        id=f"in_m{number}",
        channel="email",
        account="mb_1",
        to=(Participant(role=Role.TO, address=f"email:{address}", name="Анна"),),
        text="",
        signature="",
        mass=True,
        group=MAILING,
        content="c",
        values=values,
        number=number,
    )


def read(raw: bytes) -> tuple[Any, str, str]:
    mail = message_from_bytes(raw, policy=policy.default)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    return mail, _words(plain), _words(page) if page else ""


def _words(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\r\n ")


@settings(max_examples=60)
@given(value=st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=200))
def test_what_is_encoded_once_says_what_a_mail_of_its_own_would(value: str) -> None:
    message = a_message(7, value)
    made = Premade(CONTENT, MAILBOX, name="x").mail(message, AT)
    rendered = CONTENT.rendered(7, (value,))
    fields = {"subject": rendered.subject, "text": rendered.text, "html": rendered.html, "from_name": "Ромашка"}
    slow = compose(message.model_copy(update={**fields, "unsubscribe": rendered.unsubscribe}), MAILBOX, at=AT)
    ours, theirs = read(made.raw), read(slow.raw)
    assert ours[1:] == theirs[1:]
    for name in (
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-ID",
    ):
        assert ours[0][name] == theirs[0][name], name
    assert (made.sender, made.recipients) == (slow.sender, slow.recipients)
    assert max(map(len, made.raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 78


def a_page(harness: EmailHarness, *numbers: int, address: str = CUSTOMER, **over: Any) -> SendPage:
    people = [Recipient(id=f"in_m{n}", number=n, address=f"email:{address}", values=(f"Анна {n}",)) for n in numbers]
    fields = {
        "group": MAILING,
        "channel": "email",
        "account": harness.mailbox_id,
        "content": "said/1",
        "topic": "news",
    }
    return SendPage(**{**fields, "recipients": tuple(people), **over})


async def give(harness: EmailHarness, *events: Any) -> None:
    await FolderBlobs(harness.data / "blobs").put("said/1", CONTENT.to_json())
    now = datetime.now(UTC)
    await harness.bus.publish([Envelope(event=one, source="omnihub/suite", time=now) for one in events])


async def states(harness: EmailHarness) -> dict[str, DeliveryState]:
    return {one.interaction_id: one.state for one in await harness.events(DeliveryRecorded)}


async def settled(harness: EmailHarness, count: int) -> dict[str, DeliveryState]:
    """Once of so many it is known what became of them."""

    async def over() -> Any:
        found = await states(harness)
        done = [state for state in found.values() if state is not DeliveryState.QUEUED]
        return found if len(done) >= count else None

    found: dict[str, DeliveryState] = await eventually(over)
    return found


def many(harness: EmailHarness, count: int) -> SendPage:
    people = [
        Recipient(id=f"in_m{n}", number=n, address=f"email:a{n}@outside.example", values=(f"Анна {n}",))
        for n in range(count)
    ]
    return a_page(harness, recipients=tuple(people))


async def test_each_recipient_of_a_page_gets_his_own_mail_once(harness: EmailHarness) -> None:
    await give(harness, many(harness, 60), many(harness, 60))
    found = await settled(harness, 60)
    assert set(found.values()) == {DeliveryState.SENT}
    sent = harness.simulator.sent
    assert len(sent) == 60
    subjects = {message_from_bytes(one.raw, policy=policy.default)["Subject"] for one in sent}
    assert subjects == {f"Скидка для Анна {n}" for n in range(60)}
    assert all(one.group == MAILING for one in await harness.events(DeliveryRecorded))
    assert {one.copy_state for one in await harness.events(DeliveryRecorded)} == {None}


async def test_one_who_is_refused_is_refused_alone(harness: EmailHarness) -> None:
    harness.simulator.faults.answer("RCPT", "550 5.1.1 no such user", address="a7@outside.example")
    harness.simulator.faults.answer("DATA", "452 4.2.2 later", address="a9@outside.example")
    await give(harness, many(harness, 30))
    found = await settled(harness, 30)
    assert found["in_m7"] is DeliveryState.FAILED
    assert {state for name, state in found.items() if name != "in_m7"} == {DeliveryState.SENT}
    assert len(harness.simulator.sent) == 29


@pytest.mark.parametrize("accepted", [True, False])
async def test_where_a_connection_breaks_one_of_it_is_unknown_and_the_rest_goes_once(
    harness: EmailHarness, accepted: bool
) -> None:
    harness.simulator.faults.cut_after_data(accepted=accepted)
    await give(harness, many(harness, 40))
    found = await settled(harness, 40)
    unknown = [name for name, state in found.items() if state is DeliveryState.UNKNOWN]
    assert len(unknown) == 1
    assert {state for name, state in found.items() if name not in unknown} == {DeliveryState.SENT}
    recipients = [one.recipients[0] for one in harness.simulator.sent]
    assert len(recipients) == len(set(recipients)) == 39 + accepted


async def test_who_said_no_before_the_hand_over_is_suppressed(harness: EmailHarness) -> None:
    fields: dict[str, Any] = {
        "channel": "email",
        "account": "",
        "state": "withdrawn",
        "topic": "news",
        "evidence": "x",
    }
    words = [ConsentRecorded(address=f"email:a{n}@outside.example", at=AT, **fields) for n in range(10)]
    await give(harness, GroupChanged(group=MAILING, state="paused", revision=1, at=AT), *words)
    await give(harness, many(harness, 20))
    await eventually(lambda: _held(harness))
    await give(harness, GroupChanged(group=MAILING, state="running", revision=2, at=AT))
    found = await settled(harness, 20)
    suppressed = {name for name, state in found.items() if state is DeliveryState.SUPPRESSED}
    assert suppressed == {f"in_m{n}" for n in range(10)}
    assert len(harness.simulator.sent) == 10


async def _held(harness: EmailHarness) -> bool:
    events = await harness.events(DeliveryRecorded)
    return sum("rests" in (one.reason or "") for one in events) >= 20


async def test_a_recalled_mailing_leaves_nobody_anything(harness: EmailHarness) -> None:
    await give(harness, GroupChanged(group=MAILING, state="recalled", revision=1, at=AT))
    await asyncio.sleep(0)
    await eventually(lambda: _known(harness))
    await give(harness, many(harness, 30))
    assert set((await settled(harness, 30)).values()) == {DeliveryState.SUPPRESSED}
    assert harness.simulator.sent == []


async def _known(harness: EmailHarness) -> bool:
    from hub.channels.ports import GroupRepository
    from hub.store.sqlite import SqliteStore

    store = SqliteStore(harness.data / "email.sqlite")
    groups = GroupRepository(store)
    await store.start()
    state = await groups.state(MAILING)
    await store.stop()
    return state == "recalled"


async def test_a_server_that_takes_commands_one_by_one_gets_them_so(harness: EmailHarness) -> None:
    harness.simulator.faults.pipelining = False
    await give(harness, many(harness, 12))
    assert set((await settled(harness, 12)).values()) == {DeliveryState.SENT}
    assert len(harness.simulator.sent) == 12


async def test_an_answer_leaves_beside_a_mailing(harness: EmailHarness) -> None:
    answer = harness.message("an answer")
    await give(harness, many(harness, 100), answer)
    await harness.delivery(answer, DeliveryState.SENT)
    await settled(harness, 101)
