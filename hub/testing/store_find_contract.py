"""The behaviour of every store: finding, counting and paging."""

from typing import Any

import pytest

from hub.kit.errors import InvalidInput
from hub.store.base import All, Collection, CollectionSpec, Document, In, Index, Range, Store, Where

THINGS = CollectionSpec("things", (Index("owner", "at"), Index("at"), Index("owner", "state", "at"), Index("owes")))


TAGGED = CollectionSpec(
    "tagged",
    (Index("tags", "at", many=True), Index("team", "state", "at", many=True), Index("owner", "at"), Index("at")),
)


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


class FindContract:
    @pytest.fixture
    async def things(self, store: Store) -> Collection:
        collection = store.collection(THINGS)
        await store.start()
        return collection

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

    async def test_a_sparse_index_finds_between_bounds(self, store: Store) -> None:
        waiting = store.collection(CollectionSpec("waiting", (Index("due", sparse=True),)))
        await store.start()
        dues = ("d", None, "b", "c", None, "a")
        await waiting.insert_many([a_thing(str(n), due=due) for n, due in enumerate(dues)])
        await waiting.insert(a_thing("9"))
        for descending in (False, True):
            found = await every_page(waiting, {"due": Range("")}, order="due", limit=1, descending=descending)
            assert found == (["0", "3", "2", "5"] if descending else ["5", "2", "3", "0"])
        assert await every_page(waiting, {"due": Range("b", "d")}, order="due", limit=1) == ["2", "3"]
        assert await waiting.count({"due": Range(until="c")}, at_most=9) == 2
        with pytest.raises(InvalidInput, match="serves"):
            await waiting.find({"due": Range()}, order="due")

    # Lists

    @pytest.fixture
    async def tagged(self, store: Store) -> Collection:
        collection = store.collection(TAGGED)
        await store.start()
        return collection

    async def test_a_document_is_found_by_any_value_of_its_list(self, tagged: Collection) -> None:
        await tagged.insert_many(
            [
                a_thing("1", at="c", tags=["vip", "срочно"]),
                a_thing("2", at="a", tags=["vip", "vip"]),
                a_thing("3", at="b", tags=[]),
                a_thing("4", at="b"),
                a_thing("5", at="b", tags=["срочно", "vip", "опт"]),
            ]
        )
        assert await every_page(tagged, {"tags": "vip"}, order="at", limit=1) == ["2", "5", "1"]
        assert await every_page(tagged, {"tags": "vip"}, order="at", descending=True, limit=1) == ["1", "5", "2"]
        assert await every_page(tagged, {"tags": All("vip", "срочно")}, order="at", limit=1) == ["5", "1"]
        assert await every_page(tagged, {"tags": All("опт")}, order="at") == ["5"]
        assert await every_page(tagged, {"tags": "vip", "at": Range("b", "c")}, order="at") == ["5"]
        assert await every_page(tagged, {"tags": "nobody"}, order="at") == []

    async def test_a_list_that_changes_is_found_by_its_new_values_only(self, tagged: Collection) -> None:
        await tagged.insert_many([a_thing("1", tags=["a", "b"]), a_thing("2", tags=["a"])])
        await tagged.swap(a_thing("1", _v=1, tags=["b", "c"], at="later"))
        await tagged.swap(a_thing("2", _v=1))
        assert [await every_page(tagged, {"tags": tag}, order="at") for tag in "abc"] == [[], ["1"], ["1"]]
        assert (await tagged.find({"tags": "c"}, order="at")).items == [
            a_thing("1", _v=2, tags=["b", "c"], at="later")
        ]
        await tagged.put_many([a_thing("1", tags=["d"])])
        await tagged.delete_many(["2"])
        assert [await every_page(tagged, {"tags": tag}, order="at") for tag in "bd"] == [[], ["1"]]

    async def test_a_list_goes_with_further_conditions(self, tagged: Collection) -> None:
        await tagged.insert_many(
            [a_thing(f"{n:02}", team=["s", "t"][: n % 3], state=("open", "closed")[n % 2]) for n in range(18)]
        )
        open_ones = [f"{n:02}" for n in range(18) if n % 3 and n % 2 == 0]
        where: Where = {"team": "s", "state": "open"}
        assert await every_page(tagged, where, order="at", limit=2) == open_ones
        assert await every_page(tagged, {"owner": "anna", "team": All("s", "t")}, order="at", limit=4) == [
            f"{n:02}" for n in range(18) if n % 3 == 2
        ]
        assert await tagged.count(where, at_most=100) == len(open_ones)
        assert await tagged.count_by("state", {"team": "t"}) == {"open": 3, "closed": 3}

    async def test_who_lists_any_of_some_values_is_counted_once(self, tagged: Collection) -> None:
        await tagged.insert_many(
            [
                a_thing(f"{n:02}", team=[["s"], ["s", "t"], ["u"]][n % 3], state=("open", "closed")[n % 2])
                for n in range(18)
            ]
        )
        either = In(["s", "t", "nobody"])
        assert await tagged.count({"team": either, "state": "open"}, at_most=100) == 6
        assert await tagged.count({"team": either}, at_most=100) == 12
        assert await tagged.count({"team": either}, at_most=5) == 5
        assert await tagged.count({"team": either, "state": In(["open", "closed"])}, at_most=100) == 12
        assert await tagged.count({"team": either, "state": "open", "owner": "anna"}, at_most=100) == 6
        assert await tagged.count({"owner": "anna", "team": In(["u"])}, at_most=100) == 6
        with pytest.raises(InvalidInput, match="team"):
            await tagged.count({"team": In([])}, at_most=5)

    @pytest.mark.parametrize("value", ["a", {"a": 1}, [None], [["a"]], ["\ud800"], [1] * 1001])
    async def test_a_declared_list_holds_scalars(self, tagged: Collection, value: Any) -> None:
        with pytest.raises(InvalidInput, match="tags"):
            await tagged.insert(a_thing("1", tags=value))

    async def test_a_list_is_asked_for_values_that_it_has(self, tagged: Collection) -> None:
        unfit: list[Where] = [{"tags": None}, {"tags": In(["a"])}, {"tags": Range("a")}, {"tags": All()}]
        for where in unfit:
            with pytest.raises(InvalidInput, match="tags"):
                await tagged.find(where, order="at")
        for where, order in (({"owner": All("anna")}, "at"), ({"tags": "a"}, "tags")):
            with pytest.raises(InvalidInput):
                await tagged.find(where, order=order)
        with pytest.raises(InvalidInput, match="tags"):
            await tagged.count_by("tags")

    @pytest.mark.parametrize(("at", "team"), [(None, ["ops"]), (float("nan"), []), (None, [])])
    async def test_what_the_index_of_a_list_goes_on_with_is_needed_by_name(
        self, tagged: Collection, at: Any, team: list[str]
    ) -> None:
        right, wrong = a_thing("1", tags=["new"]), a_thing("2", at=at, tags=["new"], team=team)
        missing = {name: value for name, value in wrong.items() if name != "at"}
        for given in ([right, wrong], [right, missing]):
            with pytest.raises(InvalidInput, match="at: ") as refused:
                await tagged.insert_many(given)
            assert list(refused.value.fields or ()) == ["at"]
        assert await every_page(tagged, {}, order="at") == []
        await tagged.insert(right)
        for write in (tagged.swap, lambda document: tagged.put_many([document])):
            with pytest.raises(InvalidInput, match="at: "):
                await write({**wrong, "_id": "1", "_v": 1})
        assert await tagged.get("1") == {**right, "_v": 1}
        if at is None:
            assert await tagged.insert({**missing, "_id": "3", "tags": [], "team": None})

    async def test_what_the_index_of_a_list_goes_on_with_is_not_taken_out_alone(self, tagged: Collection) -> None:
        thing = a_thing("1", tags=["new"], team=["ops"])
        await tagged.insert(thing)
        with pytest.raises(InvalidInput, match="at: the index of tags, team"):
            await tagged.unset([{**thing, "_v": 1}], "owner", "at")
        assert await tagged.get("1") == {**thing, "_v": 1}
        assert await tagged.unset([{**thing, "_v": 1}], "tags", "team") == {"1"}
        assert await every_page(tagged, {"tags": "new"}, order="at") == []

    # Conditional delete

    async def test_a_delete_of_an_old_version_is_refused(self, things: Collection) -> None:
        await things.insert_many([a_thing("1"), a_thing("2")])
        await things.swap(a_thing("1", _v=1, by="other"))
        assert not await things.delete(a_thing("1", _v=1))
        assert await things.delete(a_thing("1", _v=2))
        assert not await things.delete(a_thing("1", _v=2))
        assert await every_page(things, {}) == ["2"]

    # Count

    async def test_a_count_stops_at_its_bound(self, things: Collection) -> None:
        await things.insert_many([a_thing(f"{n}", at=f"{n}", state=("open", "closed")[n % 2]) for n in range(9)])
        assert await things.count({"owner": "anna"}, at_most=100) == 9
        assert await things.count({"owner": "anna"}, at_most=4) == 4
        assert await things.count({"owner": In(["anna", "boris"]), "state": "open"}, at_most=100) == 5
        assert await things.count({"at": Range("3", "7"), "state": "open"}, at_most=100) == 2
        assert await things.count({}, at_most=5) == 5
        with pytest.raises(InvalidInput, match="serves"):
            await things.count({"state": "open"}, at_most=5)
        with pytest.raises(InvalidInput, match="at_most"):
            await things.count({"owner": "anna"}, at_most=0)

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
