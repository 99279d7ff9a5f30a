"""Killed at any instant between an operator's wish to call and the call, the hub rings once and loses no attempt."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import SystemClock
from hub.kit.ids import derive
from hub.store.base import Document
from hub.store.sqlite import SqliteStore
from services.campaigns.calllists.models import CallListForm, Finish
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Ringing
from services.campaigns.calllists.rules import Caps, Policy
from services.campaigns.calllists.service import CallLists
from services.campaigns.calllists.stops import Stops
from services.campaigns.calllists.work import Work

ANNA = Actor(login="anna", reach=(EVERYTHING,))
BORIS = Actor(login="boris", reach=(EVERYTHING,))
POLICY = Policy(caps=Caps(a_day=1, a_week=1), zone="Europe/Moscow")
ALWAYS = {"since": "00:00", "until": "24:00", "weekend_since": "00:00", "weekend_until": "24:00"}
NUMBER = "phone:+79160000001"


class Exchange:
    """Notes each call that it is asked for in a file, durable before it answers; the same key is the same call."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def dial(self, entry: Document, *, line: str, actor: Actor, key: str, dropped_to: str) -> str:
        del line, actor, dropped_to
        if f"{key} " not in (self._file.read_text() if self._file.exists() else ""):
            with self._file.open("a") as out:
                out.write(f"{key} {entry['number']}\n")
        return derive("in", key)


async def opened(folder: Path) -> tuple[SqliteStore, CallRepository, CallLists, Work]:
    store = SqliteStore(folder / "campaigns.sqlite")
    kept, clock = CallRepository(store), SystemClock()
    await store.start()
    lists, stops = CallLists(kept, clock), Stops(kept, clock, region="RU")
    ringing = Ringing(kept, stops, Exchange(folder / "rung"), clock, POLICY.caps)
    return store, kept, lists, Work(kept, lists, stops, ringing, clock, POLICY)


async def made(kept: CallRepository, lists: CallLists) -> str:
    """A list of one person."""
    hours = {**ALWAYS, "sun": True, "holidays": ""}
    form = CallListForm.model_validate({"name": "x", "list": "lst_1", "hours": hours})
    call_list = str((await lists.add(form, actor=ANNA, key="k"))["_id"])
    await lists.turn(call_list, "running", actor=ANNA)
    who = {"person": "cl_1", "client": "cl_1", "name": "Анна", "zones": ["Europe/Moscow"]}
    where = {"numbers": [NUMBER], "number": NUMBER, "bad": [], "spent": []}
    since = {"state": "waiting", "due": "2020-01-01T00:00:00.000000Z", "attempts": 0, "tries": {}, "last": ""}
    await kept.entries.insert({"_id": "ce_1", "list": call_list, **who, **where, **since})
    return call_list


async def dial(folder: Path) -> None:
    """What is killed."""
    store, kept, lists, work = await opened(folder)
    entry = await work.next(await made(kept, lists), actor=ANNA)
    assert entry is not None
    await work.dial(entry["_id"], actor=ANNA)
    await store.stop()


@pytest.mark.slow
@pytest.mark.parametrize("seam", ["dialler.intended", "dialler.rung", "dialler.dialled"])
async def test_killed_at_any_seam_it_rings_once_and_the_attempt_stays_with_its_operator(
    tmp_path: Path, seam: str
) -> None:
    environment = {**os.environ, "OMNIHUB_SEAM": seam}
    command = [sys.executable, "-m", "tests.faults.test_dialler_kills", str(tmp_path)]
    killed = await asyncio.to_thread(subprocess.run, command, env=environment, check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr.decode()[-2000:]
    store, kept, _, work = await opened(tmp_path)
    assert await work.next((await kept.entries.get("ce_1") or {})["list"], actor=BORIS) is None
    (mine,) = await work.mine(ANNA)
    again = await work.dial(mine["_id"], actor=ANNA)
    assert (again["attempt"]["id"], again["attempts"]) == (mine["attempt"]["id"], 1)
    assert (tmp_path / "rung").read_text() == f"{mine['attempt']['id']} {NUMBER}\n"
    assert (await work.finish("ce_1", Finish(disposition="sale"), actor=ANNA))["state"] == "done"
    await store.stop()


if __name__ == "__main__":
    asyncio.run(dial(Path(sys.argv[1])))
