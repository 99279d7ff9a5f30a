"""The demo cast, answered by an operator made of the real SMTP client."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import aiosmtplib
import pytest

from hub.channels.simulators.mail import MailSimulator, StoredMail
from hub.channels.simulators.messengers import BOT_TOKEN, LETTER
from hub.channels.simulators.run import Simulators, simulators
from hub.channels.simulators.scenes import ANNA, BORIS, JOHN, MEMBERS, OLENA, OURS, SALES, SUPPORT, WOJCIECH, Member
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive
from hub.testing.waiting import eventually

PACE = 0.01


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Simulators]:
    async with simulators(tmp_path, play=True, pace=PACE) as started:
        yield started


def received(mail: MailSimulator) -> list[StoredMail]:
    """But for the letter of Пётр, who goes on elsewhere."""
    there = [stored for account in OURS for stored in mail.messages(account.address)]
    return [stored for stored in there if stored.message["Message-ID"] != LETTER.message_id]


def letters_of_petr(mail: MailSimulator) -> list[StoredMail]:
    return [stored for stored in mail.messages(SUPPORT) if stored.message["Message-ID"] == LETTER.message_id]


def written_by(mail: MailSimulator, member: Member) -> list[EmailMessage]:
    """What a member sent us, in order."""
    return [
        stored.message for stored in received(mail) if parseaddr(str(stored.message["From"]))[1] in member.addresses
    ]


async def answer(mail: MailSimulator, theirs: EmailMessage, text: str = "Конечно!") -> EmailMessage:
    """Answers as our side does, with the token in the text and in the address to reply to."""
    us = next(a for a in OURS if a.address == parseaddr(str(theirs["To"]))[1].replace("+k7token", ""))
    ours = EmailMessage()
    ours["From"], ours["To"] = f"Ромашка <{us.address}>", str(theirs["From"])
    ours["Reply-To"] = us.address.replace("@", "+k7token@")
    ours["Subject"] = f"Re: {str(theirs['Subject']).removeprefix('Re: ')}"
    ours["Message-ID"] = f"<{derive('out', str(theirs['Message-ID']))}@romashka.example>"
    ours["In-Reply-To"] = theirs["Message-ID"]
    ours["References"] = f"{theirs['References'] or ''} {theirs['Message-ID']}".strip()
    ours.set_content(f"{text}\n\n[#k7token]\n")
    await aiosmtplib.send(
        ours, hostname=mail.host, port=mail.smtp_port, start_tls=False, username=us.user, password=us.password
    )
    return ours


async def test_everybody_writes_once_and_says_it_readably(running: Simulators) -> None:
    await eventually(lambda: len(received(running.mail)) == len(MEMBERS))
    for member in MEMBERS:
        [opening] = written_by(running.mail, member)
        assert (opening["Subject"], parseaddr(opening["From"])[0]) == (member.subject, member.name)
        body = opening.get_body(preferencelist=("plain", "html"))
        assert body
        assert body.get_content().replace("\r\n", "\n").strip() == member.opening.strip()
        names = [(a.filename, a.content) for a in member.enclosures]
        assert [(p.get_filename(), p.get_payload(decode=True)) for p in opening.iter_attachments()] == names


@pytest.mark.parametrize(
    ("member", "charset"), [(ANNA, "windows-1251"), (BORIS, "koi8-r"), (WOJCIECH, "iso-8859-2"), (OLENA, "utf-8")]
)
async def test_old_programs_write_in_their_charsets(running: Simulators, member: Member, charset: str) -> None:
    await eventually(lambda: bool(written_by(running.mail, member)))
    [opening] = written_by(running.mail, member)
    body = opening.get_body(preferencelist=("plain", "html"))
    assert body
    assert body.get_content_charset() == charset
    raw = next(m.raw for m in received(running.mail) if m.message["Message-ID"] == opening["Message-ID"])
    assert f"=?{charset}?".encode() in raw.lower()


async def test_a_dialogue_goes_on_as_long_as_there_are_scenes(running: Simulators) -> None:
    mail = running.mail
    for sent in range(1, len(ANNA.replies) + 1):
        await eventually(lambda sent=sent: len(written_by(mail, ANNA)) == sent)  # type: ignore[misc]
        ours = await answer(mail, written_by(mail, ANNA)[-1])
        await eventually(lambda sent=sent: len(written_by(mail, ANNA)) == sent + 1)  # type: ignore[misc]
        theirs = written_by(mail, ANNA)[-1]
        assert theirs["In-Reply-To"] == ours["Message-ID"]
        assert theirs["References"].split() == [*ours["References"].split(), ours["Message-ID"]]
        assert theirs["Subject"] == f"Re: {ANNA.subject}"
        assert parseaddr(theirs["To"])[1] == "support+k7token@romashka.example"
        text = theirs.get_content().replace("\r\n", "\n")
        assert ANNA.replies[sent - 1] in text
        assert "> Конечно!" in text
        assert "Ромашка <support@romashka.example> пишет:" in text
    await answer(mail, written_by(mail, ANNA)[-1])
    await asyncio.sleep(0.1)
    assert len(written_by(mail, ANNA)) == 3


async def test_one_answers_from_another_address_of_his(running: Simulators) -> None:
    await eventually(lambda: bool(written_by(running.mail, JOHN)))
    ours = await answer(running.mail, written_by(running.mail, JOHN)[0])
    await eventually(lambda: len(written_by(running.mail, JOHN)) == 2)
    reply = written_by(running.mail, JOHN)[1]
    assert parseaddr(reply["From"])[1] == JOHN.other_address
    assert reply["In-Reply-To"] == ours["Message-ID"]


async def test_ones_program_keeps_only_the_token(running: Simulators) -> None:
    await eventually(lambda: bool(written_by(running.mail, WOJCIECH)))
    await answer(running.mail, written_by(running.mail, WOJCIECH)[0])
    await eventually(lambda: len(written_by(running.mail, WOJCIECH)) == 2)
    reply = written_by(running.mail, WOJCIECH)[1]
    assert (reply["In-Reply-To"], reply["References"], reply["Subject"]) == (None, None, WOJCIECH.new_subject)
    assert "[#k7token]" in reply.get_content()


async def test_the_cast_does_not_answer_strangers_or_each_other(running: Simulators) -> None:
    await eventually(lambda: len(received(running.mail)) == len(MEMBERS))
    for sender in ("stranger@elsewhere.example", BORIS.address):
        running.mail.deliver(ANNA.address, f"From: {sender}\r\nSubject: hi\r\n\r\nhi\r\n".encode())
    await asyncio.sleep(0.1)
    assert len(written_by(running.mail, ANNA)) == 1


async def test_a_scene_played_is_not_played_again(tmp_path: Path) -> None:
    async with simulators(tmp_path, play=True, pace=PACE) as first:
        await eventually(lambda: len(received(first.mail)) == len(MEMBERS))
        await answer(first.mail, written_by(first.mail, OLENA)[0])
        await eventually(lambda: len(written_by(first.mail, OLENA)) == 2)
        before, ports = received(first.mail), (first.mail.smtp_port, first.mail.imap_port)
    async with simulators(tmp_path, play=True, pace=PACE) as second:
        await asyncio.sleep(0.1)
        assert received(second.mail) == before
        assert (second.mail.smtp_port, second.mail.imap_port) == ports
        await answer(second.mail, written_by(second.mail, BORIS)[0])
        await eventually(lambda: len(written_by(second.mail, BORIS)) == 2)


async def test_petr_begins_by_mail_and_goes_on_by_telegram_when_his_chat_is_known(tmp_path: Path) -> None:
    async with simulators(tmp_path, play=True) as running:
        chat = running.telegram.bots[BOT_TOKEN]
        await eventually(lambda: len(letters_of_petr(running.mail)) == 1)
        assert chat.updates == []
        running.known.set()
        await eventually(lambda: len(chat.updates) > 0)
    async with simulators(tmp_path, play=True, pace=PACE) as again:
        again.known.set()
        await eventually(lambda: len(again.telegram.bots[BOT_TOKEN].updates) > 0)
        assert len(letters_of_petr(again.mail)) == 1


async def test_an_answer_that_came_while_the_cast_was_away_is_answered_after_the_restart(tmp_path: Path) -> None:
    async with simulators(tmp_path, play=True, pace=PACE) as first:
        await eventually(lambda: len(received(first.mail)) == len(MEMBERS))
    async with simulators(tmp_path, play=False) as silent:
        await answer(silent.mail, written_by(silent.mail, BORIS)[0])
    async with simulators(tmp_path, play=True, pace=PACE) as second:
        await eventually(lambda: len(written_by(second.mail, BORIS)) == 2)


async def test_the_cast_waits_for_a_server_that_refuses(running: Simulators) -> None:
    running.mail.faults.answer("MAIL", "451 4.3.0 try again later", times=3, address=BORIS.address)
    await eventually(lambda: len(received(running.mail)) == len(MEMBERS))


async def test_the_description_says_how_to_reach_every_mailbox(tmp_path: Path) -> None:
    async with simulators(tmp_path, play=False) as started:
        facts = started.description()
        assert facts["smtp"] == started.mail.smtp_address
        assert [(box["id"], box["address"]) for box in facts["mailboxes"]] == [
            (derive("mb", SUPPORT), SUPPORT),
            (derive("mb", SALES), SALES),
        ]
        assert {login["address"] for login in facts["cast"]} == {a for m in MEMBERS for a in m.addresses}
        assert (tmp_path / "simulators.json").exists()
        assert received(started.mail) == []


async def test_two_simulators_do_not_share_a_folder(tmp_path: Path) -> None:
    async with simulators(tmp_path, play=False):
        with pytest.raises(ConfigurationError, match="other simulators run"):
            async with simulators(tmp_path, play=False):
                pass
