"""Whole mails as programs and people write them, and what a person would call new in each."""

import pytest

from services.email.quotes.split import Split, split

HEADER = "On Mon, Mar 2, 2026 at 12:00 PM Anna Orlova <anna@firma.example> wrote:"
QUOTE = f"{HEADER}\n\n> When will the boxes come?\n> We wait."


def test_the_reply_above_the_quote_is_new() -> None:
    assert split(f"They come on Friday.\n\n{QUOTE}\n") == Split("They come on Friday.", QUOTE, "")


def test_the_reply_below_the_quote_is_new() -> None:
    assert split(f"{QUOTE}\n\nThey come on Friday.\n") == Split("They come on Friday.", QUOTE, "")


def test_replies_between_the_quotes_are_new_in_their_order() -> None:
    first = "> When will the boxes come?\n\nOn Friday."
    mail = f"Hello Anna,\n\n{HEADER}\n{first}\n\n> And the lids?\nOn Monday.\n\n> Thanks"
    assert split(mail).new_text == "Hello Anna,\n\nOn Friday.\n\nOn Monday."


def test_the_writers_own_lines_are_left_as_they_are() -> None:
    mail = f"\n\n  Item   price\n  box      10\n\n\n  lid       5\n\n{QUOTE}"
    assert split(mail).new_text == "  Item   price\n  box      10\n\n\n  lid       5"


def test_a_mail_without_quotes_is_new_as_a_whole() -> None:
    assert split("Good day!\r\n\r\nWhat is the price?\r\n") == Split("Good day!\n\nWhat is the price?", "", "")


def test_an_empty_mail_is_empty() -> None:
    assert split("") == split(" \n\t\n") == split("", "") == split("", "<p></p>") == Split("", "", "")


OLD = "Когда придут коробки?\nЖдём."
MARKED = "Когда придут коробки?\n> Ждём."
TOP_POSTED = [
    f"02.03.2026 12:00, Анна Орлова пишет:\n> {MARKED}",
    f"Понедельник, 2 марта 2026, 12:00 +03:00 от Анна <anna@firma.example>:\n{OLD}",
    f'02.03.2026, 12:00, "Анна Орлова" <anna@firma.example>:\n{OLD}',
    f"От: Анна Орлова <anna@firma.example>\nОтправлено: 2 марта 2026 г. 12:00\nКому: Поддержка\nТема: Заказ\n\n{OLD}",
    f"________________________________\nFrom: Anna <anna@firma.example>\nSent: Monday, March 2, "
    f"2026\nTo: S\nSubject: O\n\n{OLD}",
    f"-----Исходное сообщение-----\nFrom: Anna\nSent: Monday, March 2, 2026 12:00\nTo: S\nSubject: O\n\n{OLD}",
    f"-------- Исходное сообщение --------\n{OLD}",
    f"------- Original Message -------\nOn Monday, March 2nd, 2026 at 12:00, Anna "
    f"<anna@firma.example> wrote:\n\n> {MARKED}",
    f"##- Пожалуйста, введите ответ выше этой линии -##\n{OLD}",
    f"---- On Mon, 02 Mar 2026 12:00:00 +0300 Anna <anna@firma.example> wrote ----\n\n{OLD}",
    f"Anna Orlova/Berlin/Firma\n02.03.2026 12:00\n\nTo\nHilfe/Firma@Firma\ncc\n\nSubject\nRe: Bestellung\n\n{OLD}",
    f"Anna Orlova ---02.03.2026 12:00:00---{OLD}",
    f"From:        Anna/Firma\nTo:        Bob/Firma\nDate:        02.03.2026 12:00\nSubject:        Boxes\n\n{OLD}",
    f"From: Anna [mailto:anna@firma.example] Sent: Monday, March 2, 2026 12:00 To: Bob Subject: Boxes\n\n{OLD}",
    f"> Subject: Boxes\n> From: anna@firma.example\n> To: bob@shop.example\n> {MARKED}",
    f"*От:* Анна <anna@firma.example>\n*Дата:* понедельник, 2 марта 2026\n*Кому:* Боб\n*Тема:* Коробки\n\n{OLD}",
    "Отправлено из мобильной Почты Mail\n\nпонедельник, 2 марта 2026 г., 12:00 +0300 от anna@firma.example:\n> x",
    f"On Mon, 2 Mar 2026 at 12:00, Anna <anna@firma.example>wrote:\n\n{OLD}",
    f"On Mon, 2 Mar 2026 at 12:00, Anna\n> <anna@firma.example> wrote:\n> {MARKED}",
    f"2026年3月2日(月) 12:00 Anna <anna@firma.example>:\n\n> {MARKED}",
    f"发件人: Anna <anna@firma.example>\n发送时间: 2026年3月2日 12:00\n收件人: Bob\n主题: 订单\n\n{OLD}",
    f'>>> "Anna Orlova" <anna@firma.example> 02.03.2026 12:00 >>>\n{OLD}',
    f'----------------\nКому: Боб (bob@shop.example);\nТема: Заказ;\n02.03.2026, 12:00, "Анна" '
    f"<a@firma.example>:\n\n{OLD}",
    f"-------- Original message --------From: Anna <a@firma.example> Date: 3/2/26  12:00 PM  To: Bob\n{OLD}",
    f"On Mon, 2 Mar 2026 at 12:00, Anna <anna@firma.example> wrote\n\n> {MARKED}",
    f"Вы писали 2 марта 2026 г., 12:00:15:\n\n> {MARKED}",
    f"> Am 02.03.2026 um 12:00 schrieb Anna <anna@firma.example>:\n> \n> {MARKED}",
    f"Quoting Anna Orlova <anna@firma.example>:\n\n{OLD}",
    f"2026. 03. 02. 12:00 keltezéssel, Anna Orlova írta:\n{OLD}",
    f"Wiadomość napisana przez Anna <anna@firma.example> w dniu 02.03.2026, o godz. 12:00:\n\n{OLD}",
    f"เมื่อ จ. 2 มี.ค. 2026 เวลา 12:00 Anna <anna@firma.example> เขียนว่า:\n{OLD}",
    f"בתאריך יום ב׳, 2 במרץ 2026 ב-12:00 מאת Anna <anna@firma.example>:\n{OLD}",
    f"في الاثنين، ٢ مارس ٢٠٢٦ في ١٢:٠٠ م تمت كتابة ما يلي بواسطة Anna <anna@firma.example>:\n{OLD}",
    f"On Mon, Mar 2, 2026 at 12:00 PM, Anna Orlova <\n\nanna@firma.example> wrote:\n\n{OLD}",
    f"---- Anna Orlova wrote ----\n\n{OLD}",
    f"- - - - - Original Message - - - - -\n\n{OLD}",
    f"##- Veuillez saisir votre réponse au-dessus de cette ligne -##\n\n{OLD}",
    f"##- Por favor, escriba su respuesta por encima de esta línea -##\n\n{OLD}",
    f"##- Введите ответ над этой строкой -##\n\n{OLD}",
    f"Пожалуйста, пишите ответ выше этой линии\n\n{OLD}",
    f"[anna - Mon Mar 2 12:00:00 2026]:\n\n> {MARKED}",
    f"In message <abc@firma.example>, Anna Orlova <anna@firma.example> writes\n> {MARKED}",
    "Вы писали 2 марта 2026 г., 12:00:15:\n\nАО> Когда придут коробки?\nАО>> Ждём.",
]


