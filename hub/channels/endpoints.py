"""The HTTP door of how the accounts of a service's channels are, the same for every service that speaks one."""

from collections.abc import Awaitable, Callable, Sequence

from hub.api.operation import Spread
from hub.api.public import Public
from hub.api.rights import Right
from hub.channels.views import ChannelList, ChannelView


def add_channels(public: Public, channels: Callable[[], Awaitable[Sequence[ChannelView]]]) -> None:
    """`GET /channels` of a service."""

    @public.get("/channels", right=Right.READ_CHANNELS, noun="channel", spread=Spread.ALL)
    async def list_channels() -> ChannelList:
        """The health of every channel: last in, last out, lag, credentials; red with the reason."""
        return ChannelList(items=list(await channels()))
