"""The behaviour of every store.

A back end joins by subclassing `StoreContract` in a module with two fixtures: `store`, not started, on empty data and
stopped at the end, and `reopen`, which makes another store on the same data (the test stops it).
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hub.kit.errors import ConfigurationError, InvalidInput
from hub.store.base import Collection, CollectionSpec, Index, Store
from hub.testing.store_find_contract import THINGS, FindContract, a_thing, every_page

Reopen = Callable[[], Store]


class StoreContract(FindContract):
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

    async def test_what_is_read_while_it_is_written_is_of_one_version(self, things: Collection) -> None:
        """Else a compare-and-swap of what was read undoes a change that it has not seen."""
        fields = [f"field{n}" for n in range(2_000)]
        await things.insert(a_thing("1", **dict.fromkeys(fields, 1)))

        async def written() -> None:
            for version in range(1, 100):
                await things.swap(a_thing("1", _v=version, **dict.fromkeys(fields, version + 1)))

        writing = asyncio.create_task(written())
        while not writing.done():
            for thing in await asyncio.gather(*(things.get("1") for _ in range(4))):
                assert thing is not None
                assert {thing[field] for field in fields} == {thing["_v"]}
        await writing

    async def test_a_swap_without_a_version_is_invalid(self, things: Collection) -> None:
        with pytest.raises(InvalidInput, match="_v"):
            await things.swap(a_thing("1"))

    # Unset

    async def test_fields_are_taken_out_of_what_nobody_changed_since(self, things: Collection) -> None:
        await things.insert_many(
            [a_thing(n, owes=True, deep={"ё": [1.5, None, "\u0000 «"]}) for n in ("1", "2", "3")]
        )
        await things.swap(a_thing("2", _v=1, owes=True, by="other"))
        read = [a_thing(n, _v=1) for n in ("1", "2", "3", "4")]
        assert await things.unset(read, "owes", "state", "none") == {"1", "3"}
        thing = a_thing("1", deep={"ё": [1.5, None, "\u0000 «"]}, _v=2)
        del thing["state"]
        assert await things.get("1") == thing
        assert (await things.get("2") or {})["owes"] is True
        assert await every_page(things, {"owes": True}) == ["2"]
        assert await things.swap({**thing, "owes": True})
        assert await things.unset([], "owes") == set()

    async def test_of_twenty_who_take_a_field_out_one_wins(self, things: Collection) -> None:
        await things.insert(a_thing("1", owes=True))
        won = await asyncio.gather(*(things.unset([a_thing("1", _v=1)], "owes") for _ in range(20)))
        assert sum(map(len, won)) == 1
        assert await things.get("1") == a_thing("1", _v=2)

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

    # Bad input

    @pytest.mark.parametrize("value", [["a"], {"a": 1}, 2**63, "\ud800", float("nan"), float("-inf")])
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

    async def test_a_list_declared_later_finds_what_was_there_before(
        self, things: Collection, store: Store, reopen: Reopen
    ) -> None:
        await things.insert_many([a_thing("1", tags=["a", "a", 7]), a_thing("2", tags=["a"], at="0"), a_thing("3")])
        await store.stop()
        other = reopen()
        others = other.collection(CollectionSpec("things", (*THINGS.indexes, Index("tags", "at", many=True))))
        await other.start()
        assert await every_page(others, {"tags": "a"}, order="at") == ["2", "1"]
        assert await every_page(others, {"tags": 7}, order="at") == ["1"]
        await other.stop()

    async def test_a_list_is_not_declared_over_what_it_could_not_find(
        self, things: Collection, store: Store, reopen: Reopen
    ) -> None:
        await things.insert_many([a_thing("1", tags=["new"]), a_thing("2", at=None, tags=["old"])])
        await store.stop()
        other = reopen()
        other.collection(CollectionSpec("things", (*THINGS.indexes, Index("tags", "at", many=True))))
        with pytest.raises(ConfigurationError, match="index of tags goes on with at, which document 2 has not"):
            await other.start()
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
