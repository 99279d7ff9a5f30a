"""The same mailing, of which the server puts one recipient in twenty off the first time (451)."""

import asyncio

from bench._sink import Sinking
from bench.mailing import RECIPIENTS, Variant, measured

NAME = "mailing_deferred"
GOAL = "as mailing, with 5 % of 4xx answers: all of them taken in the end"


async def run() -> dict[str, float | str]:
    soon = {"OMNIHUB_EMAIL__RETRY_DELAYS": "PT1S"}
    return await asyncio.to_thread(measured, Variant(defers=20, environ=soon, check=_checked))


def _checked(taking: Sinking) -> dict[str, float | str]:
    deferred = taking.deferred()
    assert 0.03 * RECIPIENTS < deferred < 0.07 * RECIPIENTS, deferred
    return {"put off": deferred}
