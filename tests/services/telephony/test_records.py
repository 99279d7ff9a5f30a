"""CEL and CDR files, and a provider's JSON: the same calls as far as they tell."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.errors import ConfigurationError
from hub.testing.asterisk import Exchange
from services.telephony.ami.calls import fold
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call, Direction, Result
from services.telephony.calls.webhooks import WebhookMapping, calls_of
from services.telephony.inspect import inspect_call
from services.telephony.records.cdr import calls_of_cdr
from services.telephony.records.cel import events_of_cel

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "asterisk"
KNOWN_BY_CEL = {
    "call_waiting_second_answered": "holds are no channel events",
    "hold_and_resume": "holds are no channel events",
    "inbound_voicemail": "a message left is no channel event",
    "caller_hidden_but_number_passed": "nothing says that the number is hidden",
    "caller_with_extension_suffix": "the exchange cuts the extension off",
}
"""Recordings of which the channel events do not tell everything."""


def cel(kind: str, second: int, channel: str, uid: str, linked: str, exten: str = "", extra: str = "") -> str:
    number = "+74950002001" if "trunk" in channel else "101"
    context = "from-trunk" if "trunk" in channel else "internal"
    row = [kind, f"2026-11-27 10:25:{second:02}", "Иван", number, "", "", "", exten, context, channel]
    row += ["", "", "3", "", uid, linked, "", "", "", extra]
    return ",".join('"' + field.replace('"', '""') + '"' for field in row)


TRUNK, PHONE = ("PJSIP/trunk-00000001", "1.0", "1.0"), ("PJSIP/101-00000002", "1.1", "1.0")
BRIDGE = '{"bridge_id":"b1","bridge_technology":"simple_bridge"}'
CEL = "\n".join(
    [
        cel("CHAN_START", 10, *TRUNK, exten="74950000100"),
        cel("CHAN_START", 10, *PHONE, exten="s"),
        cel("ANSWER", 12, *PHONE),
        cel("ANSWER", 12, *TRUNK),
        cel("BRIDGE_ENTER", 12, *PHONE, extra=BRIDGE),
        cel("BRIDGE_ENTER", 12, *TRUNK, extra=BRIDGE),
        cel("BRIDGE_EXIT", 17, *TRUNK, extra=BRIDGE),
        cel("HANGUP", 17, *PHONE, extra='{"hangupcause":16,"hangupsource":"PJSIP/trunk-00000001"}'),
        cel("HANGUP", 17, *TRUNK, extra='{"hangupcause":16,"hangupsource":"PJSIP/trunk-00000001"}'),
    ]
)
CDR = (
    '"","+74950002001","74950000100","from-trunk","""Иван"" <+74950002001>","PJSIP/trunk-00000000",'
    '"PJSIP/101-00000001","Dial","PJSIP/101,25","2026-11-27 10:25:13","2026-11-27 10:25:15","2026-11-27 10:25:20",'
    '7,5,"ANSWERED","DOCUMENTATION","1795775113.0",""\n'
)


def shown(call: Call) -> dict[str, Any]:
    return {
        "direction": call.direction.value,
        "caller": call.from_,
        "dialled": call.to,
        "answered_by": call.answered_by,
        "result": call.result and call.result.value,
        "wait": round(call.wait),
        "talk": round(call.talk),
        "ended_by": call.ended_by,
    }


def test_channel_events_tell_the_same_call_in_whole_seconds() -> None:
    (call,) = fold(events_of_cel(CEL.encode()))
    assert shown(call) == {
        "direction": "in",
        "caller": "+74950002001",
        "dialled": "74950000100",
        "answered_by": "101",
        "result": "answered",
        "wait": 2,
        "talk": 5,
        "ended_by": "customer",
    }


def test_a_detail_record_tells_the_same_call_and_not_who_hung_up() -> None:
    (call,) = calls_of_cdr(CDR.encode(), Lines())
    assert (call.answered_by, call.wait, call.talk, call.name) == ("101", 2, 5, "Иван")
    assert (call.ended_by, call.unsure) == (None, ("hold",))


def test_a_detail_record_of_a_queue_says_that_it_does_not_know_when_a_person_answered() -> None:
    queue = CDR.replace('"Dial","PJSIP/101,25"', '"Queue","support,tT"').replace("10:25:15", "10:25:13")
    (call,) = calls_of_cdr(queue.encode(), Lines())
    assert (call.queue, call.unsure) == ("support", ("answered_at", "hold", "talk", "wait"))


def test_a_phone_that_a_queue_rang_in_vain_has_not_answered() -> None:
    queue = CDR.replace('"Dial","PJSIP/101,25"', '"Queue","support,tT"').replace('"ANSWERED"', '"NO ANSWER"')
    (call,) = calls_of_cdr(queue.encode(), Lines())
    assert (call.result, call.answered_by) == (Result.ABANDONED, None)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not at ../shared/data/asterisk")
