"""How letters are signed, and what only looks like a signature."""

import pytest

from services.email.quotes.advertisements import is_advertisement
from services.email.quotes.split import Split, split

BODY = "Добрый день!\n\nПришлите, пожалуйста, счёт на десять коробок."

SIGNATURES = [
    "-- \nАнна Орлова\nООО «Фирма»\n+7 495 123-45-67",
    "--\nAnna",
    "-- Anna Orlova",
    "-Anna",
    "—\nАнна",
    "С уважением,\nАнна Орлова",
    "С уважением, Анна Орлова",
    "С уважением,\n\nАнна Орлова\nменеджер\nтел. +7 495 123-45-67\nwww.firma.example",
    "З повагою,\nГанна",
    "Best regards,\nAnna",
    "Kind regards\n\nAnna Orlova\nSales",
    "Thanks and regards,\nAnna",
    "Спасибо! С уважением, Анна",
    "Mit freundlichen Grüßen\nAnna Orlova",
    "Viele Grüße\nAnna",
    "MfG\nAnna",
    "Cordialement,\nAnna Orlova",
    "Bien cordialement\nAnna",
    "Saludos cordiales,\nAnna",
    "Atentamente,\nAnna",
    "Z poważaniem\nAnna",
    "Pozdrawiam,\nAnna",
    "Met vriendelijke groet,\nAnna",
    "Med vänliga hälsningar\nAnna",
    "Med venlig hilsen\nAnna",
    "Cordiali saluti\nAnna",
    "Atenciosamente,\nAnna",
    "S pozdravem\nAnna",
    "Trân trọng,\nAnna",
    "此致\n敬礼",
    "Anna Orlova\nSales manager\nanna@firma.example\n+7 495 123-45-67",
    "_________________________\nAnna Orlova\nanna@firma.example",
    "Sent from my iPhone",
    "Cheers,\nAnna",
    "Liebe Grüße Anna",
    "Bonne journée,\nAnna",
    "Хорошего дня!\nАнна",
    "~ Anna",
    "Anna J. Orlova, Ph.D.\nPresident\nanna@firma.example\nwww.firma.example",
    "*Anna Orlova*\nSales\n+7 495 123-45-67\nanna@firma.example",
    "[image: Logo]\nAnna Orlova\n+7 495 123-45-67\nanna@firma.example",
    "Anna Orlova\nFirma | +7 495 123-45-67 | anna@firma.example",
    "Anna Orlova\nvia mobile",
    "Best regards, Anna\n\nSent from my iPhone",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_is_split_off(signature: str) -> None:
    assert split(f"{BODY}\n\n{signature}\n") == Split(BODY, "", signature)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_between_reply_and_quote_is_split_off(signature: str) -> None:
    quote = "On Mon, 2 Mar 2026 at 12:00, Bob <bob@shop.example> wrote:\n> Hello"
    assert split(f"{BODY}\n\n{signature}\n\n{quote}") == Split(BODY, quote, signature)


ADVERTISEMENTS = [
    "Az iPhone-omról küldve",
    "Στάλθηκε από το iPhone μου",
    "أُرسلت من الـ iPhone",
    "נשלח מה-iPhone שלי",
    "Đã gửi từ iPhone của tôi",
    "Dikirim dari iPhone saya",
    "Enviat des de l'iPhone",
    "Poslano s mog iPhonea",
    "Получить Outlook для Android",
    "Holen Sie sich Outlook für iOS",
    "Yahoo Mail: Search, Organize, Conquer",
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from my Verizon Wireless BlackBerry",
    "Sent from Mail for Windows 10",
    "Sent from Yahoo Mail for iPhone",
    "Sent from Outlook for Android<https://aka.ms/AAb9ysg>",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Скачать Outlook для Android",
    "Отправлено с iPhone",
    "Отправлено с моего iPad",
    "Отправлено из мобильной Почты Mail",
    "Отправлено из Почты Mail.ru для Android",
    "Отправлено из мобильного приложения Яндекс Почты",
    "Надіслано з iPhone",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Gửi từ iPhone của tôi",
    "发自我的 iPhone",
    "iPhoneから送信",
    "Sent with Proton Mail secure email.",
    "Sent with Sparrow (http://www.sparrowmailapp.example/?sig)",
    "Sent using Zoho Mail",
    "via mobile",
    "Télécharger Outlook pour Android",
    "Hämta Outlook för iOS",
    "Outlook voor Android downloaden",
    "Get BlueMail for Android",
    "Sent from Canary (https://canary.example)",
    "Von meinem Android-Gerät mit K-9 Mail gesendet. Bitte entschuldigen Sie meine Kürze.",
    "Please excuse brevity, sent from my phone.",
    "Надіслано з мобільного пристрою",
    "iPhone'umdan gönderildi",
    "從我的 iPhone 傳送",
    "从我的 iPhone 发送",
    "发自我的手机",
]


@pytest.mark.parametrize("line", ADVERTISEMENTS)
def test_what_a_phone_adds_on_its_own_is_known(line: str) -> None:
    assert is_advertisement(line)
    assert split(f"Да, согласна.\n\n{line}") == Split("Да, согласна.", "", line)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my desk, this is easier than by phone.",
        "Отправлено вчера курьером.",
        "Where was it sent from?",
        "Sent with love",
        "We got the outlook for the year and it is bad.",
        "Enviado ayer.",
    ],
)
def test_a_sentence_about_sending_is_the_writers_own(line: str) -> None:
    assert not is_advertisement(line)


