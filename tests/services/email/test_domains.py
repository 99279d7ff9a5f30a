"""Domains of ours: signatures that verify, and what receivers find in the DNS about them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import dkim
import pytest
from dns import flags, message, rdataclass, rdatatype, rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contracts.interaction import DeliveryState
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.secrets import SecretBox
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeClock
from services.email.adapters.dns import Resolver
from services.email.domains.service import DomainChange, Domains, NewDomain
from services.email.domains.signing import Signer, new_key
from tests.services.email.conftest import EmailHarness

KEY = new_key()
SIGNER = Signer("romashka.example", KEY)
AT = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers with the texts that it was given, over UDP."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = message.from_wire(data)
        answer = message.make_response(query)
        answer.flags |= flags.RA
        name = query.question[0].name
        if texts := self.texts.get(name.to_text(omit_final_dot=True)):
            quoted = [" ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200)) for text in texts]
            answer.answer.append(rrset.from_text(name, 60, rdataclass.IN, rdatatype.TXT, *quoted))
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    yield server
    transport.close()


@pytest.fixture
async def domains(tmp_path: Path, names: NameServer) -> AsyncIterator[Domains]:
    store = SqliteStore(tmp_path / "email.sqlite")
    resolver = Resolver(f"127.0.0.1:{names.port}")
    made = Domains(store, SecretBox.open(tmp_path / "secret.key"), resolver, FakeClock())
    await store.start()
    yield made
    await store.stop()


def verified(raw: bytes, signer: Signer = SIGNER) -> bool:
    record = f"v=DKIM1; k=rsa; p={signer.public}".encode()
    found: bool = dkim.verify(raw, dnsfunc=lambda _, **__: record)
    return found


def a_mail(text: str, subject: str = "Скидка", **headers: str) -> bytes:
    mail = EmailMessage()
    fields = {"From": "us@romashka.example", "To": "anna@example.com", "Subject": subject, "Message-ID": "<1@x>"}
    for name, value in {**fields, **headers}.items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@settings(max_examples=40)
@given(text=st.text(alphabet="a \t\n.-=Ж", max_size=300), subject=st.text(alphabet="ab Ж", min_size=1, max_size=100))
def test_a_signature_verifies_whatever_the_mail_says(text: str, subject: str) -> None:
    signed = SIGNER.signed(a_mail(text, subject.strip() or "x"))
    assert verified(signed)
    assert signed == SIGNER.signed(a_mail(text, subject.strip() or "x"))


def test_what_is_changed_after_the_signature_does_not_verify() -> None:
    raw = SIGNER.signed(a_mail("Сто рублей", **{"List-Unsubscribe": "<https://hub.example/m/u/x>"}))
    assert not verified(raw.replace(b"anna@", b"petr@"))
    assert not verified(raw.replace(b"/m/u/x", b"/m/u/y"))
    assert not verified(b"From: boss@romashka.example\r\n" + raw)


async def test_a_key_signs_once_it_is_published(domains: Domains, names: NameServer) -> None:
    made = await domains.add(NewDomain(domain="Romashka.Example"))
    with pytest.raises(Conflict, match="the key is not published"):
        await domains.change(made["_id"], DomainChange(signs=True))
    assert await domains.signer("romashka.example") is None
    names.texts["omnihub._domainkey.romashka.example"] = [f"v=DKIM1; k=rsa; p={made['public']}"]
    await domains.change(made["_id"], DomainChange(signs=True))
    signer = await domains.signer("romashka.example")
    assert signer is not None
    assert verified(signer.signed(a_mail("x")), signer)
    assert "PRIVATE" not in str(made)
    with pytest.raises(Conflict):
        await domains.add(NewDomain(domain="romashka.example"))


@pytest.mark.parametrize(
    ("texts", "states", "words"),
    [
        ({}, ["missing", "missing", "missing"], "which servers may send"),
        ({"": ["v=spf1 mx -all"]}, ["ok", "missing", "missing"], "v=spf1 mx -all"),
        ({"": ["v=spf1 mx", "v=spf1 a -all"]}, ["wrong", "missing", "missing"], "there are 2 of them"),
        ({"": ["v=spf1 +all"]}, ["wrong", "missing", "missing"], "everybody may send"),
        ({"": ["v=spf1 mx"]}, ["wrong", "missing", "missing"], "does not end with"),
        ({"omnihub._domainkey.": ["v=DKIM1; p=xyz"]}, ["missing", "wrong", "missing"], "another key is published"),
        ({"_dmarc.": ["v=DMARC1; p=none"]}, ["missing", "missing", "ok"], "it is only watched"),
        ({"_dmarc.": ["v=DMARC1; sp=none"]}, ["missing", "missing", "wrong"], "it has no policy"),
    ],
)
async def test_what_is_wrong_with_a_domain_is_told_in_words(
    domains: Domains, names: NameServer, texts: dict[str, list[str]], states: list[str], words: str
) -> None:
    made = await domains.add(NewDomain(domain="romashka.example"))
    names.texts = {f"{name}romashka.example": some for name, some in texts.items()}
    found = await domains.check(made["_id"])
    assert [one.state for one in found] == states
    assert any(words in one.words for one in found)


async def test_a_name_server_that_does_not_answer_is_no_verdict(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "email.sqlite")
    resolver = Resolver("127.0.0.1:1")
    domains = Domains(store, SecretBox.open(tmp_path / "secret.key"), resolver, FakeClock())
    await store.start()
    made = await domains.add(NewDomain(domain="romashka.example"))
    assert {one.state for one in await domains.check(made["_id"])} == {"unknown"}
    await store.stop()


@pytest.mark.parametrize("text", ["romashka", "a b.example", "-x.example", "x..example", "почта@x.рф"])
async def test_what_is_no_domain_is_refused(domains: Domains, text: str) -> None:
    with pytest.raises(InvalidInput):
        await domains.add(NewDomain(domain=text))


async def test_mail_of_a_domain_that_signs_leaves_signed(harness: EmailHarness, names: NameServer) -> None:
    await harness.restart(OMNIHUB_EMAIL__DNS_SERVER=f"127.0.0.1:{names.port}")
    made = (await harness.api.post("/domains", json={"domain": "romashka.example"})).json()
    names.texts[made["record_name"]] = [made["record"]]
    assert (await harness.api.patch(f"/domains/{made['id']}", json={"signs": True})).json()["signs"]
    answer = harness.message("signed")
    await harness.give(answer)
    await harness.delivery(answer, DeliveryState.SENT)
    raw = harness.simulator.sent[0].raw
    assert dkim.verify(raw, dnsfunc=lambda _, **__: made["record"].encode())
