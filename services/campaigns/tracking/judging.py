"""Which opens and clicks machines made: by the program's name, by bursts, by the link that nobody sees. Pure.

What a machine did is kept and flagged; it is counted nowhere. A program that names itself is known at once; a burst
or the trap shows what went before as a machine's, too.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.campaigns.templates.markup import HONEYPOT

_INNOCENT = re.compile(
    r"\.net[ \dc]\S*|cubot\S*|up\.link\S*|camscanner\S*|linkedinapp|\w*searchbrowser|hisearch|@calendar\S*|"
    r"ecosia \w+@|airwatch|e?links\b|libwww(?=.*(?:openssl|gnutls|mosaic|modified))|messenger\w*|lightspeed|"
    r"phantom/(?:ios|android)|fubo\S*|naver\(inapp; search|job search|mozacfetch|slack_ssb|slack/|galaxyclient|"
    r"store-checkout|cloud; mt|miniature\.io",
    re.IGNORECASE,
)
"""What looks like a machine's name inside those of browsers."""
_MACHINE = re.compile(
    r"bot|crawl|spider|slurp|scan|fetch|monitor|check|preview|prefetch|validat|archiv|feed|\brss|python|java[/-]|curl|"
    r"wget|libwww|http-?_?client|go-http|okhttp|\bphp|perl|ruby|node-|axios|headless|phantom|lighthouse|barracuda|"
    r"proofpoint|mimecast|safelinks|urldefense|search|index|transcod|https?:|www\.|\.(?:com|net|org|io|ru|de|ly|gy)\b|@|"
    r"collect|detect|analy[sz]|datanyze|audit|survey|inspect|probe|pingdom|watch(?!man)|uptime|speed|performance|verif|"
    r"lookup|translat|download|agent\b|client\b|proxy|capture|screenshot|thumb|link|cloud|server|facebookexternalhit|"
    r"whatsapp|skypeuri|embed|partners-google|google-|weblight|google favicon|googleother|nutch|scrap|harvest|"
    r"extract|exractor|emailwolf|grab|siege|bench|seo|catchpoint|cypress|dareboost|synthetics|collapsify|cursor/|claude|"
    r"dmbrowser|foregenix|burp|dejaclick|firephp|webcollage|evc-batch|daum|playwright|selenium|splash|rigor|statuscake|ptst/|site24x7|"
    r"synthetic|marketgoo|pageburst|securityheaders|semantics|hunter|optimizer|onetrust|outbrain|\\bai\\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"mozilla|applewebkit|dalvik|cfnetwork|opera|lynx|w3m|links|msie|outlook|blackberry|nokia|midp|amiga|ibrowse|browser|android|"
    r"ios|iphone|ipad|windows|mosaic|konqueror|galaxy|mot-|sonyericsson|samsung|lg[-/]|thunderbird|mail",
    re.IGNORECASE,
)
"""What names no program that people look with is a machine's."""
_PROXIES = re.compile(r"googleimageproxy|yahoomailproxy|ggpht", re.IGNORECASE)
"""Fetch images for a person who reads: an open, and never a click."""
BURST, BURST_LINKS = timedelta(seconds=2), 3
"""So many different links within so long are a machine's: nobody reads so fast."""
Hit = Mapping[str, Any]
"""`k` opened or clicked, `l` which link, `at`, `a` and `c` marks of the program and of the address it came from, `b`
whether the program is known as a machine."""


def is_machine(agent: str, *, opened: bool = False, purpose: str = "") -> bool:
    """By what it says of itself; one that says nothing is a machine. `purpose` is that of a prefetch."""
    if purpose and "prefetch" in purpose.lower():
        return True
    if opened and _PROXIES.search(agent):
        return False
    bare = _INNOCENT.sub(" ", agent)
    return not _PERSON.search(agent) or bool(_MACHINE.search(bare))


def judged(hits: Sequence[Hit]) -> list[bool]:
    """Of all that one recipient did: which of it machines did."""
    trapped = {(one["a"], one["c"]) for one in hits if one.get("l") == HONEYPOT}
    bursts = _bursts(hits)
    return [
        bool(one["b"]) or one.get("l") == HONEYPOT or (one["a"], one["c"]) in trapped or number in bursts
        for number, one in enumerate(hits)
    ]


def _bursts(hits: Sequence[Hit]) -> set[int]:
    """Places of clicks that are part of a burst."""
    clicks = [
        (datetime.fromisoformat(one["at"]), number, one.get("l"))
        for number, one in enumerate(hits)
        if one["k"] == "clicked"
    ]
    found: set[int] = set()
    for at, _, _ in clicks:
        near = [(number, link) for other, number, link in clicks if at <= other <= at + BURST]
        if len({link for _, link in near}) >= BURST_LINKS:
            found |= {number for number, _ in near}
    return found
