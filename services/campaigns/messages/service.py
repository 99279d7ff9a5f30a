"""Sends a template to one recipient: about a topic unless he said no to it; a service message always."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from pydantic import ConfigDict, Field

from hub.api.actor import Actor
from hub.api.forms import Form
from hub.bus.base import Bus
from hub.channels.content import Content
from hub.channels.marks import mailing_key, row_id
from hub.contracts.base import Envelope
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.campaigns.consent.service import SOURCE, Consents, allowed
from services.campaigns.mailings.pages import message_id
from services.campaigns.mailings.repository import ASKED, MailingRepository
from services.campaigns.mailings.service import Accounts
from services.campaigns.people import variables_of
from services.campaigns.segments.projection import channel_of
from services.campaigns.templates.models import Language
from services.campaigns.templates.service import Templates

PREFIX = "tx"
_BYTES = 600_000
"""Of one message: it travels in an event."""
_WHOLE: dict[str, Any] = {
    "subject": [["value", 0, False]],
    "text": [["value", 1, False]],
    "html": [["value", 2, False]],
}


class NewMessage(Form):
    """To whom, and with what."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"to": "anna@example.com", "account": "mb_7f2k", "data": {"order": "118"}},
                {"to": "phone:+79161234567", "account": "num_1a2b", "topic": "news"},
            ]
        }
    )
    to: str = Field(min_length=3, max_length=400, description="An address: mail, phone, telegram:@our_bot/123456")
    name: str = Field(default="", max_length=200)
    account: str = Field(max_length=100, description="The mailbox, bot or number that sends it")
    topic: str | None = Field(
        default=None, max_length=100, description="Who said no to it gets nothing; null: a service message"
    )
    variables: dict[str, str] = Field(default={}, max_length=100, description="first_name, …")
    data: dict[str, str] = Field(default={}, max_length=100, description="{{ data.order }}, …")
    language: Language | None = None


class Whose(Protocol):
    async def sees(self, address: str, actor: Actor) -> bool: ...


