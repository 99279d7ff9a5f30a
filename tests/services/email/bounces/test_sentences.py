"""Notices that only a sentence and an address make, in the languages that servers write."""

# ruff: noqa: E501 (letters stand as they were sent)

import pytest

from services.email.bounces.classify import auto_of, bounce_of
from services.email.mime.parse import parse
from tests.services.email.bounces.samples.builders import DAEMON, a_notice

ANNA = "anna@there.example"
SENTENCES = {
    "ru": ("Письмо не доставлено", "Ваше письмо не может быть доставлено получателю anna@there.example."),
    "ru2": ("Ошибка", "Здравствуйте!\n\nПользователь anna@there.example не найден на сервере.\n\nПочтовая служба"),
    "ru3": ("Сообщение не доставлено", "К сожалению, почтовый ящик anna@there.example переполнен и не может принять ваше сообщение."),
    "uk": ("Лист не доставлено", "На жаль, ваш лист на адресу anna@there.example не вдалося доставити: користувача не знайдено."),
    "en": ("Your message", "Your message to anna@there.example could not be delivered. The user does not exist."),
    "en2": ("Mail notice", "Sorry, there is no mailbox here by that name: anna@there.example"),
    "de": ("Nachricht nicht zugestellt", "Ihre Nachricht an anna@there.example konnte nicht zugestellt werden. Der Empfänger ist unbekannt."),
    "de2": ("Unzustellbarkeitsnachricht", "Das Postfach anna@there.example existiert nicht."),
    "fr": ('Message non distribué', "Votre message à anna@there.example n'a pas pu être remis. Le destinataire est inconnu."),
    "fr2": ('Échec de remise', "L'adresse anna@there.example n'existe pas."),
    "es": ("Correo devuelto", "Su mensaje para anna@there.example no pudo ser entregado. El usuario no existe."),
    "it": ('Messaggio non recapitato', "Il messaggio per anna@there.example non è stato consegnato. L'utente non esiste."),
    "it2": ("Mancata consegna", "Impossibile recapitare il messaggio a anna@there.example: casella inesistente."),
    "pt": ("Mensagem devolvida", "A sua mensagem para anna@there.example não pôde ser entregue. Usuário inexistente."),
    "pt2": ("Falha na entrega", "O endereço anna@there.example não existe."),
    "ja": ("メール配信エラー", "以下のメールアドレスは存在しないため、送信できませんでした。\n\nanna@there.example\n"),
    "ja2": ("配信不能通知", "anna@there.example へのメールは配信できませんでした。宛先ユーザーが見つかりません。"),
    "zh": ("系统退信", "很抱歉，您的邮件未能送达以下收件人：\n\nanna@there.example\n\n原因：收件人不存在"),
    "zh2": ("退信通知", "您发送给 anna@there.example 的邮件被退回，该用户不存在。"),
    "zhtw": ("郵件無法投遞", "您寄給 anna@there.example 的郵件無法投遞，使用者不存在。"),
    "ko": ("메일 전송 실패", "anna@there.example 님에게 메일을 보낼 수 없습니다. 존재하지 않는 사용자입니다."),
    "nl": ("Bericht niet bezorgd", "Uw bericht aan anna@there.example kon niet worden bezorgd. De gebruiker bestaat niet."),
    "pl": ("Wiadomość niedostarczona", "Wiadomość do anna@there.example nie mogła zostać dostarczona. Użytkownik nie istnieje."),
    "cs": ("Nedoručitelná zpráva", "Vaši zprávu pro anna@there.example se nepodařilo doručit. Uživatel neexistuje."),
    "sv": ("Meddelandet kunde inte levereras", "Ditt meddelande till anna@there.example kunde inte levereras. Användaren finns inte."),
    "da": ("Meddelelsen kunne ikke leveres", "Din meddelelse til anna@there.example kunne ikke leveres. Brugeren findes ikke."),
    "no": ("Ikke levert", "Meldingen til anna@there.example kunne ikke leveres. Ukjent mottaker."),
    "fi": ("Viestiä ei voitu toimittaa", "Viestiäsi vastaanottajalle anna@there.example ei voitu toimittaa. Vastaanottajaa ei löydy."),
    "tr": ("İleti teslim edilemedi", "anna@there.example adresine gönderdiğiniz ileti teslim edilemedi. Kullanıcı bulunamadı."),
    "hu": ("Kézbesíthetetlen", "Az anna@there.example címre küldött levele nem kézbesíthető. A címzett nem létezik."),
    "ro": ("Mesaj nelivrat", "Mesajul către anna@there.example nu a putut fi livrat. Utilizatorul nu există."),
    "el": ("Αποτυχία παράδοσης", "Το μήνυμά σας προς anna@there.example δεν ήταν δυνατό να παραδοθεί. Ο χρήστης δεν υπάρχει."),
    "bg": ("Недоставено писмо", "Вашето писмо до anna@there.example не може да бъде доставено. Потребителят не съществува."),
}  # fmt: skip
BLAND = "Mail <postmaster@there.example>"
ROBOT = "robot@there.example"
ANSWERED = "Return-Path: <>\nAuto-Submitted: auto-replied\n"


