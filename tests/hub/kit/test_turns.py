"""What people wait for goes before what is done for nobody who waits."""

import asyncio

import pytest

from hub.kit.errors import StoreUnavailable
from hub.kit.turns import PeopleFirst, in_turn, turns
from hub.testing.waiting import eventually


async def three_steps(done: list[str], name: str = "step") -> str:
    for number in range(3):
        done.append(f"{name} {number}")
        await asyncio.sleep(0)
    return name


async def test_work_that_nobody_keeps_waiting_is_done_as_it_is() -> None:
    done: list[str] = []
    assert await in_turn(three_steps(done)) == "step"
    assert done == ["step 0", "step 1", "step 2"]


async def test_after_a_long_step_none_begins_while_a_question_is_in_hand() -> None:
    done: list[str] = []
    answered = turns().asked()
    turns().done(60)
    work = asyncio.ensure_future(in_turn(three_steps(done)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert done == []
    answered()
    assert await work == "step"


async def test_work_goes_on_although_questions_do_not_end() -> None:
    done: list[str] = []
    answered = turns().asked()
    await in_turn(three_steps(done))
    answered()
    assert done == ["step 0", "step 1", "step 2"]


async def test_a_question_that_takes_long_keeps_nothing_waiting() -> None:
    done: list[str] = []
    turns().asked()
    turns().done(60)
    work = asyncio.ensure_future(in_turn(three_steps(done)))
    await eventually(work.done)
    assert done == ["step 0", "step 1", "step 2"]


async def test_while_questions_come_one_step_is_done_between_two_looks_at_who_asks() -> None:
    done: list[str] = []
    turns().asked()()
    works = [asyncio.ensure_future(in_turn(three_steps(done, name))) for name in "ab"]
    looks = 0
    while not all(work.done() for work in works):
        before = len(done)
        await asyncio.sleep(0)
        looks += 1
        assert len(done) - before <= 1
    assert sorted(done) == [f"{name} {number}" for name in "ab" for number in range(3)]


async def test_few_records_are_taken_at_once_while_questions_come() -> None:
    mine = turns()
    assert mine.portion(500) == 500
    answered = mine.asked()
    assert mine.portion(500) == 50
    assert mine.portion(10) == 10
    answered()


async def test_what_work_raises_and_what_it_waits_for_raises_comes_through() -> None:
    async def fails() -> None:
        failing = asyncio.get_running_loop().create_future()
        failing.set_exception(StoreUnavailable("down"))
        with pytest.raises(StoreUnavailable):
            await failing
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await in_turn(fails())


async def test_work_that_is_cancelled_while_it_stands_back_ends_as_it_would() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(0)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("tidied up")
            raise

    answered = turns().asked()
    task = asyncio.ensure_future(in_turn(work()))
    for _ in range(5):
        await asyncio.sleep(0)
    turns().done(60)
    task.cancel()
    await asyncio.sleep(0)
    answered()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["tidied up"]


async def ask(path: str, kind: str = "http", *, within: list[bool]) -> None:
    async def app(scope: object, receive: object, send: object) -> None:  # noqa: ARG001
        within.append(turns().stands_back())
        await send({"type": "http.response.start"})  # type: ignore[operator]
        within.append(turns()._in_hand > 0)

    async def send(message: object) -> None:
        """Nobody reads it."""

    await PeopleFirst(app)({"type": kind, "path": path}, None, send)  # type: ignore[arg-type]


async def test_a_request_is_a_question_up_to_the_head_of_its_answer() -> None:
    within: list[bool] = []
    await ask("/api/v1/chains", within=within)
    assert within == [True, False]


@pytest.mark.parametrize("path", ["/hooks/telegram/1", "/healthz", "/metrics"])
async def test_what_programs_ask_is_no_question(path: str) -> None:
    within: list[bool] = []
    await ask(path, within=within)
    assert within == [False, False]


async def test_what_work_behind_asks_itself_is_no_question() -> None:
    within: list[bool] = []
    await in_turn(ask("/chains", within=within))
    assert within == [False, False]
