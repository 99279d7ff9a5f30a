"""The job that takes over clients from a file: read apart, matched, decided row by row, stored in bulk."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from hub.contracts.scope import OPEN, reaches
from hub.jobs.asked import actor_of
from hub.jobs.models import Args, ItemResult, Step
from hub.jobs.telling import within
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs, packed
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound, TooLarge
from hub.kit.log import Log
from hub.kit.tables.apart import read_apart
from hub.store.base import Document
from services.interactions.duplicates.service import Duplicates
from services.interactions.exchange.models import Decision, Match, changed, client_id, client_of, decided
from services.interactions.exchange.preparing import Options, Prepared, cards_in
from services.interactions.exchange.rejects import lines_of
from services.interactions.exchange.repository import ExchangeRepository
from services.interactions.repository import Repository
from services.interactions.seen import Seen

PREPARE = "services.interactions.exchange.preparing:prepare"
_CPU = 550.0
"""Seconds of CPU time that reading a file may take; a step of a job has ten minutes."""
_PART = "part-"
log = Log(__name__)
Rows = list[dict[str, Any]]


class Importing:
    """Arguments: `run`, `blob`, `charset`, `delimiter`, `mapping`, `policy`, `rows` (a policy for rows by their
    number), `similar`, `dry_run`, `owner`, `team`, `region`, and `who`.
    """

    kind = "clients.import"
    sends = False

    def __init__(
        self,
        exchange: ExchangeRepository,
        repository: Repository,
        seen: Seen,
        duplicates: Duplicates,
        *,
        blobs: Blobs,
        apart: Apart,
        clock: Clock,
    ) -> None:
        self._exchange = exchange
        self._repository = repository
        self._seen = seen
        self._duplicates = duplicates
        self._blobs = blobs
        self._apart = apart
        self._clock = clock

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        """Not known before the file was read."""
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        if cursor is None:
            return Step(cursor="0", act=None) if await self._read(args) else Step()
        parts = await self._parts(args)
        at = int(cursor)
        if at >= len(parts):
            return Step()
        rows = cards_in(await self._blobs.get(parts[at]))
        decisions = await self._decide(args, rows)
        await self._keep_rejected(args, at, rows, decisions)

        async def act() -> None:
            if not args["dry_run"]:
                await self._store(args, rows, decisions)

        following = str(at + 1) if at + 1 < len(parts) else None
        return Step([_told(at, rows, decisions)], following, act)

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:
        """What was kept beside the results; the file itself is an upload."""
        rejected = [rejected_key(args["run"], int(one.id.removeprefix(_PART))) for one in results]
        await self._blobs.delete([f"imports/{args['run']}/rows", f"imports/{args['run']}/index", *rejected])

    async def _read(self, args: Args) -> int:
        """How many parts there are. Raises InvalidInput: it is no table."""
        content = await self._blobs.get(args["blob"])
        options = Options(args["charset"], args["delimiter"], args["mapping"], args["region"])
        found: Prepared = await read_apart(self._apart, PREPARE, content, options, cpu=_CPU)
        if found.refused:
            raise InvalidInput(found.refused)
        names, together = packed(f"imports/{args['run']}/rows", found.parts)
        index = orjson.dumps({"parts": names, "header": found.header, "rows": found.rows})
        if names:
            await self._blobs.put_many({f"imports/{args['run']}/rows": together})
        await self._blobs.put_many({f"imports/{args['run']}/index": index})
        if args["mapping"] is not None:
            await self._exchange.keep_mapping(found.header, args["mapping"])
        return len(names)

    async def _parts(self, args: Args) -> list[str]:
        found: list[str] = orjson.loads(await self._blobs.get(f"imports/{args['run']}/index"))["parts"]
        return found

    async def _decide(self, args: Args, rows: Rows) -> list[Decision]:
        matches = await self._matches(args, rows)
        chosen: Mapping[str, str] = args["rows"]
        return [
            decided(row, matches.get(row["n"]), policy=chosen.get(str(row["n"]), args["policy"]), run=args["run"])
            for row in rows
        ]

    async def _matches(self, args: Args, rows: Rows) -> dict[int, Match]:
        """By address, and by number; where asked for, by likeness. Rows before count, too, also of this part."""
        good = [row for row in rows if "card" in row]
        addresses = {one["address"] for row in good for one in row["card"]["addresses"]}
        owners = await self._exchange.owners(addresses)
        found: dict[int, Match] = {}
        earlier: dict[str, int] = {}
        for row in good:
            n, marks = row["n"], _marks(row["card"])
            owner = next((owners[mark] for mark in marks if mark in owners), None)
            before = next((earlier[mark] for mark in marks if mark in earlier), None)
            if owner and owner["_id"] != client_id(args["run"], n):
                found[n] = Match(owner["_id"], ("address",), await self._sees(args, owner))
            elif before is not None:
                fresh = Match(client_id(args["run"], before), ("row",))
                found[n] = replace(found.get(before, fresh), rules=("row",))
            else:
                match = await self._alike(args, row)
                if match:
                    found[n] = match
            if n not in found or found[n].seen:
                # A row that is refused says nothing about those after it.
                earlier |= {mark: n for mark in marks if mark not in earlier}
        return found

    async def _alike(self, args: Args, row: Mapping[str, Any]) -> Match | None:
        card = row["card"]
        if not (args["similar"] or card.get("inn") or card.get("ogrn")):
            return None
        fresh = client_id(args["run"], row["n"])
        same = await self._duplicates.certain(row["row"], numbers_only=not args["similar"], but=fresh)
        if same is None:
            return None
        client = (await self._repository.clients.get_many([same[0]])).get(same[0])
        return Match(same[0], same[1], await self._sees(args, client)) if client else None

    async def _sees(self, args: Args, client: Document) -> bool:
        actor = actor_of(args)
        if reaches(actor.reach, client.get("seen_by") or [OPEN]):
            return True
        try:
            await self._seen.client(actor, client["_id"])
        except NotFound:
            return False
        return True

    async def _store(self, args: Args, rows: Rows, decisions: Sequence[Decision]) -> None:
        cards = {row["n"]: row["card"] for row in rows if "card" in row}
        writes = [one for one in decisions if one.action in ("create", "update", "merge")]
        wanted = {
            listed["address"]: (listed, one.client_id)
            for one in reversed(writes)
            for listed in cards[one.n]["addresses"]
        }
        owned = await self._exchange.own(wanted) if wanted else set()
        mine = {one.n: _owned(cards[one.n], one, wanted, owned) for one in writes}
        now = iso(self._clock.now())
        fresh = [
            client_of(
                one,
                {**cards[one.n], "addresses": mine[one.n]},
                run=args["run"],
                at=now,
                owner=args["owner"],
                team=args["team"],
            )
            for one in writes
            if one.action == "create"
        ]
        await self._exchange.create(fresh)
        for one in writes:
            if one.action != "create":
                await self._change(one, cards[one.n], mine[one.n])

    async def _change(self, one: Decision, card: Mapping[str, Any], addresses: Sequence[Document]) -> None:
        over = one.action == "update"
        try:
            after = await self._repository.clients.amend(
                one.client_id, lambda client: changed(client, card, addresses, over=over)
            )
        except TooLarge as exc:  # his card is full: the others go on
            log.warning("import.left_out", client_id=one.client_id, reason=str(exc))
            return
        if after:
            await self._repository.clients.tell(after)

    async def _keep_rejected(self, args: Args, at: int, rows: Rows, decisions: Sequence[Decision]) -> None:
        lines = lines_of(rows, decisions)
        if lines:
            await self._blobs.put(rejected_key(args["run"], at), lines)


def _marks(card: Mapping[str, Any]) -> list[str]:
    """What two rows of one client have in common."""
    numbers = [f"{field}:{card[field]}:{card.get('kpp', '')}" for field in ("inn", "ogrn") if card.get(field)]
    return [*(one["address"] for one in card["addresses"]), *numbers]


def _owned(
    card: Mapping[str, Any], one: Decision, wanted: Mapping[str, tuple[Document, str]], owned: set[str]
) -> list[Document]:
    return [
        listed
        for listed in card["addresses"]
        if listed["address"] in owned and wanted[listed["address"]][1] == one.client_id
    ]


def _told(part: int, rows: Rows, decisions: Sequence[Decision]) -> ItemResult:
    """How many rows of a part became what, and which of them were not simply made."""
    counts = Counter(one.action for one in decisions)
    told = [
        {
            "row": one.n,
            "action": one.action,
            "client_id": one.client_id,
            "reason": one.reason,
            "rules": list(one.rules),
        }
        for one in decisions
        if one.action != "create" or one.rules
    ]
    shown = [{name: value for name, value in one.items() if value not in ("", [])} for one in told]
    detail = {"first": rows[0]["n"], "rows": len(rows), "counts": dict(counts), "told": within(shown)}
    return ItemResult(f"{_PART}{part}", detail)


def rejected_key(run: str, part: int) -> str:
    return f"imports/{run}/rejected-{part}"