class Messages:
    """Asks the channels, and keeps a row of each."""

    def __init__(
        self,
        repository: MailingRepository,
        *,
        templates: Templates,
        consents: Consents,
        accounts: Accounts,
        whose: Whose,
        bus: Bus,
        clock: Clock,
        master: bytes,
        base: str,
    ) -> None:
        """`base` is where customers reach the gateway; `master` signs the links."""
        self._repository = repository
        self._templates = templates
        self._consents = consents
        self._accounts = accounts
        self._whose = whose
        self._bus = bus
        self._clock = clock
        self._master = master
        self._base = base

    async def send(self, template_id: str, given: NewMessage, *, actor: Actor, key: str | None) -> Document:
        """Its row. The same key of the same actor gives the same one, and sends nothing again.

        Raises:
            NotFound: no such template, or the address is a client's whom the actor does not see.
            InvalidInput: it is no address of the template's channel, or a variable is missing.
            Conflict: he does not want it, or the key was used for another message.
        """
        made = derive(PREFIX, actor.login, key) if key else fresh(PREFIX)
        template = await self._templates.get(template_id, actor)
        wanted = derive("rq", template_id, given.model_dump_json())
        known = (await self._repository.get_many([row_id(made, 0)])).get(row_id(made, 0))
        if known is None:
            known = await self._added(made, template, given, wanted, actor)
        if known["request"] != wanted:
            raise Conflict("this Idempotency-Key was used for another message; use a new key")
        if known["state"] == "queued":
            await self._ask(known)
        return known

    async def get(self, made: str, actor: Actor) -> Document:
        """Its row, with what became of it. Raises NotFound."""
        row = (await self._repository.get_many([row_id(made, 0)])).get(row_id(made, 0))
        if row is None or not await self._whose.sees(row["address"], actor):
            raise NotFound(f"there is no message {made}")
        return row

    async def _added(self, made: str, template: Document, given: NewMessage, wanted: str, actor: Actor) -> Document:
        address = await self._address(template, given, actor)
        ground = await self._ground(address, template["channel"], given.topic)
        said = await self._templates.said(template["_id"], template["version"])
        language = given.language if given.language in said else template["language"]
        values = await self._values(made, said[language]["built"], given, address, language)
        at = iso(self._clock.now())
        row: Document = {
            "_id": row_id(made, 0),
            "mailing": made,
            "number": 0,
            "step": ASKED,
            "state": "queued",
            "due": at,
            "at": at,
            "attempt": 0,
            "address": address,
            "name": given.name,
            "reason": None,
            "seen_by": [],
            "channel": template["channel"],
            "account": given.account,
            "topic": given.topic or "",
            "template": f"{template['_id']}/{template['version']}",
            "language": language,
            "ground": ground,
            "values": values,
            "request": wanted,
        }
        row["message"] = message_id(row)
        await self._repository.keep(_blob(made), self._content(made, topic=given.topic or "").to_json())
        await self._repository.add_rows([row])
        return (await self._repository.get_many([row["_id"]]))[row["_id"]]

    async def _address(self, template: Document, given: NewMessage, actor: Actor) -> str:
        address, channel = self._consents.normalised(given.to), template["channel"]
        if channel_of(address) != channel:
            fix = f"{given.to} is no address for {channel}, which the template is for"
            raise InvalidInput(f"to: {fix}", fields={"to": fix})
        if (await self._accounts.addresses()).get(given.account, ("", ""))[0] != channel:
            fix = f"we have no account {given.account} for {channel}; GET /api/v1/channels lists them"
            raise InvalidInput(f"account: {fix}", fields={"account": fix})
        if not await self._whose.sees(address, actor):
            raise NotFound("there is no such address among those that you see")
        return address

    async def _ground(self, address: str, channel: str, topic: str | None) -> str:
        """On what ground it is sent (the legal basis). Raises Conflict where there is none."""
        if topic is None:
            return "a service message"
        may, why = allowed(await self._consents.standing(address), channel, await self._consents.topic(topic))
        if not may:
            raise Conflict(f"{why}: he is not written to about {topic}")
        return why

    async def _values(self, made: str, built: Document, given: NewMessage, address: str, language: str) -> list[str]:
        """Subject, text and page. Raises InvalidInput for a variable that is missing."""
        known = variables_of({"name": given.name}, [address])
        variables: Mapping[str, Any] = {**known, **given.variables, "data": given.data, "language": language}
        content = replace(self._content(made, topic=given.topic or ""), **_WHOLE)
        (one,) = await self._templates.rendered(built, content, [(0, variables)], urgent=True)
        if "failed" in one:
            raise InvalidInput(f"variables: {one['failed']}", fields={"variables": one["failed"]})
        values = [one["subject"], one["text"], one["html"] or ""]
        if sum(len(value.encode()) for value in values) > _BYTES:
            raise InvalidInput(f"it becomes more than {_BYTES:,} bytes", fields={"data": "shorten it"})
        return values

    def _content(self, made: str, *, topic: str) -> Content:
        key = mailing_key(self._master, made).hex()
        return Content(mailing=made, key=key, base=self._base, **_WHOLE, counts=bool(topic), leaves=bool(topic))

    async def _ask(self, row: Document) -> None:
        """Raises BusUnavailable: then whoever asked asks again, under the same key."""
        message = SendMessage(
            id=row["message"],
            channel=row["channel"],
            account=row["account"],
            to=(Participant(role=Role.TO, address=row["address"], name=row["name"]),),
            text="",
            signature="",
            lane="automatic",
            mass=bool(row["topic"]),
            group=row["mailing"],
            topic=row["topic"],
            content=_blob(row["mailing"]),
            values=tuple(row["values"]),
        )
        await self._bus.publish([Envelope(event=message, source=SOURCE, time=self._clock.now())])


def _blob(made: str) -> str:
    return f"messages/{made}"