DISCLAIMERS = [
    "Без вирусов. www.avast.ru",
    "Virenfrei. www.avast.com",
    "This e-mail and any attachments are confidential and intended solely for the use of the individual or entity to "
    "whom they are addressed. If you are not the intended recipient, please delete it.",
    "CONFIDENTIALITY NOTICE: The contents of this email message are intended only for the addressee.",
    "Данное сообщение содержит конфиденциальную информацию. Если Вы не являетесь получателем, удалите его.",
    "Настоящее электронное письмо и любые вложения предназначены исключительно для адресата и могут содержать "
    "конфиденциальную информацию.",
    "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige "
    "Adressat sind, informieren Sie bitte den Absender.",
    "Please consider the environment before printing this email.",
    'You received this message because you are subscribed to the Google Groups "boxes" group.',
    "Virus-free. www.avast.com",
]


@pytest.mark.parametrize("notice", DISCLAIMERS)
def test_a_disclaimer_at_the_end_is_not_new(notice: str) -> None:
    assert split(f"{BODY}\n\n{notice}\n") == Split(BODY, "", notice)
    assert split(f"{BODY}\n\nС уважением,\nАнна\n\n{notice}").new_text == BODY


def test_the_word_of_thanks_above_a_name_and_a_number_stays_in_the_letter() -> None:
    card = "Anna Orlova\nFirma\n+7 495 123-45-67"
    assert split(f"All is here.\n\nThanks!\n\n{card}") == Split("All is here.\n\nThanks!", "", card)


def test_thanks_right_above_a_phones_advertisement_stay_in_the_letter() -> None:
    assert split("All is here.\n\nMany Thanks\nSent from my iPhone").new_text == "All is here.\n\nMany Thanks"


def test_a_short_thanks_stays_in_the_letter() -> None:
    assert split("All is here.\n\nThanks,\nAnna").new_text == "All is here.\n\nThanks,\nAnna"


def test_a_delimiter_far_above_the_end_is_no_signature() -> None:
    mail = "--\n" + "\n".join(f"This is line {n} of the letter." for n in range(40))
    assert split(mail).new_text == mail


def test_regards_in_the_middle_of_a_letter_cut_nothing() -> None:
    mail = "Best regards\n\n" + "\n".join(f"This is line {n} of the letter." for n in range(40))
    assert split(mail).new_text == mail


@pytest.mark.parametrize(
    "closing",
    [
        "Tervitades",
        "Lugupidamisega",
        "Cu stima",
        "Lep pozdrav",
        "Srdačan pozdrav",
        "S poštovanjem",
        "Pagarbiai",
        "Ar cieņu",
        "Με εκτίμηση",
        "С уважение",
        "İyi çalışmalar",
    ],
)
def test_a_closing_of_the_smaller_languages_begins_a_signature(closing: str):
    found = split(f"Please call me back.\nThe number is known.\n\n{closing},\nAnna\n")
    assert (found.new_text, found.signature) == (
        "Please call me back.\nThe number is known.",
        f"{closing},\nAnna",
    )


def test_what_is_written_on_below_the_signature_is_new() -> None:
    found = split(f"{BODY}\n\nС уважением,\nАнна\n\nP.S. Позвоните в пятницу,\nпожалуйста.\n\nОтправлено с iPhone")
    assert found.new_text == f"{BODY}\n\nP.S. Позвоните в пятницу,\nпожалуйста."
    assert found.signature == "С уважением,\nАнна\n\nОтправлено с iPhone"


@pytest.mark.parametrize("name", ["П.С. Иванов", "P.S. Kumar"])
def test_initials_in_a_signature_are_no_afterthought(name: str) -> None:
    assert split(f"{BODY}\n\nС уважением,\n\n{name}").signature == f"С уважением,\n\n{name}"


def test_a_letter_that_is_signed_in_clear_is_new_without_what_signs_it() -> None:
    head, end = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256", "-----BEGIN PGP SIGNATURE-----"
    found = split(f"{head}\n\n{BODY}\n\n- -- \nАнна\n{end}\n\niQIzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n")
    assert found.new_text == BODY
    assert found.quoted_text == ""
