"""What employees ask of the services through the gateway, with the real services behind it."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta
from inspect import iscoroutinefunction, isfunction
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from orjson import loads

from hub.api.late import all_made
from hub.contracts.interaction import Attachment
from hub.contracts.shown import InteractionView
from hub.kit.safe_html import sanitise
from hub.kit.settings import Source
from hub.process import Embedded
from hub.testing.builders import NOON
from services.interactions.views import SHOWN

pytestmark = pytest.mark.slow
BOX = {
    "address": "sales@example.com",
    "imap": {"host": "imap.example.com", "port": 993, "user": "sales", "password": "secret"},
    "smtp": {"host": "smtp.example.com", "port": 587, "user": "sales", "password": "secret"},
}


async def test_a_wrong_form_is_refused_with_the_field_and_the_fix_by_whoever_takes_it(whole: Any) -> None:
    admin = await whole.admin()
    consent = {"token_url": "https://oauth2.googleapis.com/token", "client_id": "c", "refresh_token": "r"}
    both = {**BOX, "imap": {**BOX["imap"], "oauth": consent}}
    asked = {
        ("POST", "/chains/ch_1/messages", "body"): {},
        ("POST", "/chains/ch_1/messages", "to"): {"text": "x", "to": "b@example.com"},
        ("POST", "/chains/ch_1/messages", "colour"): {"text": "x", "colour": "red"},
        ("POST", "/chains/ch_1/messages", "buttons.0"): {"text": "x", "buttons": [{"text": "y"}]},
        ("POST", "/chains/ch_1/messages", "send_at"): {"text": "x", "send_at": "2026-03-02T09:00:00"},
        ("POST", "/mailboxes", "imap"): both,
        ("PATCH", "/mailboxes/mb_1", "body"): {},
        ("PATCH", "/bots/bot_1", "body"): {},
        ("PATCH", "/numbers/num_1", "body"): {},
        ("POST", "/mailboxes/mb_1/reread", "apply"): {"apply": "perhaps"},
    }
    for (method, path, field), body in asked.items():
        answer = await admin.request(method, path, json=body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field]), (path, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_whatever_a_request_is_answered_with_is_taken_on_the_event_loop_and_has_no_thread(
    tmp_path: Path,
) -> None:
    hub = Embedded(tmp_path, Source(environ={}))
    await hub.start()
    routes = [route for service in hub.services for route in all_made(service.http.routes)]
    taken = {id(call): call for route in routes if isinstance(route, APIRoute) for call in calls_of(route.dependant)}
    await hub.stop()
    assert len(taken) > 300
    assert [call for call in taken.values() if not iscoroutinefunction(call)] == []


def calls_of(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call if isfunction(dependant.call) else getattr(dependant.call, "__call__")  # noqa: B009, B004
    for inner in dependant.dependencies:
        yield from calls_of(inner)


async def test_parameters_are_checked_by_whoever_takes_them(whole: Any) -> None:
    admin = await whole.admin()
    unknown = await admin.get("/interactions?chanel=email")
    assert "channel" in unknown.json()["errors"]["chanel"]
    for path in ("/interactions", "/clients", "/chains", "/mailboxes", "/bots", "/numbers", "/jobs"):
        for limit in ("0", "501", "many"):
            answer = await admin.get(f"{path}?limit={limit}")
            assert (answer.status_code, list(answer.json()["errors"])) == (422, ["limit"]), path


async def test_an_answer_goes_out_with_its_files_images_and_the_signature_of_its_author(whole: Any) -> None:
    seen = await whole.received()
    operator = await whole.employee("operator")
    await operator.patch("/me", json={"signature": "Ольга"})
    invoice = (await operator.post("/attachments?filename=invoice.txt", content=b"hello")).json()
    shop = (await operator.post("/attachments?filename=shop.png", content=b"PNG")).json()
    form = {
        "text": "Вот счёт",
        "html": '<p>Вот счёт</p><img src="cid:shop">',
        "attachments": [invoice["id"]],
        "inline": {"shop": shop["id"]},
        "undo_seconds": 300,
    }
    planned = await operator.post(f"/chains/{seen['chain_id']}/messages", json=form)
    assert planned.status_code == 202, planned.text
    told = planned.json()
    files = [(file["filename"], file["content_id"], file["size"]) for file in told["attachments"]]
    assert (told["author"], files) == ("operator", [("invoice.txt", "", 5), ("shop.png", "shop", 3)])
    assert "blob" not in planned.text
    assert (await operator.get(f"/attachments/{invoice['id']}")).content == b"hello"
    document = await whole.stored("interactions", told["id"])
    assert document["command"]["signature"] == "Ольга"
    unsigned = {"text": "Без подписи", "signature": False, "undo_seconds": 300, "cc": None}
    other = (await operator.post(f"/chains/{seen['chain_id']}/messages", json=unsigned)).json()
    assert (await whole.stored("interactions", other["id"]))["command"]["signature"] == ""


async def test_a_message_with_an_unknown_upload_is_refused(whole: Any) -> None:
    seen = await whole.received()
    form = {"text": "x", "attachments": ["att_none"]}
    answer = await (await whole.admin()).post(f"/chains/{seen['chain_id']}/messages", json=form)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["attachments"])
    assert "no upload att_none" in answer.json()["detail"]


async def test_the_html_of_a_message_is_sent_so_that_it_runs_nothing(whole: Any) -> None:
    await whole.footing.blobs.put("html/x", b"<p>one</p><p>two</p>")
    seen = await whole.received(html="html/x:10+10")
    operator = await whole.employee("operator")
    answer = await operator.get(f"/interactions/{seen['id']}/html")
    assert (answer.status_code, answer.text) == (200, '<base target="_blank"><p>two</p>')
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
        " img-src data: cid:; frame-ancestors 'self'"
    )
    assert (await whole.client().get(f"/interactions/{seen['id']}/html")).status_code == 401


async def test_images_that_came_with_a_message_are_in_its_html_and_others_only_when_asked_for(whole: Any) -> None:
    page = sanitise('<img src="cid:logo"><img src="cid:gone"><img src="//t.example/1.gif?a=1&b=2" alt="held:">').html
    await whole.footing.blobs.put_many({"html/y": page.encode(), "file/logo": b"PNG", "file/page": b"<svg>"})
    logo, svg = (
        Attachment(id=f"at_{name}", filename=name, content_type=kind, size=5, blob=f"file/{name}", content_id=name)
        for name, kind in (("logo", "image/png"), ("page", "image/svg+xml"))
    )
    seen = await whole.received(html="html/y", attachments=(logo, svg))
    admin = await whole.admin()
    held = await admin.get(f"/interactions/{seen['id']}/html")
    assert (
        held.text
        == '<base target="_blank"><img src="data:image/png;base64,UE5H"><img src="cid:gone"><img alt="held:">'
    )
    asked = await admin.get(f"/interactions/{seen['id']}/html?images=true")
    assert '<img src="https://t.example/1.gif?a=1&amp;b=2" alt="held:">' in asked.text
    assert "img-src https: http: data: cid:" in asked.headers["Content-Security-Policy"]
    assert asked.headers["Referrer-Policy"] == "no-referrer"


async def test_html_that_is_not_there_is_not_found_and_a_lost_blob_is_not_named(whole: Any) -> None:
    lost = await whole.received(html="html/lost")
    operator = await whole.employee("operator")
    answers = [await operator.get(f"/interactions/{one}/html") for one in ("in_none", lost["id"])]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "html/lost" not in answers[1].text


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("blocked", "a program (.exe); the raw mail has it", "not handed out: a program (.exe)"),
        ("pending", "", "still being fetched"),
        ("failed", "gone at the provider", "could not be fetched: gone at the provider"),
    ],
)
async def test_a_file_that_is_not_there_says_why(whole: Any, state: Any, reason: str, words: str) -> None:
    file = Attachment(id="at_1", filename="a", content_type="x/y", size=1, state=state, reason=reason)
    await whole.received(attachments=(file,))
    answer = await (await whole.employee("operator")).get("/attachments/at_1")
    assert answer.status_code == 409
    assert words in answer.json()["detail"]


async def test_a_file_of_an_interaction_comes_down_whole(whole: Any) -> None:
    content = bytes(range(256)) * 10_000
    await whole.footing.blobs.put("mail/1", content)
    file = Attachment(id="att_in", filename="a.png", content_type="image/png", size=len(content), blob="mail/1")
    await whole.received(attachments=(file,))
    down = await (await whole.employee("marketer")).get("/attachments/att_in")
    assert (down.status_code, down.content, down.headers["Content-Type"]) == (200, content, "image/png")
    assert down.headers["Content-Length"] == str(len(content))


async def test_a_list_shows_the_beginning_of_a_long_text_once_and_the_interaction_all_of_it(whole: Any) -> None:
    words, quoted = "слово " * 1_000, "> старое " * 1_000
    long = await whole.received(text=words)
    split = await whole.received(
        id="in_split", at=NOON + timedelta(1), text=words + quoted, new_text=words, quoted_text=quoted, keys=()
    )
    assert (long["text"], long["new_text"], long["cut"]) == (words[:SHOWN], "", True)
    texts = (split["text"], split["new_text"], split["quoted_text"], split["cut"])
    assert texts == ("", words[:SHOWN], quoted[:SHOWN], True)
    admin = await whole.admin()
    shown = (await admin.get("/interactions/in_split")).json()
    assert (shown["text"], shown["new_text"], shown["quoted_text"]) == (words + quoted, words, quoted)
    assert not shown["cut"]
    short = await whole.received(id="in_short", at=NOON + timedelta(2), text="Да", keys=())
    assert (short["text"], short["new_text"], short["cut"]) == ("Да", "", False)


async def test_moments_are_told_as_they_are_stored(whole: Any) -> None:
    seen = await whole.received()
    assert seen["at"] == "2026-03-02T12:00:00.000000Z"
    assert InteractionView.model_validate(seen).at == NOON


async def test_interactions_are_sifted_by_kind_author_delivery_participant_and_words(whole: Any) -> None:
    await whole.received(number=1, sender="anna@example.com", subject="Договор поставки", text="Прошу подписать.")
    await whole.received(number=2, sender="petr@example.com", subject="Счёт", text="ДОГОВОР приложен.")
    admin = await whole.admin()

    async def found(**asked: str) -> set[str]:
        answer = await admin.get("/interactions", params=asked)
        assert answer.status_code == 200, answer.text
        return {item["subject"] for item in answer.json()["items"]}

    assert await found(text="договор") == {"Договор поставки", "Счёт"}
    assert await found(participant="Anna@Example.com") == {"Договор поставки"}
    assert await found(text="договор", participant="petr@example.com", type="email") == {"Счёт"}
    assert await found(type="sms") == await found(author="admin") == await found(delivery="failed") == set()
    wrong = await admin.get("/interactions", params={"participant": "никто"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["address"])


async def test_nobody_learns_by_a_search_what_he_is_not_shown(whole: Any) -> None:
    admin = await whole.admin()
    team = (await admin.post("/teams", json={"name": "Кадры"})).json()["id"]
    await whole.received(number=1, subject="Отпуск", text="по болезни", team=team, others="metadata")
    assert len((await admin.get("/interactions")).json()["items"]) == 1
    for words in ("болезни", "отпуск"):
        assert (await admin.get("/interactions", params={"text": words})).json()["items"] == []


@pytest.mark.parametrize("path", ["/interactions", "/chains"])
async def test_where_a_page_goes_on_tells_nothing_of_what_is_not_seen(whole: Any, path: str) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    team = (await admin.post("/teams", json={"name": "Кадры"})).json()["id"]
    for number in range(12):
        hidden = team if number % 3 else None
        await whole.received(
            number=number, sender=f"c{number}@example.com", team=hidden, at=NOON + timedelta(minutes=number)
        )
    for limit in range(1, 8):
        seen, after = [], None
        while True:
            page = (await anna.get(path, params={"limit": limit, **({"after": after} if after else {})})).json()
            seen += [item["id"] for item in page["items"]]
            if (after := page["next"]) is None:
                break
            assert loads(urlsafe_b64decode(f"{after}=="))[1] in seen
        assert (len(seen), len(set(seen))) == (4, 4)


async def test_a_colleague_whom_nobody_knows_is_refused_however_the_form_is_written(whole: Any) -> None:
    admin, letter = await whole.admin(), await whole.received()
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32-le"):
        written, headers = '{"owner": "ghost"}'.encode(encoding), {"Content-Type": "application/json"}
        answer = await admin.patch(f"/chains/{letter['chain_id']}", content=written, headers=headers)
        assert answer.status_code == 422, (encoding, answer.text)
    assert (await admin.get(f"/chains/{letter['chain_id']}")).json()["owner"] is None


async def test_a_taken_address_names_its_client_only_to_those_who_see_him(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    team = (await admin.post("/teams", json={"name": "Кадры"})).json()["id"]
    theirs = await whole.received(number=1, sender="hr@example.com", team=team)
    mine = await whole.received(number=2, sender="petr@example.com")
    path, form = f"/clients/{mine['client_id']}/addresses", {"address": "hr@example.com"}
    for client, named in ((admin, True), (anna, False)):
        answer = await client.post(path, json=form)
        assert (answer.status_code, theirs["client_id"] in answer.text) == (409, named), answer.text


async def test_chains_are_listed_by_owner_and_by_team(whole: Any) -> None:
    admin = await whole.admin()
    team = (await admin.post("/teams", json={"name": "Кадры"})).json()["id"]
    first = await whole.received(number=1, sender="a@example.com", team=team)
    second = await whole.received(number=2, sender="b@example.com")
    await admin.patch(f"/chains/{second['chain_id']}", json={"owner": "admin"})

    async def found(**asked: str) -> list[str]:
        return [chain["id"] for chain in (await admin.get("/chains", params=asked)).json()["items"]]

    assert await found(owner="admin") == await found(owner="admin", team="") == [second["chain_id"]]
    assert await found(team=team) == [first["chain_id"]]
    assert await found(team=team, owner="admin") == []
    assert await found(team="", state="open", client_id=second["client_id"]) == [second["chain_id"]]


async def test_an_answer_that_would_take_a_reader_too_much_is_refused_and_never_kept(whole: Any) -> None:
    letter = await whole.received()
    admin = await whole.admin()
    bomb = "<p>" + "".join(f"<b a{number}>" for number in range(700)) + "<p>x" * 4_000
    for path in (f"/chains/{letter['chain_id']}/messages", f"/clients/{letter['client_id']}/messages"):
        answer = await admin.post(path, json={"html": bomb})
        assert answer.status_code in (409, 422), answer.text
    assert list(
        (await admin.post(f"/chains/{letter['chain_id']}/messages", json={"html": bomb})).json()["errors"]
    ) == ["html"]
    assert len((await admin.get("/interactions")).json()["items"]) == 1
