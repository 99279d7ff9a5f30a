"""The demo's mailing in two languages: a reply, a bounce, a click and an opt-out, in the chains of four clients.

The readers are no mailboxes of the simulator: what goes to them is kept outside, and they are played from there. It
is played once.
"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from hub.channels.simulators.scenes import SUPPORT
from hub.demo_play import DemoPlay
from hub.footing import Footing
from hub.kit.ids import derive

if TYPE_CHECKING:
    from hub.channels.simulators.mail import MailSimulator, SentMail

PLAYED = "mailing.played"
"""A file of this name beside the demo's mail: the mailing left before."""
ANSWERS, BOUNCES, CLICKS, LEAVES = (f"{name}@readers.example" for name in ("vera", "lev", "tom", "eva"))
READERS = {
    ANSWERS: ("Вера Лисина", "ru"),
    BOUNCES: ("Лев Пропажин", "ru"),
    CLICKS: ("Tom Carter", "en"),
    LEAVES: ("Eva Stone", "en"),
}
"""By address the name and the language of each."""
_PAGE = (
    '<html><body><p>{words}</p><p><a href="https://romashka.example/spring">{link}</a></p>'
    '<p><a href="{{{{ unsubscribe_url }}}}">{leave}</a></p></body></html>'
)
_BODIES = {
    "ru": {
        "subject": "Ромашки для {{ first_name | genitive | default('вас') }}",
        "html": _PAGE.format(
            words="{{ first_name | default('Здравствуйте') }}, ромашки зацвели!",
            link="Посмотреть",
            leave="Отписаться",
        ),
    },
    "en": {
        "subject": "Daisies for {{ first_name | default('you') }}",
        "html": _PAGE.format(
            words="{{ first_name | default('Hello') }}, the daisies are in bloom!", link="Look", leave="Unsubscribe"
        ),
    },
}
_REPLY = "Какая прелесть! Отложите мне, пожалуйста, три горшка.\n\nВера\n"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class DemoMailing(DemoPlay):
    """One mailing; its readers act by SMTP and HTTP."""

    name, peers, first, looks = "mailing", ("interactions", "campaigns"), 5.0, 120

    def __init__(self, footing: Footing, mail: "MailSimulator", state: Path) -> None:
        """`state` is a folder that remembers what was played."""
        super().__init__(footing, state / PLAYED)
        self._mail = mail

    async def act(self) -> None:
        topic = {"id": "blooms", "title": {"ru": "Что цветёт", "en": "In bloom"}, "requires": "not_withdrawn"}
        await self.ask("campaigns", "POST", "/topics", {**topic, "basis": "покупали у нас"})
        for address, (name, language) in READERS.items():
            await self.client(name, address, {"language": language, "custom": {"reads": "blooms"}})
        tree = {"field": "custom.reads", "value": "blooms"}
        segment = await self.segment("Читатели", tree, count=len(READERS))
        made = {"name": "Ромашки", "channel": "email", "bodies": _BODIES}
        template = (await self.ask("campaigns", "POST", "/templates", made))["id"]
        message = {"channel": "email", "template": template, "account": derive("mb", SUPPORT)}
        form = {"name": "Ромашки", "topic": "blooms", "messages": [message], "include": {"segment": segment}}
        mailing = (await self.ask("campaigns", "POST", "/mailings", form))["id"]
        self._played.touch()
        await self.ask("campaigns", "POST", f"/mailings/{mailing}/launch")
        await self.until(self._arrived)
        await self._read(self._letters())

    def _letters(self) -> dict[str, "SentMail"]:
        """By reader what came to him."""
        return {to: mail for mail in self._mail.outside for to in mail.recipients if to in READERS}

    async def _arrived(self) -> bool:
        return len(self._letters()) == len(READERS)

    # --- what the readers do ---

    async def _read(self, letters: "dict[str, SentMail]") -> None:
        self._post(ANSWERS, letters[ANSWERS].sender, a_reply(letters[ANSWERS].message))
        self._post("", letters[BOUNCES].sender, a_notice(letters[BOUNCES].message, BOUNCES))
        async with httpx.AsyncClient(headers={"User-Agent": _BROWSER}) as browser:
            await browser.get(_link(letters[CLICKS].message))
            leave = str(letters[LEAVES].message["List-Unsubscribe"]).strip("<> ")
            await browser.post(leave, data={"List-Unsubscribe": "One-Click"})

    def _post(self, sender: str, to: str, raw: bytes) -> None:
        self._mail.accept(sender=sender, recipients=[to], raw=raw, user=None)


def a_reply(ours: EmailMessage) -> bytes:
    """As a mail program answers."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"{READERS[ANSWERS][0]} <{ANSWERS}>", str(ours["Reply-To"] or ours["From"])
    mail["Subject"], mail["Message-ID"] = f"Re: {ours['Subject']}", make_msgid(domain="readers.example")
    mail["In-Reply-To"] = mail["References"] = str(ours["Message-ID"])
    mail.set_content(_REPLY)
    return mail.as_bytes(policy=SMTP)


def a_notice(ours: EmailMessage, reader: str) -> bytes:
    """As a mail server tells that there is no such reader (RFC 3464)."""
    status = "550 5.1.1 no such user here"
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@readers.example>
To: {ours["From"]}
Subject: Undelivered Mail Returned to Sender
Message-ID: {make_msgid(domain="readers.example")}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

<{reader}>: {status}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.readers.example

Final-Recipient: rfc822; {reader}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; {status}
--b
Content-Type: text/rfc822-headers

Message-ID: {ours["Message-ID"]}
To: {reader}
--b--
""".replace("\n", "\r\n").encode()


def _link(ours: EmailMessage) -> str:
    """The first tracked link of a page. Raises ValueError where it has none."""
    page = ours.get_body(("html",))
    html = str(page.get_content()) if page else ""
    before, found, rest = html.partition('href="')
    if not found:
        raise ValueError(f"no link in {before[:100]!r}")
    return rest.partition('"')[0].replace("&amp;", "&")
