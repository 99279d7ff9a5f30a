from pathlib import Path

import pytest

from services.email.bounces.classify import bounce_of
from services.email.mime.parse import parse

BOUNCES = Path(__file__).parents[5] / "shared" / "data" / "bounces"

needs_bounces = pytest.mark.skipif(not BOUNCES.is_dir(), reason="the notices are not at ../shared/data/bounces")

EXPECTED = {
    "enmime-dsn/delayed_dsn.raw": ("soft", ["thomas@de-montfort.ac.uk"]),
    "enmime-dsn/dsn_with_multipart_alternative.raw": ("hard", ["non-existing@example.com"]),
    "enmime-dsn/multi_recipient_dsn.raw": (
        "hard",
        ["arathib@vnet.ibm.com", "johnh@hpnjld.njd.hp.com", "wsnell@sdcc13.ucsd.edu"],
    ),
    "enmime-dsn/simple_dsn.raw": ("soft", ["louisl@larry.slip.umd.edu"]),
    "enmime-dsn/simple_dsn_with_html.raw": ("soft", ["louisl@larry.slip.umd.edu"]),
    "kumomta/rfc3464/1.eml": ("soft", ["louisl@larry.slip.umd.edu"]),
    "kumomta/rfc3464/2.eml": (
        "hard",
        ["arathib@vnet.ibm.com", "johnh@hpnjld.njd.hp.com", "wsnell@sdcc13.ucsd.edu"],
    ),
    "kumomta/rfc3464/3.eml": ("hard", ["nair_s"]),
    "kumomta/rfc3464/4.eml": ("soft", ["thomas@de-montfort.ac.uk"]),
    "kumomta/rfc3464/5.eml": ("soft", ["recipient@domain.com"]),
    "kumomta/rfc3464/6.eml": ("hard", ["redacted@example.com"]),
    "kumomta/rfc3464/obsolete_arrival_date.eml": ("hard", ["user@example.com"]),
    "kumomta/rfc5965/1.eml": ("complaint", []),
    "kumomta/rfc5965/2.eml": ("complaint", ["user@example.com"]),
    "kumomta/rfc5965/3.eml": ("complaint", ["user@example.com"]),
    "kumomta/rfc5965/4.eml": ("complaint", ["cb4a01a48251d4765f489076aa81e2a4@comcast.net"]),
}


@needs_bounces
def test_the_notices_of_other_projects_are_read():
    found = {name: bounce_of(parse((BOUNCES / name).read_bytes())) for name in EXPECTED}
    assert {
        name: one and (one.kind, [who.address for who in one.recipients]) for name, one in found.items()
    } == EXPECTED
