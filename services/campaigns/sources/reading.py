"""What the address of a page and its referrer say of where a visitor comes from. Pure.

What somebody wrote into the link counts first, then what an advertiser's click left in it, then the referrer.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.campaigns.sources.addresses import WORDS, read_address
from services.campaigns.sources.referrers import Site, bare_host, same_site, site_named, site_of, term_of

MEDIUMS = ("paid", "organic", "social", "email", "referral", "direct", "internal", "other")
"""`other` is what a link is tagged with and is none of these: a QR code, an SMS."""
_CLICKS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_source", "gad_campaignid"), ("paid", "google")
    ),
    **dict.fromkeys(("yclid", "ymclid", "yadclid", "yadordid"), ("paid", "yandex")),
    **dict.fromkeys(("rb_clickid", "vk_ad_id", "vkclid", "vk_click_id", "mt_click_id"), ("paid", "vk")),
    "msclkid": ("paid", "bing"),
    "ttclid": ("paid", "tiktok"),
    "twclid": ("paid", "twitter"),
    "li_fat_id": ("paid", "linkedin"),
    "sccid": ("paid", "snapchat"),
    "rdt_cid": ("paid", "reddit"),
    "qclid": ("paid", "quora"),
    "epik": ("paid", "pinterest"),
    "tblci": ("paid", "taboola"),
    **dict.fromkeys(("dicbo", "obclid", "ob_click_id"), ("paid", "outbrain")),
    "cto_pld": ("paid", "criteo"),
    "vmcid": ("paid", "yahoo"),
    "sznclid": ("paid", "seznam"),
    "admitad_uid": ("paid", "admitad"),
    **dict.fromkeys(("irclickid", "clickid_impact"), ("paid", "impact")),
    **dict.fromkeys(("cjevent", "cjdata"), ("paid", "cj")),
    "awc": ("paid", "awin"),
    "actionpay": ("paid", "actionpay"),
    "ysclid": ("organic", "yandex"),
    "srsltid": ("organic", "google"),
    "fbclid": ("social", "facebook"),
    **dict.fromkeys(("igshid", "igsh"), ("social", "instagram")),
    **dict.fromkeys(("mc_cid", "mc_eid"), ("email", "mailchimp")),
    **dict.fromkeys(("_hsenc", "_hsmi", "__hstc"), ("email", "hubspot")),
    "mkt_tok": ("email", "marketo"),
    **dict.fromkeys(("_kx", "klclickid"), ("email", "klaviyo")),
    "vero_id": ("email", "vero"),
    "sib_id": ("email", "brevo"),
}
"""By parameter: what a click came from. The first in this order counts; all are kept."""
_PAID = re.compile(
    r"(.*[-_ ])?(cpc|ppc|cpm|cpv|cpa|cpp|cpl|cpi|cpo|cpx|paid\w*|paid[-_ ].*|ads?|adwords|advert\w*|banner\w*|"
    r"display|"
    r"retargeting|remarketing|target\w*|sem|price|teaser|programmatic|native|affiliates?|context\w*|sponsored|"
    r"контекст|реклама|баннер)([-_ ].*)?"
)
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("organic", "seo", "search", "organic search"), "organic"),
    **dict.fromkeys(("social", "social-network", "social_network", "sm", "smm", "socials"), "social"),
    **dict.fromkeys(("social-media", "social_media", "social media", "social network"), "social"),
    **dict.fromkeys(
        ("email", "e-mail", "e_mail", "e mail", "mail", "newsletter", "mailing", "рассылка", "emailing", "edm"),
        "email",
    ),
    **dict.fromkeys(("referral", "link", "partner", "partners", "pr", "article"), "referral"),
    **dict.fromkeys(("(none)", "none", "direct", "(not set)"), "direct"),
    "internal": "internal",
}
_TAGS = {
    "medium": ("utm_medium", "mtm_medium", "pk_medium", "matomo_medium"),
    "source": ("utm_source", "mtm_source", "pk_source", "matomo_source"),
    "campaign": ("utm_campaign", "mtm_campaign", "pk_campaign", "piwik_campaign", "matomo_campaign", "pk_cpn"),
    "term": ("utm_term", "mtm_kwd", "mtm_keyword", "pk_kwd", "pk_keyword", "piwik_kwd", "matomo_kwd"),
    "creative": ("utm_content", "mtm_content", "pk_content", "matomo_content"),
}
_UNFILLED = re.compile(r"\{+[^{}]*\}+|\[\[.*\]\]|__\w+__")
"""A place that an advertiser's system left as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a visitor comes from; empty: nothing says it."""

    medium: str
    source: str = ""
    term: str = ""
    campaign: str = ""
    creative: str = ""
    click_ids: Mapping[str, str] = field(default_factory=dict)


