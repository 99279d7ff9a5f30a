"""Revenue shared among the touches before it, as questions to the tables: in hundredths, so that nothing is lost.

Of a revenue R and touches of weights w the n-th gets floor(R * (w1 + … + wn) / W) less what those before it got: the
sum is R, whatever the weights. Weights are whole numbers.
"""

MODELS = ("first", "last", "linear", "position", "decay")
WHOLE = 1_000_000
"""Parts of one deal, shared in the same way."""
_WEIGHTS = {
    "first": "(pos = 1)::BIGINT",
    "last": "(pos = n)::BIGINT",
    "linear": "1::BIGINT",
    # Two fifths each to the first and the last one, the rest evenly to those between (a half each of two).
    "position": "CASE WHEN n <= 2 THEN 1 WHEN pos IN (1, n) THEN 2 * (n - 2) ELSE 1 END",
    # Half as much for each so many days before the deal.
    "decay": "greatest(1, round(1000000 * pow(0.5, epoch(cut - happened) / (86400 * $half))))::BIGINT",
}
PERSON = "coalesce(m.root, h.k, v.a, {w})"
"""Whose something is now: of a visitor his address, of an address its client, of a client whom he is read as."""
_WHOSE = """
  LEFT JOIN known v ON v.w = {w}
  LEFT JOIN (SELECT w, min(k) AS k FROM holds GROUP BY w) h ON h.w = coalesce(v.a, {w})
  LEFT JOIN merged m ON m.k = coalesce(h.k, {w})"""
REVENUES = f"""
paid AS (
  SELECT deal, arg_min(k, struct_pack(m := moment, k := k)) AS first FROM payments
  WHERE NOT removed AND deal <> 0 AND minor >= 0 GROUP BY 1
),
raw AS (
  SELECT d.k AS conv, d.id, d.client AS w, d.opened AS cut, d.closed AS moment, d.minor, d.currency, true AS counted
  FROM deals d LEFT JOIN paid ON paid.deal = d.k WHERE d.state = 'won' AND d.closed IS NOT NULL AND paid.deal IS NULL
  UNION ALL
  SELECT p.k, p.id, coalesce(d.client, p.w), coalesce(least(d.opened, p.moment), p.moment), p.moment, p.minor,
    p.currency, p.minor >= 0 AND (p.deal = 0 OR p.k = paid.first)
  FROM payments p LEFT JOIN deals d ON d.k = p.deal LEFT JOIN paid ON paid.deal = p.deal WHERE NOT p.removed
),
owned AS (SELECT r.*, {PERSON.format(w="r.w")} AS person FROM raw r {_WHOSE.format(w="r.w")}),
worth AS (
  SELECT o.*, CASE WHEN o.currency = $currency THEN 1 ELSE r.rate END AS rate
  FROM owned o ASOF LEFT JOIN rates r ON r.currency = o.currency AND r.day <= o.moment
),
revenues AS (
  SELECT conv, id, person, cut, moment, counted, rate IS NULL AND minor <> 0 AS unworth, minor AS own, currency,
    coalesce(round(minor * rate)::HUGEINT, 0) AS minor,
    counted AND row_number() OVER (PARTITION BY person, counted ORDER BY moment, conv) = 1 AS newcomer
  FROM worth
)"""
_MET = f"""
met AS (
  SELECT t.told, t.node, t.happened, t.kind, t.value, t.interaction, {PERSON.format(w="t.w")} AS person
  FROM touches t {_WHOSE.format(w="t.w")}
),
pairs AS (
  SELECT r.conv, r.id, r.person, r.cut, r.moment, r.counted, r.newcomer, r.minor, m.told, coalesce(m.node, 0) AS node,
    coalesce(m.happened, r.cut) AS happened, m.kind, m.value, m.interaction
  FROM chosen r LEFT JOIN met m
    ON m.person = r.person AND m.happened <= r.cut AND m.happened > r.cut - to_days($lookback)
),
placed AS (
  SELECT *, row_number() OVER one AS pos, count(*) OVER (PARTITION BY conv) AS n FROM pairs
  WINDOW one AS (PARTITION BY conv ORDER BY happened, told)
),
weighed AS (SELECT *, {", ".join(f"{text} AS w_{name}" for name, text in _WEIGHTS.items())} FROM placed),
summed AS (
  SELECT *, {", ".join(f"sum(w_{m}) OVER upto AS c_{m}, sum(w_{m}) OVER whole AS t_{m}" for m in MODELS)}
  FROM weighed
  WINDOW upto AS (PARTITION BY conv ORDER BY happened, told ROWS UNBOUNDED PRECEDING), whole AS (PARTITION BY conv)
)"""


def _share(of: str, model: str) -> str:
    upto, before = f"c_{model}::HUGEINT", f"(c_{model} - w_{model})::HUGEINT"
    return f"(({of} * {upto}) // t_{model} - ({of} * {before}) // t_{model})::HUGEINT"


def _credited(where: str) -> str:
    return f"WITH {REVENUES}, chosen AS (SELECT * FROM revenues {where}), {_MET}"


def computed() -> str:
    """All of it, by source and day, a column for each model; sources as they were met, whatever they are read as."""
    parts = [
        f"sum({_share('minor', m)}) AS r_{m}, sum({_share(f'{WHOLE} * counted::INT', m)}) AS d_{m},"
        f" sum({_share(f'{WHOLE} * newcomer::INT', m)}) AS n_{m}"
        for m in MODELS
    ]
    return f"{_credited('')} SELECT node, moment::DATE AS day, {', '.join(parts)} FROM summed GROUP BY ALL"


