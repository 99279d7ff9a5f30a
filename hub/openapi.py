"""The description of the API, without a hub that runs: made of the code, for those who generate clients of it."""

import tempfile
from pathlib import Path

import httpx
import orjson

from hub.kit.asgi import InProcess
from hub.kit.settings import Source
from hub.process import Embedded


async def document() -> bytes:
    """OpenAPI 3.1 as JSON, always the same for the same code."""
    with tempfile.TemporaryDirectory(prefix="omnihub-openapi-") as folder:
        hub = Embedded(Path(folder), Source(environ={}))
        await hub.start()
        try:
            gateway = next(service for service in hub.services if service.name == "gateway")
            async with httpx.AsyncClient(transport=InProcess(gateway.http), base_url="http://hub") as client:
                answer = await client.get("/api/v1/openapi.json")
        finally:
            await hub.stop()
    told = orjson.loads(answer.raise_for_status().content)
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
