"""Letters as people send them: Russian and English, plain and HTML, quotes of four mail programs, files."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape

from hub.testing.builders import NOON

_RUSSIAN = """
Подскажите, пожалуйста, когда привезут заказ и можно ли оплатить картой при получении.
Высылаю реквизиты и договор, как мы говорили по телефону; прошу проверить до конца недели.
Насос пришёл без уплотнителя, а в накладной он указан. Как нам его получить?
Спасибо, всё дошло в целости, коробка была упакована очень хорошо.
Нужна закрывающая документация за март: акт, счёт-фактура и накладная.
Менеджер обещал перезвонить во вторник, но звонка так и не было.
Можно ли поменять размер? Мы ошиблись при заказе, нужен на один больше.
Сколько стоит доставка до Екатеринбурга, если забирать со склада самим?
""".strip().split("\n")
_ENGLISH = """
Could you tell me when the order will arrive and whether I can pay by card on delivery?
Please find the invoice and the contract attached, as we discussed on the phone.
The pump came without its gasket although the packing list names it. How do we get one?
Thank you, everything arrived in one piece and the box was packed very well.
We need the closing documents for March: the act, the invoice and the waybill.
Your manager promised to call back on Tuesday, but nobody did.
""".strip().split("\n")
_NAMES = ("Анна Смирнова", "Пётр Иванов", "Ольга Кузнецова", "Олег Щербаков", "Mary Brown", "John Fisher")
_CHARSETS = (("utf-8", "8bit"), ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("windows-1251", "8bit"))
SENDERS = 200
_FILE = 50 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, and what an answer to it needs."""

    raw: bytes
    message_id: str
    references: tuple[str, ...]
    sender: int
    subject: str
    words: tuple[str, ...]
    at: datetime


def letters(count: int, *, to: str, seed: int = 1) -> list[Letter]:
    """Half of them answer an earlier one of the same sender; two thirds have HTML, every tenth a file of 50 kB."""
    rng, made = random.Random(seed), list[Letter]()
    for number in range(count):
        answered = rng.choice(made) if made and rng.random() < 0.5 else None
        made.append(_letter(number, answered, to, rng))
    return made


def _letter(number: int, answered: Letter | None, to: str, rng: random.Random) -> Letter:
    sender = answered.sender if answered else rng.randrange(SENDERS)
    russian = sender % 3 > 0
    words = tuple(_line(_RUSSIAN if russian else _ENGLISH, rng) for _ in range(rng.randint(3, 14)))
    subject = _subject(number, answered, russian)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((_NAMES[sender % len(_NAMES)], f"client{sender}@mail.example"))
    mail["To"] = to
    mail["Subject"] = subject
    at = NOON - timedelta(days=1) + timedelta(seconds=number)
    mail["Date"] = format_datetime(at)
    message_id = f"<{number}.{rng.getrandbits(48):x}@mail.example>"
    mail["Message-ID"] = message_id
    references = (*answered.references, answered.message_id) if answered else ()
    if answered:
        mail["In-Reply-To"], mail["References"] = answered.message_id, " ".join(references[-20:])
    _fill(mail, words, answered, _PROGRAMS[sender % len(_PROGRAMS)], rng)
    return Letter(mail.as_bytes(), message_id, references, sender, subject, words, at)


def _line(pool: list[str], rng: random.Random) -> str:
    """Like no other: what is remembered of lines must not help."""
    words = rng.choice(pool).split()
    return f"{' '.join(rng.sample(words, len(words)))} {rng.randrange(10_000)}."


def _subject(number: int, answered: Letter | None, russian: bool) -> str:
    if answered:
        return answered.subject if answered.subject.startswith("Re: ") else f"Re: {answered.subject}"
    return f"Заказ № {number}: когда доставят?" if russian else f"Order {number}: when will it come?"


def _fill(
    mail: EmailMessage, words: tuple[str, ...], answered: Letter | None, program: "Program", rng: random.Random
) -> None:
    number = rng.randrange(10)
    charset, encoding = _CHARSETS[number % len(_CHARSETS)]
    mail.set_content(program.plain(words, answered), charset=charset, cte=encoding)
    if number % 3:
        mail.add_alternative(program.page(words, answered), subtype="html", charset=charset, cte=encoding)
    if number == 0:
        mail.add_attachment(rng.randbytes(_FILE), maintype="application", subtype="pdf", filename="Счёт № 7.pdf")


# --- the programs, by how they quote ---


@dataclass(frozen=True, slots=True)
class Program:
    """How a mail program writes a letter and the letter it answers."""

    above: Callable[[Letter], str]
    """What stands above a quote."""
    quote: str
    """The opening tag of a quote in HTML."""
    is_marked: bool
    """Whether quoted lines begin with >."""

    def plain(self, words: tuple[str, ...], answered: Letter | None) -> str:
        text = "Здравствуйте!\n\n" + "\n".join(words) + "\n\n-- \nС уважением,\nотдел снабжения\n+7 495 123-45-67\n"
        if answered is None:
            return text
        mark = "> " if self.is_marked else ""
        return text + f"\n{self.above(answered)}\n" + "".join(f"{mark}{line}\n" for line in answered.words)

    def page(self, words: tuple[str, ...], answered: Letter | None) -> str:
        text = "".join(f'<p class="MsoNormal" style="margin:0">{escape(line)}</p>' for line in words)
        page = f"<div>Здравствуйте!</div>{text}<div><br></div><div>-- <br>С уважением,<br>отдел снабжения</div>"
        if answered:
            lines = "".join(f"<div>{escape(line)}</div>" for line in answered.words)
            head = escape(self.above(answered)).replace("\n", "<br>")
            page += f"<div>{head}</div>{self.quote}{lines}</{self.quote[1:].split()[0].rstrip('>')}>"
        return f'<html><head><meta charset="utf-8"><style>p {{margin:0}}</style></head><body>{page}</body></html>'


def _gmail(_: Letter) -> str:
    return "пн, 2 мар. 2026 г. в 12:00, Support <support@shop.example>:"


def _outlook(answered: Letter) -> str:
    return (
        "________________________________\nОт: Support <support@shop.example>\n"
        f"Отправлено: 2 марта 2026 г. 12:00\nКому: client{answered.sender}@mail.example\nТема: {answered.subject}\n"
    )


def _thunderbird(_: Letter) -> str:
    return "On 3/2/26 12:00, Support wrote:"


def _yandex(_: Letter) -> str:
    return '02.03.2026, 12:00, "Support" <support@shop.example>:'


_PROGRAMS = (
    Program(_gmail, '<blockquote class="gmail_quote" style="margin:0">', is_marked=True),
    Program(_outlook, '<div style="border:none;border-top:solid #E1E1E1 1.0pt">', is_marked=False),
    Program(_thunderbird, '<blockquote type="cite">', is_marked=True),
    Program(_yandex, "<blockquote>", is_marked=True),
)
