"""What `omnihub mailings` says and does, by the API of a running hub."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Call = Callable[..., Any]
_STEPS = ("pause", "resume", "cancel", "launch")


def listed(options: Namespace) -> None:
    """One line a mailing: id, state, audience, name."""
    with _talking(options) as (client, call):
        for mailing in _all(client, call, "/api/v1/mailings"):
            print(mailing["id"], mailing["state"], mailing["audience"] or "", mailing["name"], sep="\t")


def counted(options: Namespace) -> None:
    """How many would get it, and why the others not."""
    with _talking(options) as (client, call):
        found = call(client, "GET", f"/api/v1/mailings/{options.id}/count")
    print(f"{found['recipients']:,} of {found['audience']:,} would get it")
    for one in found["excluded"]:
        print(f"{one['count']:,}\t{one['words']}")
    for warning in found["warnings"]:
        print(warning)


def moved(options: Namespace) -> None:
    """Launches, pauses, resumes or cancels it."""
    with _talking(options) as (client, call):
        print(call(client, "POST", f"/api/v1/mailings/{options.id}/{options.step}")["state"])


def shown(options: Namespace) -> None:
    """What came of it so far."""
    with _talking(options) as (client, call):
        mailing = call(client, "GET", f"/api/v1/mailings/{options.id}")
        found = call(client, "GET", f"/api/v1/mailings/{options.id}/statistics")
    print(mailing["state"], mailing["reason"] or mailing["name"], sep="\t")
    for name, count in found.items():
        if isinstance(count, int):
            print(f"{count:,}\t{name}")


def explained(options: Namespace) -> None:
    """Why a client got it, or did not."""
    with _talking(options) as (client, call):
        for line in call(client, "GET", f"/api/v1/mailings/{options.id}/why/{options.client}")["lines"]:
            print(line)


def exported(options: Namespace) -> None:
    """Its recipients, one line each: number, state, client, address, reason."""
    path = f"/api/v1/mailings/{options.id}/recipients"
    with _talking(options) as (client, call):
        for row in _all(client, call, path, state=options.state):
            reason = (row["reason"] or "").replace("\t", " ")
            print(row["number"], row["state"], row["client_id"] or "", row["address"], reason, sep="\t")


@contextmanager
def _talking(options: Namespace) -> Iterator[tuple[Any, Call]]:
    from hub.client import api, call  # only who asks a hub needs to load it

    with api(options.data, options.api) as client:
        yield client, call


def _all(client: Any, call: Call, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        wanted = {name: value for name, value in {**params, "after": after, "limit": 500}.items() if value}
        page = call(client, "GET", path, params=wanted)
        yield from page["items"]
        if not (after := page["next"]):
            return


def add(group: Any, command: Any, remote: Any) -> None:
    """The actions, on a parser for the group."""
    remote(command(group, "list", listed, "One line a mailing."))
    for name, run, about in (
        ("count", counted, "How many would get it, and why the others not."),
        ("show", shown, "What came of it so far."),
    ):
        remote(command(group, name, run, about)).add_argument("id")
    for step in _STEPS:
        parser = remote(command(group, step, moved, f"{step.capitalize()} it."))
        parser.add_argument("id")
        parser.set_defaults(step=step)
    why = remote(command(group, "why", explained, "Why a client got it, or did not."))
    why.add_argument("id")
    why.add_argument("client", help="id of the client")
    rows = remote(command(group, "recipients", exported, "One line a recipient."))
    rows.add_argument("id")
    rows.add_argument("--state", help="as failed")
