"""The job that writes clients into a table, a page at a time: those whom its owner sees, masked as he sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.contracts.masks import hiding, shown, words_shown
from hub.contracts.scope import EVERYTHING
from hub.jobs.asked import actor_of
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.blobs import Blobs
from hub.kit.errors import InvalidInput
from hub.kit.tables.writing import delimited
from hub.store.base import Document, Page
from services.interactions.exchange import workbook
from services.interactions.repository import Repository
from services.interactions.tokens import Tokens

PAGE = 500
"""Clients of a step; the most that one page of the store has."""
COLUMNS = (
    *("id", "kind", "name", "surname", "given_name", "patronymic", "birth_date", "legal_form", "inn", "kpp", "ogrn"),
    *("status", "phone", "mail", "telegram", "street", "house", "city", "region", "postcode"),
    *("owner", "team", "opened_at"),
)
_CHANNELS = {"phone": "phone", "email": "mail", "telegram": "telegram"}
_POSTAL = ("street", "house", "city", "region", "postcode")
_MOST_CLIENTS = 10_000_000


class Exporting:
    """Arguments: `run`, `format`, `columns`, `hides`, and `who`."""

    kind = "clients.export"
    sends = False

    def __init__(self, repository: Repository, tokens: Tokens, *, blobs: Blobs) -> None:
        self._repository = repository
        self._tokens = tokens
        self._blobs = blobs

    async def total(self, args: Args) -> int | None:
        if EVERYTHING not in actor_of(args).reach:
            return None
        return -(-await self._repository.clients.count({}, at_most=_MOST_CLIENTS) // PAGE)

    async def step(self, args: Args, cursor: str | None) -> Step:
        number, _, after = (cursor or "0/").partition("/")
        if args["format"] == "xlsx" and (int(number) + 1) * PAGE > workbook.MOST_ROWS:
            raise InvalidInput(f"more than {workbook.MOST_ROWS:,} clients do not fit into a sheet; choose CSV")
        page = await self._page(args, after or None)
        with hiding(args["hides"]):
            rows = [row_of(one, args["columns"]) for one in page.items if not one.get("into")]
        part = workbook.rows(rows) if args["format"] == "xlsx" else delimited(rows)
        await self._blobs.put(part_key(args["run"], int(number)), part)
        result = ItemResult(f"page-{number}", {"clients": len(rows)})
        return Step([result], f"{int(number) + 1}/{page.next}" if page.next else None)

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:
        await self._blobs.delete([part_key(args["run"], int(one.id.removeprefix("page-"))) for one in results])

    async def _page(self, args: Args, after: str | None) -> Page:
        reach = actor_of(args).reach
        if EVERYTHING in reach:
            return await self._repository.page("clients", {}, order="opened_at", limit=PAGE, after=after)
        return await self._tokens.page("clients", reach, {}, order="opened_at", limit=PAGE, after=after)


def row_of(client: Document, columns: Sequence[str]) -> list[str]:
    """The cells of a client; addresses as they are shown for the time being."""
    cells: dict[str, Any] = {**client, "id": client["_id"], "name": words_shown(client["name"])}
    postal = (client.get("postal") or [{}])[0]
    cells |= {part: postal.get(part, "") for part in _POSTAL}
    cells |= _addresses(client)
    return ["" if cells.get(column) is None else str(cells[column]) for column in columns]


def _addresses(client: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in client["addresses"]:
        kind, _, rest = one["address"].partition(":")
        if kind in _CHANNELS:
            found.setdefault(_CHANNELS[kind], []).append(shown(rest))
    return {column: "; ".join(found.get(column, ())) for column in _CHANNELS.values()}


def part_key(run: str, number: int) -> str:
    return f"exports/{run}/page-{number}"
