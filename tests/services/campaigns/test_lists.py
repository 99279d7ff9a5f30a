"""Static lists: people from a file, rubbish told line by line."""

from typing import Any

import pytest

from hub.contracts.interaction import Attachment
from hub.jobs.service import Jobs
from hub.kit.errors import InvalidInput
from hub.kit.restraint import Restraint
from hub.testing.apart import SHARED
from hub.testing.waiting import eventually
from services.campaigns.lists.reading import head, read
from services.campaigns.lists.service import NewList, ReadList, args_of
from tests.services.campaigns.conftest import MARKETER, a_client
from tests.services.campaigns.test_segments import meant

ROWS = """email;Имя;Город доставки
Анна <A1@Example.com>;Анна;Тверь
rubbish;Никто;
a2@example.com;"Борис; младший";Псков
;;
"""


async def read_in(desk: Any, content: bytes) -> dict[str, Any]:
    """The list that a file becomes."""
    desk.blobs.content["up/1"] = content
    file = Attachment(id="at_1", filename="people.csv", content_type="text/csv", size=len(content), blob="up/1")
    made = await desk.lists.add(NewList(name="Выставка", file=file), actor=MARKETER, key=None)
    kind = ReadList(desk.kept_lists, SHARED, region="RU")
    about: dict[str, Any] = {"service": "campaigns", "owner": "one", "restraint": Restraint()}
    jobs = Jobs([kind], store=desk.store, bus=desk.bus, clock=desk.clock, **about)
    await desk.store.start()
    await jobs.start()
    await jobs.begin("read_list", args_of(made["_id"], file), by="petr", key=made["_id"])

    async def over() -> Any:
        found = await desk.lists.get(made["_id"], MARKETER)
        return found if found["state"] != "reading" else None

    found: dict[str, Any] = await eventually(over)
    await jobs.stop()
    return found


async def test_a_file_becomes_a_list_and_its_rubbish_is_told_by_line(desk: Any) -> None:
    await desk.hear(a_client(1), a_client(2), a_client(3))
    made = await read_in(desk, ROWS.encode("cp1251"))
    assert (made["state"], made["rows"], made["rejected"]) == ("ready", 2, 1)
    assert made["examples"] == [[3, "no address that can be reached: rubbish | Никто | "]]
    assert await meant(desk, {"list": made["_id"]}) == [1, 2]
    rows = await desk.columns.ask("SELECT address, data FROM members ORDER BY address", {})
    assert rows[0] == ("email:a1@example.com", '{"name":"Анна","город_доставки":"Тверь"}')
    assert rows[1] == ("email:a2@example.com", '{"name":"Борис; младший","город_доставки":"Псков"}')


async def test_a_large_file_is_read_in_pieces_of_whole_lines(desk: Any) -> None:
    lines = [f"a{n}@example.com,{'x' * 90}" if n % 10 else f"rubbish{n},y" for n in range(40_000)]
    made = await read_in(desk, ("email,note\n" + "\n".join(lines)).encode())
    assert (made["rows"], made["rejected"], made["parts"] > 1) == (36_000, 4_000, True)
    assert len(made["examples"]) == 500


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name,size\nanna,3\n", "its first line names no column email or phone"),
        (b"email," + b",".join(b"c%d" % n for n in range(200)), "201 columns, over the limit of 100"),
    ],
)
async def test_a_file_that_is_none_says_why(desk: Any, content: bytes, words: str) -> None:
    made = await read_in(desk, content)
    assert made["state"] == "failed"
    assert words in made["reason"]


async def test_a_segment_names_no_list_that_is_not_there(desk: Any) -> None:
    with pytest.raises(InvalidInput, match="there is no list lst_none"):
        await meant(desk, {"list": "lst_none"})


def test_phones_are_read_as_people_write_them() -> None:
    about = head("Телефон,ФИО\n".encode())
    told = read("8 (916) 118-01-18,Анна\n+7 495 123-45-67,Борис\n".encode(), about, 2, "RU")
    assert [line.split(b'"')[3] for line in told["rows"].splitlines()] == [
        b"phone:+79161180118",
        b"phone:+74951234567",
    ]
