"""What `omnihub audit verify` does: looks at every row of the audit, while its hub runs or not."""

from pathlib import Path

from hub.kit.errors import ConfigurationError
from hub.kit.settings import Source
from hub.process import store_of
from services.gateway.audit.chain import AUDIT, HEADS, Verdict, verify


async def check(data: Path, source: Source, *, noted: str = "") -> Verdict:
    """Raises ConfigurationError where there is no audit."""
    store = store_of("gateway", data, source)
    if store is None:
        raise ConfigurationError(f"{data} holds no gateway's data; name its folder with --data")
    store.collection(AUDIT)
    store.collection(HEADS)
    await store.start()
    try:
        return await verify(store, noted=noted)
    finally:
        await store.stop()
