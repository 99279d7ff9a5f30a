"""A tree of conditions as a question to the tables: values are parameters, never text. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.contracts.scope import EVERYTHING
from hub.kit.errors import InvalidInput
from services.campaigns.classes.sql import Runs, effective
from services.campaigns.segments.models import CARD, Condition, as_text
from services.campaigns.segments.projection import KINDS, key_of

COLUMNS = ("name", "time_zone", "language", "owner", "team")
"""Fields with a column of their own; the others are looked for in the card."""
SPEAKS = ("wrote", "called", "clicked", "opened")
"""Who did one of these was not silent."""
_FIRST, _LAST = datetime(1, 1, 3), datetime(9999, 12, 29)
MOST_NODES = 400
"""Of one question: the database takes no expression that is much deeper."""
_ROOT = "SELECT coalesce(m.root, a.k) FROM acts a LEFT JOIN merged m ON m.k = a.k"


@dataclass(slots=True)
class Question:
    """SQL with its parameters."""

    now: datetime
    segments: Mapping[str, tuple[Condition, Condition | None]]
    """Those that the conditions name, by id."""
    classes: Mapping[str, Runs] = field(default_factory=dict)
    """Runs that the conditions name, by classification."""
    given: dict[str, Any] = field(default_factory=dict)
    nodes: int = 0
    """Conditions so far, those of the segments that they name among them, as often as they are named."""

    def of(self, include: Condition, exclude: Condition | None) -> str:
        """A condition on a row `c` of `clients`. Raises InvalidInput for a segment that names itself."""
        return self._both(include, exclude, ())

    def _both(self, include: Condition, exclude: Condition | None, within: tuple[str, ...]) -> str:
        text = self._one(include, within)
        return f"({text} AND NOT {self._one(exclude, within)})" if exclude else text

    def _one(self, condition: Condition, within: tuple[str, ...]) -> str:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            fix = f"with the segments that it names it has more than {MOST_NODES} conditions; make some of them one"
            raise InvalidInput(f"include: {fix}", fields={"include": fix})
        if condition.all is not None or condition.any is not None:
            word, empty = (" AND ", "true") if condition.all is not None else (" OR ", "false")
            return f"({word.join(self._one(one, within) for one in condition.below) or empty})"
        if condition.negated is not None:
            return f"(NOT {self._one(condition.negated, within)})"
        if condition.segment is not None:
            return self._segment(condition.segment, within)
        return self._leaf(condition)

    def _segment(self, name: str, within: tuple[str, ...]) -> str:
        if name in within:
            fix = f"segment {name} is made of itself; take it out of one of them"
            raise InvalidInput(f"include: {fix}", fields={"include": fix})
        include, exclude = self.segments[name]
        return self._both(include, exclude, (*within, name))

    def _leaf(self, condition: Condition) -> str:
        if condition.field is not None:
            return self._field(condition.field, condition.compare, condition.value)
        if condition.tag is not None:
            return f"list_contains(CAST(json_extract(c.card, '$.tags') AS VARCHAR[]), {self._put(condition.tag)})"
        if condition.has is not None:
            return (
                "c.k IN (SELECT coalesce(m.root, o.k) FROM owned o LEFT JOIN merged m ON m.k = o.k"
                " LEFT JOIN addresses w ON w.address = o.address"
                f" WHERE o.channel = {self._put(condition.has)} AND coalesce(w.worthless, '') = '')"
            )
        if condition.list is not None:
            return (
                "c.k IN (SELECT coalesce(m.root, o.k) FROM members l JOIN owned o ON o.address = l.address"
                f" LEFT JOIN merged m ON m.k = o.k WHERE l.list = {self._put(key_of(condition.list))})"
            )
        if condition.silent_days is not None:
            kinds = [KINDS.index(kind) for kind in SPEAKS]
            since = self._put(_moment(self.now - timedelta(days=condition.silent_days)))
            return f"c.k NOT IN ({_ROOT} WHERE a.kind IN {tuple(kinds)} AND a.happened >= {since})"
        if condition.classed is not None:
            return self._class(condition)
        return self._did(condition)

    def _class(self, condition: Condition) -> str:
        runs, now = self.classes[condition.of or ""], _moment(self.now)
        kind, compare = condition.classed or "", condition.compare
        named = self._classed(condition, runs[0][1], now)
        if compare in ("set", "not_set"):
            text = f"c.k {'' if compare == 'set' else 'NOT '}IN (SELECT k FROM ({named}))"
        elif compare in ("above", "below"):
            sign = ">" if compare == "above" else "<"
            text = f"c.k IN (SELECT k FROM ({named}) WHERE v::INTEGER {sign} {self._put(_number(condition.value))})"
        else:
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            found = f"SELECT k FROM ({named}) WHERE list_contains({self._put([as_text(v) for v in values if v])}, v)"
            text = f"c.k {'NOT ' if compare == 'is_not' else ''}IN ({found})"
        if condition.moved_from is None or condition.since is None:
            return f"({text})"
        since = _moment(condition.since)
        then, run = next((until, run) for until, run in runs if until <= since)
        was = f"SELECT k FROM ({self._classed(condition, run, then)}) WHERE v = {self._put(condition.moved_from)}"
        assert kind, condition
        return f"({text} AND c.k IN ({was}))"

    def _classed(self, condition: Condition, run: int, at: datetime) -> str:
        names = [self._put(run), self._put(key_of(condition.of or "")), self._put(at)]
        return effective(condition.classed or "", *(name.removeprefix("$") for name in names))

    def _did(self, condition: Condition) -> str:
        where = [f"a.kind = {self._put(KINDS.index(condition.did or ''))}"]
        if condition.mailing is not None:
            where.append(f"a.mailing = {self._put(key_of(condition.mailing))}")
        since = condition.since
        if condition.within_days is not None:
            since = self.now - timedelta(days=condition.within_days)
        for moment, sign in ((since, ">="), (condition.until, "<")):
            if moment is not None:
                where.append(f"a.happened {sign} {self._put(_moment(moment))}")
        text = f"{_ROOT} WHERE {' AND '.join(where)}"
        if condition.times > 1:
            text += f" GROUP BY 1 HAVING count(DISTINCT a.id) >= {self._put(condition.times)}"
        return f"c.k IN ({text})"

    def _field(self, name: str, compare: str, value: Any) -> str:
        there = _place(name)
        if compare in ("set", "not_set"):
            return f"(coalesce({there}, '') {'<>' if compare == 'set' else '='} '')"
        return _COMPARED[compare](self, there, value, name)

    def _put(self, value: Any) -> str:
        name = f"p{len(self.given)}"
        self.given[name] = value
        return f"${name}"

    def _equal(self, there: str, value: Any, _: str) -> str:
        return f"(coalesce({there}, '') = {self._put(as_text(value))})"

    def _differs(self, there: str, value: Any, _: str) -> str:
        return f"(coalesce({there}, '') <> {self._put(as_text(value))})"

    def _contains(self, there: str, value: Any, _: str) -> str:
        return f"contains(lower(coalesce({there}, '')), lower({self._put(as_text(value))}))"

    def _starts(self, there: str, value: Any, _: str) -> str:
        return f"starts_with(lower(coalesce({there}, '')), lower({self._put(as_text(value))}))"

    def _any_of(self, there: str, value: Any, _: str) -> str:
        return f"list_contains({self._put(list(map(as_text, value)))}, coalesce({there}, ''))"

    def _above(self, there: str, value: Any, name: str) -> str:
        return self._ordered(there, value, name, ">")

    def _below(self, there: str, value: Any, name: str) -> str:
        return self._ordered(there, value, name, "<")

    def _ordered(self, there: str, value: Any, name: str, sign: str) -> str:
        if name == "opened_at":
            return f"(c.opened_at {sign} {self._put(_moment(datetime.fromisoformat(str(value))))})"
        if isinstance(value, str):
            return f"(coalesce({there}, '') {sign} {self._put(value)})"
        return f"coalesce(TRY_CAST({there} AS DOUBLE) {sign} {self._put(float(value))}, false)"


Compare = Callable[[Question, str, Any, str], str]
_COMPARED: Mapping[str, Compare] = {
    "is": Question._equal,
    "is_not": Question._differs,
    "contains": Question._contains,
    "starts": Question._starts,
    "any_of": Question._any_of,
    "above": Question._above,
    "below": Question._below,
}


def _place(name: str) -> str:
    """Names come from `models`, which lets letters, digits, _ and one point through."""
    if name in COLUMNS:
        return f"c.{name}"
    if name == "opened_at":
        return "CAST(c.opened_at AS VARCHAR)"
    assert name in CARD or name.partition(".")[0] in ("custom", "classes"), name
    return f"json_extract_string(c.card, '$.{name}')"


def _moment(moment: datetime) -> datetime:
    """In UTC, without saying so: as the tables have it."""
    inside = min(max(moment.replace(tzinfo=None), _FIRST), _LAST)
    return inside.replace(tzinfo=moment.tzinfo).astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else inside


def _number(value: Any) -> int:
    return int(value)


def among(reach: Sequence[str], given: dict[str, Any], named: str = "reach") -> str:
    """A condition on `c`: whom somebody sees; `named` is its parameter."""
    if EVERYTHING in reach:
        return "true"
    given[named] = list(reach)
    return f"list_has_any(c.seen_by, ${named})"
