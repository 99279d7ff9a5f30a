"""Mailings: written, counted, launched, paused, recalled; and why somebody got one or did not."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.every import pages
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.consent.service import Consents
from services.campaigns.mailings.contents import Contents, Library
from services.campaigns.mailings.counting import Counted, example
from services.campaigns.mailings.guests import GuestLists, Guests
from services.campaigns.mailings.meant import Audience
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.repository import OVER, PRINT, PRINTED, REST, WAIT, MailingRepository
from services.campaigns.mailings.rows import again
from services.campaigns.mailings.runner import moved
from services.campaigns.segments.service import Columns, Segments
from services.campaigns.templates.service import Templates

_SHOWN = 20
"""Examples of those who are left out."""
_EDITABLE = ("draft",)
_POST = {"post": ("post", "")}
"""Letters leave by no account of ours."""


class Accounts(Protocol):
    """Our mailboxes, bots and numbers."""

    async def addresses(self) -> Mapping[str, tuple[str, str]]:
        """By id the channel and the address of each. Raises TransientError."""
        ...


class Mailings:
    """All of them."""

    def __init__(
        self,
        repository: MailingRepository,
        *,
        templates: Templates,
        segments: Segments,
        columns: Columns,
        consents: Consents,
        accounts: Accounts,
        library: Library,
        clock: Clock,
        guests: GuestLists | None = None,
    ) -> None:
        self._repository = repository
        self._templates = templates
        self._segments = segments
        self._columns = columns
        self._consents = consents
        self._accounts = accounts
        self._library = library
        self._clock = clock
        self._guests = guests

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain, actor, limit=limit, after=after)

    async def get(self, mailing_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.plain, mailing_id, actor, "mailing")

    async def add(self, given: MailingForm, *, actor: Actor, key: str | None) -> Document:
        """A draft. Raises InvalidInput for what is not there."""
        made = derive("ml", actor.login, key) if key else fresh("ml")
        at = iso(self._clock.now())
        base = {"_id": made, "at": at, "changed_at": at, "removed": False, "state": "draft", "reason": ""}
        mailing = {**base, **await self.fields(given, actor), **belongs(actor.login, given.team)}
        stored, _ = await self._repository.mailings.insert(mailing)
        return stored

    async def change(self, mailing_id: str, given: MailingForm, *, actor: Actor) -> Document:
        """A draft anew. Raises NotFound, InvalidInput, and Conflict for one that was launched."""
        mailing = await self.get(mailing_id, actor)
        if mailing["state"] not in _EDITABLE:
            raise Conflict("it was launched; what is frozen is not changed: cancel it, and make another one")
        known = {name: mailing[name] for name in ("_id", "_v", "at", "removed", "state", "reason", "owner")}
        fields = {**known, "changed_at": iso(self._clock.now()), **await self.fields(given, actor)}
        after = {**fields, **belongs(mailing["owner"], given.team)}
        if not await self._repository.mailings.swap_many([(mailing, after)]):
            raise Conflict
        return after

    async def fields(self, given: MailingForm, actor: Actor) -> Document:
        """As it is stored, all that it names looked up."""
        await self._topic(given.topic)
        if given.guests:
            await self._event(given.guests.event, actor)
        accounts = await self._accounts.addresses()
        messages = [await self._message(one, n, given, accounts, actor) for n, one in enumerate(given.messages)]
        fields: Document = given.model_dump(mode="json", by_alias=True, exclude={"team", "messages", "trial"})
        fields |= {"messages": messages, "stale_after": given.stale_after.total_seconds()}
        fields["seeds"] = [self._consents.normalised(seed) for seed in given.seeds]
        if given.trial:
            trial = given.trial
            fields["trial"] = {
                "share": trial.share,
                "metric": trial.metric,
                "decide_after": trial.decide_after.total_seconds(),
            }
        return {name: value for name, value in fields.items() if value is not None} | {
            "per_second": given.per_second,
            "per_domain_second": given.per_domain_second,
        }

    async def _message(
        self, one: Any, number: int, given: MailingForm, accounts: Mapping[str, tuple[str, str]], actor: Actor
    ) -> Document:
        field = f"messages.{number}"
        accounts = {**accounts, **_POST}
        one = one.model_copy(update={"account": "post"}) if one.channel == "post" else one
        if accounts.get(one.account, ("", ""))[0] != one.channel:
            fix = f"we have no account {one.account} for {one.channel}; GET /api/v1/channels lists them"
            raise InvalidInput(f"{field}.account: {fix}", fields={f"{field}.account": fix})
        names = [one.template, *(given.trial.templates if given.trial and number == 0 else ())]
        said = [await self._template(name, one.channel, field, actor) for name in names]
        return {
            "channel": one.channel,
            "account": one.account,
            "ours": accounts[one.account][1],
            "from_name": one.from_name,
            "language": said[0]["language"],
            "said": [[template["_id"], template["version"]] for template in said],
        }

    async def _template(self, name: str, channel: str, field: str, actor: Actor) -> Document:
        try:
            template = await self._templates.get(name, actor)
        except NotFound as exc:
            raise InvalidInput(str(exc), fields={f"{field}.template": str(exc)}) from exc
        if template["channel"] != channel:
            fix = f"{name} is for {template['channel']}, not for {channel}"
            raise InvalidInput(f"{field}.template: {fix}", fields={f"{field}.template": fix})
        return template

    async def _event(self, event: str, actor: Actor) -> None:
        try:
            if self._guests:
                await self._guests.check(event, actor)
        except NotFound as exc:
            raise InvalidInput(f"guests.event: {exc}", fields={"guests.event": str(exc)}) from exc

    async def _topic(self, name: str) -> Document:
        try:
            return await self._consents.topic(name)
        except NotFound as exc:
            raise InvalidInput(f"topic: {exc}", fields={"topic": str(exc)}) from exc

    # --- before it is launched ---

    async def prepare(self, mailing: Document, actor: Actor | None = None) -> tuple[Contents, Audience]:
        """What it says and whom it means, as of now. Raises NotFound and InvalidInput."""
        contents = await self._library.anew(mailing)
        ours = {message["account"]: message["ours"] for message in mailing["messages"]}
        wanted = contents.wanted(await self._topic(mailing["topic"]), ours)
        whose = actor or Actor(login=mailing["owner"], reach=tuple(mailing.get("reach") or ()))
        guests = await self._invited(mailing, whose)
        return contents, Audience(self._columns, self._segments, mailing, wanted, whose, guests)

    async def _invited(self, mailing: Document, actor: Actor) -> Guests | None:
        """Of the event that it is about. Raises NotFound and Conflict."""
        named = mailing.get("guests")
        return await self._guests.of(named["event"], named["states"], actor) if named and self._guests else None

    async def count(self, mailing_id: str, actor: Actor) -> Counted:
        """How many would get it, and why the others would not. Raises NotFound and InvalidInput."""
        mailing = await self.get(mailing_id, actor)
        contents, audience = await self.prepare(mailing, actor)
        self.check(mailing, contents)
        total, recipients = 0, 0
        excluded: dict[str, int] = {}
        examples: list[tuple[str, str, str]] = []
        async for page in audience.decided():
            total += len(page)
            for one in page:
                recipients += not one.reason
                if one.reason:
                    excluded[one.reason] = excluded.get(one.reason, 0) + 1
                    examples += [example(one)] if len(examples) < _SHOWN else []
        ranked = dict(sorted(excluded.items(), key=lambda item: -item[1]))
        return Counted(audience=total, recipients=recipients, excluded=ranked, examples=tuple(examples))

    def check(self, mailing: Document, contents: Contents) -> None:
        """Raises InvalidInput where a mail of a topic gives nobody a way to unsubscribe."""
        for (number, _, language), one in contents.spoken.items():
            sources = one.built["sources"]
            said = sources["html"] or sources["text"]
            if mailing["messages"][number]["channel"] == "email" and "unsubscribe_url" not in said:
                fix = f"the template says in {language} nowhere how to unsubscribe; add {{{{ unsubscribe_url }}}}"
                raise InvalidInput(f"messages.{number}.template: {fix}", fields={f"messages.{number}.template": fix})
            if mailing["messages"][number]["channel"] == "email" and not one.content.base:
                raise Conflict("[campaigns] public_url is not set: nobody could unsubscribe")

    async def launch(self, mailing_id: str, *, actor: Actor) -> Document:
        """Its audience is frozen from now on; the job that does it is begun by whoever calls.

        Raises NotFound, InvalidInput, Conflict.
        """
        mailing = await self.get(mailing_id, actor)
        if mailing["state"] != "draft":
            return mailing
        contents, _ = await self.prepare(mailing, actor)
        self.check(mailing, contents)
        at = iso(self._clock.now())
        after = {
            **moved(mailing, "freezing", at),
            "launched_at": at,
            "launched_by": actor.login,
            "reach": list(actor.reach),
        }
        if not await self._repository.mailings.swap_many([(mailing, after)]):
            raise Conflict
        return after

    # --- while it runs ---

    async def pause(self, mailing_id: str, *, actor: Actor) -> Document:
        return await self._moved(mailing_id, actor, {"running": "paused"})

    async def resume(self, mailing_id: str, *, actor: Actor) -> Document:
        """Goes on with exactly those that are left; of one that was held this is the confirmation."""
        return await self._moved(mailing_id, actor, {"paused": "running", "held": "running"})

    async def cancel(self, mailing_id: str, *, actor: Actor) -> Document:
        """What has not left never will. Raises as `pause`."""
        states = dict.fromkeys(("draft", "freezing", "running", "paused", "held"), "cancelled")
        mailing = await self._moved(mailing_id, actor, states)
        await self.suppress_rest(mailing_id)
        return mailing

    async def _moved(self, mailing_id: str, actor: Actor, states: Mapping[str, str]) -> Document:
        """Raises NotFound, and Conflict where it is in another state."""
        await self.get(mailing_id, actor)
        at = iso(self._clock.now())

        def change(now: Document) -> Document:
            state = states.get(now["state"])
            return moved(now, state, at) if state else now

        after = await self._repository.mailings.amend(mailing_id, change)
        if after is None or after["state"] not in states.values():
            raise Conflict(f"it is {after['state'] if after else 'gone'}: that cannot be done now")
        await self._repository.mailings.tell(after)
        return after

    async def suppress_rest(self, mailing_id: str) -> None:
        """Those that were asked for are suppressed by their channels, which tell so."""
        far = self._clock.now() + timedelta(days=36_500)
        for name in (mailing_id, f"{mailing_id}/seeds"):
            for step in (WAIT, REST, PRINT, PRINTED):
                while rows := await self._repository.ripe(name, step, far, limit=500):
                    gone = {"state": "suppressed", "step": OVER, "reason": "recalled before it left"}
                    await self._repository.swap([{**row, **gone} for row in rows])

    async def retry(self, mailing_id: str, *, actor: Actor) -> int:
        """Those that failed are tried once more, and nobody else; how many. Raises NotFound and Conflict."""
        mailing = await self.get(mailing_id, actor)
        if mailing["state"] not in ("running", "done"):
            raise Conflict(f"it is {mailing['state']}: that cannot be done now")
        now, count = iso(self._clock.now()), 0
        find = self._repository.page
        async for rows in pages(lambda after: find(mailing_id, "failed", limit=500, after=after)):
            count += len(await self._repository.swap([again(row, now) for row in rows]))
        if count:
            await self._repository.mailings.amend(
                mailing_id, lambda one: moved(one, "running", now) if one["state"] == "done" else one
            )
        return count

    async def choose(self, mailing_id: str, variant: int, *, actor: Actor) -> Document:
        """The variant that the rest gets, by hand. Raises NotFound, InvalidInput, Conflict."""
        mailing = await self.get(mailing_id, actor)
        variants = len(mailing["messages"][0]["said"])
        if not mailing.get("trial") or variant >= variants:
            fix = f"it has {variants} variants, from 0" if mailing.get("trial") else "it tries no variants"
            raise InvalidInput(f"variant: {fix}", fields={"variant": fix})

        def change(one: Document) -> Document:
            return one if one.get("winner") is not None else {**one, "winner": variant, "confidence": None}

        after = await self._repository.mailings.amend(mailing_id, change)
        if after is None or after["winner"] != variant:
            raise Conflict("the rest is on its way with another variant already")
        return after
