"""Files up and down: durable, described, never run by a browser."""

from typing import Any

import pytest

from services.gateway.attachments.service import clean_name


async def test_a_file_goes_up_as_a_form_or_as_bytes_and_comes_down_the_same(hub: Any) -> None:
    operator = await hub.employee("operator")
    form = await operator.post("/attachments", files={"file": ("Счёт № 7.pdf", b"%PDF-1.7", "application/pdf")})
    raw = await operator.post("/attachments?filename=a.bin", content=b"\x00\x01")
    assert (form.status_code, raw.status_code) == (201, 201)
    assert form.json() | {"id": ""} == {
        "id": "",
        "filename": "Счёт № 7.pdf",
        "content_type": "application/pdf",
        "size": 8,
        "state": "ready",
        "reason": "",
        "content_id": "",
    }
    down = await operator.get(f"/attachments/{form.json()['id']}")
    assert (down.content, down.headers["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    assert down.headers["Content-Disposition"] == (
        "attachment; filename=\"____ _ 7.pdf\"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82%20%E2%84%96%207.pdf"
    )
    assert (await operator.get(f"/attachments/{raw.json()['id']}")).content == b"\x00\x01"


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "nonsense"])
async def test_what_a_browser_might_run_is_sent_as_bytes(hub: Any, content_type: str) -> None:
    admin = await hub.admin()
    files = {"file": ("x.html", b"<script>alert(1)</script>", content_type)}
    upload = (await admin.post("/attachments", files=files)).json()
    headers = (await admin.get(f"/attachments/{upload['id']}")).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


async def test_an_attachment_of_an_interaction_is_found_at_the_peer(hub: Any) -> None:
    described = {"id": "att_in", "filename": "a.png", "content_type": "image/png", "size": 3, "blob": "mail/1"}
    hub.peers.answer("GET", "/attachments/att_in", 200, described)
    await hub.blobs.put("mail/1", b"png")
    down = await (await hub.employee("marketer")).get("/attachments/att_in")
    assert (down.status_code, down.content, down.headers["Content-Type"]) == (200, b"png", "image/png")


async def test_an_attachment_that_nobody_knows_is_a_404(hub: Any) -> None:
    assert (await (await hub.admin()).get("/attachments/att_none")).status_code == 404


async def test_a_file_over_the_limit_is_refused(world: Any, hub: Any) -> None:
    small = world.build(OMNIHUB_GATEWAY__ATTACHMENT_LIMIT="2000")
    await small.start()
    hub.gateway, first = small, hub.gateway
    admin = await hub.admin()
    sizes = [
        (await admin.post("/attachments?filename=a", content=b"x" * size)).status_code
        for size in (2000, 2001, 90_000)
    ]
    form = await admin.post("/attachments", files={"file": b"x" * 2000})
    hub.gateway = first
    await small.stop()
    assert sizes == [201, 413, 413]
    assert form.status_code == 201


async def test_an_upload_without_a_name_or_a_file_says_what_is_missing(hub: Any) -> None:
    admin = await hub.admin()
    nameless = await admin.post("/attachments", content=b"x")
    empty = await admin.post("/attachments", files={"other": b"x"})
    assert [list(answer.json()["errors"]) for answer in (nameless, empty)] == [["filename"], ["file"]]


async def test_an_upload_repeated_with_its_key_is_one_upload(hub: Any) -> None:
    admin = await hub.admin()
    both = [
        (await admin.post("/attachments?filename=a", content=b"x", headers={"Idempotency-Key": "k"})).json()
        for _ in range(2)
    ]
    assert both[0] == both[1]
    assert len(hub.blobs.content) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\a.pdf", "a.pdf"),
        ('a"\r\nX: y.pdf', 'a"_X: y.pdf'),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "file"),
        ("", "file"),
    ],
)
def test_a_file_name_loses_its_path_and_its_tricks(given: str, kept: str) -> None:
    assert clean_name(given) == kept


async def test_the_html_of_a_message_is_sent_so_that_it_runs_nothing(hub: Any) -> None:
    await hub.blobs.put("html/x", b"<p>one</p><p>two</p>")
    hub.peers.answer("GET", "/interactions/in_1/html", 200, {"blob": "html/x:10+10"})
    answer = await (await hub.employee("operator")).get("/interactions/in_1/html")
    assert (answer.status_code, answer.text) == (200, "<p>two</p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:; frame-ancestors 'self'"
    )


async def test_the_html_of_a_message_without_one_is_not_found_and_a_lost_blob_is_not_named(hub: Any) -> None:
    operator = await hub.employee("operator")
    hub.peers.answer("GET", "/interactions/in_2/html", 200, {"blob": "html/lost"})
    missing, lost = await operator.get("/interactions/in_1/html"), await operator.get("/interactions/in_2/html")
    assert (missing.status_code, lost.status_code) == (404, 404)
    assert "html/lost" not in lost.text


async def test_the_html_of_a_message_needs_the_right_to_read_it(hub: Any) -> None:
    hub.peers.answer("GET", "/interactions/in_1/html", 200, {"blob": "html/x"})
    assert (await hub.client().get("/interactions/in_1/html")).status_code == 401
    assert hub.peers.calls == []


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("blocked", "a program (.exe); the raw mail has it", "not handed out: a program (.exe)"),
        ("pending", "", "still being fetched"),
        ("failed", "gone at the provider", "could not be fetched: gone at the provider"),
    ],
)
async def test_a_file_that_is_not_there_says_why(hub: Any, state: str, reason: str, words: str) -> None:
    described = {"id": "at_1", "filename": "a", "content_type": "x/y", "size": 1, "state": state, "reason": reason}
    hub.peers.answer("GET", "/attachments/at_1", 200, described)
    answer = await (await hub.employee("operator")).get("/attachments/at_1")
    assert answer.status_code == 409
    assert words in answer.json()["detail"]
