"""The customers' door of consent: pages behind signed links. Who only looks changes nothing: GET shows, POST does.

So no scanner that follows links unsubscribes anybody. A mail program posts `List-Unsubscribe=One-Click` (RFC 8058).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from hub.api.operation import CALLER
from hub.api.public import Public
from hub.channels.marks import Mark, read_mark
from hub.contracts.address import ConsentRecorded
from hub.kit.errors import NotFound
from hub.kit.log import Log
from hub.store.base import Document
from services.campaigns.consent import pages
from services.campaigns.consent.service import Consents, allowed

log = Log(__name__)
ONE_CLICK = ("List-Unsubscribe", "One-Click")
_FIELDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whose link it is."""

    address: str
    channel: str
    topic: str = ""
    """Of the mailing; empty: the channel as a whole."""
    language: str = ""


class Recipients(Protocol):
    """Who got a mailing, and who was asked whether he means it."""

    async def of_mark(self, mark: Mark) -> Recipient | None:
        """None: the hub does not know any more."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a customer."""

    request: Request
    mark: Mark
    recipient: Recipient
    language: str

    async def form(self) -> Mapping[str, list[str]]:
        """Urlencoded or multipart, as mail programs post it (RFC 8058); of more than `_FIELDS` the first count."""
        if self.request.headers.get("content-type", "").startswith("multipart/"):
            try:
                given = await self.request.form(max_files=0, max_fields=_FIELDS)
            except HTTPException:
                return {}
            return {name: [str(value) for value in given.getlist(name)] for name in given}
        body = (await self.request.body()).decode("utf-8", "replace")
        return parse_qs("&".join(body.split("&", _FIELDS)[:_FIELDS]))

    @property
    def words(self) -> str:
        """What stands for his signature: from where, and with which program."""
        headers = self.request.headers
        return f"{headers.get(CALLER, '')} {headers.get('user-agent', '')[:200]}".strip()


def public(consents: Consents, recipients: Recipients, master: bytes) -> Public:
    """`master` is what the keys of mailings are derived from."""
    routes = Public("pages")
    door = _Door(consents, recipients, master)

    @routes.page("/m/u/{mark}", methods=["GET", "POST"])
    async def unsubscribe(mark: str, request: Request) -> Response:
        """One topic, or all."""
        return await door.unsubscribe(mark, request)

    @routes.page("/m/p/{mark}", methods=["GET", "POST"])
    async def preferences(mark: str, request: Request) -> Response:
        """All topics."""
        return await door.preferences(mark, request)

    @routes.page("/m/c/{mark}", methods=["GET", "POST"])
    async def confirm(mark: str, request: Request) -> Response:
        """The second step of a double opt-in."""
        return await door.confirm(mark, request)

    return routes


class _Door:
    def __init__(self, consents: Consents, recipients: Recipients, master: bytes) -> None:
        self._consents = consents
        self._recipients = recipients
        self._master = master

    async def unsubscribe(self, mark: str, request: Request) -> Response:
        asked = await self._asked("unsubscribe", mark, request)
        if asked is None:
            return _unknown(request)
        form = await asked.form() if request.method == "POST" else {}
        one_click = form.get(ONE_CLICK[0]) == [ONE_CLICK[1]]
        if not (one_click or form.get("confirm") == ["yes"]):
            what = await self._title(asked.recipient.topic, asked.language)
            return _shown(pages.unsubscribe(asked.language, asked.recipient.address, what))
        why = " ".join(form.get("why", []))[:300]
        words = f"{why} ({asked.words})" if why else asked.words
        await self._say(asked, {asked.recipient.topic: "withdrawn"}, "one_click" if one_click else "page", words)
        return _shown(pages.gone(asked.language))

    async def preferences(self, mark: str, request: Request) -> Response:
        asked = await self._asked("preferences", mark, request)
        if asked is None:
            return _unknown(request)
        topics = await self._consents.topics()
        form = await asked.form() if request.method == "POST" else {}
        standing = await self._consents.standing(asked.recipient.address)
        before = {t["_id"]: allowed(standing, asked.recipient.channel, t)[0] for t in topics}
        if form.get("confirm") != ["yes"]:
            return _shown(self._preferences(asked, topics, before))
        after = {topic: topic in pages.chosen(form) for topic in before}
        await self._say(asked, _changes(before, after, standing, asked.recipient.channel), "page", asked.words)
        return _shown(self._preferences(asked, topics, after, saved=True))

    def _preferences(
        self, asked: Asked, topics: list[Document], chosen: Mapping[str, bool], *, saved: bool = False
    ) -> str:
        choices = [
            pages.Choice(id=t["_id"], title=pages.title_of(t, asked.language), chosen=chosen[t["_id"]])
            for t in topics
        ]
        return pages.preferences(asked.language, asked.recipient.address, choices, saved=saved)

    async def confirm(self, mark: str, request: Request) -> Response:
        asked = await self._asked("confirm", mark, request)
        if asked is None:
            return _unknown(request)
        form = await asked.form() if request.method == "POST" else {}
        if form.get("confirm") != ["yes"]:
            what = await self._title(asked.recipient.topic, asked.language)
            return _shown(pages.confirm(asked.language, asked.recipient.address, what))
        await self._say(asked, {asked.recipient.topic: "given"}, "double_opt_in", asked.words)
        return _shown(pages.confirmed(asked.language))

    async def _asked(self, kind: str, mark: str, request: Request) -> Asked | None:
        read = read_mark(self._master, kind, mark)
        recipient = await self._recipients.of_mark(read) if read else None
        if read is None or recipient is None:
            return None
        language = pages.language_of(request.headers.get("accept-language", ""), recipient.language)
        return Asked(request, read, recipient, language)

    async def _title(self, topic: str, language: str) -> str:
        try:
            return pages.title_of(await self._consents.topic(topic), language) if topic else ""
        except NotFound:
            return ""

    async def _say(self, asked: Asked, states: Mapping[str, str], source: str, words: str) -> None:
        said: list[ConsentRecorded] = []
        for topic, state in states.items():
            text = (await self._consents.topic(topic))["text_version"] if topic and state == "given" else ""
            address = asked.recipient.address
            said.append(
                self._consents.said(
                    address, state, topic=topic, source=source, words=words, by=asked.mark.row, text=text
                )
            )
        if said:
            await self._consents.publish(said)
            log.info("consent.said", source=source, words=len(said), mailing=asked.mark.mailing)


def _changes(
    before: Mapping[str, bool], after: Mapping[str, bool], standing: Mapping[str, Document], channel: str
) -> dict[str, str]:
    """What is said anew. Who takes something opens the channel that he had closed as a whole."""
    said = {topic: "given" if wanted else "withdrawn" for topic, wanted in after.items() if wanted != before[topic]}
    closed = channel in standing and standing[channel]["state"] == "withdrawn"
    if closed and any(after.values()):
        said = {"": "given", **{topic: "given" if wanted else "withdrawn" for topic, wanted in after.items()}}
    if not any(after.values()):
        said[""] = "withdrawn"
    return said


def _shown(page: str) -> Response:
    return HTMLResponse(page, headers=pages.HEADERS)


def _unknown(request: Request) -> Response:
    language = pages.language_of(request.headers.get("accept-language", ""))
    return HTMLResponse(pages.unknown(language), 404, headers=pages.HEADERS)
