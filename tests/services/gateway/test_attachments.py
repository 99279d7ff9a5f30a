"""Files up and down: durable, described, never run by a browser."""

from typing import Any

import pytest

from hub.api.downloads import clean_name
from hub.api.uploads import Uploads
from hub.contracts.interaction import Attachment


async def test_a_file_goes_up_as_a_form_or_as_bytes_and_comes_down_the_same(whole: Any) -> None:
    operator = await whole.employee("operator")
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
async def test_what_a_browser_might_run_is_sent_as_bytes(whole: Any, content_type: str) -> None:
    admin = await whole.admin()
    files = {"file": ("x.html", b"<script>alert(1)</script>", content_type)}
    upload = (await admin.post("/attachments", files=files)).json()
    headers = (await admin.get(f"/attachments/{upload['id']}")).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


async def test_an_attachment_that_nobody_knows_is_a_404(whole: Any) -> None:
    assert (await (await whole.admin()).get("/attachments/att_none")).status_code == 404


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
    kept = both[0]["id"]
    assert sorted(hub.blobs.content) == [f"uploads/{kept}", f"uploads/{kept}.json"]


async def test_uploads_of_a_hub_before_this_one_are_carried_over(hub: Any) -> None:
    attachments = hub.gateway.http.state.parts.attachments
    upload = {"filename": "a.txt", "content_type": "text/plain", "size": 1, "blob": "uploads/att_old"}
    await attachments._before.insert({"_id": "att_old", "by": "olga", "at": "2026-03-02T09:00:00.000000Z", **upload})
    await attachments.carry_over()
    assert await Uploads(hub.blobs).get("att_old") == Attachment(id="att_old", **upload)
    assert (await attachments._before.find({}, limit=1)).items == []


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
