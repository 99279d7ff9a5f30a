"""A mailing, from the template to what comes back on it, through the API and real mail servers."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from hub.cli import main
from hub.testing.processes import PASSWORD, Api, add_mailbox
from hub.testing.servers import kafka
from hub.testing.waiting import until
from tests.journeys.test_bounces import a_bounce

pytestmark = pytest.mark.slow
PAGE = (
    '<html><body><p>Здравствуйте, {{ first_name | default("друг") }}!</p>'
    '<p><a href="https://example.com/sale?x=1&amp;y=2">Скидки</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Отписаться</a></p></body></html>'
)
CUSTOMERS = 4
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"}


@pytest.fixture(scope="module")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.KafkaServer]:
    """Of its own: an audience is counted over all that the topics hold, which no other hub may have written."""
    if reason := kafka.missing():
        pytest.skip(f"Kafka: {reason}")
    with kafka.start_kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def mailbox(world: Any, client: Api) -> dict[str, Any]:
    return add_mailbox(client, world.mail)


@pytest.fixture(scope="module")
def known(world: Any, client: Api) -> list[str]:
    """Customers that the hub knows because they wrote; their client ids."""
    people = [world.customer(number) for number in range(CUSTOMERS)]
    for person in people:
        person.writes(world.support, "Знакомство", "Здравствуйте!")

    def ids() -> list[str]:
        found = {a["address"]: c["id"] for c in client.all("/clients") for a in c["addresses"]}
        wanted = [f"email:{person.address}" for person in people]
        return [found[address] for address in wanted] if all(address in found for address in wanted) else []

    return until(ids)


@pytest.fixture(scope="module")
def topic(client: Api) -> str:
    form = {"id": "offers", "title": {"ru": "Акции", "en": "Offers"}, "requires": "not_withdrawn", "basis": "клиенты"}
    return str(client.post("/topics", json=form)["id"])


def a_template(client: Api, subject: str) -> str:
    body = {"subject": subject, "html": PAGE}
    return str(client.post("/templates", json={"name": subject, "channel": "email", "bodies": {"ru": body}})["id"])


def launched(client: Api, mailbox: dict[str, Any], topic: str, subject: str, **over: Any) -> str:
    message = {"channel": "email", "template": a_template(client, subject), "account": mailbox["id"]}
    form = {"name": subject, "topic": topic, "messages": [message], "include": {"did": "wrote"}, **over}
    mailing = client.post("/mailings", json=form)
    client.post(f"/mailings/{mailing['id']}/launch")
    return str(mailing["id"])


def got(person: Any, subject: str) -> list[EmailMessage]:
    return [mail for mail in person.mails() if mail["Subject"] == subject]


def statistics(client: Api, mailing: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/mailings/{mailing}/statistics")
    return found


def test_a_mailing_reaches_everybody_once_and_what_comes_back_is_on_the_rows_and_in_the_chains(
    world: Any, client: Api, mailbox: dict[str, Any], known: list[str], topic: str
) -> None:
    subject = "Весенняя скидка"
    mailing = launched(client, mailbox, topic, subject)
    people = [world.customer(number) for number in range(CUSTOMERS)]
    mails = [until(lambda person=person: got(person, subject))[0] for person in people]
    until(lambda: statistics(client, mailing), lambda found: found["sent"] == CUSTOMERS)
    answerer, bouncer, _, leaver = people
    page = str(mails[2].get_body(("html",)).get_content())
    plain = str(mails[2].get_body(("plain",)).get_content())
    assert "https://example.com/sale?x=1&y=2" in plain

    answerer.writes(world.support, f"Re: {subject}", "А на шкафы тоже?", answers=mails[0])
    bouncer.sends(a_bounce(world, mails[1], bouncer.address), world.support)
    link = re.search(r'href="([^"]+/m/l/[^"]+)"', page)
    assert link
    followed = httpx.get(link[1].replace("&amp;", "&"), headers=FIREFOX, follow_redirects=False)
    assert (followed.status_code, followed.headers["location"]) == (302, "https://example.com/sale?x=1&y=2")
    one_click = str(mails[3]["List-Unsubscribe"]).strip("<>")
    assert mails[3]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert httpx.get(one_click).status_code == 200
    assert httpx.post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200

    found = until(
        lambda: statistics(client, mailing),
        lambda now: (now["replied"], now["clicked"], now["bounced"], now["unsubscribed"]) == (1, 2, 1, 1),
    )
    parts = ("queued", "sent", "suppressed", "failed", "unknown")
    assert sum(found[part] for part in parts) == found["audience"] == CUSTOMERS
    kinds = {}
    for client_id in known:
        letters = until(lambda client_id=client_id: _of_mailing(client, client_id, mailing))
        kinds[client_id] = [one["kind"] for one in letters[0]["mailing"]["answers"]]
    assert [kinds[client_id] for client_id in known] == [["replied"], ["bounced"], ["clicked"], ["unsubscribed"]]
    reply = next(i for i in client.all("/interactions") if "А на шкафы" in i["text"] + i["new_text"])
    assert reply["cause_id"] == _of_mailing(client, known[0], mailing)[0]["id"]

    again = launched(client, mailbox, topic, "Вторая скидка")
    until(lambda: client.get(f"/mailings/{again}"), lambda now: now["state"] == "done")
    assert statistics(client, again)["suppressed"] == 2
    why = client.get(f"/mailings/{again}/why/{known[3]}")["lines"]
    assert "suppressed: he said no to the topic or to the channel" in why
    words = client.get("/consents", address=f"email:{leaver.address}")["items"]
    assert [(one["topic"], one["state"], one["source"]) for one in words] == [("offers", "withdrawn", "one_click")]


def _of_mailing(client: Api, client_id: str, mailing: str) -> list[dict[str, Any]]:
    letters = client.all("/interactions", client_id=client_id)
    return [one for one in letters if one["mailing"] and one["mailing"]["id"] == mailing]


def test_who_says_no_while_a_mailing_runs_gets_nothing_more_of_it(
    world: Any, client: Api, mailbox: dict[str, Any], known: list[str], topic: str
) -> None:
    subject = "Медленная скидка"
    mailing = launched(client, mailbox, topic, subject, per_second=0.1)
    first = until(lambda: [n for n in (0, 2) if got(world.customer(n), subject)])
    (other,) = {0, 2} - set(first[:1])
    word = {"address": f"email:{world.customer(other).address}", "topic": topic, "state": "withdrawn", "words": "нет"}
    client.post("/consents", json=word)
    until(lambda: client.get(f"/mailings/{mailing}"), lambda now: now["state"] == "done")
    rows = client.all(f"/mailings/{mailing}/recipients", state="suppressed")
    assert known[other] in {row["client_id"] for row in rows}
    assert not got(world.customer(other), subject)


def test_a_pause_stops_a_mailing_and_a_recall_ends_it(
    world: Any, client: Api, mailbox: dict[str, Any], known: list[str], topic: str
) -> None:
    del known, world
    mailing = launched(client, mailbox, topic, "Отозванная", send_at="2030-01-01T10:00:00Z")
    until(lambda: client.get(f"/mailings/{mailing}"), lambda now: now["state"] == "running")
    assert client.post(f"/mailings/{mailing}/pause")["state"] == "paused"
    assert client.post(f"/mailings/{mailing}/cancel")["state"] == "cancelled"
    found = statistics(client, mailing)
    assert found["suppressed"] == found["audience"] > 0


def test_a_marketer_works_from_the_command_line(
    world: Any,
    client: Api,
    mailbox: dict[str, Any],
    known: list[str],
    topic: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMNIHUB_PASSWORD", PASSWORD)
    message = {"channel": "email", "template": a_template(client, "Из строки"), "account": mailbox["id"]}
    form = {"name": "Из строки", "topic": topic, "messages": [message], "include": {"did": "wrote"}}
    mailing = client.post("/mailings", json=form)["id"]
    url = world.hub.facts()["api"]

    def omnihub(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["mailings", words[0], "--api", url, *words[1:]])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert f"{mailing}\tdraft\t\tИз строки" in omnihub("list")
    assert f"of {CUSTOMERS} would get it" in omnihub("count", mailing)
    assert omnihub("launch", mailing) == "freezing\n"
    until(lambda: omnihub("show", mailing).startswith("done"))
    recipient = omnihub("recipients", mailing, "--state", "sent").split("\t")[2]
    assert recipient in known
    assert "he is recipient" in omnihub("why", mailing, recipient)
