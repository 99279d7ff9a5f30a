"""The hub is killed (SIGKILL) at every seam of a mailing; each recipient has it once, or it is shown as unknown."""

import signal
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest

from hub.channels.batches import MOST
from hub.testing.processes import Api
from hub.testing.waiting import until

pytestmark = pytest.mark.slow
RECIPIENTS = 150
SEAMS = {
    "job.after_results": 0,
    "job.after_act": 0,
    "job.after_step": 0,
    "mailing.before_pages": 0,
    "mailing.after_pages": 0,
    "bus.after_handle.outbound.mass.email": 0,
    "email.after_intent": MOST,
    "email.after_batch": MOST,
    "email.after_outcome": MOST,
    "outbox.before_publish.delivery.mass": MOST,
    "outbox.after_publish.delivery.mass": MOST,
    "bus.after_handle.delivery.mass": MOST,
}
"""Twelve, and how many may be unknown afterwards: those whose hand-over had begun. What one batch came to may be told
while another one is being handed over."""
BODY = {"subject": "Скидка", "html": '<p>Привет!</p><a href="{{ unsubscribe_url }}">x</a>'}


def in_place(client: Api) -> tuple[str, str]:
    """Mailbox and template; made once for all."""
    box = str(client.get("/mailboxes")["items"][0]["id"])
    if not client.get("/topics")["items"]:
        client.post("/topics", json={"id": "offers", "title": {"ru": "Акции"}, "requires": "not_withdrawn"})
    template = client.post("/templates", json={"name": "x", "channel": "email", "bodies": {"ru": BODY}})
    return box, str(template["id"])


def a_list(client: Api, name: str, address: str) -> str:
    local, _, domain = address.partition("@")
    rows = "\n".join(f"{local}+{name}{n}@{domain}" for n in range(RECIPIENTS))
    file = client.post("/attachments", files={"file": ("people.csv", f"email\n{rows}\n".encode(), "text/csv")})
    made = client.post("/lists", json={"name": name, "file": file["id"]})
    until(lambda: client.get(f"/lists/{made['id']}")["state"] == "ready")
    return str(made["id"])


@pytest.mark.parametrize("seam", SEAMS)
def test_a_hub_killed_in_a_mailing_sends_it_to_everybody_once(world: Any, seam: str) -> None:
    name = f"k{list(SEAMS).index(seam)}x"
    client = world.start()
    box, template = in_place(client)
    people = a_list(client, name, world.customer(0).address)
    message = {"channel": "email", "template": template, "account": box}
    form = {"name": seam, "topic": "offers", "messages": [message], "lists": [people]}
    mailing = client.post("/mailings", json=form)["id"]
    client.close()
    world.hub.stop()
    client = world.start(seam=seam)
    with suppress(httpx.HTTPError):
        client.post(f"/mailings/{mailing}/launch")
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    until(lambda: client.get(f"/mailings/{mailing}")["state"] == "done")
    found = client.get(f"/mailings/{mailing}/statistics")
    got = Counter(str(mail["To"]) for mail in world.customer(0).mails() if f"+{name}" in str(mail["To"]))
    assert max(got.values()) == 1
    assert found["audience"] == RECIPIENTS == found["sent"] + found["unknown"]
    assert found["unknown"] <= SEAMS[seam]
    assert found["sent"] <= len(got) <= RECIPIENTS
    rows = client.all(f"/mailings/{mailing}/recipients", state="unknown")
    assert len(rows) == found["unknown"]
    assert client.get("/dead-letters")["items"] == []
    client.close()
    world.hub.stop()


@pytest.mark.parametrize("seam", ["due.after_swap", "sequence.after_rows"])
def test_a_hub_killed_in_a_sequence_sends_each_step_once(world: Any, seam: str) -> None:
    name = f"sequel{seam.partition('.')[0]}"
    client = world.start()
    box, template = in_place(client)
    local, _, domain = world.customer(0).address.partition("@")
    addresses = [{"address": f"{local}+{name}{n}@{domain}"} for n in range(3)]
    people = [client.post("/clients", json={"name": name, "addresses": [one]})["id"] for one in addresses]
    message = {"channel": "email", "template": template, "account": box}
    form = {"name": seam, "topic": "offers", "steps": [{"message": message}, {"wait": "PT1S", "message": message}]}
    sequence = client.post("/sequences", json=form)["id"]
    client.post(f"/sequences/{sequence}/start")
    client.close()
    world.hub.stop()
    client = world.start(seam=seam)
    client.post(f"/sequences/{sequence}/entries", json={"clients": people})
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    until(lambda: client.get(f"/sequences/{sequence}/statistics"), lambda now: now["runs"] == {"done": 3})
    found = until(
        lambda: client.get(f"/sequences/{sequence}/statistics")["steps"],
        lambda steps: all(step["queued"] == 0 for step in steps),
    )
    assert [(step["audience"], step["sent"] + step["unknown"]) for step in found] == [(3, 3), (3, 3)]
    got = Counter(str(mail["To"]) for mail in world.customer(0).mails() if f"+{name}" in str(mail["To"]))
    assert max(got.values()) == 2
    assert sum(got.values()) >= sum(step["sent"] for step in found)
    client.close()
    world.hub.stop()