@pytest.mark.parametrize("below", TOP_POSTED)
def test_all_that_a_mail_program_put_below_the_reply_is_split_off(below: str) -> None:
    found = split(f"Придут в пятницу.\n\nСклад открыт до шести.\n\n{below}")
    assert found.new_text == "Придут в пятницу.\n\nСклад открыт до шести."
    assert found.quoted_text


def test_the_reply_right_above_a_header_without_a_blank_line_is_new() -> None:
    assert split(f"On Friday.\n{QUOTE}").new_text == "On Friday."


def test_an_attribution_behind_the_last_word_of_the_reply_is_still_split_off() -> None:
    assert split(f"On Friday. {QUOTE}") == Split("On Friday.", QUOTE, "")


NO_QUOTES = [
    "On Monday he wrote: the boxes are late.\nWhat shall we do?",
    "On Monday he wrote:\n\nthe boxes are late.\n\nWhat shall we do?",
    "The check is `if a > b:` and then\nb > a is the other.",
    "Compare a\n>= 5 and b\n>= 6, please.",
    "Python says\n>>> 1 + 1\n2\n>>> 2 + 2\n4\nIs it right?",
    "From: Moscow\nI will send it tomorrow.",
    "Доставка:\nОт: склад на Ленина\nКому: Иван Иванов\nДата: пятница\nКогда привезёте?",
    "Here is the log:\n2026-03-02 09:30:12 ERROR: x@firma.example refused:\n  line 2\nPlease help.",
    "We offer:\n-- red boxes\n-- blue boxes\n-- green boxes",
    "Run this:\nSQL> select 1\nSQL> select 2\nand tell me.",
    "Get the Outlook report for Android by noon.",
    "Please excuse the typos in my contract and send a new one to the office.",
    "Call these people.\n\nAnna Orlova +7 495 123-45-67\nBob Smith +44 20 7946 0000",
    "You can reach me at\n\nbob@shop.example\n+44 20 7946 0000",
    "Yours is the red one\nMine the blue",
    "Cheers for that, Bob",
    "I need these.\n\n- Bread",
    "Первый пункт\n---\nВторой пункт, он гораздо длиннее первого.\nИ третий. Он тоже есть.",
    "Пришлите на адрес anna@firma.example:\nсчёт и акт.",
    "Мои данные:\n\nАнна Орлова\nanna@firma.example\n+7 495 123-45-67",
    "Анна Орлова\nanna@firma.example\n+7 495 123-45-67",
    "Sent from my desk, this is easier than by phone.",
    "This price list is confidential, please do not show it to others.",
    "I told him: best regards to your wife! And then we left for the station together.",
]


