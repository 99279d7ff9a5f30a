"""Who asks is signed, for two minutes, and believed of nobody else."""

from datetime import timedelta

import httpx
import pytest

from hub.api.actor import HEADER, LIFETIME, MAX_BYTES, Actor, Seal
from hub.api.asking import AsService
from hub.kit.errors import Unauthenticated
from hub.testing.fakes import FakeClock

OLGA = Actor(
    login="olga", name="Ольга", role="operator", teams=("sales",), session="acc_1", signature="Ольга\nПродажи"
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def seal(clock: FakeClock) -> Seal:
    return Seal(b"key", clock)


def test_an_actor_comes_out_as_he_went_in(seal: Seal) -> None:
    assert seal.read(seal.header(OLGA)) == OLGA


def test_a_header_is_over_after_two_minutes(seal: Seal, clock: FakeClock) -> None:
    header = seal.header(OLGA)
    clock.advance(LIFETIME)
    assert seal.read(header) == OLGA
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="is over"):
        seal.read(header)


def test_what_another_key_signed_and_what_was_changed_is_refused(seal: Seal, clock: FakeClock) -> None:
    header, admin = seal.header(OLGA), seal.header(Actor(login="admin"))
    told, _, signature = header.partition(".")
    forged = [
        "",
        ".",
        "nonsense",
        told,
        f"{told}.",
        f"{told}.ключ",
        f"{admin.partition('.')[0]}.{signature}",
        Seal(b"other", clock).header(OLGA),
        "x" * (MAX_BYTES + 1),
    ]
    for one in forged:
        with pytest.raises(Unauthenticated, match="not signed by this hub"):
            seal.read(one)


def test_the_longest_signature_fits_into_the_header(seal: Seal) -> None:
    longest = Actor(login="o" * 63, name="Ж" * 200, role="administrator", session="a" * 60, signature="🐦" * 10_000)
    assert len(seal.header(longest)) <= MAX_BYTES
    assert seal.read(seal.header(longest)) == longest


def test_his_own_signature_stands_under_what_he_writes_unless_he_says_no() -> None:
    nobody = Actor(login="ivan")
    assert [one.signs(wanted) for one in (OLGA, nobody) for wanted in (True, False)] == [
        "Ольга\nПродажи",
        "",
        None,
        "",
    ]


async def test_a_service_that_asks_by_itself_says_so(seal: Seal) -> None:
    async def tell(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=seal.read(request.headers[HEADER]).login)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(tell), base_url="http://peer", auth=AsService(seal, "email")
    ) as peer:
        assert (await peer.get("/")).text == "service:email"
    assert Actor.service("email").is_service
    assert not OLGA.is_service
