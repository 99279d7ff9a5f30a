"""Whose records somebody sees: own, his teams', his people's, all; and what others are shown of confidential ones.

A record (a chain, a client) lists by whom it is seen, as tokens: `owner:anna` for who owns it, `team:t_1` for each
team that has to do with it, `team:` where none has. Who asks comes with tokens of the same kind, his reach; he sees
what has one of them. A reach of `*` has them all.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

EVERYTHING = "*"
OPEN = "team:"
"""Of records that are no team's: whoever sees what is a team's sees them."""
Shown = Literal["full", "subject", "metadata", "nothing"]
"""What of a record is shown: all; that it was, between whom and about what; that it was; nothing, not even that."""
SHOWN: tuple[Shown, ...] = ("full", "subject", "metadata", "nothing")
"""From the most to the least."""


class Scope(StrEnum):
    """Each has what stands before it."""

    NONE = "none"
    OWN = "own"
    """What one owns."""
    TEAM = "team"
    """What one's teams have, and what is no team's."""
    SUBORDINATES = "subordinates"
    """What the members of the teams own that one leads, and what those teams have."""
    ALL = "all"


Scopes = Mapping[str, Scope]
"""By `noun.action`, `noun`, `*.action` or `*`; the first of these that is there counts."""


def scope_of(scopes: Scopes, noun: str, action: str) -> Scope:
    """What a role may do so with such things; none where nothing is said."""
    names = (f"{noun}.{action}", noun, f"*.{action}", EVERYTHING)
    return next((scopes[name] for name in names if name in scopes), Scope.NONE)


def owned_by(login: str) -> str:
    return f"owner:{login}"


def of_team(team: str | None) -> str:
    return f"team:{team or ''}"


def seen_by(owner: str | None, teams: Iterable[str | None]) -> list[str]:
    """The tokens of a record that somebody owns and that these teams have to do with."""
    tokens = {of_team(team) for team in teams if team} or {OPEN}
    return sorted(tokens | ({owned_by(owner)} if owner else set()))


def with_team(tokens: Iterable[str], team: str | None) -> list[str]:
    """The tokens, that team's too: it is nobody's any longer."""
    return sorted({*tokens, of_team(team)} - {OPEN}) if team else sorted(tokens)


def strictest(*given: str | None) -> Shown:
    """What is shown of a record that came by several accounts."""
    return max((shown for shown in SHOWN if shown in given), key=SHOWN.index, default="full")


def reaches(reach: Sequence[str], tokens: Iterable[str]) -> bool:
    return EVERYTHING in reach or not set(reach).isdisjoint(tokens)


def shown_to(
    login: str, teams: Iterable[str], reach: Sequence[str], *, tokens: Iterable[str], private: bool, others: Shown
) -> Shown:
    """What somebody is shown of a record.

    Its owner sees all of it. Of a private one everybody else sees that it is there; of a confidential one (`others`)
    the teams that have to do with it see all, and everybody else as much as is said.
    """
    tokens = set(tokens)
    if owned_by(login) in tokens and reach:
        return "full"
    if not reaches(reach, tokens):
        return "nothing"
    if private:
        return "metadata" if others != "nothing" else "nothing"
    return "full" if tokens & {of_team(team) for team in teams} else others
