"""The email service against the mail simulator, for its tests."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from hub.channels.base import Health
from hub.channels.simulators.mail import Account, MailSimulator
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.contracts.park import MessageParked
from hub.footing import Footing, Service
from hub.testing.channel_contract import ChannelHarness, interaction_id
from services.email.app import build

OURS = "support@romashka.example"
SALES = "sales@romashka.example"
CUSTOMER = "anna@client.example"
SHORT = {
    "POLL_INTERVAL": "0.2",
    "SAFETY_POLL": "1",
    "RECONNECT_CAP": "0.3",
    "RETRY_DELAYS": "0.5",
    "MAX_MAIL_SIZE": "1048576",
}


class EmailHarness(ChannelHarness):
    """Our mailbox and a customer's on the simulator."""

    outbound = "outbound.email"
    unhurried: Mapping[str, str] = MappingProxyType(
        {
            "OMNIHUB_EMAIL__POLL_INTERVAL": "600",
            "OMNIHUB_EMAIL__SAFETY_POLL": "600",
            "OMNIHUB_EMAIL__SILENCE": "3600",
        }
    )

    def __init__(self, data: Path, simulator: MailSimulator, **settings: str) -> None:
        super().__init__(data, {f"OMNIHUB_EMAIL__{name}": value for name, value in {**SHORT, **settings}.items()})
        self.simulator = simulator
        self.mailbox_id = ""
        self.security = "plain"
        self._number = 0

    def build(self, footing: Footing) -> Service:
        return build(footing)

    async def add_account(self) -> None:
        answer = await self.api.post("/mailboxes", json=self.mailbox())
        assert answer.status_code == 201, answer.text
        self.mailbox_id = answer.json()["id"]

    def mailbox(self, address: str = OURS, **over: Any) -> dict[str, Any]:
        """What the API takes for a mailbox on the simulator."""
        user = address.partition("@")[0]
        return {
            "address": address,
            "name": "Ромашка",
            "imap": self.server(self.simulator.imap_port, user),
            "smtp": self.server(self.simulator.smtp_port, user),
            **over,
        }

    def server(self, port: int, user: str = "support", **over: Any) -> dict[str, Any]:
        login = {"user": user, "password": f"{user}-password"}
        return {"host": "127.0.0.1", "port": port, "security": self.security, **login, **over}

    def customer_writes(self, text: str, to: str = OURS, **headers: str) -> None:
        self._number += 1
        self.simulator.deliver(to, a_mail(text, number=self._number, **headers))

    def customer_writes_poison(self) -> None:
        self.customer_writes("x" * 76 + "\n" * 2**20)

    def customer_got(self) -> list[str]:
        return [
            str(mail.message.get_body().get_content()).splitlines()[0] for mail in self.simulator.messages(CUSTOMER)
        ]

    def message(self, text: str, **over: Any) -> SendMessage:
        fields: dict[str, Any] = {
            "id": interaction_id(text),
            "channel": "email",
            "account": self.mailbox_id,
            "to": (Participant(role=Role.TO, address=f"email:{CUSTOMER}", raw=CUSTOMER, name="Анна"),),
            "subject": "Re: Заказ",
            "text": text,
            "token": "ABCDEFGHIJ234567",
        }
        return SendMessage(**{**fields, **over})

    def refuse(self, words: str) -> None:
        self.simulator.faults.answer("RCPT", f"550 5.1.1 {words}")

    def defer(self, words: str) -> None:
        self.simulator.faults.answer("RCPT", f"451 4.3.0 {words}")

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        self.simulator.faults.cut_after_data(accepted=accepted)

    def show_all_again(self) -> None:
        self.simulator.recreate(OURS)

    def spoil_credentials(self) -> None:
        self.simulator.faults.imap_logins_refused = "wrong password"
        self.simulator.drop_imap()

    def mend_credentials(self) -> None:
        self.simulator.faults.imap_logins_refused = None

    async def health(self) -> Health:
        (item,) = await self.channels()
        return Health(**{name: item[name] for name in Health.__dataclass_fields__})

    async def replay(self, parked: MessageParked) -> None:
        await self.bus.publish_records([parked.record()])

    async def another_copy(self) -> Service:
        """A second process's service on the same bus and store."""
        copy = self.build(self.footing())
        await copy.start()
        return copy

    async def channels(self) -> list[dict[str, Any]]:
        answer = await self.api.get("/channels")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def a_mail(text: str, *, number: int = 1, sender: str = f"Анна <{CUSTOMER}>", **headers: str) -> bytes:
    """A mail of the customer's; header names with underscores, an empty one leaves the header out."""
    mail = EmailMessage()
    given = {
        "From": sender,
        "To": OURS,
        "Subject": "Заказ",
        "Date": format_datetime(datetime(2026, 3, 2, 9, number % 60, tzinfo=UTC)),
        "Message-ID": f"<m{number}@client.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


@pytest.fixture
async def simulator() -> AsyncIterator[MailSimulator]:
    accounts = [
        Account(address=address, user=address.partition("@")[0], password=f"{address.partition('@')[0]}-password")
        for address in (OURS, SALES, CUSTOMER)
    ]
    async with MailSimulator(accounts) as running:
        yield running


@pytest.fixture
async def harness(tmp_path: Path, simulator: MailSimulator) -> AsyncIterator[EmailHarness]:
    made = EmailHarness(tmp_path, simulator)
    await made.open()
    yield made
    await made.close()
