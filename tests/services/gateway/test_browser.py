"""A browser's session: a cookie that no script reads, and that works for our own page alone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub.process import http_server, listening, url_of

PASSWORD = "correct-horse-7"
LOGIN = {"login": "admin", "password": PASSWORD}
OURS = {"Sec-Fetch-Site": "same-origin"}
HOME = "http://127.0.0.1:8800/api/v1"


@pytest.fixture
async def browser(hub: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Logged in as administrator, over plain HTTP on this machine."""
    transport = httpx.ASGITransport(app=hub.gateway.http)
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as made:
        assert (await made.post("/sessions/browser", json=LOGIN, headers=OURS)).status_code == 201
        yield made


def attributes(answer: httpx.Response) -> set[str]:
    """Of the first cookie, the session's."""
    return {part.strip() for part in answer.headers.get_list("Set-Cookie")[0].split(";")[1:]}


async def test_a_browser_gets_a_cookie_and_the_employee_alone(hub: Any) -> None:
    answer = await hub.client().post("/sessions/browser", json=LOGIN, headers=OURS)
    name, _, text = answer.headers.get_list("Set-Cookie")[0].partition(";")[0].partition("=")
    assert (answer.status_code, name) == (201, "__Host-omnihub")
    assert attributes(answer) == {"HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=43200"}
    assert (answer.json()["login"], "token" in answer.json(), text in answer.text) == ("admin", False, False)


@pytest.mark.parametrize(
    ("url", "headers", "secure"),
    [
        ("http://127.0.0.1:8800", {}, False),
        ("http://localhost", {}, False),
        ("http://[::1]:8800", {}, False),
        ("http://hub.example.com", {}, True),
        ("https://127.0.0.1:8800", {}, True),
        ("http://127.0.0.1:8800", {"X-Forwarded-For": "192.0.2.7"}, True),
        ("http://127.0.0.1:8800", {"Origin": "https://127.0.0.1:8800"}, True),
    ],
)
async def test_the_cookie_is_secure_unless_it_stays_on_this_machine(
    hub: Any, url: str, headers: dict[str, str], secure: bool
) -> None:
    answer = await hub.client().post(f"{url}/api/v1/sessions/browser", json=LOGIN, headers={**OURS, **headers})
    assert answer.status_code == 201
    assert ("Secure" in attributes(answer), answer.headers["Set-Cookie"].startswith("__Host-")) == (secure, secure)


async def test_the_cookie_opens_the_whole_api_for_our_own_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/me")).json()["employee"]["login"] == "admin"
    changed = await browser.patch("/me", json={"signature": "A."}, headers=OURS)
    older = await browser.patch("/me", json={"signature": "A."}, headers={"Origin": "http://127.0.0.1:8800"})
    assert (changed.status_code, older.status_code) == (200, 200)


FOREIGN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8800"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9"},
    {"Origin": "http://["},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_write_that_another_page_made_is_refused(browser: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await browser.patch("/me", json={"signature": "stolen"}, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (403, "Not from our own page")
    assert (await browser.get("/me")).json()["employee"]["signature"] == ""


async def test_another_page_reads_nothing_and_may_not_log_a_browser_in(browser: httpx.AsyncClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.get("/me", headers=foreign)).status_code == 403
    assert (await browser.post("/sessions/browser", json=LOGIN, headers=foreign)).status_code == 403


async def test_the_live_stream_takes_the_cookie_from_our_own_page_alone(hub: Any) -> None:
    bound = listening("127.0.0.1", 0)
    async with http_server(hub.gateway.http, bound), httpx.AsyncClient(base_url=f"{url_of(bound)}/api/v1") as real:
        await real.post("/sessions/browser", json=LOGIN, headers=OURS)
        statuses = []
        for headers in (OURS, {}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            async with real.stream("GET", "/live", headers=headers) as answer:
                statuses.append(answer.status_code)
    assert statuses == [200, 403, 403, 403]


async def test_logging_out_ends_the_session_and_clears_the_cookie(browser: httpx.AsyncClient) -> None:
    cookie = browser.cookies["omnihub"]
    answer = await browser.delete("/sessions/current", headers=OURS)
    assert (answer.status_code, "Max-Age=0" in attributes(answer), "omnihub" in browser.cookies) == (204, True, False)
    assert (await browser.get("/me", headers={"Cookie": f"omnihub={cookie}"})).status_code == 401


async def test_a_second_login_of_a_browser_ends_its_first_session(browser: httpx.AsyncClient) -> None:
    first = browser.cookies["omnihub"]
    await browser.post("/sessions/browser", json=LOGIN, headers=OURS)
    assert (await browser.get("/me")).status_code == 200
    browser.cookies.clear()
    assert (await browser.get("/me", headers={"Cookie": f"omnihub={first}"})).status_code == 401


async def test_the_text_of_a_cookie_is_no_bearer_text_nor_the_other_way_round(
    hub: Any, browser: httpx.AsyncClient
) -> None:
    cookie = browser.cookies["omnihub"]
    session = (await hub.client().post("/sessions", json=LOGIN)).json()["token"]
    assert (await hub.client(cookie).get("/me")).status_code == 401
    assert (await hub.client().get(f"{HOME}/me", headers={"Cookie": f"omnihub={session}"})).status_code == 401


async def test_a_cookie_that_a_neighbouring_host_could_set_is_not_read(hub: Any, browser: httpx.AsyncClient) -> None:
    cookie = browser.cookies["omnihub"]
    answer = await hub.client().get("https://hub.example.com/api/v1/me", headers={"Cookie": f"omnihub={cookie}"})
    assert answer.status_code == 401


async def test_a_session_of_a_browser_is_listed_beside_the_others(hub: Any, browser: httpx.AsyncClient) -> None:
    await hub.admin()
    listed = (await browser.get("/sessions")).json()["items"]
    assert sorted(session["current"] for session in listed) == [False, True]


async def test_every_answer_forbids_frames_sniffing_and_foreign_parts(hub: Any) -> None:
    for path in ("/me", "/docs", "/nothing", "/openapi.json"):
        headers = (await hub.client().get(path)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin"), path
