"""The behaviour of every store.

A back end joins by subclassing `StoreContract` in a module with two fixtures: `store`, not started, on empty data and
stopped at the end, and `reopen`, which makes another store on the same data (the test stops it).
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.kit.errors import InvalidInput
from hub.store.base import Collection, CollectionSpec, Document, In, Index, Range, Store, Where

THINGS = CollectionSpec("things", (Index("owner", "at"), Index("at"), Index("owner", "state", "at"), Index("owes")))
Reopen = Callable[[], Store]


def a_thing(doc_id: str, **fields: Any) -> Document:
    return {"_id": doc_id, "owner": "anna", "at": "2026-03-02", "state": "open", **fields}


async def every_page(things: Collection, where: Where, **options: Any) -> list[str]:
    """The ids of all pages, one after the other."""
    found: list[str] = []
    after = None
    while True:
        page = await things.find(where, after=after, **options)
        found += [document["_id"] for document in page.items]
        after = page.next
        if after is None:
            return found


class StoreContract:
    @pytest.fixture
    async def things(self, store: Store) -> Collection:
        collection = store.collection(THINGS)
        await store.start()
        return collection

    # Documents by id

    async def test_what_was_inserted_is_read_with_version_one(self, things: Collection) -> None:
        assert await things.insert(a_thing("1"))
        assert await things.get("1") == {**a_thing("1"), "_v": 1}

    async def test_a_version_given_to_an_insert_counts_for_nothing(self, things: Collection) -> None:
        await things.insert(a_thing("1", _v=7))
        assert await things.get("1") == {**a_thing("1"), "_v": 1}

    async def test_what_is_not_there_is_none(self, things: Collection) -> None:
        assert await things.get("1") is None
        assert await things.get_many(["1", "2"]) == {}
        assert await things.get_many([]) == {}

    async def test_a_taken_id_is_not_inserted(self, things: Collection) -> None:
        await things.insert(a_thing("1", text="first"))
        assert not await things.insert(a_thing("1", text="second"))
        assert (await things.get_many(["1"]))["1"]["text"] == "first"

    async def test_an_insert_of_many_says_which_were_new(self, things: Collection) -> None:
        await things.insert(a_thing("1", text="first"))
        assert await things.insert_many([a_thing(n, text="second") for n in "0123"]) == {"0", "2", "3"}
        found = await things.get_many(["0", "1", "2", "3", "4"])
        assert {doc_id: document["text"] for doc_id, document in found.items()} == {
            "0": "second", "1": "first", "2": "second", "3": "second",
        }  # fmt: skip

    async def test_of_an_id_repeated_in_one_insert_the_first_counts(self, things: Collection) -> None:
        assert await things.insert_many([a_thing("1", text="first"), a_thing("1", text="second")]) == {"1"}
        assert await things.get("1") == {**a_thing("1", text="first"), "_v": 1}

    async def test_nothing_may_be_written_in_bulk(self, things: Collection) -> None:
        assert await things.insert_many([]) == set()
        assert await things.swap_many([]) == set()
        await things.put_many([])
        assert await things.delete_many([]) == 0

    async def test_a_repeated_id_is_read_once(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        assert list(await things.get_many(["1", "1"])) == ["1"]

    async def test_of_twenty_racing_inserts_one_is_new(self, things: Collection) -> None:
        news = await asyncio.gather(*(things.insert(a_thing("1", by=n)) for n in range(20)))
        assert sum(news) == 1
        assert (await things.get_many(["1"]))["1"]["by"] == news.index(True)

    async def test_ids_and_texts_are_any_unicode(self, things: Collection) -> None:
        thing = a_thing("клиент:Аня/é😀 \"'", owner="Аня Ё", text="нуль \0 и «кавычки»", deep={"а.б": [None, 1.5]})
        await things.insert(thing)
        assert await things.get(thing["_id"]) == {**thing, "_v": 1}
        assert (await things.find({"owner": "Аня Ё"}, order="at")).items == [{**thing, "_v": 1}]

    async def test_a_document_of_a_megabyte_is_kept_whole(self, things: Collection) -> None:
        thing = a_thing("1", text="ы" * 500_000, more=[{"n": n} for n in range(1000)])
        await things.insert(thing)
        assert await things.get("1") == {**thing, "_v": 1}

    async def test_the_given_document_is_not_changed(self, things: Collection) -> None:
        thing = a_thing("1")
        await things.insert(thing)
        read = await things.get("1")
        assert read is not None
        await things.swap(read)
        assert (thing, read) == (a_thing("1"), {**a_thing("1"), "_v": 1})

    # Compare and swap

    async def test_a_swap_replaces_the_document_and_raises_its_version(self, things: Collection) -> None:
        await things.insert(a_thing("1", gone=True))
        assert await things.swap(a_thing("1", _v=1, text="new"))
        assert await things.get("1") == {**a_thing("1", text="new"), "_v": 2}

    async def test_a_swap_of_an_old_version_is_refused(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        await things.swap(a_thing("1", _v=1, by="first"))
        assert not await things.swap(a_thing("1", _v=1, by="second"))
        assert await things.get("1") == {**a_thing("1", by="first"), "_v": 2}

    async def test_a_swap_of_what_is_gone_is_refused(self, things: Collection) -> None:
        assert not await things.swap(a_thing("1", _v=1))
        assert await things.swap_many([a_thing("1", _v=1)]) == set()
        assert await things.get("1") is None

    async def test_in_a_swap_of_many_each_stands_for_itself(self, things: Collection) -> None:
        await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3")])
        await things.swap(a_thing("2", _v=1, by="other"))
        swapped = await things.swap_many([a_thing(n, _v=1, by="me") for n in ("1", "2", "3", "4")])
        assert swapped == {"1", "3"}
        found = await things.get_many(["1", "2", "3", "4"])
        assert {n: (document["_v"], document["by"]) for n, document in found.items()} == {
            "1": (2, "me"), "2": (2, "other"), "3": (2, "me"),
        }  # fmt: skip

    async def test_of_an_id_repeated_in_one_swap_the_first_counts(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        assert await things.swap_many([a_thing("1", _v=1, by="a"), a_thing("1", _v=1, by="b")]) == {"1"}
        assert await things.get("1") == {**a_thing("1", by="a"), "_v": 2}

    async def test_of_forty_racing_writers_exactly_one_wins(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        for version in range(1, 11):
            won = await asyncio.gather(*(things.swap(a_thing("1", _v=version, by=n)) for n in range(40)))
            assert sum(won) == 1
            assert await things.get("1") == {**a_thing("1", by=won.index(True)), "_v": version + 1}

    async def test_of_forty_racing_bulk_writers_exactly_one_wins_each(self, things: Collection) -> None:
        await things.insert_many([a_thing("1"), a_thing("2")])
        bulks = ([a_thing("1", _v=1, by=n), a_thing("2", _v=1, by=n)] for n in range(40))
        won = await asyncio.gather(*map(things.swap_many, bulks))
        for doc_id in ("1", "2"):
            winners = [n for n, ids in enumerate(won) if doc_id in ids]
            assert await things.get(doc_id) == {**a_thing(doc_id, by=winners[0]), "_v": 2}
            assert len(winners) == 1

    async def test_forty_racing_counters_lose_nothing(self, things: Collection) -> None:
        await things.insert(a_thing("1", count=0))

        async def add_one() -> None:
            while True:
                thing = await things.get("1")
                assert thing is not None
                if await things.swap({**thing, "count": thing["count"] + 1}):
                    return

        await asyncio.gather(*(add_one() for _ in range(40)))
        assert await things.get("1") == {**a_thing("1", count=40), "_v": 41}

    async def test_a_swap_without_a_version_is_invalid(self, things: Collection) -> None:
        with pytest.raises(InvalidInput, match="_v"):
            await things.swap(a_thing("1"))

    # Put and delete

    async def test_a_put_writes_whatever_is_there(self, things: Collection) -> None:
        await things.insert(a_thing("1", gone=True))
        await things.put_many([a_thing("1", by="put"), a_thing("2", by="put")])
        assert await things.get_many(["1", "2"]) == {
            "1": {**a_thing("1", by="put"), "_v": 2},
            "2": {**a_thing("2", by="put"), "_v": 1},
        }

    async def test_of_an_id_repeated_in_one_put_the_last_counts(self, things: Collection) -> None:
        await things.put_many([a_thing("1", by="a"), a_thing("1", by="b")])
        assert await things.get("1") == {**a_thing("1", by="b"), "_v": 1}

    async def test_racing_puts_all_come_through(self, things: Collection) -> None:
        await asyncio.gather(*(things.put_many([a_thing("1", by=n), a_thing("2", by=n)]) for n in range(10)))
        assert [document["_v"] for document in (await things.get_many(["1", "2"])).values()] == [10, 10]

    async def test_a_put_spoils_the_swap_of_who_read_before(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        await things.put_many([a_thing("1")])
        assert not await things.swap(a_thing("1", _v=1))

    async def test_a_delete_says_how_many_were_there(self, things: Collection) -> None:
        await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3")])
        assert await things.delete_many(["1", "3", "3", "4"]) == 2
        assert await every_page(things, {}) == ["2"]
        assert await things.count_by("owner") == {"anna": 1}

    # Find

    async def test_an_index_finds_in_order_either_way(self, things: Collection) -> None:
        await things.insert_many([a_thing(n, at=at) for n, at in zip("1234", "badc", strict=True)])
        await things.insert(a_thing("5", owner="boris"))
        assert await every_page(things, {"owner": "anna"}, order="at") == ["2", "1", "4", "3"]
        assert await every_page(things, {"owner": "anna"}, order="at", descending=True) == ["3", "4", "1", "2"]

    async def test_what_was_found_is_the_whole_document(self, things: Collection) -> None:
        await things.insert(a_thing("1", deep=[{"a": 1}]))
        await things.swap(a_thing("1", _v=1, deep=[{"a": 2}]))
        assert (await things.find({}, order="at")).items == [{**a_thing("1", deep=[{"a": 2}]), "_v": 2}]

    async def test_a_changed_field_is_found_by_its_new_value_only(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        await things.swap(a_thing("1", _v=1, owner="boris"))
        assert await every_page(things, {"owner": "anna"}, order="at") == []
        assert await every_page(things, {"owner": "boris"}, order="at") == ["1"]

    async def test_everything_is_found_by_id(self, things: Collection) -> None:
        await things.insert_many([a_thing(n) for n in "31425"])
        assert await every_page(things, {}, limit=2) == ["1", "2", "3", "4", "5"]
        assert await every_page(things, {}, limit=2, descending=True) == ["5", "4", "3", "2", "1"]
        assert await every_page(things, {"_id": In(["2", "4", "6"])}) == ["2", "4"]
        assert await every_page(things, {"_id": Range("2", "4")}, limit=1) == ["2", "3"]
        assert await every_page(things, {"_id": "2"}) == ["2"]

    async def test_an_index_wholly_fixed_yields_the_order_of_ids(self, things: Collection) -> None:
        await things.insert_many([a_thing(n, owes=True) for n in "312"] + [a_thing("4")])
        assert await every_page(things, {"owes": True}, limit=2) == ["1", "2", "3"]
        assert await every_page(things, {"owes": True}, order="owes", limit=1) == ["1", "2", "3"]

    async def test_pages_go_on_where_the_one_before_ended(self, things: Collection) -> None:
        await things.insert_many([a_thing(f"{n:02}", at=f"{n // 10}") for n in range(35)])
        for descending in (False, True):
            for limit in (1, 3, 7, 34, 35, 36):
                ids = await every_page(things, {"owner": "anna"}, order="at", limit=limit, descending=descending)
                assert ids == sorted((f"{n:02}" for n in range(35)), reverse=descending)

    async def test_the_last_page_has_no_next_even_when_it_is_full(self, things: Collection) -> None:
        await things.insert_many([a_thing(n) for n in "1234"])
        first = await things.find({}, order="at", limit=2)
        second = await things.find({}, order="at", limit=2, after=first.next)
        assert (len(first.items), len(second.items), second.next) == (2, 2, None)

    async def test_inserts_between_pages_neither_repeat_nor_hide(self, things: Collection) -> None:
        await things.insert_many([a_thing(n, at=n) for n in ("b", "d", "f", "h")])
        first = await things.find({}, order="at", limit=2)
        await things.insert_many([a_thing(n, at=n) for n in ("a", "c", "e", "g")])
        second = await things.find({}, order="at", after=first.next)
        assert [document["_id"] for document in second.items] == ["e", "f", "g", "h"]

    async def test_the_last_document_of_a_page_may_go(self, things: Collection) -> None:
        await things.insert_many([a_thing(n, at="same") for n in "123"])
        first = await things.find({}, order="at", limit=2)
        await things.delete_many(["2"])
        assert [d["_id"] for d in (await things.find({}, order="at", after=first.next)).items] == ["3"]

    async def test_a_range_holds_its_start_and_not_its_end(self, things: Collection) -> None:
        await things.insert_many([a_thing(n, at=n) for n in "abcde"])
        for limit in (1, 2, 10):
            ranges: list[Where] = [{"at": Range("b", "d")}, {"owner": "anna", "at": Range("b", "d")}]
            for where in ranges:
                assert await every_page(things, where, order="at", limit=limit) == ["b", "c"]
                assert await every_page(things, where, order="at", limit=limit, descending=True) == ["c", "b"]
            assert await every_page(things, {"at": Range(since="d")}, order="at", limit=limit) == ["d", "e"]
            assert await every_page(things, {"at": Range(until="c")}, order="at", limit=limit) == ["a", "b"]
        assert len(await every_page(things, {"at": Range()}, order="at")) == 5

    async def test_any_of_several_values_in_one_order(self, things: Collection) -> None:
        owners = ("anna", "boris", "clara")
        await things.insert_many([a_thing(f"{n:02}", owner=owners[n % 3], at=f"{n // 7}") for n in range(30)])
        expected = [f"{n:02}" for n in range(30) if n % 3 < 2]
        where: Where = {"owner": In(["anna", "boris", "anna", "nobody"])}
        for limit in (1, 4, 30):
            assert await every_page(things, where, order="at", limit=limit) == expected
            down = await every_page(things, where, order="at", limit=limit, descending=True)
            assert down == expected[::-1]
        ranged = await every_page(things, {**where, "at": Range("1", "3")}, order="at", limit=3)
        assert ranged == [n for n in expected if 7 <= int(n) < 21]
        assert await every_page(things, {"owner": In([])}, order="at") == []

    async def test_several_values_for_two_fields(self, things: Collection) -> None:
        owners, states = ("anna", "boris", "clara"), ("open", "closed", "gone")
        await things.insert_many(
            [a_thing(f"{n:02}", owner=owners[n % 3], state=states[n // 3 % 3]) for n in range(27)]
        )
        where: Where = {"owner": In(owners[:2]), "state": In(states[1:])}
        expected = [f"{n:02}" for n in range(27) if n % 3 < 2 and n // 3 % 3 > 0]
        assert await every_page(things, where, order="at", limit=4) == expected
        assert await every_page(things, {**where, "state": "open"}, order="at") == [
            f"{n:02}" for n in range(27) if n % 3 < 2 and n // 3 % 3 == 0
        ]

    async def test_further_conditions_are_checked_on_what_the_index_finds(self, things: Collection) -> None:
        states = ("open", "closed", None)
        await things.insert_many(
            [a_thing(f"{n:02}", at=f"{n:02}", state=states[n % 3], owes=n if n % 2 else None) for n in range(24)]
        )
        assert await every_page(things, {"state": "closed"}, order="at", limit=3) == [
            f"{n:02}" for n in range(24) if n % 3 == 1
        ]
        assert await every_page(things, {"state": None, "owes": None}, order="at", limit=1) == [
            "02",
            "08",
            "14",
            "20",
        ]
        assert await every_page(things, {"state": In(["open", None])}, order="at", limit=5) == [
            f"{n:02}" for n in range(24) if n % 3 != 1
        ]
        where: Where = {"owner": In(["anna"]), "owes": Range(since=5, until=11)}
        assert await every_page(things, where, order="at", limit=2) == ["05", "07", "09"]

    async def test_nothing_is_a_value_like_any_other(self, things: Collection) -> None:
        await things.insert_many(
            [a_thing(n, at=at) for n, at in zip("12345", (None, "a", None, "b", "a"), strict=True)]
        )
        await things.insert(a_thing("6", owner=None))
        await things.insert({"_id": "7", "at": "z"})
        assert await every_page(things, {"owner": None}, order="at") == ["6", "7"]
        assert await every_page(things, {"owner": In([None, "boris"])}, order="at", limit=1) == ["6", "7"]
        for limit in (1, 2, 3, 10):
            up = await every_page(things, {"owner": "anna"}, order="at", limit=limit)
            down = await every_page(things, {"owner": "anna"}, order="at", limit=limit, descending=True)
            assert (up, down) == (["1", "3", "2", "5", "4"], ["4", "5", "2", "3", "1"])
        assert await every_page(things, {"owner": "anna", "at": None}) == ["1", "3"]
        assert await every_page(things, {"owner": "anna", "at": Range(until="b")}, order="at", limit=1) == ["2", "5"]

    async def test_numbers_are_in_the_order_of_numbers(self, things: Collection) -> None:
        await things.insert_many([a_thing(str(n), at=n) for n in (10, 9, 2.5, -1, 0)])
        assert await every_page(things, {}, order="at", limit=2) == ["-1", "0", "2.5", "9", "10"]
        assert await every_page(things, {"at": Range(0, 10)}, order="at", limit=2) == ["0", "2.5", "9"]

    async def test_a_sparse_index_finds_by_value_only(self, store: Store) -> None:
        spec = CollectionSpec("owing", (Index("owes", "at", sparse=True), Index("at")))
        owing = store.collection(spec)
        await store.start()
        await owing.insert_many([a_thing(str(n), owes=True if n % 2 else None, at=n) for n in range(6)])
        await owing.swap(a_thing("1", _v=1, owes=None, at=1))
        for limit in (1, 5):
            assert await every_page(owing, {"owes": True}, order="at", limit=limit) == ["3", "5"]
            assert await every_page(owing, {"owes": In([True, False])}, order="at", limit=limit) == ["3", "5"]
        assert await every_page(owing, {"owes": None}, order="at") == ["0", "1", "2", "4"]
        for where in ({"owes": None}, {"owes": In([True, None])}, {}):
            with pytest.raises(InvalidInput, match="serves"):
                await owing.find(where, order="owes")

    # Count

    async def test_documents_are_counted_by_a_field(self, things: Collection) -> None:
        assert await things.count_by("state") == {}
        await things.insert_many([a_thing(str(n), state=("open", "closed", None)[n % 3]) for n in range(7)])
        await things.insert(a_thing("9", owner="boris", at="later"))
        assert await things.count_by("state") == {"open": 4, "closed": 2, None: 2}
        assert await things.count_by("state", {"owner": "boris"}) == {"open": 1}
        assert await things.count_by("owner", {"at": Range("2", "3"), "state": In(["open", None])}) == {"anna": 5}

    # Bad input

    async def test_a_query_that_no_index_serves_is_invalid(self, things: Collection) -> None:
        await things.insert(a_thing("1"))
        unserved: list[tuple[Where, str]] = [
            ({}, "state"),
            ({"owner": "anna"}, "_id"),
            ({"owner": Range("a")}, "state"),
        ]
        for where, order in unserved:
            with pytest.raises(InvalidInput, match="serves"):
                await things.find(where, order=order)

    async def test_a_field_that_is_not_declared_is_invalid(self, things: Collection) -> None:
        with pytest.raises(InvalidInput, match="text"):
            await things.find({"text": "a"}, order="at")
        with pytest.raises(InvalidInput, match="text"):
            await things.find({}, order="text")
        with pytest.raises(InvalidInput, match="text"):
            await things.count_by("text")
        with pytest.raises(InvalidInput, match="text"):
            await things.count_by("state", {"text": "a"})

    @pytest.mark.parametrize("after", ["", "x", "!!!", "bnVsbA", "WzEsIDJd", "WzEsWyJhIl1d", "ы", "A" * 999])
    async def test_a_cursor_that_is_not_ours_is_invalid(self, things: Collection, after: str) -> None:
        with pytest.raises(InvalidInput, match="after"):
            await things.find({}, order="at", after=after)

    async def test_a_limit_of_nothing_is_invalid(self, things: Collection) -> None:
        with pytest.raises(InvalidInput, match="limit"):
            await things.find({}, limit=0)

    async def test_too_many_alternatives_are_invalid(self, things: Collection) -> None:
        assert (await things.find({"owner": In(map(str, range(1000)))}, order="at")).items == []
        with pytest.raises(InvalidInput, match="owner"):
            await things.find({"owner": In(map(str, range(1001)))}, order="at")

    @pytest.mark.parametrize("value", [["a"], {"a": 1}, 2**63, "\ud800"])
    async def test_a_declared_field_holds_a_scalar(self, things: Collection, value: Any) -> None:
        with pytest.raises(InvalidInput, match="owner"):
            await things.insert(a_thing("1", owner=value))
        with pytest.raises(InvalidInput, match="owner"):
            await things.find({"owner": value}, order="at")

    @pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", "\ud800", {"deep": "\udfff"}])
    async def test_what_is_no_json_is_not_kept(self, things: Collection, value: Any) -> None:
        with pytest.raises(InvalidInput):
            await things.insert_many([a_thing("1"), a_thing("2", text=value)])
        assert await things.get("1") is None

    @pytest.mark.parametrize("doc_id", [None, "", 1])
    async def test_an_id_is_a_text(self, things: Collection, doc_id: Any) -> None:
        with pytest.raises(InvalidInput, match="_id"):
            await things.insert({"_id": doc_id})

    async def test_an_id_that_cannot_be_is_not_found(self, things: Collection) -> None:
        assert await things.get("\ud800") is None
        assert await things.delete_many(["\ud800"]) == 0

    # Start and stop

    async def test_a_second_start_is_harmless(self, things: Collection, store: Store, reopen: Reopen) -> None:
        await things.insert(a_thing("1"))
        await store.start()
        other = reopen()
        others = other.collection(THINGS)
        await asyncio.gather(other.start(), store.start())
        assert await others.get("1") == await things.get("1") == {**a_thing("1"), "_v": 1}
        await other.stop()
        assert await things.insert(a_thing("2"))

    async def test_what_was_written_is_there_after_a_restart(
        self, things: Collection, store: Store, reopen: Reopen
    ) -> None:
        await things.insert_many([a_thing("1"), a_thing("2")])
        await things.swap(a_thing("2", _v=1, by="me"))
        await store.stop()
        other = reopen()
        others = other.collection(THINGS)
        await other.start()
        assert await others.get_many(["1", "2"]) == {
            "1": {**a_thing("1"), "_v": 1},
            "2": {**a_thing("2", by="me"), "_v": 2},
        }
        await other.stop()

    async def test_an_index_declared_later_finds_what_was_there_before(
        self, things: Collection, store: Store, reopen: Reopen
    ) -> None:
        flags = (True, None, 7, "текст", 1.5)
        await things.insert_many([a_thing(str(n), flag=flag) for n, flag in enumerate(flags)])
        await store.stop()
        other = reopen()
        others = other.collection(CollectionSpec("things", (*THINGS.indexes, Index("flag", "at"))))
        await other.start()
        for n, flag in enumerate(flags):
            assert await every_page(others, {"flag": flag}, order="at") == [str(n)]
        assert await every_page(others, {"owner": "anna"}, order="at") == ["0", "1", "2", "3", "4"]
        await other.stop()

    async def test_collections_do_not_mix(self, store: Store) -> None:
        first = store.collection(CollectionSpec("first", (Index("owner"),)))
        second = store.collection(CollectionSpec("second", (Index("owner"),)))
        await store.start()
        await first.insert(a_thing("1"))
        assert await second.get("1") is None
        assert await second.count_by("owner") == {}

    async def test_a_collection_declared_twice_is_the_same_collection(self, store: Store) -> None:
        assert store.collection(THINGS) is store.collection(THINGS)
        with pytest.raises(ValueError, match="twice"):
            store.collection(CollectionSpec("things"))

    async def test_a_started_store_answers_a_ping(self, store: Store) -> None:
        await store.start()
        await store.ping()
