"""A mail becomes an interaction in its client's chain, and the operator's answer goes out."""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import orjson
import pytest

from hub.contracts.topics import TOPICS
from hub.testing.processes import Api, add_mailbox, server
from hub.testing.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def mailbox(world: Any, client: Api) -> dict[str, Any]:
    return add_mailbox(client, world.mail)


class Live:
    """The live stream, read in a thread."""

    def __init__(self, client: Api, last: str | None = None) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.open = threading.Event()
        headers = {"Authorization": f"Bearer {client.token}"} | ({"Last-Event-ID": last} if last else {})
        self._client = httpx.Client(timeout=PATIENCE)
        self._request = self._client.build_request("GET", f"{client.url}/api/v1/live", headers=headers)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.open.wait(PATIENCE)

    def _read(self) -> None:
        try:
            response = self._client.send(self._request, stream=True)
            assert response.status_code == 200, response.read()
            self.open.set()
            self._parse(response.iter_lines())
        except (httpx.HTTPError, RuntimeError, OSError):
            return

    def _parse(self, lines: Iterator[str]) -> None:
        fields: dict[str, str] = {}
        for line in lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
            elif fields.get("event"):
                self.events.append((fields.get("id", ""), fields["event"], orjson.loads(fields["data"])))
                fields = {}

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def live(client: Api) -> Iterator[Live]:
    stream = Live(client)
    yield stream
    stream.close()


def interactions(client: Api, **where: Any) -> list[dict[str, Any]]:
    return client.all("/interactions", **where)


def with_subject(client: Api, subject: str, **where: Any) -> list[dict[str, Any]]:
    return [i for i in interactions(client, **where) if i["subject"] == subject]


def test_a_mail_is_an_interaction_of_a_new_client_within_a_moment(world: Any, client: Api, live: Live) -> None:
    anna = world.customer(0)
    anna.writes(f"Поддержка <{world.support}>", "Где мой заказ?", "Здравствуйте! Заказ № 17 ещё не пришёл.")
    (seen,) = until(lambda: with_subject(client, "Где мой заказ?"))
    (chain,) = [c for c in client.all("/chains") if c["id"] == seen["chain_id"]]
    owner = client.get(f"/clients/{seen['client_id']}")
    assert (seen["channel"], seen["type"], seen["direction"]) == ("email", "email", "in")
    assert seen["text"].strip() == "Здравствуйте! Заказ № 17 ещё не пришёл."
    assert [(p["role"], p["address"], p["client_id"]) for p in seen["participants"]] == [
        ("from", f"email:{anna.address}", owner["id"]),
        ("to", f"email:{world.support}", None),
    ]
    assert (seen["cause_id"], seen["delivery"], seen["link"]["rule"]) == (None, None, "new_chain")
    assert (chain["subject"], chain["state"], chain["opened_by"]) == ("Где мой заказ?", "open", seen["id"])
    assert [a["address"] for a in owner["addresses"]] == [f"email:{anna.address}"]
    until(lambda: [e for _, kind, e in live.events if kind == "interaction.linked.v1"])


def test_the_answer_leaves_in_the_thread_and_the_reply_comes_back_into_the_chain(world: Any, client: Api) -> None:
    anna, elsewhere, silent = world.customer(0), world.customer(1), world.customer(2)
    question = anna.writes(world.support, "Re: Возврат", "Хочу вернуть лейку.")
    (seen,) = until(lambda: with_subject(client, "Re: Возврат"))
    planned = client.post(f"/chains/{seen['chain_id']}/messages", json={"text": "Конечно, привозите!"})
    assert (planned["direction"], planned["delivery"]["state"]) == ("out", "queued")
    got = until(lambda: [m for m in anna.mails() if m["In-Reply-To"] == question["Message-ID"]])[0]
    assert got["Subject"] == "Re: Возврат"
    assert str(question["Message-ID"]) in str(got["References"])
    assert planned["id"] in str(got["Message-ID"])
    assert "Конечно, привозите!" in got.get_content()
    sent = until(lambda: settled(client, planned["id"]))
    assert (sent["delivery"]["state"], sent["delivery"]["copy_state"]) == ("sent", "saved")
    copies = [m for m in world.ours().mails("Sent") if m["Message-ID"] == got["Message-ID"]]
    assert len(copies) == 1

    anna.writes(world.support, "Re: Возврат", "Спасибо!", answers=got)
    elsewhere.writes(world.support, "Re: Возврат", "Это снова Анна, с работы.", answers=got)
    token = str(got["X-Omnihub-Token"])
    silent.writes(world.support, "Лейка", f"Забыла сказать: она красная.\n\n> [#{token}]")
    back = until(lambda: len(found := caused(client, planned)) == 3 and found)
    assert {(i["chain_id"], i["client_id"]) for i in back} == {(seen["chain_id"], seen["client_id"])}
    assert {i["link"]["rule"] for i in back} == {"reference"}


