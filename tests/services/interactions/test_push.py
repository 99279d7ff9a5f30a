"""Browsers that are told while no page is open: sealed for them alone, once, and of nothing that was said."""

import asyncio
import hmac
import json
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import ValidationError

from hub.kit.errors import NotFound
from hub.kit.restraint import Restraint
from hub.testing.outside import HERE
from hub.testing.serving import serving
from hub.testing.waiting import eventually
from services.interactions.adapters.webpush import WebPush
from services.interactions.notifications.forms import PreferencesForm, ReadNotifications
from services.interactions.push import sending
from services.interactions.push.devices import MOST
from services.interactions.push.forms import DeviceForm
from services.interactions.push.sealing import CURVE, decoded, encoded, hub_key, public_bytes, sealed
from services.interactions.push.sending import Pushes
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_notifications import BORIS, a_chain, noted

HUB = hub_key(b"k" * 32)
SECRET = b"s" * 16
SLOW = 99
"""The browser whose push service waits until it is released."""


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(text)), CURVE)


def test_what_is_sealed_is_what_the_rfc_has() -> None:
    """RFC 8291, appendix A."""
    browser = private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    made = sealed(
        b"When I grow up, I want to be a watermelon",
        key=public_bytes(browser),
        secret=decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        once=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


class Browser:
    """One, with the push service that carries to it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(CURVE)
        self.status, self.got, self.tokens = 201, list[dict[str, Any]](), list[str]()
        self.url, self.waiting, self.released = "", 0, asyncio.Event()

    def form(self, number: int = 1) -> DeviceForm:
        key, secret = encoded(public_bytes(self.key)), encoded(SECRET)
        return DeviceForm(endpoint=f"{self.url}/send/{number}", key=key, secret=secret, name="Firefox")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["number"] == str(SLOW):
            self.waiting += 1
            await self.released.wait()
            self.waiting -= 1
        self.got.append(json.loads(self.opened(await request.read())))
        self.tokens.append(request.headers["Authorization"])
        assert (request.headers["TTL"], len(request.headers["Topic"])) == ("86400", 27)
        return web.Response(status=self.status)

    def opened(self, content: bytes) -> bytes:
        """As the browser does it, by the formulas of the RFC."""
        salt, (_, length) = content[:16], struct.unpack(">IB", content[16:21])
        theirs, body = content[21 : 21 + length], content[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        first = hmac.digest(SECRET, shared, sha256)
        ikm = hmac.digest(first, b"WebPush: info\0" + public_bytes(self.key) + theirs + b"\x01", sha256)
        both = hmac.digest(salt, ikm, sha256)
        key = hmac.digest(both, b"Content-Encoding: aes128gcm\0\x01", sha256)[:16]
        nonce = hmac.digest(both, b"Content-Encoding: nonce\0\x01", sha256)[:12]
        return AESGCM(key).decrypt(nonce, body, None).removesuffix(b"\x02")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    made, app = Browser(), web.Application()
    app.router.add_post("/send/{number}", made.serve)
    async with serving(app) as made.url:
        yield made


@pytest.fixture
async def pushes(bench: Bench) -> AsyncIterator[Pushes]:
    post = WebPush(HUB, contact="https://hub.example.com", outside=HERE, clock=bench.clock)
    yield Pushes(bench.store, bench.devices, post, bench.clock, restraint=Restraint(), language="ru")
    await post.close()


async def mentioned(bench: Bench) -> str:
    chain_id = await a_chain(bench)
    await noted(bench, chain_id, "@boris секрет", "boris")
    return chain_id


async def later(bench: Bench, pushes: Pushes, **more: float) -> None:
    bench.clock.advance(timedelta(**(more or {"seconds": 1})))
    await pushes.look()


async def test_each_browser_is_told_once_of_what_and_where_and_of_nothing_that_was_said(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    await bench.devices.add("boris", browser.form(1))
    await bench.devices.add("boris", browser.form(2))
    chain_id = await mentioned(bench)
    await later(bench, pushes)
    await later(bench, pushes)
    (told,) = {json.dumps(one, sort_keys=True): one for one in browser.got}.values()
    assert (len(browser.got), told["title"], told["path"]) == (2, "Вас упомянули", f"/inbox/{chain_id}")
    assert "секрет" not in str(told)
    token, _, key = browser.tokens[0].removeprefix("vapid t=").partition(", k=")
    claims = jwt.decode(token, ECKey.import_key(HUB.public_key()), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (browser.url, "https://hub.example.com")
    assert claims["exp"] == int(bench.clock.now().timestamp()) + 12 * 3600 - 1
    assert decoded(key) == public_bytes(HUB)


async def test_what_he_has_read_or_does_not_want_there_is_not_told(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    await bench.devices.add("boris", browser.form())
    chain_id = await mentioned(bench)
    await bench.notifications.mark(BORIS, ReadNotifications(all=True))
    await later(bench, pushes)
    await bench.notifications.prefer("boris", PreferencesForm(ways={"mention": ("page",)}))
    await noted(bench, chain_id, "@boris и ещё", "boris")
    await later(bench, pushes)
    assert browser.got == []


async def test_a_push_service_that_is_away_is_asked_again_and_a_browser_that_is_gone_never(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    await bench.devices.add("boris", browser.form())
    await mentioned(bench)
    browser.status = 503
    await later(bench, pushes)
    await later(bench, pushes, seconds=20)
    assert len(browser.got) == 1
    browser.status = 410
    await later(bench, pushes, seconds=15)
    assert (len(browser.got), await bench.devices.of("boris")) == (2, [])
    await later(bench, pushes, hours=2)
    assert len(browser.got) == 2


async def test_a_push_service_that_never_answers_well_is_left_alone_after_an_hour(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    await bench.devices.add("boris", browser.form())
    await mentioned(bench)
    browser.status = 500
    for _ in range(8):
        await later(bench, pushes, hours=1.1)
    assert len(browser.got) == 4


async def test_two_copies_tell_it_once_and_what_a_crash_left_is_told_a_minute_later(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    await bench.devices.add("boris", browser.form())
    await mentioned(bench)
    bench.clock.advance(timedelta(seconds=1))
    tell, pushes._tell = pushes._tell, None  # type: ignore[method-assign, assignment]
    with pytest.raises(TypeError):
        await pushes.look()
    pushes._tell = tell  # type: ignore[method-assign]
    await pushes.look()
    assert browser.got == []
    await later(bench, pushes, seconds=61)
    assert len(browser.got) == 1


@pytest.mark.parametrize("restraint", [Restraint(sandbox=True), Restraint(held=True)])
async def test_nothing_leaves_a_hub_that_is_held_or_a_sandbox(
    bench: Bench, browser: Browser, pushes: Pushes, restraint: Restraint
) -> None:
    await bench.devices.add("boris", browser.form())
    await mentioned(bench)
    pushes._restraint = restraint
    await later(bench, pushes)
    assert browser.got == []


async def test_a_browser_is_of_whoever_added_it_last_and_ten_of_each_count(bench: Bench, browser: Browser) -> None:
    for number in range(MOST + 2):
        bench.clock.advance(timedelta(seconds=1))
        await bench.devices.add("boris", browser.form(number))
    mine = await bench.devices.of("boris")
    assert [one["endpoint"].rpartition("/")[2] for one in mine] == [str(n) for n in range(MOST + 1, 1, -1)]
    await bench.devices.add("anna", browser.form(5))
    assert (len(await bench.devices.of("boris")), len(await bench.devices.of("anna"))) == (MOST - 1, 1)
    with pytest.raises(NotFound):
        await bench.devices.remove("boris", (await bench.devices.of("anna"))[0]["_id"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.com/1"},
        {"endpoint": "https://push.example.com/a b"},
        {"key": encoded(b"\x04" * 64)},
        {"key": "не ключ"},
        {"secret": encoded(b"1" * 15)},
    ],
)
def test_what_no_browser_gives_is_refused_with_its_field(wrong: dict[str, str]) -> None:
    right = {**DeviceForm.model_config["json_schema_extra"]["examples"][0]}  # type: ignore[index]
    assert DeviceForm(**right)
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        DeviceForm(**{**right, **wrong})


async def test_what_nobody_could_be_told_of_for_a_day_is_in_the_page_alone(
    bench: Bench, browser: Browser, pushes: Pushes
) -> None:
    """As after a restored hub was let go."""
    await bench.devices.add("boris", browser.form())
    await mentioned(bench)
    await later(bench, pushes, hours=24)
    assert browser.got == []


async def test_a_push_service_that_takes_its_time_holds_up_nobody_else(
    bench: Bench, browser: Browser, pushes: Pushes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_EVERY", timedelta(milliseconds=50))
    await bench.devices.add("boris", browser.form(SLOW))
    chain_id = await mentioned(bench)
    for number in range(5):
        await noted(bench, chain_id, f"@boris {number}", "boris")
    bench.clock.advance(timedelta(seconds=1))
    await bench.devices.add("anna", browser.form())
    await noted(bench, chain_id, "@anna", "anna")
    await later(bench, pushes)
    await eventually(lambda: (len(browser.got), browser.waiting) == (1, 2))
    await later(bench, pushes)
    assert (len(browser.got), browser.waiting) == (1, 2)
    browser.released.set()
    await eventually(lambda: browser.waiting == 0)
    await later(bench, pushes)
    await pushes.stop()


async def test_who_left_and_whose_password_is_new_is_told_in_no_browser_of_before(
    bench: Bench, browser: Browser
) -> None:
    for number, login in enumerate(("anna", "boris", "olga")):
        await bench.devices.add(login, browser.form(number))
    await bench.devices.keep({"anna": 0, "boris": 3, "olga": 1})
    await bench.devices.keep({"boris": 4, "olga": 1})
    assert [len(await bench.devices.of(login)) for login in ("anna", "boris", "olga")] == [0, 0, 1]
    await bench.devices.add("boris", browser.form(1))
    await bench.devices.keep({"boris": 4, "olga": 1})
    assert len(await bench.devices.of("boris")) == 1
