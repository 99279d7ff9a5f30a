"""FastAGI by itself: what is proven, bounded, refused, said with recorded words; the dialplan goes on behind it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.testing.waiting import eventually
from services.telephony.adapters.agi import AgiServer
from services.telephony.agi.session import Asks
from services.telephony.agi.words import Answer, CommandRefused, HungUp, answer_of, command
from tests.services.telephony.test_flow import CUSTOMER, QUEUE, AtAsterisk, opened

HEAD = b"agi_network: yes\nagi_network_script: ex_1\nagi_callerid: +79161180118\n\n"


class Desk:
    """A server whose callers are asked what a test wants, and what it was answered."""

    def __init__(self) -> None:
        self.heads: list[Mapping[str, str]] = []
        self.wanted: list[tuple[str, ...]] = []
        self.told: list[object] = []

    async def serve(self, head: Mapping[str, str], asks: Asks) -> None:
        self.heads.append(head)
        for words in self.wanted:
            try:
                self.told.append(await asks.ask(*words, patience=5))
            except CommandRefused:
                self.told.append("refused")
            except HungUp:
                self.told.append("hung up")
                return


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def server(desk: Desk) -> AsyncIterator[AgiServer]:
    made = AgiServer(desk.serve, host="127.0.0.1", port=0, most=2)
    await made.start()
    yield made
    await made.stop()


async def says(server: AgiServer, *pieces: bytes) -> bytes:
    """All that the server writes to an exchange that says this."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
    try:
        writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("200 result=0", Answer(200, "0")),
        ("200 result=49 endpos=1200", Answer(200, "49", "", 1200)),
        ("200 result=1 (ANSWER)", Answer(200, "1", "ANSWER")),
        ("200 result=-1 (hangup) endpos=16000", Answer(200, "-1", "hangup", 16000)),
        ("200 result= (timeout)", Answer(200, "", "timeout")),
        ("510 Invalid or unknown command", Answer(510, "")),
    ],
)
def test_answers_are_read_as_asterisk_writes_them(line: str, answer: Answer) -> None:
    assert answer_of(line) == answer


def test_a_key_is_told_by_its_code_and_nothing_else_is_a_key() -> None:
    assert [answer_of(f"200 result={one}").key for one in ("49", "35", "0", "-1", "")] == ["1", "#", "", "", ""]


def test_what_would_end_a_command_or_begin_another_is_quoted_away() -> None:
    assert command("EXEC", "Speech", 'a "b"\nHANGUP\\') == 'EXEC Speech "a \\"b\\" HANGUP\\\\"'
    assert command("STREAM", "FILE", "hello", "") == 'STREAM FILE hello ""'


async def test_a_head_is_read_and_commands_are_answered_one_by_one(desk: Desk, server: AgiServer) -> None:
    desk.wanted = [("ANSWER",), ("NONSENSE",), ("STREAM", "FILE"), ("GET", "VARIABLE", "X")]
    usage = b"520-Invalid command syntax.  Proper usage follows:\nUsage\n520 End of proper usage.\n"
    answers = [b"200 result=0\n", b"510 Invalid or unknown command\n", usage, b"HANGUP\n200 result=1 (y)\n"]
    written = await says(server, HEAD, *answers)
    assert written == b"ANSWER\nNONSENSE\nSTREAM FILE\nGET VARIABLE X\n"
    assert desk.told == [Answer(200, "0"), "refused", "refused", Answer(200, "1", "y")]
    assert desk.heads[0]["agi_callerid"] == "+79161180118"


@pytest.mark.parametrize(
    "answer", [b"", b"511 Command Not Permitted on a dead channel or intercept routine\n", b"garbage\n", b"2" * 5_000]
)
async def test_a_caller_who_is_gone_or_an_exchange_that_talks_nonsense_ends_it(
    desk: Desk, server: AgiServer, answer: bytes
) -> None:
    desk.wanted = [("ANSWER",), ("HANGUP",)]
    assert await says(server, HEAD, answer) == b"ANSWER\n"
    assert desk.told == ["hung up"]


@pytest.mark.parametrize(
    "head",
    [b"GET / HTTP/1.1\r\n\r\n", b"agi_x: " + b"y" * 5_000 + b"\n\n", b"agi_x: y\n" * 200 + b"\n", b"agi_x: y\n"],
    ids=["another protocol", "a long line", "many lines", "no end"],
)
async def test_what_is_no_head_of_agi_reaches_nobody(desk: Desk, server: AgiServer, head: bytes) -> None:
    assert await says(server, head) == b""
    assert desk.heads == []


