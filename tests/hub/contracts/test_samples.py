"""One recorded sample of each event version parses for ever, as an older and as a newer writer wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.contracts.base import Record, encode
from hub.contracts.registry import REGISTRY
from hub.contracts.topics import TOPICS
from hub.kit.errors import Undecodable

SAMPLES = Path(__file__).parents[1] / "samples"


def a_sample(event_type: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((SAMPLES / f"{event_type}.json").read_text())
    return sample


def record_of(sample: dict[str, Any]) -> Record:
    return Record(
        topic=sample["topic"],
        key=sample["key"].encode(),
        value=json.dumps(sample["body"], ensure_ascii=False).encode(),
        headers=[(name, value.encode()) for name, value in sample["headers"].items()],
    )


def test_every_event_version_has_a_sample_and_no_sample_is_without_its_event() -> None:
    assert sorted(path.stem for path in SAMPLES.glob("*.json")) == sorted(REGISTRY.events)


@pytest.mark.parametrize("event_type", sorted(REGISTRY.events))
def test_a_sample_parses_and_nothing_of_it_is_lost(event_type: str) -> None:
    sample = a_sample(event_type)
    again = encode(REGISTRY.decode(record_of(sample)))
    assert (again.topic, again.key.decode()) == (sample["topic"], sample["key"])
    assert {name: value.decode() for name, value in again.headers}.items() >= sample["headers"].items()
    assert _holds(json.loads(again.value), sample["body"])


@pytest.mark.parametrize("event_type", sorted(REGISTRY.events))
def test_what_a_newer_writer_added_is_ignored(event_type: str) -> None:
    sample = a_sample(event_type)
    newer = {**sample, "body": _with_news(sample["body"])}
    assert REGISTRY.decode(record_of(newer)).event == REGISTRY.decode(record_of(sample)).event


@pytest.mark.parametrize("event_type", sorted(REGISTRY.events))
def test_an_event_is_published_on_a_declared_topic(event_type: str) -> None:
    assert a_sample(event_type)["topic"] in {topic.name for topic in TOPICS}


def test_a_type_nobody_knows_is_undecodable() -> None:
    sample = a_sample("client.opened.v1")
    sample["headers"]["ce_type"] = "client.opened.v99"
    with pytest.raises(Undecodable, match="unknown event type"):
        REGISTRY.decode(record_of(sample))


def _holds(new: Any, old: Any) -> bool:
    """Whether `new` says all that `old` says."""
    if isinstance(old, dict):
        return all(name in new and _holds(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(_holds, new, old))
    return bool(new == old)


def _with_news(value: Any) -> Any:
    if isinstance(value, dict):
        return {"news": {"of": ["a later version"]}} | {name: _with_news(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_news(part) for part in value]
    return value