def long_rows() -> str:
    """The same with a row for each model, from the table `wide`."""
    return " UNION ALL ".join(
        f"SELECT '{m}' AS model, node, day, r_{m} AS minor, d_{m} AS parts, n_{m} AS newcomers FROM wide WHERE"
        f" r_{m} <> 0 OR d_{m} <> 0"
        for m in MODELS
    )


_IN_TIME = "WHERE moment >= $since AND moment < $until"


def drilled(model: str, seen: str) -> str:
    """The deals and payments behind a number, touch by touch; `$below` are the sources meant (0: none known), `seen`
    is a condition on a person, `c`. What is no person's is seen.
    """
    share, parts = _share("minor", model), _share(f"{WHOLE} * counted::INT", model)
    return (
        f"{_credited(_IN_TIME)}, told_rows AS (SELECT *, {share} AS credit, {parts} AS part FROM summed)"
        " SELECT s.id, c.id AS client, s.moment, s.minor, s.credit, s.part, s.told, s.node, s.happened, s.kind,"
        " s.value, s.interaction FROM told_rows s LEFT JOIN people c ON c.k = s.person"
        f" WHERE (credit <> 0 OR part <> 0) AND list_contains($below, s.node) AND (c.k IS NULL OR {seen})"
        " ORDER BY s.moment, s.id, s.happened, s.told LIMIT $most"
    )


def touched(seen: str, *, leads: bool, within: bool) -> str:
    """Touches of a time, of the sources `$below` where `within` is set; `seen` as in `drilled`."""
    also = (" AND t.lead" if leads else "") + (" AND list_contains($below, t.node)" if within else "")
    return (
        "SELECT t.told, c.id, t.node, t.happened, t.kind, t.value, t.interaction, t.lead"
        f" FROM touches t {_WHOSE.format(w='t.w')} LEFT JOIN people c ON c.k = {PERSON.format(w='t.w')}"
        f" WHERE t.happened >= $since AND t.happened < $until{also} AND (c.k IS NULL OR {seen})"
        " ORDER BY t.happened, t.told LIMIT $most"
    )


def items(model: str) -> str:
    """Of each deal and payment of a time what each source got."""
    share = _share("minor", model)
    return (
        f"{_credited(_IN_TIME)} SELECT id, node, sum({share})::HUGEINT AS credit FROM summed GROUP BY id, node"
        " HAVING credit <> 0 ORDER BY id, node"
    )


_BY_DAY = "SELECT currency, moment::DATE AS day, sum(own), count(*) FROM revenues WHERE unworth GROUP BY ALL"
UNWORTH = f"WITH {REVENUES} {_BY_DAY}"
LEFT_OUT = (
    "SELECT currency, sum(minor)::HUGEINT, sum(times)::BIGINT FROM unworth"
    " WHERE day >= $first AND day <= $final GROUP BY 1 ORDER BY 1"
)
SUMS = (
    "SELECT model, node, sum(minor)::HUGEINT, sum(parts)::HUGEINT, sum(newcomers)::HUGEINT FROM sums"
    " WHERE day >= $first AND day <= $final GROUP BY ALL"
)
LEADS = "SELECT node, count(*) FROM touches WHERE lead AND happened >= $since AND happened < $until GROUP BY 1"
MET = "SELECT node, count(*) FROM touches WHERE happened >= $since AND happened < $until GROUP BY 1"
_DAYS = "datediff('day', since, upto) + 1"
COSTS = f"""
WITH within AS (
  SELECT c.node, c.kind, c.currency, c.minor, {_DAYS} AS days, greatest(0, datediff('day', since, $first)) AS a,
    least({_DAYS}, datediff('day', since, $final) + 1) AS b, since
  FROM costs c WHERE NOT removed AND since <= $final AND upto >= $first
),
worth AS (
  SELECT w.*, CASE WHEN w.currency = $currency THEN 1 ELSE r.rate END AS rate
  FROM within w ASOF LEFT JOIN rates r ON r.currency = w.currency AND r.day <= w.since
)
SELECT node, kind, sum(coalesce(
    (round(minor * rate)::HUGEINT * b) // days - (round(minor * rate)::HUGEINT * a) // days, 0))::HUGEINT,
  count(*) FILTER (WHERE rate IS NULL)
FROM worth GROUP BY ALL
"""
NODES = "SELECT k, id, level, parent, name, reference, leads_to FROM nodes"


def whose_seen(seen: str) -> str:
    """Of `$whose` those of people for whom a condition on `c` holds, and of nobody that is known."""
    return (
        f"SELECT g.w FROM (SELECT unnest($whose::UBIGINT[]) AS w) g {_WHOSE.format(w='g.w')}"
        f" LEFT JOIN people c ON c.k = {PERSON.format(w='g.w')} WHERE c.k IS NULL OR {seen}"
    )


RATE_ON = "SELECT rate FROM rates WHERE currency = $of AND day <= $day ORDER BY day DESC LIMIT 1"
KNOWN_CLIENTS = "SELECT k FROM people WHERE list_contains($clients::UBIGINT[], k)"
CLIENTS_OF_DEALS = "SELECT k, client FROM deals WHERE list_contains($deals::UBIGINT[], k)"
LAST_SOURCE = """
SELECT n.id FROM touches t JOIN nodes n ON n.k = t.node WHERE t.w = $w ORDER BY t.happened DESC, t.told DESC LIMIT 1
"""
TOUCHES_OF = f"""
SELECT t.told, n.id, t.happened, t.kind, t.value, t.interaction, t.lead FROM touches t {_WHOSE.format(w="t.w")}
JOIN nodes n ON n.k = t.node
WHERE {PERSON.format(w="t.w")} = (
  SELECT coalesce(x.root, $client) FROM (SELECT 1) LEFT JOIN merged x ON x.k = $client)
ORDER BY t.happened, t.told LIMIT $most
"""
