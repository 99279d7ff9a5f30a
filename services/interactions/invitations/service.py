"""Inviting the people of a planned contact by mail, calling it off, and answering invitations that came in."""

from datetime import datetime
from functools import partial
from typing import Any

from hub.api.actor import Actor
from hub.contracts.appointment import Invitation, Rsvp
from hub.kit.clock import Clock
from hub.kit.domains import mail_name
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, moment_of
from hub.store.base import Document
from services.interactions.byhand.models import ACCOUNT
from services.interactions.invitations import calendar
from services.interactions.invitations.finding import planned_for
from services.interactions.invitations.forms import InvitationForm, RsvpForm
from services.interactions.invitations.mails import answer_mail, request
from services.interactions.invitations.meetings import is_ahead, joined, left, left_one, left_out, met
from services.interactions.invitations.models import called_off, guests_of, invited, latest, met_name, one_name
from services.interactions.invitations.words import Language, answer_subject
from services.interactions.models import correlation_of
from services.interactions.outgoing import Outgoing
from services.interactions.reach import Account
from services.interactions.repository import Repository
from services.interactions.seen import Directory, Seen
from services.interactions.writing import MAIL

_MOST_RSVPS = 50


class Invitations:
    """Everything here may be asked twice; the mails that follow from an invitation of ours are `Following`'s."""

    def __init__(
        self,
        repository: Repository,
        seen: Seen,
        outgoing: Outgoing,
        directory: Directory,
        clock: Clock,
        *,
        language: Language = "ru",
    ) -> None:
        self._repository = repository
        self._seen = seen
        self._outgoing = outgoing
        self._directory = directory
        self._clock = clock
        self._language = language

    async def invite(self, interaction_id: str, form: InvitationForm, *, actor: Actor) -> Document:
        """The contact with its guests, who are written to.

        Raises:
            NotFound, Forbidden: it is not there for him, or the mailbox is another team's.
            InvalidInput: the account is no mailbox, or nobody could be written to.
            Conflict: it is not planned, it is over, or it was invited to from another mailbox.
        """
        await self._seen.whole_interaction(actor.reading, interaction_id)
        await self._seen.check_account(actor, form.account)
        mailbox = await self._mailbox(form.account)

        def change(document: Document) -> Document:
            _check_waits(document)
            if not guests_of(document):
                fix = "nobody who takes part has a mail address; write the contact down with one"
                raise InvalidInput(fields={"participants": fix})
            before = document.get("invited")
            if before and before["account"] != form.account:
                raise Conflict(f"it was invited to from {before['account']}; go on with that one")
            who = {"account": form.account, "organizer": _address(mailbox), "text": form.text}
            return invited(document, **who, by=actor.login, at=self._clock.now())

        return await self._changed(interaction_id, change)

    async def withdraw(self, interaction_id: str, *, actor: Actor) -> Document:
        """The contact, whose guests are told that it will not be. Raises NotFound; Conflict: nobody was invited."""
        await self._seen.whole_interaction(actor.reading, interaction_id)

        def change(document: Document) -> Document:
            if not document.get("invited"):
                raise Conflict("nobody was invited to it")
            return called_off(document, by=actor.login, at=self._clock.now())

        return await self._changed(interaction_id, change)

    async def answer(self, interaction_id: str, form: RsvpForm, *, actor: Actor) -> Document:
        """The mail that invited, with what was answered; accepted, the meeting is planned.

        Raises:
            NotFound, Forbidden: it is not there for him, or the mailbox is another team's.
            Conflict: it invites to nothing.
        """
        mail = await self._seen.whole_interaction(actor.reading, interaction_id)
        if not mail.get("invitation") or mail["invitation"]["method"] != "request":
            raise Conflict("this mail invites to nothing; an invitation has `invitation.method` request")
        await self._seen.check_account(actor, mail["accounts"][0])
        rsvps = mail.get("rsvps") or []
        if latest(rsvps, actor.login) == form.answer:
            return mail
        said = Invitation.model_validate(mail["invitation"])
        now = self._clock.now()
        # After the one before, which is no other answer's: as many are kept as are numbered.
        before = rsvps[-1]["interaction_id"] if rsvps else ""
        reply_id = derive("in", "rsvp", mail["_id"], actor.login, before, at=moment_of(mail["_id"]))
        meeting_id = await self._settle(mail, said, form, actor)
        await self._reply(mail, said, form, actor, reply_id)
        rsvp = Rsvp(answer=form.answer, by=actor.login, at=now, interaction_id=reply_id, meeting_id=meeting_id)
        return await self._changed(mail["_id"], lambda document: _with(document, rsvp.model_dump(mode="json")))

    async def _settle(self, mail: Document, said: Invitation, form: RsvpForm, actor: Actor) -> str | None:
        """The contact that is planned for it: he takes part, or not any more."""
        known, login = await planned_for(self._repository, said), actor.login
        ahead = known if known and is_ahead(known, said) else None
        planned = None if ahead else known
        found = planned["_id"] if planned else None
        if form.answer == "accepted":
            meeting_id = found or derive("in", "met", mail["_id"], at=moment_of(mail["_id"]))
            fresh = met(mail, said, meeting_id, login=login, now=self._clock.now())
            found = await self._join(fresh, said, login, one_name(said) if ahead else met_name(said))
        elif planned:
            await self._changed(planned["_id"], partial(left_one if said.slot else left, login=login))
        if ahead:
            leaves = partial(left_out, said=said, login=login, accepted=form.answer == "accepted")
            await self._changed(ahead["_id"], leaves)
        return found

    async def _join(self, fresh: Document, said: Invitation, login: str, name: str) -> str:
        """The contact is there, under its name, and he takes part."""
        meetings = self._repository.interactions
        stored, new = await meetings.insert(fresh)
        await self._repository.name({name: stored})
        if new:
            await meetings.tell(stored)
            await self._outgoing.move_on(stored)
        else:
            await self._changed(stored["_id"], partial(joined, said=said, login=login))
        return str(stored["_id"])

    async def _reply(self, mail: Document, said: Invitation, form: RsvpForm, actor: Actor, reply_id: str) -> None:
        subject = answer_subject(form.answer, said.summary or mail["subject"], self._language)
        now: datetime = self._clock.now()
        text = form.text or subject
        reply = answer_mail(mail, said, reply_id, subject=subject, text=text, author=actor.login, at=now)
        address = await self._own_address(mail, said)
        part = calendar.answer(said, address=address, answer=form.answer, words=form.text, now=now)
        if form.text:
            await self._outgoing.check_second(reply.channel, reply.accounts[0])
        asked = request(reply, part, mail, signature=actor.signs(True))
        draft = await self._outgoing.draft(reply, asked, began=correlation_of(mail))
        await self._outgoing.accept(draft)

    async def _own_address(self, mail: Document, said: Invitation) -> str:
        """Which of ours was invited; else the mailbox that has the mail."""
        ours = [one["address"] for one in mail["participants"] if one["ours"]]
        guests = {guest.address for guest in said.guests}
        found = next((address for address in ours if address in guests), None)
        if found:
            return str(found)
        return _address(await self._mailbox(mail["accounts"][0]))

    async def _mailbox(self, account: str) -> Account:
        """Raises InvalidInput; Conflict: nobody can tell now."""
        accounts = await self._directory.accounts()
        found = accounts.named(account)
        if found and found.channel == MAIL:
            return found
        if MAIL in accounts.silent:
            raise Conflict("the service of mail does not answer now; try again")
        raise InvalidInput(fields={"account": f"{account} is no mailbox of ours; GET /api/v1/mailboxes lists them"})

    async def _changed(self, interaction_id: str, change: Any) -> Document:
        after = await self._repository.interactions.amend(interaction_id, change)
        assert after
        await self._repository.interactions.tell(after)
        return after


def _address(mailbox: Account) -> str:
    return mail_name(mailbox.address.removeprefix("email:"))


def _check_waits(document: Document) -> None:
    if ACCOUNT not in document["accounts"] or not document.get("plan") or document.get("fact"):
        raise Conflict("only to what is planned, and not over yet, somebody is invited")
    if document["direction"] != "out":
        raise Conflict("it is another's meeting; only whoever organises one invites to it")


def _with(mail: Document, rsvp: Document) -> Document:
    rsvps = mail.get("rsvps") or []
    if any(one["interaction_id"] == rsvp["interaction_id"] for one in rsvps):
        return mail
    return {**mail, "rsvps": [*rsvps, rsvp][-_MOST_RSVPS:]}
