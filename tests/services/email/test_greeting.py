"""How we greet a mail server, and what becomes of mail when it does not like that."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from hub.channels.base import Outcome, Sent
from hub.testing.outside import HERE
from services.email.adapters.greeting import ehlo_name
from services.email.adapters.smtp import SmtpOutlet
from services.email.errors import MailServerUnavailable
from services.email.models import OutgoingMail, Server

WIDE = OutgoingMail(
    sender="a@romashka.example", recipients=("иван@xn--e1afmkfd.xn--p1ai",), raw=b"Subject: x\r\n\r\nx"
)


@pytest.mark.parametrize(
    ("names", "greeted"),
    [
        (("hub.example.com", "pc"), "hub.example.com"),
        (("", "pc-1"), "pc-1"),
        (("", "hub."), "hub"),
        (("", "docker_host_1"), "[192.0.2.5]"),
        (("", "ИВАН-ПК"), "[192.0.2.5]"),
        (("", "192.168.1.5"), "[192.0.2.5]"),
        (("-x", "a..b"), "[192.0.2.5]"),
    ],
)
def test_a_server_is_greeted_by_a_legal_name_or_by_our_address(names: tuple[str, ...], greeted: str) -> None:
    assert ehlo_name(*names, here="192.0.2.5") == greeted


def test_an_address_of_version_six_is_written_as_the_standard_says() -> None:
    assert ehlo_name("", here="fe80::1%eth0") == "[IPv6:fe80::1]"


class OddServer:
    """Takes SMTPUTF8 and no login, or refuses every greeting."""

    def __init__(self, *, rude: bool) -> None:
        self.port = 0
        self.heard: list[bytes] = []
        self._rude = rude

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x ESMTP\r\n")
        while line := await reader.readline():
            self.heard.append(line.rstrip())
            writer.write(self._answer(line.upper()))
            await writer.drain()
        writer.close()

    def _answer(self, line: bytes) -> bytes:
        if line.startswith((b"EHLO", b"HELO")):
            return b"501 who are you\r\n" if self._rude else b"250-x\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n"
        if line.startswith(b"DATA"):
            return b"354 go\r\n"
        if line.startswith(b"."):
            return b"250 ok\r\n"
        return b"" if b"SUBJECT" in line or line in (b"\r\n", b"X\r\n") else b"250 ok\r\n"


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[OddServer]:
    odd = OddServer(rude=bool(getattr(request, "param", False)))
    listening = await asyncio.start_server(odd, "127.0.0.1", 0)
    odd.port = listening.sockets[0].getsockname()[1]
    yield odd
    listening.close()


async def sent(server: OddServer, mail: OutgoingMail) -> Outcome:
    given = Server(host="127.0.0.1", port=server.port, security="plain", user="", password="")
    outlet = SmtpOutlet(given, patience=20, tls=ssl.create_default_context(), outside=HERE, keep=0)

    async def intent() -> None:
        return None

    try:
        return await outlet.send(mail, intent)
    finally:
        await outlet.close()


async def test_a_server_without_login_is_asked_what_it_takes_before_a_mail_is_refused(server: OddServer) -> None:
    assert isinstance(await sent(server, WIDE), Sent)
    assert b"MAIL FROM:<a@romashka.example> SMTPUTF8" in server.heard


@pytest.mark.parametrize("server", [True], indirect=True)
async def test_a_greeting_that_is_refused_is_not_booked_on_the_mail(server: OddServer) -> None:
    with pytest.raises(MailServerUnavailable):
        await sent(server, WIDE)
