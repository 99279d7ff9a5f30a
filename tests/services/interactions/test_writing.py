"""Whom an answer goes to, from where, and with what."""

import pytest

from hub.contracts.interaction import Attachment, Participant, Role, SendMessage
from hub.kit.errors import InvalidInput
from hub.testing.builders import a_participant, an_arrival
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench

LOGO = Attachment(id="at_1", filename="logo.png", content_type="image/png", size=3, blob="up/1", content_id="logo")


def sent(bench: Bench) -> SendMessage:
    event = bench.bus.events("outbound")[-1]
    assert isinstance(event, SendMessage)
    return event


def roles(people: tuple[Participant, ...]) -> list[tuple[str, str]]:
    return [(p.role.value, p.address.removeprefix("email:")) for p in people]


async def test_everybody_else_gets_a_copy_of_a_reply_to_all_but_we_ourselves(bench: Bench) -> None:
    people = (
        a_participant(Role.FROM, "anna@example.com"),
        a_participant(Role.TO, "support@romashka.example", ours=True),
        a_participant(Role.TO, "boss@example.com"),
        a_participant(Role.CC, "sales@romashka.example", ours=True),
        a_participant(Role.CC, "anna@example.com"),
        a_participant(Role.CC, "lawyer@example.com"),
    )
    await bench.receive(an_arrival(participants=people))
    await bench.wrote(Answer(text="Всем", reply_all=True, cc=("Boss@Example.com",)))
    assert roles(sent(bench).to) == [
        ("to", "anna@example.com"),
        ("cc", "boss@example.com"),
        ("cc", "lawyer@example.com"),
    ]


async def test_a_reply_to_all_goes_where_replies_are_wanted(bench: Bench) -> None:
    people = (
        a_participant(Role.FROM, "noreply@shop.example"),
        a_participant(Role.REPLY_TO, "anna@example.com"),
        a_participant(Role.TO, "support@romashka.example", ours=True),
        a_participant(Role.CC, "boss@example.com"),
    )
    await bench.receive(an_arrival(participants=people))
    await bench.wrote(Answer(text="Всем", reply_all=True))
    assert roles(sent(bench).to) == [("to", "anna@example.com"), ("cc", "boss@example.com")]


async def test_more_recipients_each_get_it_once_in_their_first_role(bench: Bench) -> None:
    await bench.receive(an_arrival())
    answer = Answer(text="Да", to=("second@example.com",), cc=("anna@example.com",), bcc=("chief@example.com",))
    await bench.wrote(answer)
    assert roles(sent(bench).to) == [
        ("to", "anna@example.com"),
        ("to", "second@example.com"),
        ("bcc", "chief@example.com"),
    ]


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
async def test_an_address_that_is_none_is_refused_by_its_field(bench: Bench, field: str) -> None:
    await bench.receive(an_arrival())
    with pytest.raises(InvalidInput) as refused:
        await bench.wrote(Answer.model_validate({"text": "x", field: ["ok@example.com", "a@b\r\nBcc: c@d.example"]}))
    assert list(refused.value.fields) == [f"{field}.1"]


async def test_any_of_our_mailboxes_that_have_the_message_may_answer_it(bench: Bench) -> None:
    await bench.receive(an_arrival(account="mb_support"), an_arrival(account="mb_sales"))
    written = await bench.wrote(Answer(text="Да", account="mb_sales"))
    assert (sent(bench).account, written["accounts"]) == ("mb_sales", ["mb_sales"])
    with pytest.raises(InvalidInput) as refused:
        await bench.wrote(Answer(text="Да", account="mb_other"))
    assert refused.value.fields == {
        "account": "mb_other does not have the message that is answered; choose of mb_support, mb_sales"
    }


async def test_html_alone_is_shown_by_what_it_says(bench: Bench) -> None:
    await bench.receive(an_arrival())
    written = await bench.wrote(Answer(html="<p>Здравствуйте,</p><p>заказ <b>уже</b> едет</p>"))
    assert written["text"].split("\n\n") == ["Здравствуйте,", "заказ уже едет"]
    assert sent(bench).html == "<p>Здравствуйте,</p><p>заказ <b>уже</b> едет</p>"


async def test_an_image_that_the_html_shows_has_to_be_there(bench: Bench) -> None:
    await bench.receive(an_arrival())
    await bench.wrote(Answer(html='<img src="cid:logo">', attachments=(LOGO,)))
    assert sent(bench).attachments == (LOGO,)
    with pytest.raises(InvalidInput, match="no attachment for cid:other"):
        await bench.wrote(Answer(html='<img src="cid:logo"><img src=cid:other>', attachments=(LOGO,)))


def test_a_message_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="give text, html or both"):
        Answer(text=" \n", html="")


async def test_a_signature_travels_with_the_message(bench: Bench) -> None:
    await bench.receive(an_arrival())
    for signature in (None, "", "Ольга"):
        written = await bench.wrote(Answer(text="Да"), signature=signature)
        assert (sent(bench).signature, written["text"]) == (signature, "Да")
