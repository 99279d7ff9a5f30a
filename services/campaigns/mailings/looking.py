"""What came of mailings: sums, rows, and why somebody got one or did not."""

from collections.abc import Sequence

from hub.api.actor import Actor
from hub.contracts.scope import reaches
from hub.kit.errors import NotFound
from hub.store.base import Document, Page
from services.campaigns.consent.service import Consents
from services.campaigns.mailings.audience import words_of
from services.campaigns.mailings.models import LEFT_US, WAITING, RowState
from services.campaigns.mailings.repository import REST, WAIT, MailingRepository
from services.campaigns.mailings.service import Mailings
from services.campaigns.segments.projection import channel_of, key_of
from services.campaigns.segments.service import Columns


class Looking:
    """Changes nothing."""

    def __init__(
        self, repository: MailingRepository, mailings: Mailings, columns: Columns, consents: Consents
    ) -> None:
        self._repository = repository
        self._mailings = mailings
        self._columns = columns
        self._consents = consents

    async def statistics(self, mailing: Document) -> Document:
        """Rows by state, by reason, and what came back. The sums are the frozen audience, always."""
        states = {
            str(state): count for state, count in (await self._repository.count(mailing["_id"], "state")).items()
        }
        left = await self._repository.count(mailing["_id"], "left")
        handed = sum(states.get(state, 0) for state in LEFT_US)
        found: Document = {
            "audience": sum(states.values()),
            "queued": sum(states.get(state, 0) for state in WAITING),
            "sent": handed,
            **{name: states.get(name, 0) for name in ("suppressed", "failed", "unknown", "bounced")},
            "delivered": sum(states.get(name, 0) for name in ("delivered", "opened", "clicked", "replied")),
            "opened": sum(states.get(name, 0) for name in ("opened", "clicked", "replied")),
            "clicked": sum(states.get(name, 0) for name in ("clicked", "replied")),
            "replied": states.get("replied", 0),
            "unsubscribed": left.get("unsubscribed", 0),
            "complained": left.get("complained", 0),
        }
        if mailing.get("trial"):
            variants = len(mailing["messages"][0]["said"])
            found["variants"] = await self._repository.count_variants(mailing["_id"], variants)
        return found

    async def rows(self, mailing_id: str, state: str | None, actor: Actor, *, limit: int, after: str | None) -> Page:
        """Recipients whom somebody sees, in their order. Raises NotFound."""
        await self._mailings.get(mailing_id, actor)
        page = await self._repository.page(mailing_id, state, limit=limit, after=after)
        return Page([row for row in page.items if reaches(actor.reach, row["seen_by"])], page.next)

    async def of_client(self, client_id: str, actor: Actor, *, limit: int, after: str | None) -> Page:
        """What mailings sent to a client, the newest first; nothing of one that somebody does not see."""
        if not await self._sees(client_id, actor):
            raise NotFound(f"there is no client {client_id}")
        return await self._repository.of_client(client_id, limit=limit, after=after)

    async def _sees(self, client_id: str, actor: Actor) -> bool:
        sql = "SELECT c.seen_by FROM clients c WHERE c.k = $k"
        found = await self._columns.ask(sql, {"k": key_of(client_id)})
        return bool(found) and reaches(actor.reach, found[0][0])

    async def why(self, mailing_id: str, client_id: str, actor: Actor) -> list[str]:
        """Why a client got it, or did not: what decided, in its order. Raises NotFound."""
        mailing = await self._mailings.get(mailing_id, actor)
        if not await self._sees(client_id, actor):
            raise NotFound(f"there is no client {client_id}")
        page = await self._repository.of_client(client_id, limit=500, after=None)
        rows = [row for row in page.items if row["mailing"] == mailing_id]
        if not rows:
            return [await self._why_not_meant(mailing, client_id, actor)]
        waits = [f"its mailing waits: {mailing['reason']}"] if mailing["reason"] and _waits(rows) else []
        return [line for row in rows for line in (*told(row), *await self._ground(mailing, row))] + waits

    async def _ground(self, mailing: Document, row: Document) -> list[str]:
        """Why he might be written to when he was: the word of his in the chain, or the topic's basis."""
        if row["state"] == RowState.SUPPRESSED:
            return []
        channel, at = channel_of(row["address"]), row.get("sent_at") or row["at"]
        why = await self._consents.ground(row["address"], channel, mailing["topic"], at)
        return [f"he might be written to: {why}"] if why else []

    async def _why_not_meant(self, mailing: Document, client_id: str, actor: Actor) -> str:
        if mailing["state"] in ("draft", "freezing"):
            return "its audience is not frozen yet"
        contents, audience = await self._mailings.prepare(mailing, actor)
        del contents
        async for people in audience.decided():
            if any(one.person.client_id == client_id for one in people):
                return (
                    f"he was not meant when its audience was frozen ({mailing['launched_at'][:16]}); he would be now"
                )
        return f"its conditions do not hold for him: he was not in its audience ({mailing['launched_at'][:16]})"


def _waits(rows: Sequence[Document]) -> bool:
    return any(row["step"] == WAIT for row in rows)


def told(row: Document) -> list[str]:
    """What happened to a row, in words: the first line says who he is."""
    lines = [f"he is recipient {row['number']} of the audience frozen at {row['at'][:16]}"]
    lines += [f"by {one['address'].partition(':')[0]} it failed: {one['reason']}" for one in row.get("tried") or ()]
    state, reason = RowState(row["state"]), row.get("reason") or ""
    words = words_of(reason) if state is RowState.SUPPRESSED else reason
    if row["step"] in (WAIT, REST):
        words = "for the best variant" if row["step"] == REST else f"until {row['due'][:16]}"
        lines.append(f"it waits {words}{f': {reason}' if reason else ''}")
    else:
        lines.append(f"{state.value}{f': {words}' if words else ''}")
    if row.get("sent_at"):
        lines.append(f"it left at {row['sent_at'][:16]}")
    return lines + [f"{one['kind']} at {one['at'][:16]} {one['words']}".strip() for one in row.get("answers") or ()]
