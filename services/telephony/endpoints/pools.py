"""Numbers that are shown to visitors for a time."""

from typing import Annotated

from fastapi import Path

from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict, NotFound
from services.telephony.pools.models import LeaseInput, LeaseView
from services.telephony.pools.service import Pools

PoolName = Annotated[str, Path(alias="name", pattern=r"^[a-z0-9_-]{1,40}$", description="Of the lines' `pool`")]


def add(routes: Public, pools: Pools) -> None:
    @routes.post(
        "/pools/{name}/leases", right=Right.WRITE_MESSAGES, noun="pool", action="lease", refuses=[Conflict, NotFound]
    )
    async def lease_number(name: PoolName, given: LeaseInput) -> LeaseView:
        """A number of a pool for one visitor, for a time: who calls it then tells the touch as his source."""
        return await pools.lease(name, given)
