"""IMAP servers with odd manners, over a real socket: what they refuse, leave out, call otherwise."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from hub.testing.outside import HERE
from hub.testing.waiting import PATIENCE, eventually
from services.email.adapters.imap import open_inbox, open_sent
from services.email.errors import LoginRefused, MailRefusedByServer
from services.email.models import FetchedMail, Server
from tests.services.email.conftest import EmailHarness, a_mail

TLS = ssl.create_default_context()
MAIL = b"From: a@there.example\r\nSubject: x\r\n\r\nbody\r\n"
WHOLE = b"{%d}\r\n" % len(MAIL) + MAIL
DATE = b'INTERNALDATE "02-Nov-2026 10:00:00 +0300"'
AT = datetime(2026, 11, 2, 7, microsecond=5, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
Answer = Callable[[bytes], bytes | None]


class Odd:
    """Answers commands by their first words with `says`, else as any server; keeps what was asked of it."""

    def __init__(self, caps: bytes = b"IMAP4rev1", **says: Answer | bytes) -> None:
        self.says = {name.replace("_", " ").upper().encode(): said for name, said in says.items()}
        self.caps = caps
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
                writer.write(self._answer(await self._whole(rest, reader, writer)).replace(b"{tag}", tag))
                await writer.drain()
        writer.close()

    async def _whole(self, rest: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """With its literals."""
        while literal := re.search(rb"\{(\d+)\}$", rest):
            writer.write(b"+ go on\r\n")
            rest += b"\r\n" + await reader.readexactly(int(literal[1])) + (await reader.readline()).rstrip(b"\r\n")
        self.asked.append(rest)
        return rest

    def _answer(self, rest: bytes) -> bytes:
        for name, said in self.says.items():
            if rest.upper().startswith(name):
                found = said if isinstance(said, bytes) else said(rest)
                if found is not None:
                    return found if b"{tag}" in found else found + b"{tag} OK done\r\n"
        if rest.startswith(b"CAPABILITY"):
            return b"* CAPABILITY " + self.caps + b"\r\n{tag} OK done\r\n"
        if rest.startswith(b"SELECT"):
            return b"* 1 EXISTS\r\n* OK [UIDVALIDITY 9] ok\r\n{tag} OK done\r\n"
        return b"* BYE\r\n{tag} OK bye\r\n" if rest.startswith(b"LOGOUT") else b"{tag} OK done\r\n"

    def commands(self, name: bytes) -> list[bytes]:
        return [one for one in self.asked if one.startswith(name)]


@asynccontextmanager
async def running(odd: Odd, password: str = "secret") -> AsyncIterator[Server]:
    listening = await asyncio.start_server(odd.serve, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(PATIENCE):
            port = listening.sockets[0].getsockname()[1]
            yield Server(host="127.0.0.1", port=port, security="plain", user="u@there.example", password=password)
    finally:
        listening.close()


async def fetched(odd: Odd, *, headers_only: bool = False, password: str = "secret") -> list[FetchedMail]:
    async with (
        running(odd, password) as server,
        open_inbox(server, patience=PATIENCE, tls=TLS, outside=HERE) as inbox,
    ):
        return await inbox.fetch([5], headers_only=headers_only)


async def sent_to(odd: Odd) -> str:
    async with running(odd) as server, open_sent(server, patience=PATIENCE, tls=TLS, outside=HERE) as folder:
        await folder.append(MAIL, at=NOON)
        return folder.name


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5 " + DATE + b" BODY[] " + WHOLE + b"\r\n)\r\n",
        b"* 1 FETCH (BODY[] " + WHOLE + b"\r\n UID 5 " + DATE + b")\r\n",
        b"* 1 FETCH (BODY[] " + WHOLE + b" UID 5 " + DATE + b")\r\n",
        b"* 1 FETCH (UID 5 " + DATE + b" BODY[] ~" + WHOLE + b")\r\n",
        b'* 1 fetch (uid 5 internaldate " 2-nov-2026 10:00:00 +0300" body[] ' + WHOLE + b")\r\n",
    ],
    ids=["an empty line behind the literal", "and fields behind it", "fields behind it", "literal8", "lower case"],
)
async def test_a_mail_is_read_however_the_server_writes_it(answer: bytes) -> None:
    (mail,) = await fetched(Odd(uid_fetch=answer))
    assert (mail.uid, mail.raw, mail.at) == (5, MAIL, AT)


async def test_nil_instead_of_a_mail_is_a_refusal_to_hand_it_over() -> None:
    odd = Odd(uid_fetch=b"* 1 FETCH (UID 5 " + DATE + b" BODY[] NIL)\r\n")
    with pytest.raises(MailRefusedByServer, match="NIL"):
        await fetched(odd)


async def test_a_mail_without_even_headers_is_there_all_the_same() -> None:
    odd = Odd(uid_fetch=b"* 1 FETCH (UID 5 " + DATE + b" BODY[HEADER] NIL)\r\n")
    (mail,) = await fetched(odd, headers_only=True)
    assert (mail.uid, mail.raw, mail.at) == (5, b"", AT)


ONE = b"* 1 FETCH (UID 5 " + DATE + b" BODY[] " + WHOLE + b")\r\n"
PLAIN = b"AUTHENTICATE PLAIN AHVAdGhlcmUuZXhhbXBsZQDQn9Cw0YDQvtC70YwiMQ=="


async def test_a_password_of_any_letters_goes_by_plain_where_it_is_offered() -> None:
    odd = Odd(b"IMAP4rev1 AUTH=PLAIN SASL-IR", uid_fetch=ONE)
    await fetched(odd, password='Пароль"1')
    assert (odd.commands(b"AUTHENTICATE"), odd.commands(b"LOGIN")) == ([PLAIN], [])


async def test_a_password_of_any_letters_goes_as_a_literal_where_plain_is_not_offered() -> None:
    odd = Odd(uid_fetch=ONE)
    await fetched(odd, password="Пароль")
    assert odd.commands(b"LOGIN") == ["LOGIN {15}\r\nu@there.example {12}\r\nПароль".encode()]


async def test_plain_that_is_offered_and_not_understood_gives_way_to_login() -> None:
    odd = Odd(b"IMAP4rev1 AUTH=PLAIN SASL-IR", authenticate=b"{tag} BAD what?\r\n", uid_fetch=ONE)
    await fetched(odd)
    assert odd.commands(b"LOGIN") == [b'LOGIN "u@there.example" "secret"']


async def test_no_password_is_shown_to_a_server_that_takes_none() -> None:
    odd = Odd(b"IMAP4rev1 LOGINDISABLED")
    with pytest.raises(LoginRefused, match="choose TLS or STARTTLS"):
        await fetched(odd)
    assert odd.commands(b"LOGIN") == odd.commands(b"AUTHENTICATE") == []


def listed(*lines: str) -> bytes:
    return "".join(f"* LIST {line}\r\n" for line in lines).encode()


@pytest.mark.parametrize(
    ("folders", "name"),
    [
        (('() "." INBOX', '() "." "Gesendete Objekte"'), "Gesendete Objekte"),
        (('() "." INBOX', '() "." "INBOX.&AMk-l&AOk-ments envoy&AOk-s"'), "INBOX.Éléments envoyés"),
        (('() "/" INBOX', '() "/" "&XfJT0ZAB-"'), "已发送"),
        (('() "/" INBOX', '() "/" "SENT ITEMS"'), "SENT ITEMS"),
        ((r'(\NonExistent \Sent) "/" Old', '() "/" Sent'), "Sent"),
        ((r'(\Noselect) "/" Sent', '() "/" "Sent/Sent Items"'), "Sent/Sent Items"),
    ],
)
async def test_the_sent_folder_is_known_in_other_languages_and_where_it_exists(
    folders: tuple[str, ...], name: str
) -> None:
    odd = Odd(list=listed(*folders))
    assert await sent_to(odd) == name
    assert (odd.commands(b"CREATE"), len(odd.commands(b"APPEND"))) == ([], 1)


async def test_a_folder_is_made_where_all_others_are() -> None:
    odd = Odd(list=listed('() "." INBOX', '() "." INBOX.Trash'))
    assert await sent_to(odd) == "INBOX.Sent"


async def test_a_folder_is_made_in_the_namespace_of_the_user() -> None:
    odd = Odd(
        b"IMAP4rev1 NAMESPACE",
        list=listed('() "/" INBOX'),
        namespace=b'* NAMESPACE (("mail/" "/")) NIL NIL\r\n',
    )
    assert await sent_to(odd) == "mail/Sent"


async def test_a_folder_is_made_below_the_inbox_where_the_server_wants_it() -> None:
    def create(asked: bytes) -> bytes | None:
        return None if b"INBOX." in asked else b"{tag} NO must be under INBOX.\r\n"

    odd = Odd(list=listed('() "." INBOX'), create=create)
    assert await sent_to(odd) == "INBOX.Sent"


async def test_a_folder_that_went_is_made_again_when_the_server_says_so() -> None:
    def append(_: bytes) -> bytes | None:
        return None if odd.commands(b"CREATE") else b"{tag} NO [TRYCREATE] no such mailbox\r\n"

    odd = Odd(list=listed('() "/" Sent'), append=append)
    assert await sent_to(odd) == "Sent"
    assert (odd.commands(b"CREATE"), len(odd.commands(b"APPEND"))) == ([b'CREATE "Sent"'], 2)


async def test_a_folder_that_went_holds_no_copy() -> None:
    odd = Odd(list=listed('() "/" Sent'), select=b"{tag} NO [TRYCREATE] no such mailbox\r\n")
    async with running(odd) as server, open_sent(server, patience=PATIENCE, tls=TLS, outside=HERE) as folder:
        assert await folder.holds("<first@ours.example>") is False


SECOND = a_mail("the one behind it", number=6)


def two_mails(asked: bytes) -> bytes:
    """UID 5 has headers alone, however often it is asked for; UID 6 is whole."""
    wanted = [uid for uid in (5, 6) if re.search(rb"FETCH (?:5:)?%d|FETCH 5:6" % uid, asked)]
    return b"".join(one_of(uid, asked) for uid in wanted)


def one_of(uid: int, asked: bytes) -> bytes:
    raw = SECOND if uid == 6 else MAIL
    begun = b"* %d FETCH (UID %d " % (uid - 4, uid)
    if b"RFC822.SIZE" in asked:
        return begun + b"RFC822.SIZE %d)\r\n" % len(raw)
    if b"HEADER" in asked:
        return begun + DATE + b" BODY[HEADER] {%d}\r\n" % len(MAIL) + MAIL + b")\r\n"
    body = b"NIL" if uid == 5 else b"{%d}\r\n" % len(raw) + raw
    return begun + DATE + b" BODY[] " + body + b")\r\n"


def above(asked: bytes) -> bytes:
    """`n:*` names the last mail even if it is below n."""
    found = re.search(rb"UID (\d+):", asked)
    assert found
    return b"* SEARCH" + b"".join(b" %d" % uid for uid in (5, 6) if uid >= int(found[1]) or uid == 6) + b"\r\n"


async def test_a_mail_that_is_never_handed_over_is_parked_and_the_one_behind_it_comes(harness: EmailHarness) -> None:
    odd = Odd(uid_fetch=two_mails, uid_search=above)
    async with running(odd) as server:
        ends = {"imap": harness.server(server.port), "smtp": harness.server(harness.simulator.smtp_port)}
        answer = await harness.api.post("/mailboxes", json=harness.mailbox("odd@romashka.example", **ends))
        assert answer.status_code == 201, answer.text
        (parked,) = await harness.parked(1)
        (arrived,) = await harness.arrivals(1)
    assert (parked.reason, arrived.text.strip()) == (
        "refused: the server does not hand it over: NIL instead of the mail",
        "the one behind it",
    )
    tries = [one for one in odd.commands(b"UID FETCH 5 ") if b"BODY.PEEK[]" in one]
    assert len(tries) == 3


async def test_a_mailbox_without_a_folder_for_what_was_sent_works_and_says_that_it_cannot_be_watched(
    harness: EmailHarness,
) -> None:
    odd = Odd(uid_search=b"* SEARCH\r\n", list=listed('() "." INBOX'))
    async with running(odd) as server:
        ends = {"imap": harness.server(server.port), "smtp": harness.server(harness.simulator.smtp_port)}
        given = {**harness.mailbox("odd@romashka.example", **ends), "watch_sent": True}
        added = (await harness.api.post("/mailboxes", json=given)).json()["id"]

        async def told() -> tuple[str, str | None]:
            (item,) = [one for one in await harness.channels() if one["id"] == added]
            return item["state"], item["reason"]

        reason = "the Sent folder is not followed: there is no folder for what was sent"
        await eventually(told, lambda seen: seen == ("green", reason))
        await harness.api.patch(f"/mailboxes/{added}", json={"watch_sent": False})
        await eventually(told, lambda seen: seen == ("green", None))
