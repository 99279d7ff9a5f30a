"""What a launch would come to, counted before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.campaigns.mailings.audience import LACKS, Decided, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a launch would come to."""

    audience: int
    recipients: int
    excluded: Mapping[str, int]
    """By reason."""
    examples: tuple[tuple[str, str, str], ...]
    """Client id, name and reason of some that are left out."""

    @property
    def warnings(self) -> list[str]:
        return [
            f"{count:,} of {self.audience:,} lack {reason.partition(':')[2]}"
            for reason, count in self.excluded.items()
            if reason.startswith(LACKS)
        ]


def example(one: Decided) -> tuple[str, str, str]:
    """Client id, name and reason of somebody who is left out."""
    person = one.person
    return person.client_id, person.name or person.data.get("name", ""), words_of(one.reason)