def caused(client: Api, by: dict[str, Any]) -> list[dict[str, Any]]:
    return [i for i in interactions(client, chain_id=by["chain_id"]) if i["cause_id"] == by["id"]]


def settled(client: Api, interaction_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"/interactions/{interaction_id}")
    delivery = found["delivery"]
    return found if delivery["state"] == "sent" and delivery["copy_state"] == "saved" else None


def test_an_attachment_is_offered_for_download_never_for_display(world: Any, client: Api) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = world.customer(0).address, world.support, "Фото"
    mail.set_content("Смотрите")
    mail.add_attachment(b"<script>alert(1)</script>", "text", "html", filename="лейка.html")
    world.customer(0).sends(mail, world.support)
    (seen,) = until(lambda: with_subject(client, "Фото"))
    (attachment,) = seen["attachments"]
    assert (attachment["filename"], attachment["size"]) == ("лейка.html", 25)
    assert "blob" not in attachment
    answer = client.request("GET", f"/attachments/{attachment['id']}")
    assert answer.content.strip() == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_mail_and_its_file_are_found_by_their_words_a_moment_later(world: Any, client: Api) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = world.customer(0).address, world.support, "Поиск"
    mail.set_content("Нужны шкафы-купе, телефон 8 (916) 123-45-67")
    mail.add_attachment("Фасады из массива дуба".encode(), "text", "plain", filename="смета.txt")
    world.customer(0).sends(mail, world.support)

    def found(q: str) -> list[str]:
        items = client.request("GET", "/search/messages", params={"q": q}).json()["items"]
        return [f"{item['kind']} {''.join(p['text'] for p in item['fragment'] if p['hit'])}" for item in items]

    until(lambda: found("фасад дубовый") or found("дуба "))
    assert found("шкафом 1234567") == ["interaction шкафы8 (916) 123-45-67"]
    assert found("смета фасадов has:file") == ["file Фасады"]
    fresh = {"behind": 0, "unread_files": 0, "anew": None}
    until(lambda: client.get("/search/state"), lambda state: state == fresh)
    client.post("/search/anew")
    assert found("смета фасадов has:file") == ["file Фасады"]
    until(lambda: client.get("/search/state"), lambda state: state == fresh)
    assert found("смета фасадов has:file") == ["file Фасады"]


