"""Wrong passwords: nobody guesses for long, and nobody locks others out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hub.contracts.registry import REGISTRY
from hub.kit.errors import HubError
from services.gateway.access.throttle import COUNTERS, By, counter_of

PASSWORD = "correct-horse-7"
LOGIN = {"login": "admin", "password": PASSWORD}
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def desk(world: Any) -> AsyncIterator[Any]:
    """Takes ten tries for a login from one address, thirty from anywhere."""
    gateway = world.build(OMNIHUB_GATEWAY__TRIES_ANYWHERE="30")
    await gateway.start()
    yield gateway.http.state.parts.desk
    await gateway.stop()


async def answered(desk: Any, address: str, *, password: str = "wrong", device: str | None = None) -> str:
    """The name of the error; empty when he is in."""
    try:
        await desk.log_in("admin", password, address=address, program="", device=device)
    except HubError as exc:
        return type(exc).__name__
    return ""


async def test_a_login_that_is_guessed_at_from_everywhere_goes_on_where_it_is_known(desk: Any) -> None:
    assert await answered(desk, "198.51.100.1", password=PASSWORD) == ""
    attack = [await answered(desk, f"10.0.{n}.1") for n in range(60)]
    elsewhere = await answered(desk, "192.0.2.9", password=PASSWORD)
    known = await answered(desk, "198.51.100.1", password=PASSWORD)
    device = await answered(desk, "192.0.2.9", password=PASSWORD, device="dev_1")
    assert attack == ["Unauthenticated"] * 30 + ["TooManyRequests"] * 30
    assert (elsewhere, known, device) == ("TooManyRequests", "", "")


async def test_a_device_goes_on_although_its_own_address_is_locked(desk: Any) -> None:
    for _ in range(11):
        await answered(desk, "198.51.100.1")
    assert await answered(desk, "198.51.100.1", password=PASSWORD) == "TooManyRequests"
    assert await answered(desk, "198.51.100.1", password=PASSWORD, device="dev_1") == ""


async def test_a_device_that_guesses_is_locked_and_no_other_with_it(desk: Any) -> None:
    guesses = [await answered(desk, "198.51.100.1", device="dev_1") for _ in range(11)]
    assert guesses == ["Unauthenticated"] * 10 + ["TooManyRequests"]
    assert await answered(desk, "198.51.100.1", password=PASSWORD, device="dev_2") == ""


async def test_a_clock_that_was_wrong_and_is_set_back_locks_nobody_out(desk: Any, world: Any) -> None:
    world.clock.advance(timedelta(days=365))
    for _ in range(11):
        await answered(desk, "198.51.100.1")
    assert await answered(desk, "198.51.100.1", password=PASSWORD) == "TooManyRequests"
    world.clock.advance(timedelta(days=-365))
    assert await answered(desk, "198.51.100.1", password=PASSWORD) == ""


async def test_addresses_of_one_site_of_the_newer_internet_count_as_one(desk: Any) -> None:
    one_site = [await answered(desk, f"2001:db8::{n:x}") for n in range(1, 12)]
    assert one_site[-2:] == ["Unauthenticated", "TooManyRequests"]
    assert await answered(desk, "2001:db8:0:1::1") == "Unauthenticated"


async def test_a_lock_is_one_row_of_the_audit_and_one_event(hub: Any) -> None:
    reader = await hub.bus.reader(["access"])
    for _ in range(15):
        await hub.client().post("/sessions", json={"login": "anna", "password": "wrong"})
    told = [REGISTRY.decode(record).event for record in await reader.read(wait=1)]
    await reader.close()
    rows = (await (await hub.admin()).get("/audit?target=anna")).json()["items"]
    assert [(lock.login, lock.network, lock.by) for lock in told] == [("anna", "127.0.0.1", "login and address")]
    assert told[0].until == hub.clock.now() + timedelta(minutes=15)
    assert [row["status"] for row in rows].count(429) == 1


async def test_a_browser_that_was_here_before_is_known_whatever_strangers_try(hub: Any) -> None:
    transport = httpx.ASGITransport(app=hub.gateway.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800/api/v1") as browser:
        assert (await browser.post("/sessions/browser", json=LOGIN, headers=OURS)).status_code == 201
        for _ in range(11):
            locked = await hub.client().post("/sessions", json={**LOGIN, "password": "wrong"})
        assert locked.status_code == 429
        assert (await hub.client().post("/sessions", json=LOGIN)).status_code == 429
        assert (await browser.post("/sessions/browser", json=LOGIN, headers=OURS)).status_code == 201
        foreign = {"login": "operator", "password": "wrong"}
        assert (await browser.post("/sessions/browser", json=foreign, headers=OURS)).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "é", "gAAAAAB" + "x" * 5_000])
async def test_a_made_up_device_is_no_device(hub: Any, cookie: str) -> None:
    devices = hub.gateway.http.state.parts.devices
    assert devices.read("admin", cookie) is None
    assert devices.read("admin", devices.seal("operator", None)) is None
    assert devices.read("admin", devices.seal("admin", "dev_1")) == "dev_1"


async def test_a_device_is_forgotten_after_its_time(hub: Any) -> None:
    devices = hub.gateway.http.state.parts.devices
    sealed = devices.seal("admin", None)
    hub.clock.advance(timedelta(days=180))
    assert devices.read("admin", sealed) is None


async def test_the_address_behind_a_trusted_proxy_is_counted_and_noted(hub: Any, world: Any) -> None:
    behind = world.build(OMNIHUB_GATEWAY__TRUSTED_PROXIES="127.0.0.0/8")
    await behind.start()
    hub.gateway, first = behind, hub.gateway
    client = hub.client()
    for n in range(12):
        guess = {"login": "admin", "password": "wrong"}
        said = {"X-Forwarded-For": f"6.6.6.{n}, 203.0.113.5"}
        attack = await client.post("/sessions", json=guess, headers=said)
    right = await client.post("/sessions", json=LOGIN, headers={"X-Forwarded-For": "203.0.113.6"})
    rows = (await hub.client(right.json()["token"]).get("/audit")).json()["items"]
    hub.gateway = first
    await behind.stop()
    assert (attack.status_code, right.status_code) == (429, 201)
    assert {row["address"] for row in rows} == {"203.0.113.5", "203.0.113.6"}


def test_counters_are_bounded_however_many_try() -> None:
    names = {counter_of(By.LOGIN, f"anna{n}", salt=b"a") for n in range(1_000)}
    assert all(int(name.rpartition("_")[2]) < COUNTERS for name in names)
    assert len(names) > 950


async def test_so_many_refused_logins_of_strangers_are_noted_and_no_more(hub: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.gateway.audit.service.REFUSALS", 3)
    for n in range(6):
        await hub.client().post("/sessions", json={"login": f"anna{n}", "password": "wrong"})
    hub.clock.advance(timedelta(minutes=15))
    await hub.client().post("/sessions", json={"login": "late", "password": "wrong"})
    rows = (await (await hub.admin()).get("/audit")).json()["items"]
    assert sorted(row["target"] for row in rows) == ["admin", "anna0", "anna1", "anna2", "late"]


async def test_a_crowd_of_strangers_is_sent_away_and_somebody_known_is_not(hub: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.gateway.employees.passwords.MOST_WAITING", 0)
    employees = hub.gateway.http.state.parts.employees
    with pytest.raises(HubError, match="try again in a few seconds"):
        await employees.proven("admin", PASSWORD)
    assert (await employees.proven("admin", PASSWORD, known=True)).login == "admin"
