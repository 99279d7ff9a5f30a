"""What comes back from mail servers and robots lands where the mail it is about is."""

from email.message import EmailMessage
from typing import Any

import pytest

from hub.testing.processes import Api, add_mailbox
from hub.testing.waiting import until

pytestmark = pytest.mark.slow
WORDS = "550 5.1.1 user is gone"


@pytest.fixture(scope="module", autouse=True)
def mailbox(world: Any, client: Api) -> dict[str, Any]:
    return add_mailbox(client, world.mail)


def with_subject(client: Api, subject: str) -> list[dict[str, Any]]:
    return [i for i in client.all("/interactions") if i["subject"] == subject]


def our_answer(world: Any, client: Api, subject: str, *, customer: int) -> tuple[dict[str, Any], EmailMessage]:
    """Our answer to a question of his, as the API shows it and as he got it."""
    anna = world.customer(customer)
    question = anna.writes(world.support, subject, "Здравствуйте!")
    (seen,) = until(lambda: with_subject(client, subject))
    planned = client.post(f"/chains/{seen['chain_id']}/messages", json={"text": "Уже везём."})
    (got,) = until(lambda: [m for m in anna.mails() if m["In-Reply-To"] == question["Message-ID"]])
    return planned, got


def a_bounce(world: Any, got: EmailMessage, address: str) -> bytes:
    """RFC 3464, as a mail server writes it."""
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.client.example>
To: {world.support}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{address}.bounce@mx.client.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your message could not be delivered.

<{address}>: host mx.client.example said: {WORDS}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; {WORDS}
--b
Content-Type: text/rfc822-headers

From: {world.support}
To: {address}
Subject: Re: {got["Subject"]}
Message-ID: {got["Message-ID"]}
--b--
""".replace("\n", "\r\n").encode()


def test_a_bounced_answer_shows_the_servers_words_and_marks_the_address(world: Any, client: Api) -> None:
    planned, got = our_answer(world, client, "Кому я пишу?", customer=0)
    anna, clients = world.customer(0), {c["id"] for c in client.all("/clients")}
    anna.sends(a_bounce(world, got, anna.address), world.support)
    (bounce,) = until(lambda: with_subject(client, "Undelivered Mail Returned to Sender"))
    ours = until(
        lambda: client.get(f"/interactions/{planned['id']}"), lambda known: known["delivery"]["state"] == "bounced"
    )
    assert ours["delivery"]["reason"] == f"user-unknown: {WORDS}"
    assert (bounce["chain_id"], bounce["cause_id"]) == (planned["chain_id"], planned["id"])
    assert (bounce["auto"], bounce["bounce"]["kind"]) == ("auto-reply", "hard")
    assert [one["address"] for one in bounce["bounce"]["recipients"]] == [f"email:{anna.address}"]
    assert {c["id"] for c in client.all("/clients")} == clients
    (address,) = until(
        lambda: client.get(f"/clients/{planned['client_id']}")["addresses"], lambda known: known[0]["invalid"]
    )
    assert address["invalid"]["why"] == f"user-unknown: {WORDS}"


def test_an_absence_notice_lands_in_the_chain_and_is_no_message_of_the_client(world: Any, client: Api) -> None:
    planned, got = our_answer(world, client, "Есть кто?", customer=1)
    boris = world.customer(1)
    boris.writes(
        world.support, "Автоответ: Re: Есть кто?", "Я в отпуске.", answers=got, Auto_Submitted="auto-replied"
    )
    (away,) = until(lambda: with_subject(client, "Автоответ: Re: Есть кто?"))
    assert (away["chain_id"], away["auto"], away["bounce"]["kind"]) == (
        planned["chain_id"],
        "auto-reply",
        "auto-reply",
    )
    until(lambda: client.get(f"/interactions/{planned['id']}")["delivery"]["state"] == "sent")
    again = client.post(f"/chains/{planned['chain_id']}/messages", json={"text": "Ждём."})
    assert again["cause_id"] != away["id"]


def test_the_timeline_shows_what_is_new_and_the_html_runs_nothing(world: Any, client: Api) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = world.customer(2).address, world.support, "Красиво"
    mail.set_content("Да!\n\n> Нет?\n")
    page = '<p>Да!</p><script>x()</script><img src="https://t.example/1.gif"><blockquote>Нет?</blockquote>'
    mail.add_alternative(page, subtype="html")
    world.customer(2).sends(mail, world.support)
    (seen,) = until(lambda: with_subject(client, "Красиво"))
    assert (seen["new_text"], seen["quoted_text"], seen["blocked_images"]) == ("Да!", "> Нет?", 1)
    assert seen["has_html"]
    assert "html" not in seen
    answer = client.request("GET", f"/interactions/{seen['id']}/html")
    assert answer.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Да!" in answer.text
    assert "script" not in answer.text
    assert "t.example" not in answer.text