def named(raw: bytes) -> tuple[str, list[str]]:
    found = bounce_of(parse(raw))
    assert found is not None
    return found.kind, [one.address for one in found.recipients]


def fails(raw: bytes) -> list[str]:
    kind, addresses = named(raw)
    assert kind in ("hard", "soft")
    return addresses


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_of_a_server_and_an_address_are_a_notice(language: str):
    subject, text = SENTENCES[language]
    assert fails(a_notice(text, sender=DAEMON, subject=subject)) == [ANNA]


@pytest.mark.parametrize("language", SENTENCES)
def test_the_sentence_is_enough_without_a_telling_subject(language: str):
    text = SENTENCES[language][1]
    assert fails(a_notice(text, sender=BLAND, subject="Info")) == [ANNA]
    assert fails(a_notice(text, sender="service@there.example", subject="Re: What is new", headers=ANSWERED)) == [
        ANNA
    ]


@pytest.mark.parametrize("language", SENTENCES)
def test_the_sentence_is_enough_without_a_telling_sender(language: str):
    subject, text = SENTENCES[language]
    raw = a_notice(text, sender=ROBOT, subject=subject)
    if language != "ru2":  # "Error", "no such user": any shop writes that.
        assert (fails(raw), auto_of(parse(raw))) == ([ANNA], "auto-reply")


