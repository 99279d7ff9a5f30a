"""The language of templates: Jinja2 in a sandbox, and of simple templates the pieces that they are made of.

A template that only names variables (with a fallback, or in another case) is compiled into constant texts and places,
so that a recipient costs some substitutions. One with conditions or loops is rendered, in a process apart.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from jinja2 import TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hub.channels.content import Piece
from services.campaigns.templates.declension import CASES, declined
from services.campaigns.templates.slots import DATA, PLAIN, VARIABLES, Slot

PAGES = {"unsubscribe_url": "unsubscribe", "preferences_url": "preferences", "view_url": "view"}
"""Addresses of pages of the recipient's own."""
_FILTERS = frozenset(
    {
        *PLAIN,
        *CASES,
        "default",
        "d",
        "link",
        "abs",
        "first",
        "last",
        "length",
        "round",
        "int",
        "float",
        "replace",
        "join",
    }
    | {"truncate", "format", "list", "sort", "unique", "sum", "min", "max", "e", "escape", "striptags", "wordcount"}
)


class Lacking(Undefined):
    """A variable that the recipient does not have: it may be asked for, and has no text."""

    __slots__ = ()

    def __str__(self) -> str:
        self._fail_with_undefined_error()


class NotSimple(Exception):
    """It takes the long way. Never leaves this file."""


@cache
def environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    """A sandbox; `html` escapes what is filled in."""
    made = ImmutableSandboxedEnvironment(autoescape=html, undefined=Lacking, keep_trailing_newline=True)
    made.filters = {name: each for name, each in made.filters.items() if name in _FILTERS}
    made.filters |= {case: _in_case(case) for case in CASES}
    made.filters["link"] = lambda written, _number: written
    made.globals = {"range": made.globals["range"]}
    return made


def _in_case(case: str) -> Callable[[Context, object], object]:
    @pass_context
    def in_case(context: Context, value: object) -> object:
        """A name in a case; where that is not sure it is lacking, so that a fallback stands in."""
        found = declined(str(value), case, context.get_all()) if isinstance(value, str) else None
        return Lacking(f"a name whose {case} is not sure has no fallback") if found is None else found

    return in_case


def parsed(source: str, *, html: bool) -> nodes.Template:
    """Raises TemplateSyntaxError, with its line."""
    tree = environment(html=html).parse(source)
    for found in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
        raise TemplateSyntaxError("a template stands for itself: no include, import, extends or block", found.lineno)
    for one in tree.find_all(nodes.Filter):
        if one.name and one.name not in environment(html=html).filters:
            raise TemplateSyntaxError(f"there is no filter {one.name!r}{_close(one.name, _FILTERS)}", one.lineno)
    return tree


def unknown_names(tree: nodes.Template) -> list[str]:
    """What it names that no recipient has, in words."""
    from jinja2.meta import find_undeclared_variables

    known = {*VARIABLES, *PAGES, DATA, "range", "loop"}
    return [
        f"there is no variable {name!r}{_close(name, known)}"
        for name in sorted(find_undeclared_variables(tree) - known)
    ]


def variables_of(tree: nodes.Template) -> set[str]:
    """The variables that it names, as `first_name` and `data.city`."""
    names = {found.name for found in tree.find_all(nodes.Name) if found.name in VARIABLES}
    paths = (_path(found) for found in tree.find_all((nodes.Getattr, nodes.Getitem)))
    if any(found.name in CASES for found in tree.find_all(nodes.Filter)):
        names |= {"first_name", "patronymic", "surname"}  # they say whether he is a man
    return names | {".".join(path) for path in paths if path and path[0] == DATA}


def _close(name: str, known: Sequence[str] | set[str] | frozenset[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


@dataclass(slots=True)
class Pieces:
    """What a simple template is made of; places are numbered over all parts of a message."""

    slots: list[Slot]

    def of(self, tree: nodes.Template, *, html: bool) -> list[Piece] | None:
        """None: it takes the long way."""
        before = len(self.slots)
        try:
            return _joined(self._pieces(tree.body, html=html))
        except NotSimple:
            del self.slots[before:]
            return None

    def _pieces(self, body: Sequence[nodes.Node], *, html: bool) -> Iterator[Piece]:
        for node in body:
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    yield part.data if isinstance(part, nodes.TemplateData) else self._place(part, html=html)
            elif isinstance(node, nodes.FilterBlock):
                yield ["link", _link_number(node.filter), _joined(self._pieces(node.body, html=html))]
            else:
                raise NotSimple

    def _place(self, node: nodes.Node, *, html: bool) -> Piece:
        if isinstance(node, nodes.Name) and node.name in PAGES:
            return ["page", PAGES[node.name]]
        slot = _slot(node)
        if slot not in self.slots:
            self.slots.append(slot)
        return ["value", self.slots.index(slot), html]


def _slot(node: nodes.Node) -> Slot:
    steps: list[tuple[str, ...]] = []
    while isinstance(node, nodes.Filter) and node.node is not None and not (node.dyn_args or node.kwargs):
        steps.insert(0, _step(node))
        node = node.node
    path = _path(node)
    if not path or (path[0] not in VARIABLES and path[0] != DATA):
        raise NotSimple
    return Slot(path, tuple(steps))


def _step(node: nodes.Filter) -> tuple[str, ...]:
    given = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
    if node.name in ("default", "d") and given and len(given) == len(node.args):
        return ("default", str(given[0]))
    if node.name in (*PLAIN, *CASES) and not node.args:
        return (node.name,)
    raise NotSimple


def _path(node: nodes.Node) -> tuple[str, ...]:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _path(node.node)
        return (*before, str(node.arg.value)) if before else ()
    return ()


def _link_number(given: nodes.Filter) -> int:
    if given.name != "link" or len(given.args) != 1 or not isinstance(given.args[0], nodes.Const):
        raise NotSimple
    return int(given.args[0].value)


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Neighbouring texts as one."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return joined
