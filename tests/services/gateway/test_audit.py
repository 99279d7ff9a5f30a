"""The audit: what was changed, by whom, in a chain that shows what is done to it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.cli import main
from hub.kit.errors import StoreUnavailable
from hub.store.sqlite import SqliteStore
from services.gateway.audit.chain import AUDIT, HEADS, Chain, verify
from services.gateway.audit.changes import MASKED, changes, given
from services.gateway.audit.service import Deed

PASSWORD = "correct-horse-7"


async def rows(hub: Any, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await (await hub.admin()).get(f"/audit?{query}")).json()["items"]
    return found


async def test_a_row_says_what_changed_and_masks_secrets(hub: Any) -> None:
    admin = await hub.admin()
    await hub.employee("operator")
    body = {"role": "supervisor", "name": "Olga", "password": "battery-staple-8"}
    await admin.patch("/employees/operator", json=body)
    (row,) = await rows(hub, "action=changeEmployee")
    assert (row["login"], row["target"], row["status"]) == ("admin", "operator", 200)
    assert row["changes"] == [
        {"field": "name", "before": "Operator", "after": "Olga"},
        {"field": "role", "before": "operator", "after": "supervisor"},
        {"field": "password", "before": None, "after": MASKED},
    ]


@pytest.mark.parametrize(
    "written",
    [
        b'\xef\xbb\xbf{"role": "supervisor"}',
        '{"role": "supervisor"}'.encode("utf-16"),
        '{"role": "supervisor"}'.encode("utf-32-le"),
        b'{"role": "supervisor", "absent": NaN}',
        b'{"role": "supervisor", "name": "\\ud800"}',
    ],
)
async def test_what_the_audit_could_not_read_is_not_done(hub: Any, written: bytes) -> None:
    admin = await hub.admin()
    await hub.employee("operator")
    answer = await admin.patch("/employees/operator", content=written, headers={"Content-Type": "application/json"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["body"])
    assert (await admin.get("/employees/operator")).json()["role"] == "operator"


async def test_of_what_goes_on_to_a_service_the_request_is_told(hub: Any) -> None:
    hub.peers.answer("POST", "/chains/ch_1/messages", 202, {"id": "int_1"})
    await (await hub.admin()).post("/chains/ch_1/messages", json={"text": "Hello", "cc": ["b@example.com"]})
    (row,) = await rows(hub, "target=ch_1")
    assert row["changes"] == [
        {"field": "text", "before": None, "after": "(5 characters)"},
        {"field": "cc", "before": None, "after": "b@example.com"},
    ]


def stored_in(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.glob("gateway.sqlite*"))


async def test_no_password_or_token_is_in_the_audit(hub: Any, tmp_path: Path) -> None:
    admin = await hub.admin()
    await admin.post("/employees", json={"login": "a", "name": "A", "role": "operator", "password": "secret-words-1"})
    await admin.post("/me/password", json={"current": PASSWORD, "new": "secret-words-2"})
    await admin.post("/bots", json={"token": "123:secret-words-3"})
    assert b"secret-words" not in stored_in(tmp_path)


async def test_refusals_are_rows_also_of_questions(hub: Any) -> None:
    operator = await hub.employee("operator")
    await operator.get("/audit")
    (row,) = await rows(hub, "login=operator&action=listAudit")
    assert (row["method"], row["status"]) == ("GET", 403)


async def test_rows_are_found_by_employee_action_object_and_time(hub: Any) -> None:
    await hub.employee("operator")
    at = hub.clock.now().isoformat().replace("+00:00", "Z")
    assert len(await rows(hub, f"login=admin&action=addEmployee&target=operator&since={at}")) == 1
    assert await rows(hub, f"login=admin&action=addEmployee&until={at}") == []


def test_long_nested_and_secret_values_are_told_in_short() -> None:
    body = {
        "imap": {"host": "h", "password": "p", "port": 993},
        "providers": [{"kind": "twilio", "auth_token": "t", "url": "https://user:pw@h/x?key=k"}],
        "name": "x" * 200,
        "deep": orjson.loads(b'{"a":' * 200 + b"1" + b"}" * 200),
    }
    assert {each["field"]: each["after"] for each in given(orjson.dumps(body))} == {
        "imap.host": "h",
        "imap.password": MASKED,
        "imap.port": 993,
        "providers.0.kind": "twilio",
        "providers.0.auth_token": MASKED,
        "providers.0.url": f"https://{MASKED}@h/x?{MASKED}",
        "name": f"{'x' * 120}… (200 characters)",
        "deep.a.a.a.a.a.a.a": "…",
    }


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b"null", b"{"])
def test_what_is_no_json_object_changes_nothing(body: bytes) -> None:
    assert given(body) == []
    assert changes({"a": 1}, {"a": 1}) == []


async def chained(path: Path, count: int = 30) -> SqliteStore:
    """A store with so many rows, joined by two gateways at once."""
    store = SqliteStore(path / "gateway.sqlite")
    for spec in (AUDIT, HEADS):
        store.collection(spec)
    chains = [Chain(store), Chain(store)]
    await store.start()
    made = [{"_id": f"aud_{n}", "at": f"2026-03-02T09:00:{n:02}Z", "login": "anna", "n": n} for n in range(count)]
    await asyncio.gather(*(chains[n % 2].join(row) for n, row in enumerate(made)))
    return store


async def test_rows_of_several_gateways_make_one_chain(tmp_path: Path) -> None:
    store = await chained(tmp_path)
    verdict = await verify(store)
    await store.stop()
    assert (verdict.rows, verdict.broken) == (30, "")


async def test_a_row_that_comes_again_is_in_the_chain_once(tmp_path: Path) -> None:
    store = await chained(tmp_path)
    await Chain(store).join({"_id": "aud_3", "login": "somebody else"})
    verdict = await verify(store)
    await store.stop()
    assert (verdict.rows, verdict.broken) == (30, "")


async def test_what_a_crash_kept_from_being_written_is_whole_and_is_written_by_the_next(tmp_path: Path) -> None:
    store = await chained(tmp_path)
    audit = store.collection(AUDIT)
    last = [row["_id"] for row in (await Chain(store).head())["last"]]
    await audit.delete_many(last)
    before = await verify(store)
    await Chain(store).join({"_id": "aud_next", "login": "anna"})
    verdict, written = await verify(store), await audit.get_many(last)
    await store.stop()
    assert (before.broken, verdict.rows, verdict.broken, sorted(written)) == ("", 31, "", sorted(last))


async def test_the_first_row_that_was_changed_or_taken_out_is_named(tmp_path: Path) -> None:
    store = await chained(tmp_path, 60)
    audit = store.collection(AUDIT)
    by_seq = {row["seq"]: row for row in (await audit.find({}, limit=100)).items}
    await audit.put_many([{**by_seq[7], "login": "boris"}])
    changed = await verify(store)
    await audit.put_many([by_seq[7]])
    await audit.delete_many([by_seq[9]["_id"]])
    removed = await verify(store)
    await audit.put_many([by_seq[9], {**by_seq[12], "_id": "aud_forged"}])
    doubled = await verify(store)
    await audit.delete_many(["aud_forged"])
    healed = await verify(store)
    cut = await verify(store, noted="f" * 64)
    kept = await verify(store, noted=by_seq[20]["hash"])
    await store.stop()
    assert changed.broken == f"row 7 ({by_seq[7]['_id']} of {by_seq[7]['at']}, boris) was changed"
    assert (removed.rows, removed.broken) == (8, "row 9 is missing")
    assert doubled.broken == "two rows have one place between 1 and 60"
    assert (healed.broken, kept.broken) == ("", "")
    assert "the end was cut off" in cut.broken


async def test_a_deed_that_a_crash_cut_short_joins_the_chain_without_a_status(hub: Any) -> None:
    audit = hub.gateway.http.state.parts.audit
    await audit.begin(Deed(login="anna", method="POST", route="/x", target="t", address="-", action="cut"))
    await audit.sweep()
    (early,) = await rows(hub, "action=cut")
    hub.clock.advance(timedelta(minutes=11))
    await audit.sweep()
    (late,) = await rows(hub, "action=cut")
    assert (early["status"], early["seq"], late["status"], late["seq"] is None) == (None, None, None, False)


async def test_a_store_that_is_down_is_told_and_the_row_joins_with_the_next(tmp_path: Path) -> None:
    store = await chained(tmp_path)
    chain = Chain(store)
    await store.stop()
    with pytest.raises(StoreUnavailable):
        await chain.join({"_id": "aud_waiting", "login": "anna"})
    await store.start()
    await chain.join({"_id": "aud_next", "login": "anna"})
    verdict = await verify(store)
    await store.stop()
    assert (verdict.rows, verdict.broken) == (32, "")


def test_the_command_says_whether_the_chain_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(made(tmp_path, forged=False))
    codes = [verified(tmp_path)]
    asyncio.run(made(tmp_path, forged=True))
    codes += [verified(tmp_path), verified(tmp_path / "nothing")]
    said = capsys.readouterr()
    assert codes == [0, 1, 2]
    assert "30 rows, all as they were written; head " in said.out
    assert "broken after 6 rows: row 7 (" in said.out
    assert "holds no gateway's data" in said.err


async def made(path: Path, *, forged: bool) -> None:
    store = await chained(path)
    if forged:
        audit = store.collection(AUDIT)
        row = next(row for row in (await audit.find({}, limit=100)).items if row["seq"] == 7)
        await audit.put_many([{**row, "login": "boris"}])
    await store.stop()


def verified(path: Path) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify", "--data", str(path)])
    return ended.value.code
