"""Classes as questions to the tables: whole numbers throughout, equals are in one class whatever their order. Pure.

Larger clients come first in ABC: one is A while those who are larger than he bring less than the limit. A score is
one more than the shares of clients, less than he, that are reached.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.campaigns.attribution.sql import REVENUES
from services.campaigns.classes.models import LETTERS, SCORES, Measure, basis

Runs = Sequence[tuple[datetime, int]]
"""Runs that are in the tables: when their periods ended, in UTC, and their numbers; the newest first."""
COLUMNS = ("k", "abc", "xyz", "bcg", *SCORES, "amount", "previous", "times", "latest")
"""Of a run, and of the table `classified` behind the run."""
_BOUGHT = f"""
{REVENUES},
facts AS (
  SELECT person AS k, moment, {{amount}} AS amount, counted::BIGINT AS times FROM revenues
  WHERE moment >= $before AND moment < $until
)"""
_SPOKE = """
facts AS (
  SELECT coalesce(m.root, a.k) AS k, a.happened AS moment, 1::HUGEINT AS amount, 1::BIGINT AS times
  FROM (
    SELECT DISTINCT ON (id) k, happened FROM acts WHERE kind IN (0, 1) AND happened >= $before AND happened < $until
  ) a LEFT JOIN merged m ON m.k = a.k
)"""
"""What is told again is in `acts` again."""
_FACTS: Mapping[Measure, tuple[str, str]] = {
    "revenue": (_BOUGHT.format(amount="minor::HUGEINT"), "people"),
    "deals": (_BOUGHT.format(amount="counted::HUGEINT"), "people"),
    "interactions": (_SPOKE, "clients"),
}
"""What is counted, and the table of those whom it is counted of; `wrote` and `called` are the acts 0 and 1."""
_EXACT = 10**16
"""Up to this the parts of a client are squared as they are; larger ones are rounded so that squares have room."""
_OWN = """
own AS (
  SELECT f.k, coalesce(sum(amount) FILTER (WHERE moment >= $since), 0)::HUGEINT AS amount,
    coalesce(sum(amount) FILTER (WHERE moment < $since), 0)::HUGEINT AS previous,
    coalesce(sum(times) FILTER (WHERE moment >= $since), 0)::BIGINT AS times,
    max(moment) FILTER (WHERE moment >= $since) AS latest
  FROM facts f JOIN {people} c ON c.k = f.k WHERE c.leads_to = 0 AND {seen} GROUP BY 1 HAVING latest IS NOT NULL
),
parts AS (
  SELECT k, ((epoch_us(moment) - epoch_us($since)) * $parts) // (epoch_us($until) - epoch_us($since)) AS part,
    sum(amount)::HUGEINT AS amount
  FROM facts WHERE moment >= $since GROUP BY 1, 2
),
units AS (SELECT k, greatest(1, max(abs(amount)) // {unit})::HUGEINT AS unit FROM parts GROUP BY 1),
spread AS (
  SELECT k, any_value(unit) AS unit, sum((amount // unit) * (amount // unit))::HUGEINT AS squares
  FROM parts JOIN units USING (k) GROUP BY 1
),
ranked AS (
  SELECT own.*, squares, amount // unit AS even, count(*) OVER () AS n,
    sum(greatest(amount, 0)) OVER ()::HUGEINT AS whole,
    (sum(greatest(amount, 0)) OVER (ORDER BY amount DESC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
      - sum(greatest(amount, 0)) OVER (PARTITION BY amount))::HUGEINT AS larger,
    rank() OVER (ORDER BY latest) - 1 AS earlier, rank() OVER (ORDER BY times) - 1 AS rarer,
    rank() OVER (ORDER BY amount) - 1 AS less
  FROM own JOIN spread USING (k)
)"""
_ABC = (
    "CASE WHEN amount <= 0 THEN 'C' WHEN larger * 10000 < whole * $a THEN 'A'"
    " WHEN larger * 10000 < whole * $b THEN 'B' ELSE 'C' END"
)
_VARIES = "sqrt(greatest($parts * squares - even * even, 0)::DOUBLE) / even::DOUBLE * 10000"
_XYZ = f"CASE WHEN even <= 0 THEN 'Z' WHEN {_VARIES} <= $x THEN 'X' WHEN {_VARIES} <= $y THEN 'Y' ELSE 'Z' END"
_LARGE = "amount * n * 10000 >= whole * $size AND amount > 0"
_GROWS = "CASE WHEN previous <= 0 THEN amount > 0 ELSE (amount - previous) * 10000 >= previous * $growth END"
_BCG = (
    f"CASE WHEN {_LARGE} THEN CASE WHEN {_GROWS} THEN 'star' ELSE 'cash_cow' END"
    f" WHEN {_GROWS} THEN 'question' ELSE 'dog' END"
)


def classed(measure: Measure, seen: str, cuts: int) -> str:
    """A row of `COLUMNS` for each client who did anything in the period; `seen` is a condition on him, `c`."""
    facts, people = _FACTS[measure]
    scores = [_score(of, cuts) for of in ("earlier", "rarer", "less")]
    named = ", ".join(f"{text} AS {name}" for name, text in zip(SCORES, scores, strict=True))
    return (
        f"WITH {facts}, {_OWN.format(people=people, seen=seen, unit=_EXACT)}"
        f" SELECT k, {_ABC} AS abc, {_XYZ} AS xyz, {_BCG} AS bcg, {named}, amount::DECIMAL(38, 0) AS amount,"
        " previous::DECIMAL(38, 0) AS previous, times, latest"
        " FROM ranked ORDER BY k"
    )


def _score(less: str, cuts: int) -> str:
    steps = " + ".join(f"({less} * 10000 >= n * $cut{one})::INTEGER" for one in range(cuts))
    return f"(1 + {steps})::UTINYINT"


def given_of(limits: Mapping[str, Any], parts: int) -> dict[str, Any]:
    """The parameters of the limits."""
    cuts = {f"cut{n}": basis(one) for n, one in enumerate(limits["rfm"])}
    pairs = ((name, "abc") for name in ("a", "b")), ((name, "xyz") for name in ("x", "y"))
    named = [*(one for pair in pairs for one in pair), ("size", "bcg"), ("growth", "bcg")]
    return {"parts": parts, **{name: basis(limits[kind][name]) for name, kind in named}, **cuts}


def unworth(seen: str) -> str:
    """Currencies of the period that have no rate: what they are of, how much and how often; of the clients, `c`, for
    whom a condition holds.
    """
    return (
        f"WITH {REVENUES} SELECT currency, sum(own)::HUGEINT, count(*) FROM revenues JOIN people c ON c.k = person"
        f" WHERE unworth AND moment >= $since AND moment < $until AND {seen} GROUP BY 1 ORDER BY 1"
    )


def effective(kind: str, run: str, classification: str, at: str) -> str:
    """A table of `k` (as he is read now) and `v`, his class in a run with the corrections that held at a moment.

    `kind` is one of `KINDS`; the others name parameters. Of two clients who are one now the larger one counts.
    """
    assert kind in LETTERS or kind in SCORES, kind
    return (
        "SELECT coalesce(x.k, r.k) AS k, coalesce(x.v, r.v) AS v FROM ("
        f"SELECT coalesce(m.root, q.k) AS k, arg_max(CAST({kind} AS VARCHAR), amount) AS v FROM classified q"
        f" LEFT JOIN merged m ON m.k = q.k WHERE run = ${run} GROUP BY 1) r FULL JOIN ("
        "SELECT coalesce(m.root, q.k) AS k, arg_max(value, since) AS v FROM corrected q LEFT JOIN merged m"
        f" ON m.k = q.k WHERE classification = ${classification} AND kind = '{kind}' AND since <= ${at}"
        f" AND (until IS NULL OR until > ${at}) GROUP BY 1) x ON x.k = r.k"
    )


HIS = "(SELECT $k UNION ALL SELECT k FROM merged WHERE root = $k)"
"""A client and those who were merged into him."""
STORY = f"""
SELECT run, {", ".join(f"CAST({kind} AS VARCHAR)" for kind in (*LETTERS, *SCORES))} FROM classified
WHERE run IN (SELECT unnest($runs::UBIGINT[])) AND k IN {HIS} ORDER BY amount
"""
"""What one client was in some runs, a row for each card of his: of two the larger one counts, which is the last."""
WORDS = f"""
SELECT classification, kind, value, since, until FROM corrected
WHERE classification IN (SELECT unnest($of::UBIGINT[])) AND k IN {HIS} ORDER BY since
"""
"""What was corrected of one client, the newest last."""


def naive(moment: datetime) -> datetime:
    """In UTC, without saying so: as the tables have moments. It is UTC already."""
    return moment.replace(tzinfo=None)
