"""Who asked for a job: kept with its arguments, with what he reached when he asked."""

from collections.abc import Awaitable
from typing import Any

from hub.api.actor import Actor
from hub.jobs.models import Args
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log

log = Log(__name__)


def who(actor: Actor) -> dict[str, Any]:
    """The argument `who` of a job."""
    return {"login": actor.login, "teams": list(actor.teams), "reach": list(actor.reach)}


def actor_of(args: Args) -> Actor:
    """On whose behalf a job with these arguments works."""
    asked = args["who"]
    reach = tuple(asked["reach"])
    return Actor(login=asked["login"], teams=tuple(asked["teams"]), reach=reach, reads=reach)


async def or_left(change: Awaitable[object], record_id: str) -> None:
    """Does it. What became impossible since it was looked at is left: the others go on. Raises TransientError."""
    try:
        await change
    except TransientError:
        raise
    except HubError as exc:
        log.warning("job.left_out", record=record_id, reason=str(exc))
