"""What people do to many chains at once: a job, with a result for each."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from hub.api.actor import Actor
from hub.jobs.asked import actor_of, or_left, who
from hub.jobs.models import Args, ItemResult, JobView, Step, each
from hub.jobs.service import Jobs
from hub.store.base import Document
from services.interactions.chains.change import KEPT
from services.interactions.handover import ChainChange, Handover
from services.interactions.seen import Seen

MOST = 1_000
_AT_ONCE = 50


class ChainsChange(ChainChange):
    """The same change for many chains; what is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": ["ch_4k2m", "ch_9x1z"], "state": "closed", "add_tags": ["кухня"]}]}
    )
    ids: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(min_length=1, max_length=MOST)


class ChangeChains:
    """Arguments: `ids`, `change`, and `who` asks, with his reach when he asked."""

    kind = "chains.change"
    sends = False

    def __init__(self, handover: Handover, seen: Seen) -> None:
        self._handover = handover
        self._seen = seen

    @staticmethod
    async def begin(jobs: Jobs, given: ChainsChange, actor: Actor, key: str | None) -> JobView:
        """Raises TooLarge."""
        change = given.model_dump(mode="json", exclude_none=True, exclude={"ids"})
        args = {"ids": list(dict.fromkeys(given.ids)), "change": change, "who": who(actor)}
        return await jobs.begin(ChangeChains.kind, args, by=actor.login, key=key)

    async def total(self, args: Args) -> int | None:
        return len(args["ids"])

    async def step(self, args: Args, cursor: str | None) -> Step:
        begin = int(cursor or 0)
        ids, actor, change = args["ids"][begin : begin + _AT_ONCE], actor_of(args), ChainChange(**args["change"])

        async def look(chain_id: str) -> Document:
            chain, _ = await self._seen.chain(actor, chain_id)
            self._handover.check(chain, change, actor)
            return {"before": {name: chain.get(name) for name in KEPT}}

        results = await each(ids, str, look)

        async def act() -> None:
            for result in results:
                if not result.failed:
                    await or_left(self._handover.chain(result.id, change, actor=actor), result.id)

        following = begin + _AT_ONCE
        return Step(results, str(following) if following < len(args["ids"]) else None, act)

    def revertible(self, args: Args) -> bool:
        return bool(args["change"])

    async def revert(self, args: Args, results: Sequence[ItemResult]) -> None:
        """Each as it was, unless somebody handed it on since."""
        for result in results:
            if not result.failed:
                before, by = result.detail["before"], args["who"]["login"]
                back = self._handover.back(result.id, args["change"], before, by=by)
                await or_left(back, result.id)
