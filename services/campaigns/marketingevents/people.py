"""Whom an invitation means: named clients and addresses, the people of a list, whoever a mailing was sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.jobs.models import Args
from hub.kit.errors import InvalidInput
from hub.store.base import Page
from services.campaigns.consent.service import Consents
from services.campaigns.lists.service import Lists
from services.campaigns.segments.projection import Row, channel_of, key_of
from services.campaigns.segments.service import Columns
from services.campaigns.segments.sql import among

PAGE = 100
_NAMED = """
SELECT c.id, c.name, min(o.address) FILTER (WHERE $channel = '' OR o.channel = $channel)
FROM (SELECT unnest($keys::UBIGINT[]) AS k) g LEFT JOIN merged m ON m.k = g.k
  JOIN clients c ON c.k = coalesce(m.root, g.k)
  LEFT JOIN (SELECT p.address, p.channel, coalesce(n.root, p.k) AS k FROM owned p LEFT JOIN merged n ON n.k = p.k) o
    ON o.k = c.k
WHERE c.leads_to = 0 AND {seen} GROUP BY c.id, c.name ORDER BY c.id
"""
"""Of several addresses of a channel always the same one."""
_OWNERS = """
SELECT g.address, c.id, c.name, c.id IS NULL OR {seen} FROM (SELECT unnest($addresses::VARCHAR[]) AS address) g
  LEFT JOIN owned o ON o.address = g.address LEFT JOIN merged m ON m.k = o.k
  LEFT JOIN clients c ON c.k = coalesce(m.root, o.k) ORDER BY g.address
"""
_MERGED = """
SELECT c.id, r.id FROM merged m JOIN clients c ON c.k = m.k JOIN clients r ON r.k = m.root
WHERE list_contains($keys::UBIGINT[], m.root)
"""
_MEMBERS = f"""
SELECT l.address, any_value(json_extract_string(l.data, '$.name')) FROM members l
WHERE l.list = $list AND l.address > $after GROUP BY l.address ORDER BY l.address LIMIT {PAGE}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody: a client, or an address of nobody that is known."""

    client: str = ""
    address: str = ""
    name: str = ""

    @property
    def whose(self) -> str:
        return self.client or self.address


class Mailed(Protocol):
    """Rows of mailings."""

    async def page(self, mailing_id: str, state: str | None, *, limit: int, after: str | None) -> Page: ...


class People:
    """All whom somebody sees."""

    def __init__(self, columns: Columns, lists: Lists, mailed: Mailed, consents: Consents) -> None:
        self._columns = columns
        self._lists = lists
        self._mailed = mailed
        self._consents = consents

    async def page(self, group: str, args: Args, after: str, actor: Actor) -> tuple[list[Invited], str | None]:
        """Some of a group of the arguments, and where the next ones begin. Raises InvalidInput."""
        if group in ("clients", "addresses"):
            first = int(after or 0)
            some = args[group][first : first + PAGE]
            following = str(first + PAGE) if first + PAGE < len(args[group]) else None
            if group == "clients":
                return await self._clients(some, args["channel"], actor), following
            return await self._owners(
                [(self._consents.normalised(one), "") for one in some], args["channel"], actor
            ), following
        if group == "list":
            return await self._members(args, after, actor)
        return await self._recipients(args, after, actor)

    async def merged_into(self, clients: Sequence[str]) -> dict[str, str]:
        """Of those who were merged into some clients, into whom."""
        rows: list[Row] = await self._columns.ask(_MERGED, {"keys": [key_of(one) for one in clients]})
        return {str(one): str(root) for one, root in rows}

    async def _clients(self, ids: Sequence[str], channel: str, actor: Actor) -> list[Invited]:
        given: dict[str, Any] = {"keys": [key_of(one) for one in ids], "channel": channel}
        rows = await self._columns.ask(_NAMED.format(seen=among(actor.reach, given)), given)
        return [Invited(client=row[0], name=row[1] or "", address=row[2] or "") for row in rows]

    async def _owners(self, people: Sequence[tuple[str, str]], channel: str, actor: Actor) -> list[Invited]:
        """Whose addresses are; those of clients whom he does not see are left, and those of another channel."""
        names = {address: name for address, name in people if not channel or channel_of(address) == channel}
        given: dict[str, Any] = {"addresses": list(names)}
        rows: list[Row] = await self._columns.ask(_OWNERS.format(seen=among(actor.reach, given)), given)
        return [
            Invited(client=client or "", address=address, name=name or names[address])
            for address, client, name, visible in rows
            if visible
        ]

    async def _members(self, args: Args, after: str, actor: Actor) -> tuple[list[Invited], str | None]:
        await self._lists.make_ready([args["list"]], actor)
        rows = await self._columns.ask(_MEMBERS, {"list": key_of(args["list"]), "after": after})
        found = await self._owners([(row[0], row[1] or "") for row in rows], args["channel"], actor)
        return found, rows[-1][0] if len(rows) == PAGE else None

    async def _recipients(self, args: Args, after: str, actor: Actor) -> tuple[list[Invited], str | None]:
        """Those whom it left for."""
        page = await self._mailed.page(args["mailing"], None, limit=PAGE, after=after or None)
        got = [one for one in page.items if one.get("message") and one["state"] not in ("failed", "skipped")]
        people = [(one["address"], one.get("name") or "") for one in got]
        return await self._owners(people, args["channel"], actor), page.next


def named(group: Sequence[str], normalise: Consents) -> None:
    """Raises InvalidInput for what is no address, naming the field."""
    for number, one in enumerate(group):
        try:
            normalise.normalised(one)
        except InvalidInput as exc:
            field = f"addresses.{number}"
            words = str(exc).removeprefix("address: ")
            raise InvalidInput(f"{field}: {words}", fields={field: words}) from exc
