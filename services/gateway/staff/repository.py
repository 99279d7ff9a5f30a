"""Every query about roles and teams."""

from hub.kit.every import every
from hub.store.amend import Change, amend, upsert
from hub.store.base import Collection, CollectionSpec, Document, Store

ROLES = CollectionSpec("roles")
TEAMS = CollectionSpec("teams")


class StaffRepository:
    """Both are few: they are read whole."""

    def __init__(self, store: Store) -> None:
        self._roles = store.collection(ROLES)
        self._teams = store.collection(TEAMS)

    async def roles(self) -> list[Document]:
        return await _all(self._roles)

    async def teams(self) -> list[Document]:
        return await _all(self._teams)

    async def team(self, team_id: str) -> Document | None:
        return await self._teams.get(team_id)

    async def put_role(self, document: Document) -> None:
        await upsert(self._roles, document, lambda stored: {**document, "_v": stored["_v"]})

    async def delete_role(self, name: str) -> None:
        await self._roles.delete_many([name])

    async def add_team(self, document: Document) -> bool:
        return await self._teams.insert(document)

    async def amend_team(self, team_id: str, change: Change) -> Document | None:
        return await amend(self._teams, team_id, change)

    async def delete_team(self, team_id: str) -> bool:
        return bool(await self._teams.delete_many([team_id]))


async def _all(collection: Collection) -> list[Document]:
    return await every(lambda after: collection.find({}, limit=500, after=after))
