"""What `omnihub consent verify` does: looks at every word in the chain, while its hub runs or not."""

from pathlib import Path

from hub.kit.errors import ConfigurationError
from hub.kit.settings import Source
from hub.process import store_of
from hub.store import chain
from hub.store.chain import Verdict
from services.campaigns.consent.repository import HEADS, WORDS


async def check(data: Path, source: Source, *, noted: str = "") -> Verdict:
    """Raises ConfigurationError where there are no words."""
    store = store_of("campaigns", data, source)
    if store is None:
        raise ConfigurationError(f"{data} holds no data of campaigns; name its folder with --data")
    rows, heads = store.collection(WORDS), store.collection(HEADS)
    await store.start()
    try:
        return await chain.verify(rows, heads, noted=noted)
    finally:
        await store.stop()
