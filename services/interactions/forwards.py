"""Passing a message on to a third party: in a chain of its own beside the client's, so that answers land there."""

import re
from functools import partial
from typing import Any

from pydantic import ConfigDict, Field

from hub.bus.base import Bus
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Forwarded,
    Interaction,
    Link,
    Participant,
    Role,
    SendMessage,
)
from hub.contracts.masks import shown, words_shown
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound, Unsupported
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.interactions.linking import side_chain_id
from services.interactions.models import correlation_of, interaction_from
from services.interactions.outgoing import Draft, Outgoing, fingerprint, same_request
from services.interactions.repository import Repository
from services.interactions.roots import existing
from services.interactions.writing import MAX_LISTED, MAX_TEXT, Written, account_of, mail_address, token_of

_NOTES = 100
"""Notes of being passed on that a message keeps, the newest ones."""
_FORWARD = "Fwd: "
_TOKEN = re.compile(r"\[#[A-Z2-7]{16}\]")


class Forward(Written):
    """What to pass on to a third party, beside the message's files; his answers come into a chain of their own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to": "carrier@example.com", "comment": "Please find out where it is."}]}
    )
    to: str = Field(min_length=3, max_length=320, examples=["carrier@example.com"])
    cc: tuple[str, ...] = Field(default=(), max_length=MAX_LISTED)
    comment: str = Field(default="", max_length=MAX_TEXT, description="Stands above the message")
    interaction_id: str | None = Field(default=None, description="The client's newest message, if none is named")


class Forwards:
    """Plans messages to third parties."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock, *, outgoing: Outgoing | None = None) -> None:
        repository.on(bus, clock)
        self._repository = repository
        self._outgoing = outgoing or Outgoing(repository)
        self._clock = clock

    async def plan(
        self,
        chain_id: str,
        forward: Forward,
        *,
        author: str,
        idempotency_key: str | None,
        signature: str | None = None,
    ) -> Document:
        """The planned interaction in the chain beside; the same key of the same author gives the same one.

        Raises:
            NotFound: no such chain, or no such message in it.
            InvalidInput: an address is none, or it is the client himself.
            Conflict: the key was used for something else.
        """
        chain = await existing(self._repository.chains, chain_id, "chain")
        original = await self._original(chain_id, forward.interaction_id)
        party = mail_address(forward.to, field="to", role=Role.TO)
        key = derive("in", "forward", chain_id, author, idempotency_key) if idempotency_key else None
        interaction_id = key or fresh("in", at=int(self._clock.now().timestamp()))
        planned = await self._repository.interactions.get(interaction_id)
        if planned:
            same_request(planned, fingerprint(forward))
        else:
            planned = await self._accept(chain, original, party, forward, interaction_id, author, signature)
        await self._note(original, planned, party)
        return planned

    async def _original(self, chain_id: str, interaction_id: str | None) -> Document:
        if interaction_id is None:
            newest = await self._repository.newest_of_chain(chain_id)
            found = next((one for one in newest if one["direction"] == Direction.IN), None)
            if found is None:
                raise Unsupported("the client wrote nothing in this chain; name a message by interaction_id")
            return found
        named = await self._repository.interactions.get(interaction_id)
        if named is None or named["chain_id"] != chain_id:
            raise NotFound(f"there is no message {interaction_id} in chain {chain_id}")
        return named

    async def _accept(
        self,
        chain: Document,
        original: Document,
        party: Participant,
        forward: Forward,
        interaction_id: str,
        author: str,
        signature: str | None,
    ) -> Document:
        beside = side_chain_id(chain["_id"], party.address)

        async def draft(client_id: str) -> Draft:
            if client_id == chain["client_id"]:
                fix = f"{forward.to} is the client himself; answer him instead"
                raise InvalidInput(f"to: {fix}", fields={"to": fix})
            ids = (interaction_id, beside, client_id)
            interaction = self._interaction(
                interaction_from(original), forward, party, ids=ids, author=author, team=chain.get("team")
            )
            await self._outgoing.check_second(interaction.channel, interaction.accounts[0])
            request = _request(interaction, signature)
            wanted, began = fingerprint(forward), correlation_of(original)
            return await self._outgoing.draft(interaction, request, fingerprint=wanted, began=began)

        expected = await self._repository.owner_for(party, opened_by=interaction_id)
        drafted = await draft(expected)
        client = await self._repository.client_for(
            party, opened_by=interaction_id, at=iso(self._clock.now()), team=chain.get("team")
        )
        if client["_id"] != expected:
            # Somebody else took the address meanwhile: nothing was opened for us.
            drafted = await draft(client["_id"])
        opened = (await self._repository.touch_chains([drafted.document]))[beside]
        debts = [(self._repository.clients, client), (self._repository.chains, opened)]
        return (await self._outgoing.accept(drafted, opened=debts)).document

    def _interaction(
        self,
        original: Interaction,
        forward: Forward,
        party: Participant,
        *,
        ids: tuple[str, str, str],
        author: str,
        team: str | None,
    ) -> Interaction:
        """`team` is that of the chain: whom it was taken from is not shown it beside."""
        interaction_id, chain_id, client_id = ids
        copied = [
            mail_address(text, field=f"cc.{position}", role=Role.CC) for position, text in enumerate(forward.cc)
        ]
        return Interaction(
            id=interaction_id,
            channel=original.channel,
            type=original.type,
            direction=Direction.OUT,
            accounts=(account_of(original, forward.account),),
            at=self._clock.now(),
            client_id=client_id,
            chain_id=chain_id,
            cause_id=original.id,
            subject=_subject(original.subject),
            text=_text(original, forward.comment),
            participants=(party.model_copy(update={"client_id": client_id}), *copied),
            attachments=(*(a for a in original.attachments if a.state == "ready"), *forward.attachments),
            delivery=Delivery(state=DeliveryState.QUEUED),
            link=Link(rule="forward", evidence=original.id, parent=original.chain_id),
            author=author,
            team=team,
            others=original.others,
        )

    async def _note(self, original: Document, planned: Document, party: Participant) -> None:
        """The message that was passed on shows it."""
        note = Forwarded(
            to=party.address, by=planned["author"], at=planned["at"], chain_id=planned["chain_id"]
        ).model_dump(mode="json")
        after = await self._repository.interactions.amend(original["_id"], partial(_noted, note=note))
        if after:
            await self._repository.interactions.tell(after)


