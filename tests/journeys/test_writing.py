"""Messages for later, taken back, with images, and passed on to a third party, from the API to the mailboxes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.testing.processes import Api, add_mailbox
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def mailbox(world: Any, client: Api) -> dict[str, Any]:
    return add_mailbox(client, world.mail)


def asked(world: Any, client: Api, subject: str, number: int = 0) -> dict[str, Any]:
    """What is known of a customer's letter."""
    world.customer(number).writes(world.support, subject, "Когда привезут?")
    found: list[dict[str, Any]] = until(lambda: [i for i in client.all("/interactions") if i["subject"] == subject])
    return found[0]


def mails(world: Any, subject: str, number: int = 0) -> list[Any]:
    return [mail for mail in world.customer(number).mails() if mail["Subject"] == subject]


def test_a_message_for_later_leaves_at_its_time_unless_it_is_taken_back(world: Any, client: Api) -> None:
    seen = asked(world, client, "Завтрашний заказ")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    where = f"/chains/{seen['chain_id']}/messages"
    kept = client.post(where, json={"text": "Доброе утро!", "send_at": later})
    undone = client.post(where, json={"text": "Ой", "send_at": later})
    listed = [i["id"] for i in client.all("/interactions", planned="true")]
    assert {kept["id"], undone["id"]} <= set(listed)
    assert client.delete(f"/interactions/{undone['id']}")["delivery"]["state"] == "cancelled"
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    client.patch(f"/interactions/{kept['id']}", json={"text": "Доброе утро, Анна!", "send_at": soon})
    got = until(lambda: mails(world, "Re: Завтрашний заказ"))
    time.sleep(1)
    first_lines = [mail.get_content().splitlines()[0] for mail in mails(world, "Re: Завтрашний заказ")]
    assert first_lines == ["Доброе утро, Анна!"]
    assert kept["id"] in str(got[0]["Message-ID"])


def test_an_image_in_the_html_and_a_signature_reach_the_customer(world: Any, client: Api) -> None:
    seen = asked(world, client, "Как вас найти?")
    client.patch("/me", json={"signature": "Ольга, отдел продаж"})
    image = client.post("/attachments", files={"file": ("shop.png", b"\x89PNG shop", "image/png")})
    body = {"html": '<p>Мы здесь: <img src="cid:shop"></p><script>x()</script>', "inline": {"shop": image["id"]}}
    client.post(f"/chains/{seen['chain_id']}/messages", json=body)
    (mail,) = until(lambda: mails(world, "Re: Как вас найти?"))
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png"]
    page = mail.get_body(("html",)).get_content()
    assert ("cid:shop" in page, "script" in page, "Ольга, отдел продаж" in page) == (True, False, True)
    client.patch("/me", json={"signature": ""})


def test_a_third_party_answers_beside_the_chain_and_not_in_front_of_the_client(world: Any, client: Api) -> None:
    seen = asked(world, client, "Где машина?")
    carrier = world.customer(3)
    planned = client.post(f"/chains/{seen['chain_id']}/forward", json={"to": carrier.address, "comment": "Узнайте."})
    (got,) = until(lambda: [mail for mail in carrier.mails() if mail["Subject"] == "Fwd: Где машина?"])
    assert got.get_content().startswith("Узнайте.")
    carrier.writes(world.support, "Re: Fwd: Где машина?", "Стоит в пробке.", answers=got)
    (answer,) = until(lambda: client.all("/interactions", chain_id=planned["chain_id"], direction="in"))
    beside = client.get(f"/chains/{answer['chain_id']}")
    assert (beside["parent"], beside["client_id"] != seen["client_id"]) == (seen["chain_id"], True)
    assert [c["id"] for c in client.all("/chains", parent=seen["chain_id"])] == [beside["id"]]
    assert [note["chain_id"] for note in client.get(f"/interactions/{seen['id']}")["forwarded"]] == [beside["id"]]
