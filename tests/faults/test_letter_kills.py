"""The hub is killed (SIGKILL) while letters are printed and posted, and guests are told of a change: each once."""

import signal
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest

from hub.testing.processes import Api
from hub.testing.waiting import until

pytestmark = pytest.mark.slow
HOME = {"street": "ул. Тверская", "city": "Москва", "postcode": "101000"}
PEOPLE = 3


def topic(client: Api) -> None:
    if not client.get("/topics")["items"]:
        client.post("/topics", json={"id": "offers", "title": {"ru": "Акции"}, "requires": "not_withdrawn"})


def launched(client: Api, seam: str) -> str:
    """A mailing by post to people of its own."""
    topic(client)
    for house in range(PEOPLE):
        home = {**HOME, "house": f"{house} {seam}"}
        client.post("/clients", json={"name": seam, "postal": [home]})
    include = {"all": [{"has": "post"}, {"field": "name", "value": seam}]}
    until(lambda: client.post("/segments/count", json={"include": include})["count"] == PEOPLE)
    template = client.post("/templates", json={"name": seam, "channel": "post", "bodies": {"ru": {"text": "Привет"}}})
    message = {"channel": "post", "template": template["id"]}
    form = {"name": seam, "topic": "offers", "include": include, "messages": [message]}
    mailing = str(client.post("/mailings", json=form)["id"])
    client.post(f"/mailings/{mailing}/launch")
    until(lambda: client.get(f"/mailings/{mailing}")["state"] == "running")
    until(lambda: client.get(f"/mailings/{mailing}/statistics")["queued"] == PEOPLE)
    return mailing


def killed(world: Any, client: Api, seam: str, path: str, form: Any) -> Api:
    """The hub dies at a seam of what is asked for; the API of the one after it."""
    client.close()
    world.hub.stop()
    client = world.start(seam=seam)
    with suppress(httpx.HTTPError):
        client.post(path, json=form)
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    return world.start()  # type: ignore[no-any-return]


@pytest.mark.parametrize("seam", ["batch.taken", "job.after_act", "job.after_results"])
def test_a_hub_killed_while_it_prints_has_every_letter_in_one_batch(world: Any, seam: str) -> None:
    client = world.start()
    mailing = launched(client, f"печать {seam}")
    client = killed(world, client, seam, f"/mailings/{mailing}/batches", {})
    (batch,) = client.get(f"/mailings/{mailing}/batches")["items"]
    until(lambda: client.get(f"/batches/{batch['id']}")["state"] == "ready")
    assert client.get(f"/batches/{batch['id']}")["letters"] == PEOPLE
    assert client.get(f"/mailings/{mailing}/statistics")["queued"] == PEOPLE
    client.close()
    world.hub.stop()


@pytest.mark.parametrize("seam", ["batch.posted", "job.after_results"])
def test_a_hub_killed_while_it_marks_letters_writes_each_into_its_chain_once(world: Any, seam: str) -> None:
    client = world.start()
    mailing = launched(client, f"почта {seam}")
    batch = client.post(f"/mailings/{mailing}/batches", json={})["id"]
    until(lambda: client.get(f"/batches/{batch}")["state"] == "ready")
    client = killed(world, client, seam, f"/batches/{batch}/posted", {})
    until(lambda: client.get(f"/mailings/{mailing}")["state"] == "done")
    assert client.get(f"/mailings/{mailing}/statistics")["sent"] == PEOPLE
    rows = client.all(f"/mailings/{mailing}/recipients")
    for row in rows:
        found = until(lambda row=row: client.get("/interactions", client_id=row["client_id"])["items"])  # type: ignore[misc]
        assert [one["type"] for one in found] == ["post"]
    assert len(rows) == PEOPLE
    client.close()
    world.hub.stop()


@pytest.mark.parametrize("seam", ["job.after_results", "job.after_act"])
def test_a_hub_killed_while_guests_are_told_of_a_move_tells_each_once(world: Any, seam: str) -> None:
    client = world.start()
    box = str(client.get("/mailboxes")["items"][0]["id"])
    body = {"subject": "Мы переехали", "text": "{{ data.was_place }} → {{ data.place }}"}
    template = client.post("/templates", json={"name": "x", "channel": "email", "bodies": {"ru": body}})["id"]
    source = client.post("/sources", json={"channel": f"гости {seam}"})["id"]
    local, _, domain = world.customer(0).address.partition("@")
    name = f"guest{seam.rpartition('_')[2]}"
    form = {"title": "Кухни", "starts": "2099-03-12T19:00:00", "place": "Тверская, 1", "source": source}
    form["notices"] = {"moved": template, "account": box}
    event = client.post("/marketing-events", json=form)["id"]
    path = f"/marketing-events/{event}"
    addresses = [f"{local}+{name}{n}@{domain}" for n in range(PEOPLE)]
    client.post(f"{path}/invitations", json={"addresses": addresses})
    guests = until(lambda: client.get(f"{path}/guests")["items"], lambda found: len(found) == PEOPLE)
    for guest in guests:
        client.post(f"{path}/guests/{guest['id']}/answer", json={"answer": "confirmed"})
    client.close()
    world.hub.stop()
    client = world.start(seam=seam)
    with suppress(httpx.HTTPError):
        client.put(path, json={**form, "place": "Арбат, 2"})
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()

    def got() -> Counter[str]:
        return Counter(str(mail["To"]) for mail in world.customer(0).mails() if f"+{name}" in str(mail["To"]))

    until(lambda: sum(got().values()) >= PEOPLE)
    until(lambda: all(one["state"] == "done" for one in client.get("/jobs")["items"]))
    assert set(got().values()) == {1}
    client.close()
    world.hub.stop()
