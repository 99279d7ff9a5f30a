"""The demo: a flower shop called Ромашка, and the people who write to it."""

from dataclasses import dataclass

from hub.channels.simulators import drawing
from hub.channels.simulators.letter import Enclosure
from hub.channels.simulators.mail import Account

SUPPORT, SALES = "support@romashka.example", "sales@romashka.example"
OURS = (
    Account(address=SUPPORT, user=SUPPORT, password="romashka-support", name="Ромашка, служба заботы"),
    Account(address=SALES, user=SALES, password="romashka-sales", name="Ромашка, отдел продаж"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A customer: how he writes, and what."""

    key: str
    name: str
    address: str
    to: str
    subject: str
    opening: str
    replies: tuple[str, ...]
    """One for each answer of ours, in order; after the last he is content."""
    attribution: str
    """The line above a quotation, of `{date}`, `{name}` and `{address}`."""
    charset: str = "utf-8"
    html: bool = False
    enclosures: tuple[Enclosure, ...] = ()
    program: str = ""
    other_address: str | None = None
    """He replies from this one."""
    keeps_thread: bool = True
    """Otherwise his program writes neither In-Reply-To nor References, and changes the subject; it still quotes."""
    new_subject: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.address, self.other_address) if self.other_address else (self.address,)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(
            Account(address=address, user=address, password=f"{self.key}-password", name=self.name, open_sender=True)
            for address in self.addresses
        )


ANNA = Member(
    key="anna",
    name="Анна Смирнова",
    address="anna@example.com",
    to=SUPPORT,
    subject="Букет для бабушки (90 лет!)",
    opening="""\
Здравствуйте!

В субботу бабушке девяносто. Она просит «не веник, а настоящие ромашки», и непременно без лилий:
от лилий чихает кот Маркиз, а он на празднике главный.

Успеете собрать букет к десяти утра? Бабушка встаёт в шесть, но мы её задержим пирогом.

Анна Смирнова
""",
    replies=(
        """\
Ура, спасибо! Кот Маркиз передаёт, что доволен, насколько это вообще возможно для кота.

А открытку вложите? Текст такой: «Бабуля, ты у нас вечнозелёная».

Анна
""",
        """\
Чудесно! Бабушка уже спрашивает, кто такие эти Ромашки и женаты ли они.
Я объяснила, что это цветочный магазин. «Тем более», — сказала бабушка.

Анна
""",
    ),
    attribution="{date}, {name} <{address}> пишет:",
    charset="windows-1251",
    program="The Bat! (v9.3.4) Professional",
)

JOHN = Member(
    key="john",
    name="John Baker",
    address="john@millbakery.example",
    other_address="john.baker@home.example",
    to=SALES,
    subject="Daisies for the bakery window",
    opening="""\
Hi there,

I run the small bakery on Mill Lane. We would like two boxes of daisies for the window, to stand
next to Clint Yeastwood, our sourdough starter. He is eleven and likes company.

A sketch of the window is attached. I am a baker, not an artist: the round thing is a loaf.

Do you deliver on Fridays?

Best wishes,
John Baker
""",
    replies=(
        """\
Splendid! I am writing from home, the bakery computer is full of flour again.

When you deliver, please ring twice. Clint does not answer the door.

John
""",
    ),
    attribution="On {date}, {name} wrote:",
    charset="us-ascii",
    enclosures=(Enclosure(filename="window.png", content_type="image/png", content=drawing.window()),),
    program="Mozilla Thunderbird",
)

OLENA = Member(
    key="olena",
    name="Олена Коваленко",
    address="olena@shkola.example",
    to=SALES,
    subject="Найвищий соняшник у місті",
    opening="""\
<html><body>
<p>Добрий день!</p>
<p>Я вчителька, і мій 3-Б вирішив виростити на підвіконні <b>найвищий соняшник у місті</b>.
Рекорд паралельного класу &mdash; два метри чотирнадцять, тож справа серйозна.</p>
<p>Чи є у вас насіння, яке росте швидше, ніж 3-А?</p>
<p>Олена Коваленко 🌻</p>
</body></html>
""",
    replies=(
        """\
Дякую! Клас одноголосно за. Один голос проти: Тарас хоче кактус.

Тож беремо дванадцять пакетиків насіння і один кактус.

Олена
""",
    ),
    attribution="{date} {name} <{address}> пише:",
    html=True,
    program="Apple Mail (2.3731)",
)

WOJCIECH = Member(
    key="wojciech",
    name="Wojciech Zieliński",
    address="w.zielinski@bilans.example",
    to=SALES,
    subject="Zapytanie: 40 kaktusów",
    opening="""\
Dzień dobry,

otwieramy biuro rachunkowe i szukamy roślin, które przeżyją księgowych.
Próbowaliśmy już paproci. Minuta ciszy dla paproci.

Lista w załączniku (CSV, bo jakżeby inaczej). Proszę o cenę za 40 kaktusów, najchętniej na fakturę.

Z poważaniem
Wojciech Zieliński
""",
    replies=(
        """\
Dziękuję, zarząd się zgadza. Paproć też by się zgodziła.

Mój program pocztowy zgubił wątek, ale bilans wychodzi co do grosza.

W. Zieliński
""",
    ),
    attribution="W dniu {date} {name} pisze:",
    charset="iso-8859-2",
    enclosures=(
        Enclosure(
            filename="kaktusy.csv",
            content_type="text/csv",
            content=(
                "pozycja;nazwa;ilość\r\n1;kaktus zwykły;38\r\n2;kaktus dla dyrektora (większy);1\r\n"
                "3;kaktus zapasowy;1\r\n"
            ).encode(),
        ),
    ),
    program="Bilans Poczta 2.1",
    keeps_thread=False,
    new_subject="W sprawie kaktusów",
)

BORIS = Member(
    key="boris",
    name="Борис Петрович Кузнецов",
    address="kuznetsov@dacha.example",
    to=SUPPORT,
    subject="Претензия к ромашке",
    opening="""\
Уважаемые цветоводы!

Купил у вас ромашки для гадания. Три цветка подряд ответили "не любит". Соседка Вера Павловна смеётся.

Прошу заменить товар на ромашку с нечётным числом лепестков. Чек сохранился, лепестки тоже
(34, 34 и 22 шт., акт пересчёта составлен).

С уважением,
Б. П. Кузнецов, пенсионер, бывший контролёр ОТК
""",
    replies=(
        """\
Благодарю за чуткость! Пересчитал новую ромашку дважды: 21 лепесток. Любит.

Вера Павловна больше не смеётся, зовёт пить чай. Претензию прошу считать закрытой.

Б. П. Кузнецов
""",
    ),
    attribution="{date} {name} <{address}> писали:",
    charset="koi8-r",
    program="Microsoft Outlook Express 6.00.2900.5931",
)

MEMBERS = (ANNA, JOHN, OLENA, WOJCIECH, BORIS)
