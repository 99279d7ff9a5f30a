"""The hub is killed (SIGKILL) while it receives by POP3: each mail is there once, and gone from its server."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.testing.processes import add_mailbox, server
from hub.testing.servers.dovecot import DovecotServer
from hub.testing.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.connected]
SEAMS = ("email.before_seen", "email.after_seen", "email.after_delete")


@pytest.fixture(scope="module")
def maildrop(world: Any, pop_servers: Callable[..., DovecotServer]) -> Iterator[DovecotServer]:
    """The second mailbox of the hub, which looks every other moment."""
    account = world.mail["mailboxes"][1]
    dovecot = pop_servers({account["user"]: account["password"]})
    world.hub.environ["OMNIHUB_EMAIL__POP_INTERVAL"] = "0.2"
    client = world.start()
    pop = {**server(f"127.0.0.1:{dovecot.pop_port}", account), "leave": False}
    add_mailbox(client, world.mail, 1, imap=None, pop=pop)
    client.close()
    world.hub.stop()
    return dovecot


@pytest.mark.parametrize("seam", SEAMS)
def test_a_hub_killed_while_it_empties_a_maildrop_loses_and_doubles_nothing(
    world: Any, maildrop: DovecotServer, seam: str
) -> None:
    account = world.mail["mailboxes"][1]
    subjects = [f"{seam} {number}" for number in range(5)]
    head = f"From: anna@client.example\r\nTo: {account['address']}\r\n"
    world.start(seam=seam).close()
    maildrop.put(account["user"], [f"{head}Subject: {one}\r\n\r\n{one}\r\n".encode() for one in subjects])
    assert world.hub.wait() == -signal.SIGKILL
    client = world.start()
    maildir = maildrop.folder / "mail" / account["user"] / "Maildir"
    until(lambda: not [*maildir.glob("new/*"), *maildir.glob("cur/*")])
    found = until(
        lambda: sorted(i["subject"] for i in client.all("/interactions") if i["subject"] in subjects),
        lambda seen: len(seen) >= len(subjects),
    )
    assert found == subjects
    assert client.get("/dead-letters")["items"] == []
    client.close()
    world.hub.stop()