def test_twenty_first_mails_at_once_are_one_client_and_one_chain(world: Any, client: Api) -> None:
    boris = world.customer(3)
    threads = [threading.Thread(target=boris.writes, args=(world.support, "Письмо", f"Ау! {n}")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mails = until(lambda: len(found := [i for i in interactions(client) if i["subject"] == "Письмо"]) >= 20 and found)
    assert len(mails) == 20
    assert len({i["client_id"] for i in mails}) == 1
    assert len({i["chain_id"] for i in mails}) == 1


def test_the_live_stream_goes_on_where_it_was_cut(world: Any, client: Api) -> None:
    first = Live(client)
    world.customer(0).writes(world.support, "До обрыва", "1")
    last = until(lambda: [i for i, kind, e in first.events if e.get("interaction", {}).get("subject") == "До обрыва"])
    first.close()
    world.customer(0).writes(world.support, "После обрыва", "2")
    until(lambda: with_subject(client, "После обрыва"))
    again = Live(client, last[-1])
    until(lambda: [e for _, _, e in again.events if e.get("interaction", {}).get("subject") == "После обрыва"])
    assert not [e for _, _, e in again.events if e.get("interaction", {}).get("subject") == "До обрыва"]
    again.close()


def test_a_mailbox_with_a_wrong_password_is_refused_with_the_server_that_refused(world: Any, client: Api) -> None:
    account = world.mail["mailboxes"][1]
    good = server(world.mail["imap"], account)
    body = {
        "address": account["address"],
        "name": "Продажи",
        "imap": {**good, "password": "wrong"},
        "smtp": server(world.mail["smtp"], account),
    }
    answer = client.request("POST", "/mailboxes", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == ["imap"]
    assert "wrong" not in answer.text.replace("wrong password", "")
    assert account["address"] not in [m["address"] for m in client.all("/mailboxes")]


def test_the_channel_is_green_and_tells_when_something_came_and_went(world: Any, client: Api) -> None:
    world.customer(0).writes(world.support, "Слышно?", "Раз, два.")
    (seen,) = until(lambda: with_subject(client, "Слышно?"))
    client.post(f"/chains/{seen['chain_id']}/messages", json={"text": "Слышно."})

    def channel() -> dict[str, Any]:
        return next(item for item in client.get("/channels")["items"] if item["address"] == world.support)

    shown = until(channel, lambda item: item["state"] == "green" and item["last_in"] and item["last_out"])
    assert shown["channel"] == "email"
    # Other tests park records of topics of their own on the same Kafka.
    ours = {topic.name for topic in TOPICS}
    assert [letter for letter in client.all("/dead-letters") if letter["topic"] in ours] == []


def test_a_mail_already_known_to_one_mailbox_becomes_visible_in_the_other(world: Any, client: Api) -> None:
    sales = add_mailbox(client, world.mail, 1)
    both = f"{world.support}, {sales['address']}"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = world.customer(0).address, both, "Обоим"
    mail["Message-ID"] = "<both@example.com>"
    mail.set_content("Кто ответит первым?")
    world.customer(0).sends(mail, world.support, sales["address"])
    until(lambda: [i for i in with_subject(client, "Обоим") if len(i["accounts"]) == 2])
    assert len(with_subject(client, "Обоим")) == 1


def test_a_mail_that_is_posted_is_an_interaction_once(client: Api, mailbox: dict[str, Any]) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "Анна <anna.posts@example.com>", mailbox["address"]
    letter["Subject"], letter["Message-ID"] = "Из старой системы", "<posted-1@example.com>"
    letter.set_content("Где мой заказ?")
    path, headers = f"/mailboxes/{mailbox['id']}/mails", {"Content-Type": "message/rfc822"}
    answers = [client.post(path, content=letter.as_bytes(), headers=headers) for _ in range(2)]
    assert [answer["state"] for answer in answers] == ["taken", "known"]
    (found,) = until(lambda: [one for one in client.all("/interactions") if one["subject"] == "Из старой системы"])
    assert found["id"] == answers[0]["interaction_id"] == answers[1]["interaction_id"]
    refused = client.request("POST", path, content=b"no mail at all", headers=headers)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["body"])


def test_a_guest_is_invited_by_mail_and_what_his_program_answers_stands_in_the_meeting(
    world: Any, client: Api, mailbox: dict[str, Any]
) -> None:
    anna = world.customer(2)
    plan = {"at": "2031-03-03T07:00:00Z", "minutes": 90, "place": "Тверская, 1"}
    guest = {"role": "attendee", "address": anna.address, "name": "Анна"}
    meeting = client.post(
        "/interactions", json={"type": "meeting", "subject": "Замер кухни", "plan": plan, "participants": [guest]}
    )
    client.put(f"/interactions/{meeting['id']}/invitation", json={"account": mailbox["id"]})
    (got,) = until(lambda: [mail for mail in anna.mails() if mail["Subject"] == "Приглашение: Замер кухни"])
    (calendar,) = [part for part in got.walk() if part.get_content_type() == "text/calendar"]
    asked = calendar.get_content()
    assert (calendar.get_param("method"), "DTSTART:20310303T070000Z" in asked) == ("REQUEST", True)
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = anna.address, world.support, "Accepted: Замер кухни"
    reply["Message-ID"] = f"<accepted.{got['Message-ID'].strip('<>')}>"
    answer = asked.replace("METHOD:REQUEST", "METHOD:REPLY").replace("NEEDS-ACTION", "ACCEPTED")
    reply.set_content(answer, subtype="calendar", params={"method": "REPLY"})
    anna.sends(reply, world.support)

    def answered() -> list[str]:
        invited = client.get(f"/interactions/{meeting['id']}")["invited"]
        return [one["answer"] for one in invited["guests"]]

    until(answered, lambda found: found == ["accepted"])
    (mail,) = until(lambda: [one for one in interactions(client) if one["subject"] == "Accepted: Замер кухни"])
    assert (mail["chain_id"], mail["invitation"]["method"]) == (meeting["chain_id"], "reply")
