"""One module for each published figure: `NAME`, `GOAL` and `async def run() -> dict[str, float | str]`."""
