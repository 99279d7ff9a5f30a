"""The simulators and the cast on a folder: they come back on the same ports, with the same mail."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import orjson

from hub.channels.simulators.cast import Cast
from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.messengers import (
    BOT_NAME,
    BOT_TITLE,
    BOT_TOKEN,
    HIS_ADDRESSES,
    OUR_NUMBER,
    PETR,
    TWILIO_SID,
    TWILIO_TOKEN,
    Messengers,
)
from hub.channels.simulators.pbx import Caller, Pbx
from hub.channels.simulators.place import HERE, Place
from hub.channels.simulators.scenes import MEMBERS, OURS
from hub.channels.simulators.telegram import TelegramSimulator
from hub.channels.simulators.twilio import TwilioSimulator
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive
from hub.kit.tasks import end

_FACTS = "simulators.json"
SERVERS = 6
"""Each on a port of its own: SMTP, IMAP, Telegram, Twilio, Asterisk, its door."""
S = TypeVar("S", TelegramSimulator, TwilioSimulator)
_CAST = tuple(account for member in MEMBERS for account in member.accounts)


@dataclass(frozen=True, slots=True)
class Simulators:
    """What runs."""

    mail: MailSimulator
    telegram: TelegramSimulator
    twilio: TwilioSimulator
    pbx: Pbx
    known: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when Пётр's addresses are noted."""

    def description(self) -> dict[str, Any]:
        """`{smtp, imap, mailboxes[{id, address, name, user, password}], cast[{address, name, user, password}]}`, and
        `telegram{url, token, bot}`, `twilio{url, account_sid, auth_token, number}`, and `petr[]`, his addresses.

        `smtp` and `imap` are `host:port`, without TLS.
        """
        return {
            "telegram": {"url": self.telegram.url, "token": BOT_TOKEN, "bot": f"@{BOT_NAME}", "chat": PETR.id},
            "twilio": {
                "url": self.twilio.url,
                "account_sid": TWILIO_SID,
                "auth_token": TWILIO_TOKEN,
                "number": OUR_NUMBER,
                "phone": f"+{PETR.phone}",
            },
            "asterisk": self.pbx.description(),
            "petr": HIS_ADDRESSES,
            "smtp": self.mail.smtp_address,
            "imap": self.mail.imap_address,
            "mailboxes": [{"id": derive("mb", account.address), **_login(account)} for account in OURS],
            "cast": [_login(account) for account in _CAST],
        }


def _login(account: Account) -> dict[str, str]:
    return {
        "address": account.address,
        "name": account.name,
        "user": account.user,
        "password": account.password,
    }


@asynccontextmanager
async def simulators(data: Path, *, play: bool, pace: float = 1.0, place: Place = HERE) -> AsyncIterator[Simulators]:
    """Runs them while this lasts; `data/simulators.json` says how to reach them once they are ready.

    Args:
        data: Folder for the mail and for what was played.
        play: Whether the cast writes.
        pace: Stretches the cast's waits.
        place: Where they listen, and what they are called.

    Raises:
        ConfigurationError: other simulators run on the folder.
    """
    folder = data / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        (data / _FACTS).unlink(missing_ok=True)
        async with AsyncExitStack() as stack:
            stack.callback(lambda: (data / _FACTS).unlink(missing_ok=True))
            running = await _started(folder, stack, place)
            _write(data / _FACTS, running.description())
            if play:
                await stack.enter_async_context(_playing(Cast(running.mail, state=folder / "cast.json", pace=pace)))
                petr = Messengers(
                    running.mail,
                    running.telegram,
                    running.twilio,
                    known=running.known,
                    state=folder / "messengers.json",
                    pace=pace,
                )
                await stack.enter_async_context(_playing(petr))
                caller = Caller(running.pbx, f"+{PETR.phone}", state=folder / "caller.played", pace=pace)
                await stack.enter_async_context(_playing(caller))
            yield running


class Play(Protocol):
    async def play(self) -> None: ...


async def _started(folder: Path, stack: AsyncExitStack, place: Place) -> Simulators:
    """On the ports that are told, else on those of the last time if they are still free."""
    file = folder / "ports.json"
    ports = _ports(file, place)
    mail = await _mail(folder, place, *ports[:2])
    stack.push_async_callback(mail.stop)
    telegram = await _either(ports[2], lambda port: TelegramSimulator(port=port, place=place))
    stack.push_async_callback(telegram.stop)
    telegram.add_bot(BOT_TOKEN, BOT_NAME, BOT_TITLE).got[PETR.id] = []
    telegram.hero = PETR
    twilio = await _either(ports[3], lambda port: TwilioSimulator(TWILIO_SID, TWILIO_TOKEN, port=port, place=place))
    stack.push_async_callback(twilio.stop)
    pbx = await _pbx(place, *ports[4:])
    stack.push_async_callback(pbx.stop)
    _write(file, [mail.smtp_port, mail.imap_port, telegram.port, twilio.port, *pbx.ports])
    return Simulators(mail, telegram, twilio, pbx)


def _ports(file: Path, place: Place) -> list[int]:
    if place.first_port:
        return [place.first_port + number for number in range(SERVERS)]
    ports: list[int] = orjson.loads(file.read_bytes()) if file.exists() else []
    return ports if len(ports) == SERVERS else [0] * SERVERS


async def _either(port: int, made: Callable[[int], S]) -> S:
    """On this port, or on any where it is taken."""
    server = made(port)
    try:
        await server.start()
    except OSError:
        server = made(0)
        await server.start()
    return server


async def _pbx(place: Place, port: int, door: int) -> Pbx:
    pbx = Pbx(port=port, door=door, place=place)
    try:
        await pbx.start()
    except OSError:
        await pbx.stop()
        pbx = Pbx(place=place)
        await pbx.start()
    return pbx


async def _mail(folder: Path, place: Place, smtp_port: int, imap_port: int) -> MailSimulator:
    accounts = (*OURS, *_CAST)
    where: dict[str, Any] = {"host": place.listen, "name": place.name, "folder": folder}
    mail = MailSimulator(accounts, smtp_port=smtp_port, imap_port=imap_port, **where)
    try:
        await mail.start()
    except OSError:
        mail = MailSimulator(accounts, **where)
        await mail.start()
    return mail


@asynccontextmanager
async def _playing(cast: Play) -> AsyncIterator[None]:
    playing = asyncio.create_task(cast.play())
    try:
        yield
    finally:
        await end([playing])
        if not playing.cancelled():
            playing.result()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigurationError(
                f"other simulators run on {folder}; stop them, or choose another --data"
            ) from exc
        yield


def _write(path: Path, facts: Any) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    draft.replace(path)