def _request(interaction: Interaction, signature: str | None) -> SendMessage:
    return SendMessage(
        id=interaction.id,
        channel=interaction.channel,
        account=interaction.accounts[0],
        to=interaction.participants,
        subject=interaction.subject,
        text=interaction.text,
        attachments=interaction.attachments,
        token=token_of(interaction.id),
        signature=signature,
    )


def _noted(document: Document, *, note: dict[str, Any]) -> Document:
    notes = document.get("forwarded") or []
    return document if note in notes else {**document, "forwarded": [*notes, note][-_NOTES:]}


def _subject(subject: str) -> str:
    return subject if subject.lower().startswith(("fwd:", "fw:")) else f"{_FORWARD}{subject}".rstrip()


def _text(original: Interaction, comment: str) -> str:
    """The comment, then the message with what stood at its head."""
    names = {role: _named(original, role) for role in (Role.FROM, Role.TO, Role.CC)}
    head = [
        "---------- Forwarded message ----------",
        f"From: {names[Role.FROM]}",
        f"Date: {original.at:%Y-%m-%d %H:%M %Z}",
        f"Subject: {original.subject}",
        f"To: {names[Role.TO]}",
        *([f"Cc: {names[Role.CC]}"] if names[Role.CC] else []),
    ]
    # A token of ours that the message quotes would lead the third party's answer to the client's chain.
    words = _TOKEN.sub("", original.text)
    return "\n\n".join(filter(None, (comment.rstrip(), "\n".join(head), words)))


def _named(original: Interaction, role: Role) -> str:
    """As whoever passes it on is shown them: these are our words, and he reads them."""
    people = [person for person in original.participants if person.role is role]
    return ", ".join(f"{words_shown(p.name)} <{shown(p.raw)}>" if p.name else shown(p.raw) for p in people)
