"""docs/events.md says what the topics are."""

from datetime import timedelta
from pathlib import Path

from hub.contracts.topics import TOPICS, Topic

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


def row_of(topic: Topic) -> str:
    days = "for ever" if topic.retention is None else f"{topic.retention // timedelta(days=1)} days"
    size = "" if topic.retention_bytes is None else f", {topic.retention_bytes:,} bytes a partition"
    return f"| `{topic.name}` | {topic.key} | {topic.partitions} | {days}{size} |"


def test_the_page_on_events_lists_every_topic_as_it_is_declared() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert rows == [row_of(topic) for topic in TOPICS]