@pytest.mark.parametrize("mail", NO_QUOTES)
def test_nothing_is_cut_from_a_letter_that_only_looks_like_a_quote(mail: str) -> None:
    assert split(mail) == Split(mail, "", "")


def test_the_forwarders_words_are_new_and_the_forwarded_letter_is_quoted() -> None:
    letter = (
        "---------- Forwarded message ---------\nFrom: Anna <anna@firma.example>\nSubject: Boxes\n\nWhere are they?"
    )
    assert split(f"Bob, please look.\n\n{letter}") == Split("Bob, please look.", letter, "")


@pytest.mark.parametrize(
    "mail",
    [
        "---------- Forwarded message ---------\nFrom: Anna <a@firma.example>\nSubject: Boxes\n\nWhere are they?",
        "From: Anna <a@firma.example>\nSent: 2 March 2026\nTo: Bob\nSubject: Boxes\n\nWhere are they?",
        "> A poem\n> of two lines",
        "С уважением,\nАнна",
    ],
)
def test_a_mail_that_would_become_empty_is_shown_whole(mail: str) -> None:
    assert split(mail) == Split(mail, "", "")


def test_a_reply_without_a_word_of_its_own_is_empty() -> None:
    assert split(f"Sent from my iPhone\n\n{QUOTE}") == Split("", QUOTE, "Sent from my iPhone")


def test_the_broken_off_end_of_a_quoted_line_stays_in_the_quote() -> None:
    mail = f"Yes.\n\n{HEADER}\n> we would like to know whether the boxes that we ordered will\nbe here\n> on Friday."
    assert split(mail).new_text == "Yes."


def test_replies_between_lines_marked_with_initials_are_new() -> None:
    mail = "Monday, March 2, 2026, 12:00:00, you wrote:\n\nAO> When?\n\nFriday.\n\nAO> And the lids?\n\nMonday."
    assert split(mail).new_text == "Friday.\n\nMonday."


def test_a_quote_within_a_quote_is_quoted_once() -> None:
    mail = f"Yes.\n\n{HEADER}\n> No?\n>\n> On Sun, 1 Mar 2026 at 9:00, Bob <bob@shop.example> wrote:\n>> Really?\n"
    assert split(mail).new_text == "Yes."


def test_a_list_footer_below_the_quote_is_not_new() -> None:
    footer = "_______________________________________________\nboxes mailing list\nboxes@lists.example"
    found = split(f"Yes.\n\n{QUOTE}\n\n{footer}")
    assert (found.new_text, found.signature) == ("Yes.", footer)


def test_only_what_is_new_is_shown_and_the_rest_is_one_click_away() -> None:
    found = split(f"On Friday.\n\nBest regards,\nBob\n\n{QUOTE}")
    assert found == Split("On Friday.", QUOTE, "Best regards,\nBob")


def test_a_head_that_is_pasted_into_a_first_letter_ends_nothing() -> None:
    text = "I sent you this:\n\nFrom: Olga\nSent: Monday\nTo: you\nSubject: window\n\nWhen will somebody call me?"
    assert split(text, first=True).new_text == text
    assert split(text).new_text == "I sent you this:"


def test_drawn_lines_that_divide_a_letter_sign_nothing() -> None:
    form = "New application\n\n---\nName: Olga\nPhone: 123 45 67\n---\n\nMessage\nI need three windows."
    order = "1. Окно 120\n--------------------\nИтого: 2 позиции\nДоставка: Ленина 5, звонить после 18"
    assert (split(form).new_text, split(order).new_text) == (form, order)
    assert split("Жду.\n---\nОльга Смирнова\nтел. +7 916 123-45-67").new_text == "Жду."


def test_an_advertisement_with_a_link_in_its_middle_is_one() -> None:
    line = "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows 10"
    assert split(f"Ok, Friday.\n\n{line}").new_text == "Ok, Friday."