PERSON = "Anna Petrova <anna@there.example>"
ORDINARY = {
    'full1': ('Mailbox almost full', 'Your mailbox news@ours.example is almost full. It has reached 95% of its quota. Please delete some messages.', 'postmaster@ours.example'),
    'full2': ('Почтовый ящик почти заполнен', 'Ваш ящик news@ours.example заполнен на 95%. Удалите ненужные письма.', 'postmaster@ours.example'),
    'full3': ('Warning: mailbox quota', 'The mailbox otto@there.example is nearly full (95 % of quota).\nAdmin', 'admin@there.example'),
    'full4': ('Mail delivery problem', 'Hi, my colleague otto@there.example has a mailbox which is nearly full, please send no big files.', PERSON),
    'full5': ('Warning: could be undelivered', 'Colleagues, the mailbox of otto@there.example is almost full, mail may soon be rejected.', PERSON),
    'full6': ('Quota warning', 'The following users are over 90% of quota:\n\notto@there.example 93%\nanna@there.example 95%\n', 'root@there.example'),
    'p1': ('Delivery', 'Hello! The parcel to Otto could not be delivered. Write to otto@there.example please.', PERSON),
    'p2': ('Letter', 'My letter to otto@there.example could not be delivered: 550 5.1.1 user unknown. What shall I do?', PERSON),
    'p3': ('Undeliverable mail', 'Hi,\nour customer says that mail to otto@there.example was rejected with 550 5.1.1 User unknown. Can you look?', PERSON),
    'p4': ('Re: letter', 'Your message to otto@there.example could not be delivered, he left. Regards, Anna', PERSON),
    'p5': ('bounce rate', 'Our bounce rate is 5%. See reports at stats@there.example', PERSON),
    'p6': ('Заказ', 'Здравствуйте! Письмо на адрес otto@there.example не доставлено, проверьте, пожалуйста. Я жду уже неделю.', PERSON),
    'p7': ('Vacation', 'I am on vacation. In urgent cases write to otto@there.example. Your message will not be forwarded.', PERSON),
    'p8': ('Order', 'Hello,\nthe invoice letter never arrived. Please send the message again to otto@there.example because it was not delivered to the old address.\nThanks\nAnna', PERSON),
    'news': ('Newsletter: how to avoid rejected mail', 'Learn why your message could not be delivered. Ask team@there.example.', 'Team <team@there.example>'),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_what_a_person_or_a_warning_says_of_mail_is_no_bounce(name: str):
    subject, text, sender = ORDINARY[name]
    found = bounce_of(parse(a_notice(text, sender=sender, subject=subject)))
    assert found is None or found.kind == "auto-reply"


@pytest.mark.parametrize(
    "text",
    [
        "my mail to otto@there.example failed with\n550 5.2.2 mailbox full",
        "The mailbox otto@there.example is 95% full",
    ],
)
def test_a_letter_to_a_list_about_a_failure_is_no_bounce(text: str):
    lists = "List-Id: <talk.lists.example>\nPrecedence: list\n"
    assert bounce_of(parse(a_notice(text, sender=PERSON, subject="Mail delivery failed", headers=lists))) is None


def test_whom_to_write_to_instead_did_not_fail():
    text = "Anna no longer works for us. Please write to otto@there.example instead."
    raw = a_notice(text, sender=PERSON, subject="Automatic reply: What is new", headers=ANSWERED)
    assert named(raw) == ("auto-reply", [])


EXCHANGE = {
    "pt": ("Não é possível entregar", "A entrega falhou para estes destinatários ou grupos:", "O endereço de email inserido não pôde ser encontrado.", "A caixa de correio do destinatário está cheia."),
    "pl": ("Nie można dostarczyć", "Dostarczenie wiadomości do tych adresatów nie powiodło się:", "Nie można odnaleźć podanego adresu e-mail.", "Skrzynka pocztowa adresata jest pełna."),
    "sv": ("Kan inte leverera", "Det gick inte att leverera till följande mottagare eller grupper:", "Den angivna e-postadressen hittades inte.", "Mottagarens postlåda är full."),
    "da": ("Kan ikke leveres", "Levering til disse modtagere eller grupper mislykkedes:", "Den angivne mailadresse blev ikke fundet.", "Modtagerens postkasse er fuld."),
    "no": ("Kan ikke leveres", "Levering til disse mottakerne eller gruppene mislyktes:", "Adressen du oppgav ble ikke funnet.", "Mottakerens postboks er full."),
    "fi": ("Ei voitu toimittaa", "Toimitus näille vastaanottajille tai ryhmille epäonnistui:", "Antamaasi sähköpostiosoitetta ei löytynyt. Osoite on tuntematon.", "Vastaanottajan postilaatikko on täynnä."),
    "tr": ("Teslim Edilemedi", "Bu alıcılara veya gruplara teslim edilemedi:", "Girdiğiniz e-posta adresi bulunamadı.", "Alıcının posta kutusu dolu."),
    "cs": ("Nedoručitelné", "Doručení těmto příjemcům nebo skupinám se nezdařilo:", "Zadaná e-mailová adresa nebyla nalezena.", "Poštovní schránka příjemce je plná."),
    "sk": ("Nedoručiteľné", "Doručenie týmto príjemcom alebo skupinám sa nepodarilo:", "Zadaná e-mailová adresa nebola nájdená.", "Poštová schránka príjemcu je plná."),
    "hu": ("Kézbesíthetetlen", "Nem sikerült kézbesíteni a következő címzetteknek vagy csoportoknak:", "A megadott cím nem található.", "A címzett postafiókja megtelt."),
    "ro": ("Nelivrat", "Mesajul nu a putut fi livrat acestor destinatari sau grupuri:", "Adresa de e-mail introdusă nu a fost găsită.", "Căsuța poștală a destinatarului este plină."),
    "el": ("Αδύνατη η παράδοση", "Η παράδοση στους ακόλουθους παραλήπτες απέτυχε:", "Η διεύθυνση που πληκτρολογήσατε δεν βρέθηκε.", "Το γραμματοκιβώτιο του παραλήπτη είναι πλήρες."),
    "bg": ("Недоставено", "Съобщението не беше доставено на следните получатели:", "Въведеният адрес не е намерен.", "Пощенската кутия на получателя е пълна."),
    "uk": ("Не вдалося доставити", "Не вдалося доставити повідомлення таким одержувачам:", "Введену адресу електронної пошти не знайдено.", "Скринька одержувача переповнена."),
}  # fmt: skip


@pytest.mark.parametrize("language", EXCHANGE)
def test_the_notices_of_exchange_are_read_in_its_languages(language: str):
    subject, announced, unknown, full = EXCHANGE[language]
    told = []
    for words in (unknown, full):
        raw = a_notice(f"{announced}\n\n{ANNA}\n{words}\n", sender="postmaster@there.example", subject=subject)
        found = bounce_of(parse(raw))
        assert found is not None
        told.append((found.kind, [(one.address, one.reason) for one in found.recipients]))
    assert told == [("hard", [(ANNA, "user-unknown")]), ("soft", [(ANNA, "mailbox-full")])]
