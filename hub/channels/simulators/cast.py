"""The demo cast: customers who write first and then answer, each as his own mail program does."""

import asyncio
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import aiosmtplib
import orjson

from hub.channels.simulators.address import bare, domain_of
from hub.channels.simulators.letter import Letter
from hub.channels.simulators.mail import MailSimulator, StoredMail
from hub.channels.simulators.scenes import MEMBERS, Member
from hub.kit.ids import derive, fresh
from hub.kit.log import Log, mask
from hub.kit.tasks import end

log = Log(__name__)

_GAP, _THINKING, _AGAIN = 0.8, 2.0, 1.0
"""Seconds between openings, before an answer, and before a try again."""


@dataclass(slots=True)
class Played:
    """How far the play has come: kept in a file, so that a restart goes on and repeats nothing."""

    performance: str = field(default_factory=lambda: fresh("play"))
    scenes: dict[str, int] = field(default_factory=dict)
    """Letters each member has sent."""
    seen: dict[str, int] = field(default_factory=dict)
    """The last UID each address has looked at."""

    @classmethod
    def load(cls, path: Path | None) -> "Played":
        return cls(**orjson.loads(path.read_bytes())) if path and path.exists() else cls()

    def save(self, path: Path | None) -> None:
        if path:
            draft = path.with_suffix(".new")
            draft.write_bytes(orjson.dumps(asdict(self)))
            draft.replace(path)


class Cast:
    """Plays the scenes on a simulator that has the members' accounts."""

    def __init__(
        self,
        simulator: MailSimulator,
        *,
        state: Path | None = None,
        pace: float = 1.0,
        members: tuple[Member, ...] = MEMBERS,
    ) -> None:
        """`state` is the file that remembers what was played; `pace` stretches every wait."""
        self._simulator = simulator
        self._state = state
        self._pace = pace
        self._members = members
        self._theirs = {bare(address) for member in members for address in member.addresses}
        self._played = Played.load(state)
        self._news: dict[str, asyncio.Event] = {member.key: asyncio.Event() for member in members}

    async def play(self) -> None:
        """Sends the openings one after another, then answers every mail of ours; runs until it is cancelled."""
        self._simulator.on_delivery.append(self._ring)
        tasks = [asyncio.create_task(self._open()), *(asyncio.create_task(self._watch(m)) for m in self._members)]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                task.result()
        finally:
            await end(tasks)
            self._simulator.on_delivery.remove(self._ring)

    async def _open(self) -> None:
        for member in self._members:
            if not self._played.scenes.get(member.key):
                await asyncio.sleep(_GAP * self._pace)
                await self._send(member, member.address, self._opening(member))

    async def _watch(self, member: Member) -> None:
        news = self._news[member.key]
        while True:
            news.clear()
            for address in member.addresses:
                await self._read(member, address)
            await news.wait()

    async def _read(self, member: Member, address: str) -> None:
        for mail in self._simulator.messages(address):
            if mail.uid > self._played.seen.get(address, 0):
                await self._answer(member, mail)
                self._played.seen[address] = mail.uid
                self._played.save(self._state)

    async def _answer(self, member: Member, mail: StoredMail) -> None:
        sent = self._played.scenes.get(member.key, 0)
        if 1 <= sent <= len(member.replies) and self._is_ours(mail.message):
            await asyncio.sleep(_THINKING * self._pace)
            address = member.other_address or member.address
            await self._send(member, address, self._reply(member, address, mail.message, mail.at))

    async def _send(self, member: Member, address: str, letter: Letter) -> None:
        raw = letter.as_bytes()
        # A play that was cut off after the hand-over finds the letter delivered, and does not send it twice.
        while not self._delivered(letter):
            try:
                await self._submit(address, letter.to, raw)
                break
            except (OSError, aiosmtplib.SMTPException) as exc:
                log.warning("cast.unsent", sender=mask(address), reason=type(exc).__name__)
                await asyncio.sleep(_AGAIN * self._pace)
        self._simulator.deliver(address, raw, folder="Sent")
        self._played.scenes[member.key] = self._played.scenes.get(member.key, 0) + 1
        self._played.save(self._state)

    def _delivered(self, letter: Letter) -> bool:
        there = self._simulator.messages(bare(letter.to))
        return any(str(mail.message["Message-ID"]) == letter.message_id for mail in there)

    async def _submit(self, address: str, to: str, raw: bytes) -> None:
        account = next(a for a in self._simulator.accounts if a.address == address)
        await aiosmtplib.send(
            raw,
            sender=address,
            recipients=[to],
            hostname=self._simulator.host,
            port=self._simulator.smtp_port,
            username=account.user,
            password=account.password,
            start_tls=False,
        )

    def _opening(self, member: Member) -> Letter:
        return Letter(
            message_id=self._message_id(member, member.address),
            name=member.name,
            address=member.address,
            to=member.to,
            subject=member.subject,
            text=member.opening,
            charset=member.charset,
            html=member.html,
            enclosures=member.enclosures,
            program=member.program,
        )

    def _reply(self, member: Member, address: str, ours: EmailMessage, at: datetime) -> Letter:
        text = member.replies[self._played.scenes[member.key] - 1]
        answered = str(ours["Message-ID"] or "")
        threaded = member.keeps_thread and bool(answered)
        return Letter(
            message_id=self._message_id(member, address),
            name=member.name,
            address=address,
            to=parseaddr(str(ours["Reply-To"] or ours["From"]))[1],
            subject=_re(str(ours["Subject"] or "")) if member.keeps_thread else member.new_subject,
            text=f"{text}\n{_quoted(member, ours, at)}",
            charset=member.charset,
            in_reply_to=answered if threaded else None,
            references=(*str(ours["References"] or "").split(), answered) if threaded else (),
            program=member.program,
        )

    def _message_id(self, member: Member, address: str) -> str:
        scene = str(self._played.scenes.get(member.key, 0))
        return f"<{derive('scene', self._played.performance, member.key, scene)}@{domain_of(address)}>"

    def _is_ours(self, message: EmailMessage) -> bool:
        sender = bare(parseaddr(str(message["From"] or ""))[1])
        return sender not in self._theirs and any(bare(a.address) == sender for a in self._simulator.accounts)

    def _ring(self, address: str) -> None:
        for member in self._members:
            if bare(address) in map(bare, member.addresses):
                self._news[member.key].set()


def _re(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _quoted(member: Member, ours: EmailMessage, at: datetime) -> str:
    name, address = parseaddr(str(ours["From"]))
    line = member.attribution.format(date=f"{at.astimezone():%d.%m.%Y %H:%M}", name=name or address, address=address)
    return "\n".join([line, *(f"> {row}".rstrip() for row in _plain(ours).splitlines())]) + "\n"


def _plain(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    content = str(part.get_content()) if part else ""
    return re.sub(r"<[^>]+>", "", content) if part and part.get_content_subtype() == "html" else content
