"""Renders templates with conditions or loops, for many recipients at once.

Runs in a process apart (`hub.kit.apart`), which the kernel ends at its limits; what one recipient may take is bounded
here, so that a template that fails for one of a million fails for him alone.
"""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jinja2 import Template, TemplateError

from hub.channels.content import Content, Fill, tracked
from services.campaigns.templates.markup import HONEYPOT, cut_at_end, honeypot
from services.campaigns.templates.syntax import PAGES, environment

RENDER = "services.campaigns.templates.rendering:render_many"
MOST = 500_000
"""Bytes of each part of one message."""
CPU_SECONDS = 0.3
"""For one recipient."""
GIVES_UP = 3
"""After so many who took too long the others of a call have no chance either."""
_TOO_LONG = f"takes more than {CPU_SECONDS:g} s of CPU time"


class _TooLong(Exception):
    """Never leaves this file."""


def render_many(
    sources: Mapping[str, str], content: Mapping[str, Any], people: Sequence[tuple[int, Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """For each person (his number and his variables) `subject`, `text` and `html`, or `failed` with the reason."""
    made = Content(**content)
    parts = {part: environment(html=part == "html").from_string(source) for part, source in sources.items() if source}
    done: list[dict[str, Any]] = []
    slow = 0
    for number, variables in people:
        one = {"failed": _TOO_LONG} if slow >= GIVES_UP else _one(parts, made, number, variables)
        slow += one.get("failed") == _TOO_LONG
        done.append(one)
    return done


def _one(
    parts: Mapping[str, Template], content: Content, number: int, variables: Mapping[str, Any]
) -> dict[str, Any]:
    fill = Fill(content, number, ())
    context = {**_present(variables), **{name: fill.page(page) for name, page in PAGES.items()}}
    try:
        with _at_most(CPU_SECONDS):
            made = {part: _bounded(_of_one(template, content, number), context) for part, template in parts.items()}
    except _TooLong:
        return {"failed": _TOO_LONG}
    except TemplateError as exc:
        return {"failed": f"{exc.message}"}
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as exc:
        return {"failed": f"{type(exc).__name__}: {str(exc)[:200]}"}
    if "html" in made:
        made["html"] = _closed(made["html"], fill)
    return {
        "subject": " ".join(made.get("subject", "").split()),
        "text": made.get("text", ""),
        "html": made.get("html"),
    }


def _of_one(template: Template, content: Content, number: int) -> Template:
    base = content.base if content.counts else ""
    key = bytes.fromhex(content.key)
    template.environment.filters["link"] = lambda written, link: tracked(
        base, key, content.mailing, number, link, str(written)
    )
    return template


def _bounded(template: Template, context: Mapping[str, Any]) -> str:
    """Raises ValueError above `MOST`."""
    size, pieces = 0, []
    for piece in template.generate(context):
        size += len(piece.encode())
        if size > MOST:
            raise ValueError(f"it becomes more than {MOST:,} bytes")
        pieces.append(piece)
    return "".join(pieces)


def _present(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: a template asks for it as for what is not there."""
    return {
        name: _present(value) if isinstance(value, Mapping) else value
        for name, value in variables.items()
        if value not in (None, "")
    }


def _closed(html: str, fill: Fill) -> str:
    before, after = cut_at_end(html)
    trap = honeypot(fill.place(["link", HONEYPOT, [["page", "view"]]]))
    return f"{before}{trap}{fill.place(['pixel'])}{after}"


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Ends what takes more CPU time than that, between two of its steps; a single step is the kernel's to end."""

    def over(_: int, __: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