async def speaking(server: AgiServer) -> asyncio.StreamWriter:
    """A caller who was handed over, and is being asked something."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HEAD)
    assert await reader.readline() == b"ANSWER\n"
    return writer


async def test_more_callers_than_there_may_be_go_on_in_the_dialplan(desk: Desk, server: AgiServer) -> None:
    desk.wanted = [("ANSWER",)]
    held = [await speaking(server) for _ in range(2)]
    assert await says(server, HEAD) == b""
    for writer in held:
        writer.close()

    async def taken() -> bool:
        return await says(server, HEAD, b"200 result=0\n") == b"ANSWER\n"

    await eventually(taken)


async def test_strangers_who_connect_and_say_nothing_cost_no_caller_his_place(desk: Desk, server: AgiServer) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    for _, writer in silent:
        writer.write(b"agi_network: yes\n")
    desk.wanted = [("ANSWER",)]
    held = [await speaking(server) for _ in range(2)]
    assert [await reader.read() for reader, _ in silent] == [b"", b""]
    for writer in (*held, *(writer for _, writer in silent)):
        writer.close()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[AtAsterisk]:
    async with AsyncExitStack() as stack:
        made = await opened("asterisk", tmp_path, stack)
        assert isinstance(made, AtAsterisk)
        yield made
        await made.close()


async def test_who_shows_no_secret_is_not_spoken_with(office: AtAsterisk) -> None:
    await office.set_line({"ring": ["anna"]})
    over: list[dict[str, Any]] = [{"arguments": ("guessed",)}, {"arguments": ()}, {"script": "ex_of_nobody"}]
    for one in over:
        caller = office.caller(**one)
        await caller.calls(CUSTOMER)
        assert caller.asked == []


async def test_a_line_without_a_flow_leaves_the_caller_to_the_dialplan(office: AtAsterisk) -> None:
    caller = await office.caller().calls(CUSTOMER)
    assert (caller.asked, caller.variables) == (["SET VARIABLE HUB_FLOW none"], {"HUB_FLOW": "none"})


async def test_a_file_stands_for_a_text_and_asterisks_own_words_for_the_place(office: AtAsterisk) -> None:
    await office.api.patch(f"/exchanges/{office.exchange_id}", json={"connection": {"speak": ""}})
    office.answers("anna", yes=False)
    spoken = {"greeting": "Здравствуйте", "closed": "Закрыто", "sounds": {"greeting": "custom/hello"}}
    await office.set_line({**spoken, "queue": QUEUE})
    heard = await office.hears(CUSTOMER, [], 1)
    assert heard == ["[custom/hello]", "[queue-youarenext]", "[queue-holdtime]", "3", "[queue-minutes]"]


async def test_an_application_that_is_not_there_leaves_the_caller_to_the_dialplan(office: AtAsterisk) -> None:
    await office.set_line({"greeting": "Здравствуйте", "ring": ["anna"]})
    caller = await office.caller(applications=("Dial",)).calls(CUSTOMER)
    assert (caller.variables, office.rang) == ({"HUB_FLOW": "failed"}, [])


async def test_the_secret_of_the_dialplan_is_never_shown(office: AtAsterisk) -> None:
    shown = await office.api.get(f"/exchanges/{office.exchange_id}")
    assert "shown by the dialplan" not in shown.text


async def test_a_hub_that_is_stopped_hangs_up_on_nobody_and_the_call_tells_its_queue_when_it_is_back(
    office: AtAsterisk,
) -> None:
    office.answers("anna", yes=False)
    await office.set_line({"queue": QUEUE})
    caller = office.caller()
    waiting = asyncio.create_task(caller.calls(CUSTOMER))

    async def told() -> bool:
        return any("WAIT FOR DIGIT" in one for one in caller.asked)

    await eventually(told)
    await office.stop()
    await waiting
    assert "HUB_FLOW" not in caller.variables
    assert "HANGUP" not in caller.asked
    await office.start()
    call = await office.call()
    assert (call.result, call.queue.name, call.queue.position) == ("abandoned", "Sales", 1)


async def test_after_a_conversation_that_our_phone_ends_the_dialplan_rings_nobody_anew(office: AtAsterisk) -> None:
    await office.set_line({"ring": ["anna"]})
    caller = await office.caller().calls(CUSTOMER)
    assert (caller.variables["DIALSTATUS"], caller.variables.get("HUB_FLOW")) == ("ANSWER", "done")
    assert "HANGUP" in caller.asked


async def test_a_text_that_is_too_long_for_one_command_is_spoken_in_pieces(office: AtAsterisk) -> None:
    greeting = " ".join(["Здравствуйте,", "вы", "позвонили", "в", "«Ромашку».", "🌼" * 40] * 20)
    await office.set_line({"greeting": greeting, "ring": ["anna"]})
    caller = await office.caller().calls(CUSTOMER)
    assert " ".join(caller.said).split() == greeting.split()
    assert (len(caller.said) > 1, office.rung()) == (True, ["anna"])


async def test_a_command_that_asterisk_would_read_as_two_is_not_sent(desk: Desk, server: AgiServer) -> None:
    desk.wanted = [("EXEC", "Dial", "PJSIP/101&" * 300), ("ANSWER",)]
    assert await says(server, HEAD, b"200 result=0\n") == b"ANSWER\n"
    assert desk.told == ["refused", Answer(200, "0")]
