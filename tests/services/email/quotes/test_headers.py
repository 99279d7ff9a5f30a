"""The lines mail programs put above a quote, in their languages; and sentences that only look like them."""

import pytest

from services.email.quotes.headers import Opening, header_at
from services.email.quotes.split import split

REPLIES = [
    # Gmail, in the languages of its users
    "On Mon, Mar 2, 2026 at 12:00 PM Anna Orlova <anna@firma.example> wrote:",
    "On Mon, 2 Mar 2026 at 12:00, Anna Orlova <anna@firma.example> wrote:",
    "On Monday, March 2, 2026 at 12:00:15 PM UTC+3 Anna Orlova wrote:",
    "пн, 2 мар. 2026 г. в 12:00, Анна Орлова <anna@firma.example>:",
    "2 марта 2026 г., 12:00 пользователь Анна Орлова <anna@firma.example> написал:",
    "2 марта 2026 г. 12:00 пользователь Анна Орлова <anna@firma.example>\nнаписал:",
    "пн, 2 бер. 2026 р. о 12:00 Анна Орлова <anna@firma.example> пише:",
    "Am Mo., 2. März 2026 um 12:00 Uhr schrieb Anna Orlova <anna@firma.example>:",
    "Le lun. 2 mars 2026 à 12:00, Anna Orlova <anna@firma.example> a écrit :",
    "El lun, 2 mar 2026 a las 12:00, Anna Orlova (<anna@firma.example>) escribió:",
    "pon., 2 mar 2026 o 12:00 Anna Orlova <anna@firma.example> napisał(a):",
    "Il giorno lun 2 mar 2026 alle ore 12:00 Anna Orlova <anna@firma.example> ha scritto:",
    "Em seg., 2 de mar. de 2026 às 12:00, Anna Orlova <anna@firma.example> escreveu:",
    "Op ma 2 mrt 2026 om 12:00 schreef Anna Orlova <anna@firma.example>:",
    "Den mån 2 mars 2026 kl 12:00 skrev Anna Orlova <anna@firma.example>:",
    "man. 2. mar. 2026 kl. 12.00 skrev Anna Orlova <anna@firma.example>:",
    "po 2. 3. 2026 v 12:00 odesílatel Anna Orlova <anna@firma.example> napsal:",
    "Vào Th 2, 2 thg 3, 2026 vào lúc 12:00 Anna Orlova <anna@firma.example> đã viết:",
    "Anna Orlova <anna@firma.example> 于2026年3月2日周一 12:00写道：",
    "2026年3月2日(月) 12:00 Anna Orlova <anna@firma.example>:",
    "2012/4/2 Anna Orlova <anna@firma.example>",
    "2012/4/2 <anna@firma.example>",
    # Apple
    "On Mar 2, 2026, at 12:00 PM, Anna Orlova <anna@firma.example> wrote:",
    "On 2 Mar 2026, at 12:00, Anna Orlova wrote:",
    "2 марта 2026 г., в 12:00, Анна Орлова <anna@firma.example> написал(а):",
    "Am 02.03.2026 um 12:00 schrieb Anna Orlova <anna@firma.example>:",
    "Le 2 mars 2026 à 12:00, Anna Orlova <anna@firma.example> a écrit :",
    "El 2 mar 2026, a las 12:00, Anna Orlova <anna@firma.example> escribió:",
    "Il giorno 02 mar 2026, alle ore 12:00, Anna Orlova <anna@firma.example> ha scritto:",
    "Op 2 mrt. 2026 om 12:00 heeft Anna Orlova <anna@firma.example> het volgende geschreven:",
    "pon, 2. ožu 2026. u 12:00 Anna Orlova <anna@firma.example> napisao je:",
    "2026-03-02, pr, 12:00 Anna Orlova <anna@firma.example> rašė:",
    "Wiadomość napisana przez Anna Orlova <anna@firma.example> w dniu 2 mar 2026, o godz. 12:00:",
    "2 mars 2026 kl. 12:00 skrev Anna Orlova <anna@firma.example>:",
    "2026/03/02 12:00、Anna Orlova <anna@firma.example>のメール:",
    "在 2026年3月2日，12:00，Anna Orlova <anna@firma.example> 写道：",
    # Mail.ru, Yandex, Rambler
    "Понедельник, 2 марта 2026, 12:00 +03:00 от Анна Орлова <anna@firma.example>:",
    "Mon, 2 Mar 2026 12:00:51 +0300 от Анна Орлова <anna@firma.example>:",
    '02.03.2026, 12:00, "Анна Орлова" <anna@firma.example>:',
    'On 02.03.2026 at 12:00, "Anna Orlova" <anna@firma.example> wrote:',
    # Thunderbird and other desktop programs
    "02.03.2026 12:00, Анна Орлова пишет:",
    "02.03.2026 12:00, Анна Орлова пише:",
    "On 02/03/2026 12:00, Anna Orlova wrote:",
    "On 2026-03-02 12:00, Anna Orlova wrote:",
    "Am 02.03.2026 um 12:00 schrieb Anna Orlova:",
    "Le 02/03/2026 à 12:00, Anna Orlova a écrit :",
    "El 2/3/26 a las 12:00, Anna Orlova escribió:",
    "W dniu 02.03.2026 o 12:00, Anna Orlova pisze:",
    "Il 02/03/2026 12:00, Anna Orlova ha scritto:",
    "Em 02/03/2026 12:00, Anna Orlova escreveu:",
    "Op 02-03-2026 om 12:00 schreef Anna Orlova:",
    "Den 2026-03-02 kl. 12:00, skrev Anna Orlova:",
    "Dne 02. 03. 26 v 12:00 Anna Orlova napsal(a):",
    "On Mon, 2026-03-02 at 12:00 +0300, Anna Orlova wrote:",
    "On Monday, 2 March 2026 12:00:00 MSK Anna Orlova wrote:",
    "On Mon, Mar 02, 2026 at 12:00:00PM +0300, Anna Orlova wrote:",
    "* Anna Orlova <anna@firma.example> [2026-03-02 12:00]:",
    "Anna Orlova <anna@firma.example> schrieb am Mo., 2. März 2026, 12:00:",
    "Anna Orlova <anna@firma.example> wrote:",
    "In article <abc@news.example>, anna@firma.example (Anna Orlova) writes:",
    "Quoting Anna Orlova <anna@firma.example>:",
    'At 2026-03-02 12:00:00, "Anna Orlova" <anna@firma.example> wrote:',
    # Zoho, Yahoo, Proton
    "---- On Mon, 02 Mar 2026 12:00:00 +0300 Anna Orlova <anna@firma.example> wrote ----",
    "--- On Mon, 3/2/26, anna@firma.example <anna@firma.example> wrote:",
    "On Monday, March 2nd, 2026 at 12:00, Anna Orlova <anna@firma.example> wrote:",
    # wrapped
    "On Mon, Mar 2, 2026 at 12:00 PM Anna Orlova\n<anna@firma.example> wrote:",
    "On Mon, Mar 2, 2026 at 12:00 PM Anna\nOrlova <\nanna@firma.example> wrote:",
    "On Mon, Mar 2, 2026 at 12:00 PM Anna Orlova <anna@firma.example>\nwrote:",
]