def origin_of(url: str, referrer: str | None = None, *, ours: Sequence[str] = ()) -> Origin:
    """`ours` are hosts of ours beside that of the page: who comes from there comes from nowhere new."""
    page, came = read_address(url), read_address(referrer)
    tags = _tags(page.given)
    clicks = {name: page.given[name] for name in _CLICKS if page.given.get(name)}
    site = site_of(came) if came.host else None
    inside = any(same_site(came.host, host) for host in (page.host, *ours))
    medium, source = _told(tags, clicks, site) or _came(site, inside=inside)
    return Origin(
        medium=medium,
        source=source[:WORDS],
        term=tags["term"] or (term_of(site, came) if site and not inside else ""),
        campaign=tags["campaign"],
        creative=tags["creative"],
        click_ids=clicks,
    )


def _tags(given: Mapping[str, str]) -> dict[str, str]:
    """What the link is tagged with; else `_openstat`: service, campaign, advertisement and place, by semicolons."""
    found = {name: _first(given, keys) for name, keys in _TAGS.items()}
    if not any(found.values()) and (stat := _openstat(given.get("_openstat", ""))):
        found |= stat
    return found


def _first(given: Mapping[str, str], keys: Sequence[str]) -> str:
    values = (given.get(key, "") for key in keys)
    return next((value for value in values if value and not _UNFILLED.fullmatch(value)), "")


def _openstat(value: str) -> dict[str, str]:
    text = value
    if ";" not in value:
        try:
            text = urlsafe_b64decode(value.replace("+", "-").replace(" ", "-") + "=" * (-len(value) % 4)).decode()
        except ValueError:
            return {}
    service, campaign, creative, *_ = [*text.split(";"), "", ""]
    known = {"medium": "cpc", "source": bare_host(service), "campaign": campaign, "creative": creative}
    return known if service and campaign else {}


def _told(tags: Mapping[str, str], clicks: Mapping[str, str], site: Site | None) -> tuple[str, str] | None:
    """Medium and source by the link itself; none: it says nothing."""
    clicked = _CLICKS[next(iter(clicks))] if clicks else None
    if not (tags["medium"] or tags["source"] or tags["campaign"]):
        return _clicked(clicked, site)
    named = site_named(tags["source"]) if tags["source"] else None
    said = _said(tags["medium"].lower())
    kinds = (said, clicked[0] if clicked else "", named.medium if named else "", site.medium if site else "", "other")
    source = tags["source"] or (clicked[1] if clicked else "") or (site.source if site else "")
    return next(filter(None, kinds)), source


def _clicked(clicked: tuple[str, str] | None, site: Site | None) -> tuple[str, str] | None:
    """A network that has several names is called by that of the referrer."""
    if clicked and clicked[0] == "social" and site and site.medium == "social":
        return "social", site.source
    return clicked


def _said(medium: str) -> str:
    if word := _WORDS.get(medium):
        return word
    return "paid" if medium and _PAID.fullmatch(medium) else "" if not medium else _loosely(medium)


def _loosely(medium: str) -> str:
    """A medium with a word more, as `email_trigger`."""
    words = re.split(r"[^\w]+|_", medium)
    return next((_WORDS[one] for one in words if _WORDS.get(one) in ("email", "social", "organic")), "other")


def _came(site: Site | None, *, inside: bool) -> tuple[str, str]:
    if site is None:
        return "direct", ""
    return ("internal" if inside else site.medium), site.source
