"""Recordings of a real exchange, folded into calls and compared with what was measured at the phones."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.telephony.ami.calls import fold
from services.telephony.ami.recordings import events_of
from services.telephony.calls.models import Call

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "asterisk"
RECORDINGS = sorted(FOLDER.glob("*.ami"))
TOLERANCE = 0.6
"""Seconds between what a phone measured and what the exchange said of it."""
DIRECTIONS = {"inbound": "in", "outbound": "out", "internal": "internal"}
CANNOT_KNOW: dict[tuple[str, str], str] = {
    ("caller_hidden_but_number_passed", "caller"): "the manager interface shows the number and nothing that hides it",
    ("caller_with_extension_suffix", "caller"): "the exchange cuts the extension off",
    ("queue_three_wait_with_positions", "legs"): "the phone that only rang was not measured; we know of it",
}
"""What the manager interface does not tell, by recording and field."""
CUT: dict[str, set[str]] = {
    "+74950002202": {"wait", "talk"},  # answered during the cut: a listing does not say when
    "+74950002203": {"wait"},  # ended during the cut
    "+74950002204": {"wait", "talk"},  # begun and answered during the cut
}
NEVER_SEEN = "+74950002205"
"""Came and went during the cut: only CDR and CEL know of it."""

pytestmark = pytest.mark.skipif(not RECORDINGS, reason="the recordings are not at ../shared/data/asterisk")


def truth(recording: Path) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads((FOLDER / f"{recording.name.partition('.')[0]}.json").read_text())
    return [call for call in found.get("calls", []) if call["caller"] != NEVER_SEEN]


def shown(call: Call) -> dict[str, Any]:
    return {
        "direction": call.direction.value,
        "caller": call.from_,
        "dialled": call.to,
        "line": call.line,
        "answered_by": call.answered_by,
        "result": call.result.value if call.result else None,
        "legs": sorted((leg.party, leg.answered) for leg in call.legs),
        "transfers": [(one.kind, one.by, one.to, one.completed) for one in call.transfers],
    }


def expected(call: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    line = call["dialled_line"] if call["direction"] == "inbound" else call.get("own_line", ours["line"])
    legs = sorted((leg["party"], leg["answered"]) for leg in call["legs"])
    return {
        "direction": DIRECTIONS[call["direction"]],
        "caller": call["caller"],
        "dialled": call["dialled_line"],
        "line": line,
        "answered_by": call["answered_by"],
        "result": call["result"],
        "legs": legs or ours["legs"],  # without legs nobody measured them
        "transfers": [(one["kind"], one["by"], one["to"], one["completed"]) for one in call.get("transfers", [])],
    }


def pairs(recording: Path) -> list[tuple[dict[str, Any], Call]]:
    calls = fold(events_of(recording))
    wanted = truth(recording)
    assert len(calls) == len(wanted), [call.linkedid for call in calls]
    left = list(calls)
    found = []
    for one in wanted:
        ours = next((call for call in left if call.linkedid == one.get("linkedid")), left[0])
        left.remove(ours)
        found.append((one, ours))
    return found


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_becomes_the_calls_that_the_phones_measured(recording: Path) -> None:
    scenario = recording.name.partition(".")[0]
    for wanted, ours in pairs(recording):
        want, got = expected(wanted, shown(ours)), shown(ours)
        for field in want:
            if (scenario, field) not in CANNOT_KNOW:
                assert got[field] == want[field], field
        unknown = CUT.get(wanted["caller"], set()) if scenario == "ami_cut_and_resync" else set()
        assert unknown <= set(ours.unsure)
        for field in {"wait", "talk", "hold"} - unknown:
            assert getattr(ours, field) == pytest.approx(wanted[f"{field}_seconds"], abs=TOLERANCE), field
        assert ours.complete


@pytest.mark.parametrize("scenario", ["ami_cut_and_resync", "restart_during_call"])
def test_a_call_whose_end_was_not_seen_says_so(scenario: str) -> None:
    if not (FOLDER / f"{scenario}.ami").exists():
        pytest.skip(f"{scenario} is not among the recordings")
    lost = [call for call in fold(events_of(FOLDER / f"{scenario}.ami")) if call.closed_by_limit]
    assert lost
    assert all("ended_at" in call.unsure for call in lost)