@pytest.mark.parametrize("header", REPLIES)
def test_an_attribution_is_known_with_all_its_lines(header: str) -> None:
    lines = header.split("\n")
    found = header_at([*lines, "", "> Good day"], 0)
    assert found is not None
    assert (found.height, found.opening in {Opening.REPLY, Opening.HINT}) == (len(lines), True)


LETTERS = [
    "From: Anna Orlova <anna@firma.example>\nSent: Monday, March 2, 2026 12:00 PM\nTo: Support\nSubject: Re: Order",
    "От: Анна Орлова <anna@firma.example>\nОтправлено: 2 марта 2026 г. 12:00\nКому: Поддержка\nТема: Заказ",
    "Від: Анна Орлова\nНадіслано: 2 березня 2026 р. 12:00\nКому: Підтримка\nТема: Замовлення",
    "Von: Anna Orlova\nGesendet: Montag, 2. März 2026 12:00\nAn: Hilfe\nBetreff: Bestellung",
    "De : Anna Orlova\nEnvoyé : lundi 2 mars 2026 12:00\nÀ : Aide\nObjet : Commande",
    "De: Anna Orlova\nEnviado el: lunes, 2 de marzo de 2026 12:00\nPara: Ayuda\nAsunto: Pedido",
    "Da: Anna Orlova\nInviato: lunedì 2 marzo 2026 12:00\nA: Aiuto\nOggetto: Ordine",
    "Van: Anna Orlova\nVerzonden: maandag 2 maart 2026 12:00\nAan: Hulp\nOnderwerp: Bestelling",
    "Från: Anna Orlova\nSkickat: den 2 mars 2026 12:00\nTill: Hjälp\nÄmne: Order",
    "Fra: Anna Orlova\nSendt: 2. marts 2026 12:00\nTil: Hjælp\nEmne: Ordre",
    "Od: Anna Orlova\nWysłano: poniedziałek, 2 marca 2026 12:00\nDo: Pomoc\nTemat: Zamówienie",
    "Od: Anna Orlova\nOdesláno: 2. března 2026 12:00\nKomu: Pomoc\nPředmět: Objednávka",
    "发件人: 安娜 <anna@firma.example>\n发送时间: 2026年3月2日 12:00\n收件人: 支持\n主题: 订单",
    "差出人: アンナ\n送信日時: 2026年3月2日 12:00\n宛先: サポート\n件名: 注文",
    "Từ: Anna\nĐã gửi: 2 tháng 3, 2026\nĐến: Hỗ trợ\nChủ đề: Đơn hàng",
    "*From:* Anna Orlova <anna@firma.example>\n*Sent:* Monday, March 2, 2026 12:00 PM\n*To:* "
    "Support\n*Subject:* Order",
    "Subject: Order\nFrom: anna@firma.example\nTo: help@shop.example\nDate: Mon, 2 Mar 2026 12:00:00 +0300",
    "Από: Anna <a@firma.example>\nΣτάλθηκε: Δευτέρα, 2 Μαρτίου 2026 12:00\nΠρος: Support\nΘέμα: Παραγγελία",
    "De la: Anna <a@firma.example>\nTrimis: luni, 2 martie 2026 12:00\nCătre: Support\nSubiect: Comandă",
    "מאת: Anna <a@firma.example>\nנשלח: יום שני 02 מרץ 2026 12:00\nאל: Support\nנושא: הזמנה",
    "من: Anna <a@firma.example>\nتم الإرسال: الاثنين، 2 مارس 2026 12:00\nإلى: Support\nالموضوع: طلب",
    "От: Anna <a@firma.example>\nИзпратено: понеделник, 2 март 2026 г. 12:00\nДо: Support\nОтносно: Поръчка",
    "Šalje: Anna <a@firma.example>\nPoslano: 2. ožujka 2026. 12:00\nPrima: Support\nPredmet: Narudžba",
    "Nuo: Anna <a@firma.example>\nIšsiųsta: 2026 m. kovo 2 d. 12:00\nKam: Support\nTema: Užsakymas",
    "จาก: Anna <a@firma.example>\nส่ง: 2 มีนาคม 2026 12:00\nถึง: Support\nเรื่อง: คำสั่งซื้อ",
    "Dari: Anna <a@firma.example>\nDikirim: 2 Maret 2026 12:00\nKepada: Support\nPerihal: Pesanan",
    "From: Anna Orlova\nTo: one@shop.example; two@shop.example;\n three@shop.example\nSent: 2 March "
    "2026\nSubject: Order",
]