def test_channel_events_of_every_recording_tell_the_truth_as_far_as_they_go() -> None:
    for path in sorted(FOLDER.glob("*.cel.csv")):
        scenario = path.name.partition(".")[0]
        truth = json.loads((FOLDER / f"{scenario}.json").read_text())["calls"]
        calls = {call.linkedid: call for call in fold(events_of_cel(path.read_bytes()))}
        assert len(calls) == len(truth), scenario
        for wanted in truth:
            ours = calls.pop(wanted.get("linkedid"), None) or next(iter(calls.values()))
            if scenario in KNOWN_BY_CEL:
                continue
            assert (ours.from_, ours.to, ours.answered_by) == (
                wanted["caller"],
                wanted["dialled_line"],
                wanted["answered_by"],
            ), scenario
            assert (ours.result, ours.talk) == (wanted["result"], pytest.approx(wanted["talk_seconds"], abs=1.3)), (
                scenario
            )
            assert len(ours.transfers) == len(wanted.get("transfers", [])), scenario


MAPPING = WebhookMapping.of(
    {
        "paths": {
            "id": "call.id",
            "direction": "call.type",
            "from": ["call.from.number", "call.from.extension"],
            "to": "call.to.number",
            "line": "call.to.number",
            "answered_by": "call.answered.0.extension",
            "started_at": "call.start",
            "answered_at": "call.answer",
            "ended_at": "call.end",
        },
        "words": {"direction": {"incoming": "in", "outgoing": "out"}},
    }
)


def body(**more: object) -> dict[str, Any]:
    numbers = {"from": {"number": "89261234567"}, "to": {"number": "74950000100"}}
    return {"call": {"id": "k1", "type": "incoming", "start": 1_795_775_113, **numbers, **more}}


BODIES = [
    body(),
    body(answer=1_795_775_115_000, answered=[{"extension": "101"}]),
    body(end="2026-11-27T13:25:20+03:00"),
]


@given(st.lists(st.sampled_from(BODIES)), st.permutations(BODIES))
def test_a_providers_bodies_are_put_together_whatever_their_order(again: list[Any], bodies: list[Any]) -> None:
    (call,) = calls_of([*again, *bodies], MAPPING)
    assert (call.direction, call.from_, call.from_address) == (Direction.IN, "+79261234567", "phone:+79261234567")
    assert (call.result, call.answered_by, call.wait, call.talk, call.complete) == (
        Result.ANSWERED,
        "101",
        2,
        5,
        True,
    )


def test_a_mapping_names_what_is_wrong_with_it() -> None:
    with pytest.raises(ConfigurationError, match=r"paths\.caller is no field of a call; write one of id"):
        WebhookMapping.of({"paths": {"id": "id", "from": "a", "to": "b", "caller": "c"}})
    with pytest.raises(ConfigurationError, match=r"paths\.to is missing"):
        WebhookMapping.of({"paths": {"id": "id", "from": "a"}})


scalars = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12)
json_values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars, max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(["id", "from", "to", "started_at", "answered_at", "ended_at", "result"]), json_values
    )
)
def test_whatever_a_provider_sends_is_no_reason_to_fail(sent: dict[str, Any]) -> None:
    for call in calls_of([sent]):
        assert call.wait >= 0
        assert call.talk >= 0


def printed(*paths: Path, **options: Any) -> tuple[int, list[dict[str, Any]]]:
    out = StringIO()
    code = inspect_call(paths, out, **options)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def recorded() -> bytes:
    exchange = Exchange()
    customer = exchange.arrives()
    phone = exchange.rings("101", by=customer)
    exchange.after(2)
    exchange.answers(phone, by=customer)
    exchange.after(3)
    exchange.hangs_up(customer)
    exchange.ends(phone)
    return b"# +0.001\nAsterisk Call Manager/11.0.0\r\n# +0.002 sent\n> Action: Login\n> \n" + exchange.stream


PLAIN_CALL = {
    "id": "1",
    "from": "+74950002001",
    "to": "74950000100",
    "answered_by": "101",
    "started_at": 1_795_775_113,
    "answered_at": 1_795_775_115,
    "ended_at": 1_795_775_120,
}
FILES = {
    "stream": recorded(),
    "cel": CEL.encode(),
    "cdr": CDR.encode(),
    "json": json.dumps([PLAIN_CALL]).encode(),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_command_knows_a_file_by_its_content(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_bytes(FILES[kind])
    code, (line,) = printed(path)
    assert code == 0
    assert list(line)[:11] == [
        "direction", "from", "to", "line", "answered_by", "result", "wait", "talk", "hold", "legs", "transfers",
    ]  # fmt: skip
    assert (line["from"], line["to"], line["answered_by"], line["result"]) == (
        "+74950002001",
        "74950000100",
        "101",
        "answered",
    )
    assert line["wait"] == pytest.approx(2, abs=0.01)
    assert line["started_at"].startswith("2026-11-27T")


def test_a_recording_gives_the_same_calls_whatever_its_ends_of_lines(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(recorded())
    two.write_bytes(recorded().replace(b"\r\n", b"\n"))
    assert printed(one) == printed(two)


def test_what_is_no_record_of_calls_is_named_and_the_others_are_printed(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Добрый день!")
    (tmp_path / "cdr.csv").write_text(CDR)
    code, (letter, missing, call) = printed(tmp_path / "letter.txt", tmp_path / "none", tmp_path / "cdr.csv")
    assert code == 1
    assert letter["reason"].startswith("neither a stream of the manager interface")
    assert (missing["reason"], call["result"]) == ("No such file or directory", "answered")
