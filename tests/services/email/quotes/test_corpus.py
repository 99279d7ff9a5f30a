"""Replies of many mail programs, published with the talon library; read beside the project where they are there."""

import email.policy
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from services.email.quotes.split import Split, split

TALON = Path(__file__).parents[5] / "shared" / "data" / "quotes" / "talon"
needs_talon = pytest.mark.skipif(not TALON.is_dir(), reason="the talon collection is not at ../shared/data/quotes")


def _bodies(path: Path) -> tuple[str, str | None]:
    mail = message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return (plain.get_content() if plain else ""), (html.get_content() if html else None)


def _whole(found: Split) -> str:
    """The reply as that collection counts it: with its signature."""
    return "\n\n".join(part for part in (found.new_text, found.signature) if part)


def _words(text: str) -> str:
    return "".join(text.split())


@needs_talon
def test_the_replies_of_twelve_programs_are_new_exactly() -> None:
    right = 0
    mails = sorted((TALON / "standard_replies").glob("*.eml"))
    for path in mails:
        answer = path.with_name(f"{path.stem}_reply_text")
        wanted = answer.read_text("utf-8").strip() if answer.exists() else "Hello"
        plain, html = _bodies(path)
        right += _words(_whole(split(plain))) == _words(wanted) == _words(_whole(split(plain, html)))
    print(f"{right} of {len(mails)} replies right")
    assert right == len(mails) == 12


@needs_talon
def test_html_replies_are_new_exactly() -> None:
    pages = sorted((TALON / "html_replies").glob("*.html"))
    texts = {path.name: split("", path.read_text("utf-8", "replace")).new_text for path in pages}
    right = sum(_words(text) == "Hi.Iamfine.Thanks,Alex" for text in texts.values())
    print(f"{right} of {len(pages)} HTML replies right")
    assert right == len(pages) == 9


@needs_talon
def test_marked_signatures_are_split_off() -> None:
    bodies = sorted((TALON / "signature" / "emails" / "stripped").glob("*_body"))
    right = 0
    for path in bodies:
        wanted = path.with_name(path.name.replace("_body", "_signature")).read_text("utf-8").strip()
        right += split(path.read_text("utf-8")).signature == wanted
    print(f"{right} of {len(bodies)} signatures right")
    assert right >= 4
