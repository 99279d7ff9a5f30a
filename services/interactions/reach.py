"""By what a client can be reached, and why not by the rest: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.contracts.scope import Shown
from hub.store.base import Document

CHANNELS = ("email", "sms", "telegram")
_KINDS = {"email": "email", "phone": "sms", "telegram": "telegram"}
_NO_ADDRESS = {
    "email": "no e-mail address of his is known",
    "sms": "no phone number of his is known",
    "telegram": "no Telegram chat: he has to write to one of our bots first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of our mailboxes, bots or numbers."""

    id: str
    channel: str
    address: str
    team: str | None = None
    others: Shown = "full"
    approval: bool = False
    """What employees write by it leaves when a second one has approved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """All of ours, and the channels whose service does not answer now."""

    known: Sequence[Account] = ()
    silent: Sequence[str] = ()

    def named(self, account: str) -> Account | None:
        return next((one for one in self.known if one.id == account), None)

    def of(self, channel: str) -> list[Account]:
        return [account for account in self.known if account.channel == channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One way to a client, or why there is none."""

    channel: str
    address: str | None
    account: str | None
    available: bool
    reason: str | None = None
    name: str = ""


def channel_of(address: str) -> str:
    """The channel that an address is of."""
    return _KINDS.get(address.partition(":")[0], "")


def ways(
    client: Document, addresses: Mapping[str, Document], accounts: Accounts, last: Mapping[str, str]
) -> list[Reach]:
    """Every way, those that can be gone first in each channel. `last` is the account of his newest interaction, by
    channel.
    """
    found: list[Reach] = []
    for channel in CHANNELS:
        listed = [one for one in client["addresses"] if channel_of(one["address"]) == channel]
        if not listed:
            why = _NO_ADDRESS[channel]
            found.append(Reach(channel=channel, address=None, account=None, available=False, reason=why))
        here = [_way(channel, one, addresses.get(one["address"], {}), accounts, last.get(channel)) for one in listed]
        found += sorted(here, key=lambda way: not way.available)
    return found


def _way(channel: str, listed: Document, address: Document, accounts: Accounts, last: str | None) -> Reach:
    account = _account(channel, listed["address"], accounts, last)
    reason = _worthless(channel, address) or ("" if account else _no_account(channel, listed["address"], accounts))
    return Reach(
        channel=channel,
        address=listed["address"],
        account=account,
        available=not reason,
        reason=reason or None,
        name=listed.get("name", ""),
    )


def _account(channel: str, address: str, accounts: Accounts, last: str | None) -> str | None:
    """The one his newest interaction came by, else the first that can reach this address."""
    ours = [one for one in accounts.of(channel) if _reaches(one, address)]
    ids = [one.id for one in ours]
    return last if last in ids else next(iter(ids), None)


def _reaches(account: Account, address: str) -> bool:
    """A chat is with one bot; everybody else may be written to from anywhere."""
    if account.channel != "telegram":
        return True
    return address.startswith(f"telegram:{account.address.lower()}/")


def _worthless(channel: str, address: Document) -> str:
    for state, words in (("invalid", "does not arrive"), ("unreachable", "cannot be reached")):
        if verdict := address.get(state):
            return f"{words} since {str(verdict['since'])[:10]}: {verdict['why']}"
    consent = (address.get("consent") or {}).get(channel)
    if consent and consent["state"] == "withdrawn":
        return f"no consent: he wrote «{consent['words']}» on {str(consent['at'])[:10]}"
    return ""


def _no_account(channel: str, address: str, accounts: Accounts) -> str:
    if channel in accounts.silent:
        return f"the service of {channel} does not answer now; try again in a few seconds"
    if channel == "telegram" and accounts.of(channel):
        return f"the bot of this chat ({address.partition(':')[2].partition('/')[0]}) is none of ours any more"
    return {"email": "we have no mailbox", "sms": "we have no number", "telegram": "we have no bot"}[channel]


def automatic(found: Iterable[Reach], newest: Document | None) -> Reach | None:
    """The way of his newest interaction; else the first that can be gone."""
    open_ways = [way for way in found if way.available]
    if newest:
        sender = {one["address"] for one in newest["participants"] if not one["ours"]}
        for way in open_ways:
            if way.address in sender:
                return way
        for way in open_ways:
            if way.channel == newest["channel"]:
                return way
    return next(iter(open_ways), None)
