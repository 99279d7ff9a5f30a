"""The IMAP adapter against servers that do what servers do: a script over a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from hub.testing.outside import HERE
from hub.testing.waiting import PATIENCE
from services.email.adapters.folder_names import decoded, encoded
from services.email.adapters.imap import ImapInbox, open_inbox, open_sent
from services.email.errors import LoginRefused, MailRefusedByServer, MailServerUnavailable
from services.email.models import Server

LONG = 10 * PATIENCE
NEVER = timedelta(seconds=LONG)
"""Longer than a test waits."""
Answers = dict[str, bytes]
"""What follows a command, by its first words; `{tag}` stands for the tag."""

USUAL: Answers = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n",
    "LOGIN": b"{tag} OK welcome\r\n",
    "SELECT": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 77] it is\r\n{tag} OK [READ-WRITE] done\r\n",
    "LOGOUT": b"* BYE\r\n{tag} OK bye\r\n",
}


@asynccontextmanager
async def server(answers: Answers, greeting: bytes = b"* OK hello\r\n") -> AsyncIterator[Server]:
    """Answers by the script; an answer that ends with `CUT` is followed by the end of the connection."""
    script = {**USUAL, **answers}

    talks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())
        with suppress(ConnectionError):
            await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            answer = next((script[name] for name in script if command.startswith(name)), b"")
            writer.write(answer.replace(b"{tag}", tag.encode()).removesuffix(b"CUT"))
            await writer.drain()
            if answer.endswith(b"CUT"):
                return

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield Server(host="127.0.0.1", port=port, security="plain", user="u", password='p"\\')
    finally:
        listening.close()
        await asyncio.gather(*filter(None, talks))


async def with_inbox(
    answers: Answers, use: Callable[[ImapInbox], Awaitable[object]], *, patience: float = LONG
) -> object:
    async with (
        server(answers) as running,
        open_inbox(running, patience=patience, tls=ssl.create_default_context(), outside=HERE) as inbox,
        asyncio.timeout(PATIENCE),
    ):
        return await use(inbox)


async def test_uids_come_sorted_and_without_the_last_one_below() -> None:
    found = await with_inbox({"UID SEARCH": b"* SEARCH 9 4 7\r\n{tag} OK\r\n"}, lambda inbox: inbox.uids_above(4))
    assert found == [7, 9]


async def test_the_uidvalidity_is_the_servers() -> None:
    async def validity(inbox: ImapInbox) -> int:
        return inbox.uid_validity

    assert await with_inbox({}, validity) == 77


async def test_mails_are_read_in_whatever_form_they_come() -> None:
    answer = (
        b"* 5 EXISTS\r\n"
        b'* 1 FETCH (UID 7 INTERNALDATE " 2-Mar-2026 12:30:00 +0300" BODY[] {6}\r\na(b\r\n))\r\n'
        b'* 2 FETCH (INTERNALDATE "02-Mar-2026 09:30:00 +0000" BODY[] {4}\r\ncd\r\n UID 8)\r\n'
        b"* 1 FETCH (FLAGS (\\Seen))\r\n"
        b'* 3 FETCH (UID 9 BODY[] "e\\"f")\r\n'
        b'* 4 FETCH (UID 10 INTERNALDATE "02-Mar-2026 09:30:00 +0000" BODY[] {0}\r\n)\r\n'
        b"{tag} OK done\r\n"
    )
    mails = await with_inbox({"UID FETCH": answer}, lambda inbox: inbox.fetch([7, 8, 9, 10]))
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert isinstance(mails, list)
    assert [(mail.uid, mail.raw, mail.at) for mail in mails] == [
        (7, b"a(b\r\n)", at.replace(microsecond=7)),
        (8, b"cd\r\n", at.replace(microsecond=8)),
        (9, b'e"f', datetime(1970, 1, 1, microsecond=9, tzinfo=UTC)),
        (10, b"", at.replace(microsecond=10)),
    ]


async def test_ten_thousand_lines_at_once_are_read() -> None:
    lines = b"".join(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (n, n, n * 10) for n in range(1, 10_001))
    sizes = await with_inbox({"UID FETCH": lines + b"{tag} OK\r\n"}, lambda inbox: inbox.sizes(range(1, 10_001)))
    assert isinstance(sizes, dict)
    assert (len(sizes), sizes[10_000]) == (10_000, 100_000)


@pytest.mark.parametrize("part", [b"* 1 FET", b"* 1 FETCH (UID 7 BODY[] {1000}\r\nabc", b""])
async def test_a_server_that_vanishes_mid_fetch_is_noticed_at_once(part: bytes) -> None:
    with pytest.raises(MailServerUnavailable, match="lost"):
        await with_inbox({"UID FETCH": part + b"CUT"}, lambda inbox: inbox.fetch([7]))


@pytest.mark.slow
async def test_a_server_that_falls_silent_mid_fetch_is_given_up() -> None:
    answers = {"UID FETCH": b"* 1 FETCH (UID 7 BODY[] {9}\r\nabc"}
    with pytest.raises(MailServerUnavailable, match="no answer in time"):
        await with_inbox(answers, lambda inbox: inbox.fetch([7]), patience=1)


async def test_a_mail_that_the_server_will_not_hand_over_is_told_apart() -> None:
    with pytest.raises(MailRefusedByServer, match="corrupt"):
        await with_inbox({"UID FETCH": b"{tag} NO mailbox is corrupt\r\n"}, lambda inbox: inbox.fetch([7]))


@pytest.mark.parametrize("greeting", [b"* BYE too many connections\r\n", b"220 smtp.example ESMTP\r\n"])
async def test_an_unwelcoming_server_is_unavailable(greeting: bytes) -> None:
    async with server({}, greeting) as running:
        with pytest.raises(MailServerUnavailable):
            async with open_inbox(running, patience=LONG, tls=ssl.create_default_context(), outside=HERE):
                raise AssertionError("it was opened")


async def test_a_refused_login_has_the_words_of_the_server() -> None:
    async with server({"LOGIN": b"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n"}) as running:
        with pytest.raises(LoginRefused, match="wrong"):
            async with open_inbox(running, patience=LONG, tls=ssl.create_default_context(), outside=HERE):
                raise AssertionError("it was opened")


async def test_a_login_refused_for_a_passing_reason_is_no_wrong_password() -> None:
    async with server({"LOGIN": b"{tag} NO [UNAVAILABLE] try later\r\n"}) as running:
        with pytest.raises(MailServerUnavailable, match="try later"):
            async with open_inbox(running, patience=LONG, tls=ssl.create_default_context(), outside=HERE):
                raise AssertionError("it was opened")


async def test_mail_announced_during_another_command_is_not_slept_through() -> None:
    async def waited(inbox: ImapInbox) -> bool:
        await inbox.uids_above(0)
        await inbox.wait(poll=NEVER, safety=NEVER)
        return True

    answers = {"UID SEARCH": b"* SEARCH\r\n* 4 EXISTS\r\n{tag} OK\r\n", "IDLE": b"+ idling\r\n"}
    assert await with_inbox(answers, waited)


async def test_an_idle_that_is_refused_becomes_a_poll() -> None:
    async def waited(inbox: ImapInbox) -> bool:
        await inbox.uids_above(0)
        for _ in range(2):
            await inbox.wait(poll=timedelta(seconds=0.05), safety=NEVER)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inbox.wait(poll=NEVER, safety=NEVER), 0.3)
        return True

    assert await with_inbox({"UID SEARCH": b"* SEARCH\r\n{tag} OK\r\n", "IDLE": b"{tag} BAD no\r\n"}, waited)


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (b'* LIST (\\HasNoChildren) "/" Sent\r\n* LIST (\\Sent) "/" "My Mail"\r\n', "My Mail"),
        (b'* LIST () "." INBOX\r\n* LIST () "." INBOX.Sent\r\n', "INBOX.Sent"),
        (b'* LIST () "/" "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"\r\n', "Отправленные"),
        (b"* LIST () NIL INBOX\r\n", "Sent"),
    ],
)
async def test_the_sent_folder_is_found_by_its_mark_or_its_name_or_made(listed: bytes, name: str) -> None:
    answers = {"LIST": listed + b"{tag} OK\r\n", "CREATE": b"{tag} OK\r\n"}
    async with (
        server(answers) as running,
        open_sent(running, patience=LONG, tls=ssl.create_default_context(), outside=HERE) as folder,
    ):
        assert folder.name == name


async def test_a_full_mailbox_refuses_a_copy_in_its_own_words() -> None:
    answers = {"LIST": b'* LIST (\\Sent) "/" Sent\r\n{tag} OK\r\n', "APPEND": b"{tag} NO [OVERQUOTA] full\r\n"}
    async with (
        server(answers) as running,
        open_sent(running, patience=LONG, tls=ssl.create_default_context(), outside=HERE) as folder,
    ):
        with pytest.raises(MailRefusedByServer, match="full"):
            await folder.append(b"x", at=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("name", ["Отправленные", "Sent & done", "日本語", "plain", "a/b"])
def test_folder_names_survive_their_encoding(name: str) -> None:
    assert encoded(name).isascii()
    assert decoded(f'"{encoded(name)}"') == name


async def test_a_line_without_an_end_is_not_waited_for() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * 2**20)
                await writer.drain()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as flooding:
        port = flooding.sockets[0].getsockname()[1]
        server = Server(host="127.0.0.1", port=port, security="plain", user="support", password="p")
        with pytest.raises(MailServerUnavailable, match="a line of more than"):
            async with open_inbox(server, patience=LONG, tls=ssl.create_default_context(), outside=HERE):
                pass
