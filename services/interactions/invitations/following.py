"""What follows from invitations: mails for each new form of ours, and what mails with calendars say of meetings."""

from collections.abc import Sequence
from functools import partial

from hub.contracts.appointment import invitation_name
from hub.contracts.base import Envelope
from hub.contracts.interaction import Interaction, InteractionChanged, InteractionLinked, Role
from hub.kit.clock import Clock
from hub.store.base import Document
from hub.store.told import Owing
from services.interactions.invitations import calendar, words
from services.interactions.invitations.finding import planned_for
from services.interactions.invitations.mails import invitation_mail, request
from services.interactions.invitations.meetings import called_off, is_another_time, is_older, notice
from services.interactions.invitations.models import answered, is_doubtful, mail_id
from services.interactions.outgoing import Outgoing
from services.interactions.repository import Repository


class Following:
    """Each may be told twice; of forms that follow each other quickly the newest is sent."""

    def __init__(
        self, repository: Repository, outgoing: Outgoing, clock: Clock, *, language: words.Language, zone: str
    ) -> None:
        self._repository = repository
        self._outgoing = outgoing
        self._clock = clock
        self._language = language
        self._zone = zone

    async def invited(self, envelopes: Sequence[Envelope]) -> None:
        """Of contacts to which we invited people."""
        for envelope in envelopes:
            event = envelope.event
            if isinstance(event, InteractionLinked | InteractionChanged) and event.interaction.invited:
                await self._send(event.interaction.id, envelope.correlation_id)

    async def _send(self, meeting_id: str, began: str) -> None:
        """The newest form, unless it was sent."""
        meeting = await self._repository.interactions.get(meeting_id)
        if meeting is None:
            return
        known = await self._repository.interactions.get(mail_id(meeting))
        if known is not None:
            await self._repository.interactions.tell(known)
            return
        mail = await self._mail(meeting)
        part = calendar.invitation(meeting, now=self._clock.now())
        draft = await self._outgoing.draft(mail, request(mail, part), began=began)
        told = meeting["invited"]
        await self._repository.name({invitation_name(told["organizer"], told["uid"]): draft.document})
        await self._outgoing.accept(draft)

    async def _mail(self, meeting: Document) -> Interaction:
        addresses = await self._repository.addresses.get_many(one["address"] for one in meeting["invited"]["guests"])
        owners = {address: found["client_id"] for address, found in addresses.items() if found["client_id"]}
        chain = await self._repository.chains.get(meeting["chain_id"]) or {}
        return invitation_mail(
            meeting,
            mail_id(meeting),
            owners,
            team=chain.get("team"),
            subject=words.subject(meeting, self._language)[:1_000],
            text=words.text(meeting, self._language, self._zone),
            at=self._clock.now(),
        )

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Of mails with calendars."""
        for envelope in envelopes:
            if isinstance(envelope.event, InteractionLinked) and envelope.event.interaction.invitation:
                await self._take(envelope.event.interaction, envelope)

    async def _take(self, mail: Interaction, cause: Envelope) -> None:
        said = mail.invitation
        assert said
        if said.method in ("reply", "counter"):
            sent = await self._named(said.name)
            if sent and sent.get("cause_id"):
                await self._amend(sent["cause_id"], partial(_answered, mail=mail), cause)
        elif _is_of(said.organizer, mail) and (meeting := await planned_for(self._repository, said)):
            await self._amend(meeting["_id"], partial(_organised, mail=mail), cause)

    async def _named(self, name: str) -> Document | None:
        claim = await self._repository.claims.get(name)
        return await self._repository.interactions.get(claim["interaction_id"] or "") if claim else None

    async def _amend(self, meeting_id: str, change: "partial[Document | Owing]", cause: Envelope) -> None:
        after = await self._repository.interactions.amend(meeting_id, change, cause=cause)
        if after:
            await self._repository.interactions.tell(after)


def _is_of(organizer: str, mail: Interaction) -> bool:
    senders = [one.address for one in mail.participants if one.role is Role.FROM]
    return organizer in senders and not is_doubtful(mail)


def _answered(meeting: Document, *, mail: Interaction) -> Document | Owing:
    after = answered(meeting, mail)
    return after if after is meeting else Owing(after, (notice(after, mail),))


def _organised(meeting: Document, *, mail: Interaction) -> Document | Owing:
    """Whoever organises it calls it off, or wants another time: that is to be accepted anew. Of a series another time
    than the one that is planned may be called off.
    """
    said = mail.invitation
    assert said
    if is_older(meeting, said):
        return meeting
    after = called_off(meeting, said) if said.method == "cancel" else meeting
    news = after is not meeting or (not meeting.get("fact") and is_another_time(meeting, said))
    return Owing(after, (notice(meeting, mail),)) if news else meeting
