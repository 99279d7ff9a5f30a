"""Recognises the line that a phone or a mail program adds under a letter on its own."""

import re
from functools import lru_cache

from services.email.quotes import phrases

_REMEMBERED = 2_048
"""Lines whose looks are remembered: a letter has most of its lines twice, as text and as HTML."""
_SHORTEST_LINE = 6
_LONGEST_LINE = 400

_FLAGS = re.IGNORECASE

_DEVICE = re.compile(
    rf"[\s(\[<*_—–-]{{0,6}}(?:{phrases.SENT_FROM})\s[^.,!?:;]{{0,60}}?(?<!\w)(?:{phrases.DEVICES})(?:['’]\w+|"
    rf"\w{{0,4}})?(?!\w).{{0,160}}$",
    _FLAGS,
)
_SENT_FROM_MY = re.compile(
    r"[\s*_-]{0,4}sent (?:from|via|on) my(?: [^\s\w.,;:!?]{1,4}|(?: [\w+'’&.-]+){1,5})[.!*_\s]{0,3}$|"
    r"sent on the (?:go|move|run)\.?$",
    _FLAGS,
)
_ADVERTISED = re.compile(
    r"[\s(\[*_]{0,4}(?:get|download|скачать|скачайте|загрузите|obtenir|télécharger|téléchargez|obtenez|outlook|obtener|"
    r"ottieni|descarga|descargar|obter|scarica|pobierz|laden sie|hämta|hent|stáhnout|stiahnuť|завантажити|lataa|获取|"
    r"получить|получите|установить|установите|отримати|holen sie sich|installieren sie|download de|installa|"
    r"installer|instalar|instala|získat|letöltés|λήψη|κατεβάστε|احصل على|הורד|nabavite|pridobite|descarrega|obteniu|"
    r"skaff|få|"
    r"取得)\s?(?:\w+\s){0,3}(?:outlook|bluemail|typeapp)\s.{0,120}$|"
    r"[\s(\[*_]{0,4}outlook (?:voor|für|til|för) .{2,20} (?:downloaden|herunterladen)\W*$|"
    r"[\s(\[*_]{0,4}(?:von meinem|mit meinem|vom) .{1,40} (?:gesendet|geschrieben|verschickt)\W{0,3}"
    r"(?:bitte entschuldigen sie .{2,40})?$|"
    r"\s*发自我的.{1,30}$|\s*[从從]我的.{1,20}(?:发送|傳送).{0,10}$|.{1,20}(?:から|より)送信(?:されました)?$|"
    r"나의 .{1,20}에서 보냄$|\s*(?:gửi|được gửi) từ .{1,40}$|\s*[\w'’ ]{3,30}(?:dan|den|tan|ten) gönderildi\W*$|"
    r"[\s*_]{0,4}(?:sent|secured?|encrypted|powered|protected) (?:with|by|using|via) .{2,80}$|"
    r"[\s*_]{0,4}sent from [\w'’&+-]{2,20}(?: [\w'’&+-]{2,20}){0,3} ?[<(\[]{1,2}https?://\S{3,200}$|"
    r"\s*az .{2,40}(?:ról|ről) küldve\W*$|\s*yahoo mail: .{3,60}$|"
    r"\s*via (?:mobile|mobil|phone|telefon)\W*$|"
    r"\s*(?:с уважением|best regards),?\s*отправлено .{1,60}$|"
    r"\s*(?:please )?(?:excuse|forgive|pardon) (?:the |my |any )?(?:brevity|typos?|errors|shortness)"
    r"(?:[\w ,&]{0,30} (?:sent|typed|written) (?:from|on|with) .{2,40})?[.!]?$|"
    r"\s*请原谅.{0,20}$|\s*typos? .{0,60}(?:mobile|phone)\W*$",
    _FLAGS,
)
_LINK = re.compile(r"\s?[<(\[]{1,2}https?://[^\s<>]{1,300}[>)\]]{1,2}")
_ADVERTISING = re.compile(
    r"(?:secure|encrypted|proton|sparrow|tuta|zoho|mailfence|hushmail|airmail|newton|mailspring|https?://|<http)",
    _FLAGS,
)


@lru_cache(_REMEMBERED)
def is_advertisement(line: str) -> bool:
    """Whether the line is what a phone or a mail program adds on its own ("Sent from my iPhone")."""
    if not _SHORTEST_LINE <= len(line) <= _LONGEST_LINE:
        return False
    return _advertises(line) or ("://" in line and _advertises(_LINK.sub("", line)))


def _advertises(line: str) -> bool:
    if _SENT_FROM_MY.match(line):
        return True
    if _DEVICE.match(line):
        return len(line) <= 120 and not line.rstrip().endswith(("?", ":"))
    match = _ADVERTISED.match(line)
    if match is None:
        return False
    return not re.match(r"[\s*_]{0,4}(?:sent|secure|encrypted|powered|protected)", line, _FLAGS) or bool(
        _ADVERTISING.search(line)
    )
