"""What the gateway serves for the browser: the page, its files, and a word where they were not built."""

from pathlib import Path

import httpx
import pytest

from hub.kit.http import service_app
from services.gateway.workspace.endpoints import POLICY, routes_of


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><p>page")
    (tmp_path / "assets" / "index-1a2b.js").write_text("plain")
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(b"gzipped")
    (tmp_path / "assets" / "index-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path


def browser(folder: Path) -> httpx.AsyncClient:
    app = service_app("workspace", checks={})
    app.include_router(routes_of(folder))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://hub", headers={"Accept-Encoding": ""}
    )


async def test_every_address_of_the_workspace_is_the_page_under_one_strict_policy(built: Path) -> None:
    async with browser(built) as client:
        for path in ("/", "/inbox/ch_1", "/clients", "/settings/teams"):
            page = await client.get(path)
            told = (
                page.status_code,
                page.text,
                page.headers["Content-Security-Policy"],
                page.headers["Cache-Control"],
            )
            assert told == (200, "<!doctype html><p>page", POLICY, "no-cache")
        assert "unsafe" not in POLICY
        again = await client.get("/", headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_files_are_kept_for_ever_and_come_as_small_as_the_browser_takes_them(built: Path) -> None:
    async with browser(built) as client:

        async def got(accepted: str) -> tuple[str, str]:
            request = client.build_request("GET", "/assets/index-1a2b.js", headers={"Accept-Encoding": accepted})
            answer = await client.send(request, stream=True)
            body = b"".join([piece async for piece in answer.aiter_raw()])
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Content-Type"].startswith("text/javascript")
            return body.decode(), answer.headers.get("Content-Encoding", "")

        assert await got("gzip, br") == ("brotli", "br")
        assert await got("gzip") == ("gzipped", "gzip")
        assert await got("br;q=0, identity") == ("plain", "")


@pytest.mark.parametrize("name", ["index-0000.js", "..%2Fsecret.txt", "%2e%2e%2findex.html", ".hidden.js"])
async def test_a_file_that_was_not_built_is_never_the_page(built: Path, name: str) -> None:
    async with browser(built) as client:
        assert (await client.get(f"/assets/{name}")).status_code == 404


async def test_a_hub_whose_workspace_was_not_built_says_how_to(tmp_path: Path) -> None:
    async with browser(tmp_path) as client:
        page = await client.get("/")
        assert (page.status_code, "make web" in page.text) == (503, True)


async def test_what_tells_of_news_while_no_page_is_open_is_of_the_whole_page_and_asked_for_anew(built: Path) -> None:
    async with browser(built) as client:
        assert (await client.get("/sw.js")).status_code == 404
        (built / "sw.js").write_text("worker")
        worker = await client.get("/sw.js")
        told = (worker.text, worker.headers["Content-Type"], worker.headers["Cache-Control"])
        assert told == ("worker", "text/javascript; charset=utf-8", "no-cache")