@pytest.mark.parametrize("block", LETTERS)
def test_the_fields_of_an_older_letter_are_known_as_a_block(block: str) -> None:
    lines = block.split("\n")
    found = header_at([*lines, "", "Good day"], 0)
    assert found is not None
    assert (found.height, found.opening) == (len(lines), Opening.LETTER)


SEPARATORS = [
    "-----Original Message-----",
    "----- Original Message -----",
    "-------- Original message --------",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "------ Original Message ------",
    "-----Исходное сообщение-----",
    "-------- Исходное сообщение --------",
    "-----Ursprüngliche Nachricht-----",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "-----Ursprungligt meddelande-----",
    "-----Oprindelig meddelelse-----",
    "-----Wiadomość oryginalna-----",
    "------------------ 原始邮件 ------------------",
    "##- Please type your reply above this line -##",
    "-----  Reply above this line  -----",
]
FORWARDS = [
    "---------- Forwarded message ---------",
    "-------- Пересылаемое сообщение --------",
    "-------- Forwarded Message --------",
    "-------- Перенаправленное сообщение --------",
    "Begin forwarded message:",
    "Начало переадресованного сообщения:",
    "-------- Weitergeleitete Nachricht --------",
    "---------- 转发的邮件 ---------",
]


@pytest.mark.parametrize("line", SEPARATORS)
def test_a_separator_above_an_older_letter_is_known(line: str) -> None:
    found = header_at([line, "From: Anna"], 0)
    assert found is not None
    assert (found.height, found.opening) == (1, Opening.LETTER)


@pytest.mark.parametrize("line", FORWARDS)
def test_a_letter_handed_on_is_known_as_forwarded(line: str) -> None:
    found = header_at([line, "From: Anna"], 0)
    assert found is not None
    assert (found.height, found.opening) == (1, Opening.FORWARD)


SENTENCES = [
    "On Monday he wrote: the boxes are late.",
    "On 2 March he said that all is well.",
    "As Anna wrote yesterday, the price is 100.",
    "From: the beginning I knew it.",
    "To: or not to: that is the question",
    "Please call me on 02.03.2026 at 12:00.",
    "We met on 2 March 2026 at 12:00:",
    "The original message was lost.",
    "Subject: to approval, we start on Monday",
    "Date: 02.03.2026",
    "- original price: 100",
    "Вчера он написал мне.",
    "В 12:00 приедет курьер:",
    "Отправлено вчера, ждите.",
    "От: души поздравляем!",
    "> On Mon, 2 Mar 2026, Anna wrote",
]


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_is_not_taken_for_a_header(line: str) -> None:
    found = header_at([line, "", "And so on."], 0)
    assert found is None or found.opening is Opening.HINT


def test_who_wrote_what_within_a_letter_is_a_hint_at_most() -> None:
    found = header_at(["On 2 March 2026 at 12:00 he wrote:", "the price is 100"], 0)
    assert found is not None
    assert found.opening is Opening.HINT


def test_the_fields_of_a_letter_are_known_in_turkish():
    text = "Evet.\n\nKimden: Anna\nGönderilme Tarihi: 3 Mart 2025 10:00\nKime: Otto\nKonu: x\n\nEski"
    assert split(text).new_text == "Evet."
