"""The HTTP door of the telephony service."""

from dataclasses import dataclass

from hub.api.public import Public
from hub.channels.endpoints import add_channels
from hub.channels.views import ChannelView
from services.telephony.agents.service import Presence
from services.telephony.board.service import Boards
from services.telephony.endpoints import (
    agents,
    board,
    calls,
    exchanges,
    hooks,
    lines,
    phones,
    pools,
    recordings,
    transcripts,
)
from services.telephony.endpoints.phones import Talks, Tokens
from services.telephony.exchanges.service import Exchanges
from services.telephony.hooks import WebhookDoor
from services.telephony.lines.service import LinesService
from services.telephony.phones.repository import PhoneRepository
from services.telephony.pools.service import Pools
from services.telephony.recordings.service import Recordings
from services.telephony.statistics.service import Counts
from services.telephony.transcripts.asking import Asking
from services.telephony.transcripts.service import Transcribers, Transcripts
from services.telephony.transfers.service import Transfers
from services.telephony.twilio.door import TwilioDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the routes lead to."""

    exchanges: Exchanges
    lines: LinesService
    phones: PhoneRepository
    webhooks: WebhookDoor
    twilio: TwilioDoor
    recordings: Recordings
    transcripts: Transcripts
    asking: Asking
    transcribers: Transcribers
    transfers: Transfers
    counts: Counts
    pools: Pools
    presence: Presence
    talks: Talks
    boards: Boards
    tokens: Tokens


def public(doors: Doors) -> Public:
    """The service's operations, and the doors that providers post to."""
    routes = Public("calls")
    lines.add(routes, doors.lines)
    exchanges.add(routes, doors.exchanges)
    phones.add(routes, doors.phones, doors.talks, doors.tokens)
    recordings.add(routes, doors.recordings)
    transcripts.add(routes, doors.transcripts, doors.asking, doors.transcribers)
    calls.add(routes, doors.transfers, doors.counts)
    pools.add(routes, doors.pools)
    agents.add(routes, doors.presence)
    board.add(routes, doors.boards)
    hooks.add(routes, doors.webhooks, doors.twilio)

    async def channels() -> list[ChannelView]:
        found = await doors.exchanges.channels()
        return [*await doors.lines.channels(found), *found]

    add_channels(routes, channels)
    return routes
