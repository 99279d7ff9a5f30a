"""Which site somebody came from: an engine, a network, web mail, an advertisement, or any other. Pure.

The table is `referrers.toml`, beside this file; what it does not know is told by the first word of the host.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from services.campaigns.sources.addresses import WORDS, Address, read_address

_GENERIC = frozenset(("com", "net", "org", "info", "eu", "biz"))
_SECOND = frozenset(("co", "com", "net", "org", "or", "ne", "go", "gov", "edu", "ac"))
"""Second levels below a country."""
_SHARED = frozenset(
    (
        *("blogspot.com", "wordpress.com", "livejournal.com", "github.io", "gitlab.io", "netlify.app", "vercel.app"),
        *("herokuapp.com", "narod.ru", "ucoz.ru", "ucoz.net", "tilda.ws", "wixsite.com", "nethouse.ru", "jimdo.com"),
        *("weebly.com", "myshopify.com", "appspot.com", "web.app", "firebaseapp.com", "pages.dev", "workers.dev"),
        *("azurewebsites.net", "cloudfront.net", "msk.ru", "spb.ru"),
    )
)
"""Domains below which everybody has a site of his own."""
_MAIL = frozenset(
    ("mail", "webmail", "email", "owa", "roundcube", "horde", "poczta", "zimbra", "squirrelmail", "posta")
)
_DEREFERRERS = ("deref-", "messagerie")
"""Names of hosts through which web mail lets links go, so that they tell no more."""
_SEARCH = frozenset(
    (
        "search",
        "suche",
        "recherche",
        "ricerca",
        "buscar",
        "busca",
        "buscador",
        "szukaj",
        "poisk",
        "zoeken",
        "websearch",
    )
)
_TERMS = ("q", "query", "text", "p", "search", "s", "keyword", "keywords", "words")
_FRONT = re.compile(r"www?\d*\.")


@dataclass(frozen=True, slots=True)
class Site:
    """Where somebody came from."""

    medium: str
    """organic, social, email, paid or referral."""
    source: str
    terms: tuple[str, ...] = ()
    """Parameters that hold what he searched for."""


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    alone: bool
    """Nothing below this host is meant."""
    site: Site


@dataclass(frozen=True, slots=True)
class _Table:
    hosts: dict[str, list[_Place]] = field(default_factory=dict)
    anywhere: dict[str, list[_Place]] = field(default_factory=dict)
    """By the name before the country."""
    names: dict[str, Site] = field(default_factory=dict)
    """By what links are tagged with: `google`, `vk`."""


@cache
def _table() -> _Table:
    table = _Table()
    told = tomllib.loads(files(__package__).joinpath("referrers.toml").read_text("utf-8"))
    for medium, sources in told.items():
        for source, about in sources.items():
            site = Site(medium, source, tuple(term.lower() for term in about.get("terms", ())))
            table.names.setdefault(source, site)
            for text in about["hosts"]:
                own = text.lstrip("=").partition("/")[0].removesuffix(".*") if about.get("each") else source
                _enter(table, text, Site(medium, own, site.terms))
    return table


def _enter(table: _Table, text: str, site: Site) -> None:
    host, slash, path = text.removeprefix("=").partition("/")
    place = _Place(slash + path, text.startswith("="), site)
    if host.startswith("app:"):
        table.hosts.setdefault(host, []).append(place)
    elif host.endswith(".*"):
        table.anywhere.setdefault(host[:-2], []).append(place)
    else:
        table.hosts.setdefault(read_address(f"//{host}").host, []).append(place)


def site_of(address: Address) -> Site:
    """Of an address with a host."""
    if address.host.startswith("app:"):
        return _program(address.host)
    bare = bare_host(address.host)
    labels = bare.split(".")
    for start in range(len(labels) - 1):
        if found := _best(_candidates(".".join(labels[start:])), address.path, below=start > 0):
            return found
    return _guessed(labels, bare, address.given)


def site_named(tag: str) -> Site | None:
    """Of what a link is tagged with: `google`, `vk.com`; none: nothing that is known."""
    name = tag.strip().lower()
    if site := _table().names.get(name):
        return site
    address = read_address(f"//{name}")
    return _known(address) if address.host else _known(Address(f"{name}.com")) if name.isalnum() else None


def _known(address: Address) -> Site | None:
    site = site_of(address)
    return None if site.source == bare_host(address.host) else site


def _program(host: str) -> Site:
    found = _table().hosts.get(host)
    return found[0].site if found else Site("referral", host.removeprefix("app:"))


def _candidates(host: str) -> list[_Place]:
    table = _table()
    found = list(table.hosts.get(host, ()))
    for name in _names(host):
        found += table.anywhere.get(name, ())
    return found


def _names(host: str) -> Iterator[str]:
    """What stands before a country: `yandex` of yandex.ru, yandex.com.tr."""
    labels = host.split(".")
    if len(labels) > 1 and (len(labels[-1]) == 2 or labels[-1] in _GENERIC):
        yield ".".join(labels[:-1])
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND:
        yield ".".join(labels[:-2])


def _best(places: list[_Place], path: str, *, below: bool) -> Site | None:
    """The one with the longest path; of two the one that means this host alone."""
    fitting = [one for one in places if path.startswith(one.path) and not (one.alone and below)]
    return max(fitting, key=lambda one: (len(one.path), one.alone)).site if fitting else None


def _guessed(labels: list[str], host: str, given: Mapping[str, str]) -> Site:
    if len(labels) > 2 and any("mail" in label or label in _MAIL for label in labels[:-2]):
        return Site("email", host)
    if labels[0].startswith(_DEREFERRERS):
        return Site("email", host)
    if labels[0] in _SEARCH and any(given.get(term) for term in _TERMS):
        return Site("organic", host, _TERMS)
    return Site("referral", host)


def term_of(site: Site, address: Address) -> str:
    """What was searched for; empty where the referrer does not carry it any more."""
    if site.medium not in ("organic", "paid"):
        return ""
    terms = site.terms or _TERMS[:3]
    for given in (address.given, *_within(address)):
        for term in terms:
            value = given.get(term, "")
            if value and not (value.startswith(("http://", "https://")) and address.path.startswith("/url")):
                return value[:WORDS]
    return ""


def _within(address: Address) -> Iterator[Mapping[str, str]]:
    """Parameters of the search that a picture or a redirect was found by."""
    for name in ("prev", "refurl"):
        if inner := address.given.get(name):
            yield read_address(f"//{address.host}{inner}" if inner.startswith("/") else inner).given


def bare_host(host: str) -> str:
    """Without `www.`."""
    front = _FRONT.match(host)
    return host[front.end() :] if front and "." in host[front.end() :] else host


def same_site(one: str, other: str) -> bool:
    """Whether two hosts belong to one owner, as far as their names tell."""
    return bool(one) and _domain(one) == _domain(other)


def _domain(host: str) -> str:
    """What somebody registers: the label before the country, and the countries."""
    labels = bare_host(host).split(".")
    short = len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SECOND
    kept = 3 if short or ".".join(labels[-2:]) in _SHARED else 2
    return host if host.replace(".", "").isdigit() else ".".join(labels[-kept:])
