"""What receivers find in the DNS about a domain of ours, and what is wrong with it in words."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["ok", "missing", "wrong", "unknown"]


class Dns(Protocol):
    """Asks for texts."""

    async def texts(self, name: str) -> list[str] | None:
        """TXT records; none at all where there are none. None: nobody answered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """About one record."""

    record: str
    name: str
    state: State
    words: str
    publish: str
    """What should stand there."""


async def check(dns: Dns, domain: str, selector: str, public: str) -> list[Finding]:
    """SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489)."""
    key = f"{selector}._domainkey.{domain}"
    return [
        _spf(domain, await dns.texts(domain)),
        _dkim(key, await dns.texts(key), public),
        _dmarc(f"_dmarc.{domain}", await dns.texts(f"_dmarc.{domain}")),
    ]


def _spf(name: str, texts: list[str] | None) -> Finding:
    publish = "v=spf1 a mx -all"

    def found(state: State, words: str) -> Finding:
        return Finding(record="SPF", name=name, state=state, words=words, publish=publish)

    if texts is None:
        return found("unknown", "the name server does not answer; try again")
    told = [text for text in texts if text.lower().startswith("v=spf1")]
    if not told:
        return found("missing", "receivers cannot tell which servers may send for this domain; publish which")
    if len(told) > 1:
        return found("wrong", f"there are {len(told)} of them, and then none counts; leave one")
    last = told[0].split()[-1].lower()
    if last in ("+all", "all", "?all"):
        return found("wrong", f"it ends with {last}: everybody may send for this domain; end it with ~all or -all")
    if last not in ("-all", "~all") and not last.startswith("redirect="):
        return found("wrong", "it does not end with ~all or -all, so that it says nothing of all others")
    return found("ok", told[0])


def _dkim(name: str, texts: list[str] | None, public: str) -> Finding:
    publish = f"v=DKIM1; k=rsa; p={public}"

    def found(state: State, words: str) -> Finding:
        return Finding(record="DKIM", name=name, state=state, words=words, publish=publish)

    if texts is None:
        return found("unknown", "the name server does not answer; try again")
    keys = [fields["p"] for text in texts if "p" in (fields := _fields(text))]
    if not keys:
        return found("missing", "the key is not published: signatures of ours count as broken; publish it first")
    if public not in keys:
        return found("wrong", "another key is published than ours, or it was cut; publish this one whole")
    return found("ok", "the key is published")


def _dmarc(name: str, texts: list[str] | None) -> Finding:
    publish = "v=DMARC1; p=quarantine"

    def found(state: State, words: str) -> Finding:
        return Finding(record="DMARC", name=name, state=state, words=words, publish=publish)

    if texts is None:
        return found("unknown", "the name server does not answer; try again")
    told = [_fields(text) for text in texts if text.lower().replace(" ", "").startswith("v=dmarc1")]
    if not told:
        return found("missing", "large receivers refuse mailings of domains without one")
    if len(told) > 1:
        return found("wrong", f"there are {len(told)} of them, and then none counts; leave one")
    policy = told[0].get("p", "")
    if policy not in ("none", "quarantine", "reject"):
        return found("wrong", "it has no policy; write p=none, p=quarantine or p=reject")
    weak = " (it is only watched: p=quarantine protects)" if policy == "none" else ""
    return found("ok", f"p={policy}{weak}")


def _fields(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip().replace(" ", "") for name, sign, value in pairs if sign}
