"""A hub whose interactions service can also be asked past the gateway; says where, and lives until its input ends."""

import asyncio
import json
import resource
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from hub.api.actor import HEADER, Actor
from hub.kit.settings import Source
from hub.process import Embedded, http_server, listening, url_of

PASSWORD = "a password of the bench"


async def main(folder: Path) -> None:
    source = Source(environ={"OMNIHUB_ADMIN_PASSWORD": PASSWORD})
    hub = Embedded(folder, source)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(hub.stop)
        await hub.start()
        told = {}
        for service in hub.services:
            if service.name in ("gateway", "interactions"):
                bound = stack.enter_context(listening("127.0.0.1", 0))
                drain = getattr(service, "drain", None)
                await stack.enter_async_context(http_server(service.http, bound, drain=drain))
                told[service.name] = url_of(bound)
        told["header"] = HEADER
        told["actor"] = hub.footing.seal.header(Actor.service("bench"))
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(Path(sys.argv[1])))
