"""The `omnihub` command."""

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from hub import campaigning
from hub.kit.errors import ConfigurationError, HubError
from hub.kit.memory import load
from hub.kit.private import UMASK
from hub.kit.settings import Source

REFUSED = 2
"""Exit code of a start that was refused: nothing was touched."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; exits with 2 and one line when the settings or the input do not allow it."""
    options = parser().parse_args(arguments)
    load()
    os.umask(UMASK)
    try:
        sys.exit(options.run(options) or 0)
    except ConfigurationError as exc:
        sys.exit(_refuse(exc, REFUSED))
    except HubError as exc:
        sys.exit(_refuse(exc, 1))
    except KeyboardInterrupt:
        sys.exit(130)


def _refuse(exc: Exception, code: int) -> int:
    print(f"omnihub: {exc}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="omnihub", description="An omnichannel communications hub.")
    parser.add_argument("--settings", type=Path, help="settings file (see omnihub.example.toml)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_running(commands)
    _add_keeping(commands)
    _add_mailboxes(commands)
    _add_dead_letters(commands)
    _add_groups(commands)
    _add_audit(commands)
    _add_consent(commands)
    _add_mailings(commands)
    _add_inspect(commands)
    _add_dialler(commands)
    _add_clients(commands)
    _command(commands, "openapi", _openapi, "The description of the API, OpenAPI 3.1 in JSON; no hub has to run.")
    _command(commands, "model", _model, "The model on one page, with a picture of what refers to what.")
    _command(commands, "settings", _settings, "Every setting with its variable, its default and what it is for.")
    return parser


def _command(group: Any, name: str, run: Callable[[argparse.Namespace], int | None], about: str) -> Any:
    parser = group.add_parser(name, help=about, description=about)
    parser.set_defaults(run=run)
    return parser


def _add_running(commands: Any) -> None:
    up = _command(commands, "up", _up, "Run everything in one process, with nothing to install beside it.")
    up.add_argument("--data", type=Path, help="folder for all data (./data)")
    up.add_argument("--port", type=int, help="port of the API (8800); 0 picks a free one")
    up.add_argument("--demo", action="store_true", help="with simulated mail, Telegram and SMS, and a cast")
    simulators = _command(commands, "simulators", _simulators, "Run the mail servers and the demo cast alone.")
    simulators.add_argument("--data", type=Path, default=Path("data"), help="folder for their mail (./data)")
    simulators.add_argument("--play", action="store_true", help="let the cast write")
    demo = _command(commands, "demo", _demo, "Run the simulators and the cast beside a hub of services.")
    demo.add_argument("--data", type=Path, help="folder of the key file, and for their mail (./data)")
    demo.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    demo.add_argument("--name", default="127.0.0.1", metavar="HOST", help="where the services find them (127.0.0.1)")
    demo.add_argument("--first-port", type=int, default=0, metavar="PORT", help="of six in a row; 0: any")
    serve = _command(commands, "serve", _serve, "Run one service on Kafka and MongoDB; as many copies as wanted.")
    serve.add_argument("service", help="one of interactions, email, messaging, telephony, campaigns, gateway")
    serve.add_argument("--data", type=Path, help="folder of the key file (./data)")
    serve.add_argument("--host", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on; 0 picks a free one")


def _add_keeping(commands: Any) -> None:
    target = "a file, or s3://BUCKET/KEY with the usual AWS_ variables"
    for name, run, about, place in (
        ("backup", _backup, "Write all of a hub's data into one file, while it runs.", f"where to: {target}"),
        ("restore", _restore, "Make a data folder of a backup; its hub starts held.", f"where from: {target}"),
    ):
        command = _command(commands, name, run, about)
        command.add_argument("file", metavar="FILE", help=place)
        command.add_argument("--data", type=Path, default=Path("data"), help="the hub's data folder (./data)")
    for name, run, about in (
        ("hold", _hold, "From within a second the hub receives, and sends and fires nothing."),
        ("release", _release, "Let a held hub go: what waits is sent. `GET /api/v1/held` lists it."),
    ):
        command = _command(commands, name, run, about)
        command.add_argument("--data", type=Path, default=Path("data"), help="the hub's data folder (./data)")


def _add_mailboxes(commands: Any) -> None:
    group = commands.add_parser("mailboxes", help="The mailboxes of a running hub.").add_subparsers(
        required=True, metavar="ACTION"
    )
    _remote(_command(group, "list", _list_mailboxes, "One line a mailbox."))
    add = _remote(_command(group, "add", _add_mailbox, "Try both logins and add the mailbox."))
    add.add_argument("address")
    add.add_argument("--name", default="", help="shown as the sender")
    way_in = add.add_mutually_exclusive_group(required=True)
    way_in.add_argument("--imap", metavar="HOST:PORT")
    way_in.add_argument("--pop", metavar="HOST:PORT", help="POP3, where there is no IMAP")
    add.add_argument("--smtp", required=True, metavar="HOST:PORT")
    for server in ("imap", "pop", "smtp"):
        add.add_argument(f"--{server}-security", default="tls", choices=("tls", "starttls", "plain"))
    add.add_argument("--delete", action="store_true", help="by POP3: what was taken over is deleted from the server")
    add.add_argument("--since", metavar="MOMENT", help="what the server got before is left alone; now: all it holds")
    add.add_argument("--user", help="login at both servers (the address)")
    add.add_argument("--password", help="asked for when missing")


def _add_dead_letters(commands: Any) -> None:
    group = commands.add_parser("dead-letters", help="What could not be handled.").add_subparsers(
        required=True, metavar="ACTION"
    )
    _remote(_command(group, "list", _list_dead_letters, "One line a letter, the newest first."))
    for name, run, about in (
        ("show", _show_dead_letter, "All that is known, with the bytes."),
        ("replay", _replay_dead_letter, "Publish it again, after a fix."),
    ):
        _remote(_command(group, name, run, about)).add_argument("id")
    discard = _remote(_command(group, "discard", _discard_dead_letter, "Close it for good."))
    discard.add_argument("id")
    discard.add_argument("--reason", required=True)


def _add_groups(commands: Any) -> None:
    group = commands.add_parser("groups", help="Who reads the log of an embedded hub.").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = _command(group, "list", _list_groups, "One line a group: name, records behind, age of the last commit.")
    forget = _command(
        group, "forget", _forget_group, "Keep nothing more for a group that is gone; while no hub runs on the folder."
    )
    forget.add_argument("group", metavar="GROUP", help="its name in the list, as email.outbound.email")
    for parser in (listing, forget):
        parser.add_argument("--data", type=Path, default=Path("data"), help="data folder of the hub (./data)")


def _add_audit(commands: Any) -> None:
    group = commands.add_parser("audit", help="Who changed what.").add_subparsers(required=True, metavar="ACTION")
    verify = _command(
        group, "verify", _verify_audit, "Is every row as it was written? Names the first that is not; exit code 1."
    )
    verify.add_argument("--data", type=Path, default=Path("data"), help="data folder of the hub (./data)")
    verify.add_argument(
        "--head", default="", metavar="HASH", help="of a head noted before, which must still be there"
    )


def _add_consent(commands: Any) -> None:
    group = commands.add_parser("consent", help="Who may be written to.").add_subparsers(
        required=True, metavar="ACTION"
    )
    verify = _command(
        group, "verify", _verify_consent, "Is every word as it was written? Names the first that is not; exit code 1."
    )
    verify.add_argument("--data", type=Path, default=Path("data"), help="data folder of the hub (./data)")
    verify.add_argument(
        "--head", default="", metavar="HASH", help="of a head noted before, which must still be there"
    )


def _add_mailings(commands: Any) -> None:
    group = commands.add_parser("mailings", help="The mailings of a running hub.").add_subparsers(
        required=True, metavar="ACTION"
    )
    campaigning.add(group, _command, _remote)


def _remote(parser: Any) -> Any:
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder of the hub (./data)")
    parser.add_argument("--api", help="URL of the hub, when it runs elsewhere")
    return parser


def _add_inspect(commands: Any) -> None:
    group = commands.add_parser("inspect", help="What the hub would make of an input.").add_subparsers(
        required=True, metavar="CHANNEL"
    )
    email = _command(group, "email", _inspect_email, "One line of JSON a mail; no store, no network.")
    email.add_argument("--threads", action="store_true", help="add parent and chain for the set as a whole")
    email.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="mails, folders of mails or mbox files")
    telegram = _command(group, "telegram", _inspect_telegram, "One line of JSON an update; no store, no network.")
    telegram.add_argument("paths", nargs="+", metavar="FILE", help="an update, an array, or one on each line")
    telegram.add_argument("--bot", default="bot", metavar="NAME", help="user name of the bot they are for")
    sms = _command(group, "sms", _inspect_sms, "Encoding, segments and price of a text.")
    sms.add_argument("text")
    sms.add_argument("--smart", action="store_true", help="typographic quotes, dashes and spaces as SMS has them")
    sms.add_argument("--tariff", metavar="PRICE", type=_price, help="of one segment, as 3.50")

    source = _command(group, "source", _inspect_source, "Where a visitor comes from, one line of JSON; no network.")
    source.add_argument("url", metavar="URL", help="of the page that he opened")
    source.add_argument("referrer", nargs="?", metavar="REFERRER", help="of the page before it")
    source.add_argument("--ours", action="append", default=[], metavar="HOST", help="another site of ours")
    call = _command(group, "call", _inspect_call, "One line of JSON a call; no store, no network.")
    call.add_argument(
        "paths", nargs="+", metavar="FILE", help="streams of Asterisk's manager interface, CEL or CDR files, JSON"
    )
    call.add_argument(
        "--trunk", action="append", default=[], metavar="NAME", help="channels that are lines, PJSIP/NAME"
    )
    call.add_argument("--context", action="append", default=[], metavar="NAME", help="where calls from outside begin")
    call.add_argument("--region", default="RU", metavar="XX", help="of numbers without a country (RU)")
    call.add_argument("--zone", default="UTC", metavar="ZONE", help="of the times in CEL and CDR, as Europe/Moscow")
    call.add_argument("--mapping", type=Path, metavar="FILE", help="TOML: where a provider's JSON has our fields")


def _add_dialler(commands: Any) -> None:
    group = commands.add_parser("dialler", help="Call lists.").add_subparsers(required=True, metavar="ACTION")
    simulate = _command(
        group, "simulate", _simulate, "A recorded day with other settings, as JSON; nothing is dialled."
    )
    simulate.add_argument("file", metavar="FILE.jsonl", nargs="?", type=Path, help="the events of a day")
    simulate.add_argument("--day", metavar="2026-03-02", help="a day of a running hub instead, with --list")
    simulate.add_argument("--list", metavar="ID", help="the call list that dialled then")
    _remote(simulate)
    simulate.add_argument("--mode", choices=("progressive", "predictive"))
    simulate.add_argument("--lines", type=float, metavar="N", help="lines for each agent, at most")
    simulate.add_argument("--cap", type=float, metavar="PERCENT", help="of those answered that may be dropped")
    simulate.add_argument("--limit", choices=("hard", "tapered", "average"), help="how the cap is kept")
    simulate.add_argument("--every", type=float, metavar="SECONDS", help="between two decisions")
    simulate.add_argument("--agents", type=int, metavar="N", help="so many agents (those that were there)")


def _add_clients(commands: Any) -> None:
    group = commands.add_parser("clients", help="Tables of clients.").add_subparsers(required=True, metavar="ACTION")
    about = "Which rows of a table are of one client, one line of JSON a pair; no store, no network."
    duplicates = _command(group, "duplicates", _duplicates, about)
    duplicates.add_argument("file", metavar="FILE.csv", type=Path, help="any delimiter and Russian charset")
    duplicates.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OUR=COLUMN",
        help="a column with an unusual name, as surname=Nom",
    )
    duplicates.add_argument("--charset", default="", help="as cp1251, where it is found out wrongly")
    duplicates.add_argument("--delimiter", default="", help="of the cells, where it is found out wrongly")
    duplicates.add_argument(
        "--at-least", type=float, metavar="SCORE", help="also pairs for a person to look at, as 0.5 (only sure ones)"
    )


def _run(main_coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop  # absent where it is not built, as on Windows
    except ImportError:
        asyncio.run(main_coroutine)
    else:
        uvloop.run(main_coroutine)


def _up(options: argparse.Namespace) -> None:
    from hub.running import up  # the servers are loaded only by the commands that run them

    _run(up(Source(options.settings), data=options.data, port=options.port, demo=options.demo))


def _backup(options: argparse.Namespace) -> None:
    from hub.backup import backup

    summary = backup(options.data, options.file, progress=_say)
    _say(f"{options.file}: {summary.files:,} files, {summary.size:,} bytes, as of {summary.taken_at}")


def _restore(options: argparse.Namespace) -> None:
    from hub.backup import restore

    summary = restore(options.file, options.data, progress=_say)
    _say(f"{options.data}: {summary.files:,} files, {summary.size:,} bytes, as of {summary.taken_at}")
    _say(f"It is held: it will receive and send nothing until `omnihub release --data {options.data}`.")


def _hold(options: argparse.Namespace) -> None:
    from hub.kit.restraint import hold

    _check_folder(options.data)
    hold(options.data)
    _say(f"{options.data} is held: nothing is sent from now on")


def _release(options: argparse.Namespace) -> None:
    from hub.kit.restraint import is_held, release

    _check_folder(options.data)
    held = is_held(options.data)
    release(options.data)
    _say(f"{options.data} is released: what waits is sent" if held else f"{options.data} was not held")


def _check_folder(data: Path) -> None:
    if not data.is_dir():
        raise ConfigurationError(f"{data} is no folder; name the hub's data folder with --data")


def _say(words: str) -> None:
    print(words, flush=True)


def _serve(options: argparse.Namespace) -> None:
    from hub.running import serve

    _run(serve(options.service, Source(options.settings), data=options.data, host=options.host, port=options.port))


def _demo(options: argparse.Namespace) -> None:
    from hub.channels.simulators.place import Place
    from hub.running import demo

    place = Place(listen=options.listen, name=options.name, first_port=options.first_port)
    _run(demo(Source(options.settings), data=options.data, place=place))


def _simulators(options: argparse.Namespace) -> None:
    from hub.running import run_simulators

    _run(run_simulators(options.data, play=options.play))


def _price(text: str) -> str:
    try:
        if Decimal(text) >= 0:
            return text
    except InvalidOperation:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no price; write it as 3.50")


def _inspect_telegram(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.messaging.inspect").inspect_telegram
    code: int = inspect(options.paths, sys.stdout, bot=options.bot)
    return code


def _inspect_sms(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.messaging.inspect").inspect_sms
    code: int = inspect(options.text, sys.stdout, smart=options.smart, tariff=options.tariff)
    return code


def _simulate(options: argparse.Namespace) -> int:
    run = importlib.import_module("services.campaigns.calllists.simulate").simulate
    names = ("mode", "lines", "limit", "every")
    changed = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.cap is not None:
        changed["cap"] = options.cap / 100
    if not 0 < changed.get("every", 1) <= 3_600 or not 0 <= changed.get("cap", 0) < 1 or (options.agents or 1) < 1:
        raise ConfigurationError("--every is above 0, --cap from 0 to below 100, --agents at least 1")
    day = _recorded(options)
    name = options.file or Path(f"{options.list}-{options.day}")
    code: int = run(name, sys.stdout, changed=changed, agents=options.agents, content=day)
    return code


def _recorded(options: argparse.Namespace) -> bytes | None:
    """A day as a running hub has it; none where a file is given. Raises ConfigurationError and HubError."""
    named = (options.day, options.list)
    if bool(options.file) == any(named) or any(named) != all(named):
        raise ConfigurationError("give FILE.jsonl, or --day and --list")
    if options.file:
        return None
    from hub.client import api, fetched

    with api(options.data, options.api) as client:
        return fetched(client, f"/api/v1/call-lists/{quote(options.list)}/days/{quote(options.day)}")


def _inspect_source(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.campaigns.inspect").inspect_source
    code: int = inspect(options.url, options.referrer, sys.stdout, ours=tuple(options.ours))
    return code


def _inspect_call(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.telephony.inspect").inspect_call
    lines = importlib.import_module("services.telephony.calls.lines").Lines(
        trunks=tuple(options.trunk), contexts=tuple(options.context), region=options.region.upper()
    )
    code: int = inspect(options.paths, sys.stdout, lines=lines, zone=_zone(options.zone), mapping=options.mapping)
    return code


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"--zone {name}: no such time zone; write it as Europe/Moscow") from error


def _duplicates(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.interactions.duplicates.inspect")
    found = (one.partition("=") for one in options.map)
    mapping = {field.strip(): column for field, _, column in found}
    at_least = inspect.CERTAIN if options.at_least is None else options.at_least
    code: int = inspect.find_in(
        options.file,
        sys.stdout,
        mapping=mapping,
        charset=options.charset,
        delimiter=options.delimiter,
        at_least=at_least,
    )
    return code


def _inspect_email(options: argparse.Namespace) -> int:
    inspect = importlib.import_module("services.email.inspect").inspect
    code: int = inspect(options.paths, sys.stdout, threads=options.threads)
    return code


def _list_mailboxes(options: argparse.Namespace) -> None:
    from hub.client import api, call

    with api(options.data, options.api) as client:
        for channel in call(client, "GET", "/api/v1/channels")["items"]:
            print(channel["id"], channel["address"], channel["state"], channel.get("reason") or "", sep="\t")


def _add_mailbox(options: argparse.Namespace) -> None:
    import getpass

    from hub.client import api, call
    from hub.kit.clock import SystemClock, iso

    user = options.user or options.address
    password = options.password or getpass.getpass(f"Password of {user}: ")
    login = {"user": user, "password": password}
    body: dict[str, Any] = {"address": options.address, "name": options.name or options.address}
    for kind in ("imap", "pop", "smtp"):
        if place := getattr(options, kind):
            security = getattr(options, f"{kind}_security")
            body[kind] = {**_endpoint(place, f"--{kind}"), "security": security, **login}
    if options.pop:
        body["pop"]["leave"] = not options.delete
    if options.since:
        body["fetch_since"] = iso(SystemClock().now()) if options.since == "now" else options.since
    with api(options.data, options.api) as client:
        print(call(client, "POST", "/api/v1/mailboxes", json=body)["id"])


def _endpoint(text: str, option: str) -> dict[str, Any]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigurationError(f"{option} {text}: write HOST:PORT, for example imap.example.com:993")
    return {"host": host, "port": int(port)}


def _list_dead_letters(options: argparse.Namespace) -> None:
    from hub.client import api, call

    after = None
    with api(options.data, options.api) as client:
        while True:
            page = call(client, "GET", "/api/v1/dead-letters", params={"after": after} if after else {})
            for letter in page["items"]:
                print(letter["id"], letter["state"], letter["topic"], letter["parked_at"], letter["reason"], sep="\t")
            after = page["next"]
            if not after:
                return


def _show_dead_letter(options: argparse.Namespace) -> None:
    _print_letter(options, "GET", f"/api/v1/dead-letters/{options.id}")


def _replay_dead_letter(options: argparse.Namespace) -> None:
    _print_letter(options, "POST", f"/api/v1/dead-letters/{options.id}/replay")


def _discard_dead_letter(options: argparse.Namespace) -> None:
    _print_letter(options, "POST", f"/api/v1/dead-letters/{options.id}/discard", json={"reason": options.reason})


def _list_groups(options: argparse.Namespace) -> None:
    from hub.groups import lines
    from hub.kit.clock import SystemClock

    for line in lines(options.data, SystemClock().now()):
        print(line)


def _forget_group(options: argparse.Namespace) -> None:
    from hub.groups import forget

    forget(options.data, options.group)
    print(f"{options.group} is forgotten")


def _openapi(_: argparse.Namespace) -> int:
    from hub.openapi import document  # the services are loaded only for this

    sys.stdout.buffer.write(asyncio.run(document()) + b"\n")
    return 0


def _model(_: argparse.Namespace) -> None:
    from hub.model_page import page

    print(page(), end="")


def _settings(_: argparse.Namespace) -> None:
    from hub.settings_page import page  # the services are loaded only for this

    print(page(), end="")


def _verify_audit(options: argparse.Namespace) -> int:
    return _verify("services.gateway.audit.check", options)


def _verify_consent(options: argparse.Namespace) -> int:
    return _verify("services.campaigns.consent.check", options)


def _verify(module: str, options: argparse.Namespace) -> int:
    """Of a chain of rows."""
    check = importlib.import_module(module).check
    verdict = asyncio.run(check(options.data, Source(options.settings), noted=options.head))
    if verdict.broken:
        print(f"broken after {verdict.rows:,} rows: {verdict.broken}")
        return 1
    print(f"{verdict.rows:,} rows, all as they were written; head {verdict.head}")
    return 0


def _print_letter(options: argparse.Namespace, method: str, path: str, **body: Any) -> None:
    from hub.client import api, call

    with api(options.data, options.api) as client:
        print(orjson.dumps(call(client, method, path, **body), option=orjson.OPT_INDENT_2).decode())
