"""Sentences by which a server, or the program of a provider, tells a person that his mail did not arrive.

Notices of some programs have neither a report nor a telling sender or subject: only a sentence and an address. It
counts where one sentence has both the letter ("your message") and its failure, in one language, and names the
address, or the lines below it do nothing but name addresses.
"""

import re
from collections.abc import Iterator
from typing import Final

from services.email.bounces import reasons

_LANGUAGES: Final = (
    (
        r"\b(?:your|the|this|following|a) (?:\S+ ){0,2}(?:e-?mails?|messages?|mail|letter)\b|\b(?:e-?mail|message|"
        r"mail) "
        r"(?:you sent|to|addressed|for)\b|\bdelivery (?:to|of|for)\b",
        r"\b(?:could|can|was|were|has|have|is|did|will|would)(?: ?not|n['’]?t)(?: be| been)?(?: \w+)? (?:deliver|"
        r"sent|"
        r"forward|reach|accepted)|\bcannot be (?:deliver|sent|forward)|undeliver|(?:was|has been|is being|were) "
        r"(?:returned|rejected|bounced|refused)|(?:unable|failed) to (?:be )?deliver|\bdelivery\b.{0,80} (?:failed|"
        r"has failed|was unsuccessful|is not possible)|not be delivered",
    ),
    (
        r"сообщени|письм|почт[аыу]\b|доставк",
        r"не (?:может|могло|могут|удалось|удается|удаётся|удалось было|был[оаи]?|будет)(?: \S+){0,3} (?:доставл|"
        r"достав|отправ|перед|вруч)|не доставлен|недоставлен|невозможно (?:доставить|отправить)|не (?:дошл|принят)|"
        r"доставить .{0,80}не удалось|доставка .{0,80}(?:невозможна|не удалась)|возвращен|отклонен|"
        r"не смогли? доставить",
    ),
    (
        r"\bлист|повідомленн",
        r"не (?:вдалося|може|було|можна)(?: \S+){0,3} (?:достав|надісл)|не доставлен|недоставлен|неможливо достав",
    ),
    (r"писмо|съобщени", r"не (?:може|беше|бе)(?: \S+){0,3} доставен|недоставен|не е доставен"),
    (
        r"\b(?:ihre?r?|die|diese|folgende|eine) (?:\S+ ){0,2}(?:nachricht|e-?mail|mail|sendung)|zustellung",
        r"(?:konnten?|kann|können|wurden?|ist)\b.{0,120}\bnicht\b.{0,60}(?:zugestellt|ausgeliefert|übermittelt|"
        r"gesendet|"
        r"erreicht|weitergeleitet|angenommen)|unzustellbar|nicht zustellbar|zustellung .{0,80}(?:fehlgeschlagen|"
        r"gescheitert|nicht möglich)|zurückgewiesen|abgewiesen",
    ),
    (
        r"\b(?:votre|le|ce|un)s? (?:\S+ )?(?:message|courriel|courrier|e-?mail|mail|mél)\b|\bremise\b|distribution",
        r"n['’](?:a|ont) (?:pas )?(?:pu|été)\b|non (?:remis|distribu|délivr)|ne (?:peut|pourra|"
        r"put)(?: pas)?(?: \S+)? être|"
        r"impossible de (?:remettre|délivrer|distribuer|livrer)|échec|(?:a|ont) été (?:refusé|rejeté)|n['’]est pas "
        r"(?:arrivé|parvenu)",
    ),
    (
        r"\b(?:su|tu|el|este|un) (?:\S+ )?(?:mensaje|correo|e-?mail)\b|\bentrega\b",
        r"no (?:se )?(?:ha |han )?(?:podido|pudo|puede|fue|pudieron|ha sido|pudo ser|llegó|es posible)|no entregad|"
        r"fall(?:ó|ado|ida)|imposible|(?:fue|ha sido) (?:rechazad|devuelt)",
    ),
    (
        r"\b(?:il|suo|tuo|questo|vostro|un) (?:\S+ )?(?:messaggio|mail|e-?mail)\b|\bconsegna\b|recapitare",
        r"non (?:è|e'|ha|può|puo')(?: \S+){0,2} (?:stat|potut|consegn|recapit|essere|possibile)|impossibile|fallit|"
        r"(?:è stato|e' stato) (?:respinto|rifiutato)|mancata",
    ),
    (
        r"\b(?:sua|tua|a|o|esta|seu|este|uma) (?:\S+ )?(?:mensagem|e-?mail|correio)\b|\bentrega\b",
        r"n[ãa]o (?:p[oô]de|foi|pode|chegou|conseguimos|pudemos|é possível)|falh(?:a|ou)|impossível|"
        r"(?:foi) (?:rejeitad|"
        r"devolvid|recusad)",
    ),
    (
        r"メール|メッセージ|宛先|送信",
        r"(?:配信|配達|送信|送達|お届け)(?:が|は|に)?(?:でき|不能|されません|失敗)|届(?:き|け)ません",
    ),
    (
        r"邮件|郵件|信件|投递|投遞|收件",
        r"未能(?:送达|投递|送達|投遞|发送)|(?:无法|無法|不能|没有|未)(?:被)?(?:送达|投递|投遞|送達|发送|傳送|传递)|被?退回|退信|"
        r"(?:投递|发送|投遞|傳送)失[败敗]|被拒",
    ),
    (
        r"메일|메시지|전자 ?우편",
        r"(?:보낼|전송할|전달할|배달할) 수 (?:없|가 없)|(?:전송|전달|배달|발송).{0,6}(?:실패|못|않)|반송",
    ),
    (
        r"\b(?:uw|je|het|dit|een) (?:\S+ )?(?:bericht|e-?mail|mail)\b",
        r"niet (?:\S+ ){0,2}(?:bezorgd|afgeleverd|verzonden)|onbestelbaar|geweigerd",
    ),
    (
        r"wiadomo|\blist\b|przesyłk|poczt",
        r"nie (?:mog[łl]\w+|została|zostało|można|udało si[ęe]|dotar)(?: \S+){0,3}|niedostarcz|odrzucon",
    ),
    (r"zpr[áa]v|spr[áa]v|e-?mail", r"(?:se )?nepodařilo|nelze doru|nebyl\w* doru|nemohl\w* být|nedoru|nepodarilo|"
    r"nedalo"),
    (r"meddelande|meddelelse|melding|besked|e-?post", r"(?:kunde|kunne|kan) (?:inte|ikke)|(?:inte|ikke) (?:lever|"
    r"bli)"),
    (r"viesti|sähköposti", r"ei voi(?:tu|da)?|toimitus epäonnistui|epäonnistui"),
    (r"ileti|mesaj|e-?posta", r"(?:teslim|gönder|ilet)\w* ?(?:edileme|ileme|ulaştırılama)|teslim edilemedi|ulaşmadı"),
    (r"level|üzenet", r"nem (?:kézbesíthető|volt|sikerült|lehet)|kézbesíthetetlen|sikertelen"),
    (r"mesaj|e-?mail", r"nu (?:a putut|poate|s-a putut|a fost)|nelivrat|eșuat"),
    (r"μήνυμ|μηνύμ|παράδοσ", r"δεν (?:ήταν|μπόρεσε|μπορεί|παραδόθηκε|είναι)|αποτυχία|απέτυχε"),
)  # fmt: skip
_COMPILED: Final = tuple(tuple(re.compile(row, re.I) for row in rows) for rows in _LANGUAGES)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,80}@(?:\[[\d.]{7,15}\]|[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_END = re.compile(r"(?<=[.!?])\s+|[。！？]|\n[ \t]*\n|\n(?=[ \t]*[*•-] )")
_PERSONAL = re.compile(
    r"(?i)[?？]|\b(?:my|mine|i (?:got|get|sent|wrote|tried|think|received|keep|see)|мо(?:й|ей?|ё|я|ю|и|его|их|ему)|"
    r"мне|меня|"
    r"я|mein(?:e[rnms]?)?|ich habe|mir|mon (?:message|mail|courriel|adresse)|mes|j['’]ai|mi|mio|mia|minha|meu)\b|"
    r"私の|我的"
)
_NEARLY = re.compile(
    r"(?i)\b(?:almost|nearly|close to|approaching|about to be|soon be|running (?:out|low)|getting|reached \d\d ?%|"
    r"near(?:ing)?)\b"
    r"|\b[5-9]\d ?%|почти|скоро|fast voll|beinahe|presque|bient[oô]t|casi|quasi|quase|もうすぐ|即将|即將|接近"
)
_WARNED = re.compile(
    r"(?i)mail ?box|in ?box|quota|storage|space|ящик|квот|мест[ао]|postfach|speicher|bo[iî]te|buz[oó]n|"
    r"cuota|casella|caixa|容量|邮箱|郵箱|信箱"
)
_OF_MAILBOX: Final = ("user-unknown", "host-unknown", "mailbox-full")
_LIMIT = 4000
_MOST = 200


def failing(text: str) -> list[str]:
    """The addresses that the text says outright a mail could not be delivered to, in order."""
    found: list[str] = []
    before, listed = "", False
    for sentence in _sentences(text):
        if named := _ADDRESS.findall(sentence) if "@" in sentence else []:
            # Only what names addresses, and what stands right above, is asked: that costs the most.
            alone = _only_names(sentence, named)
            listed = alone and (listed or tells(before))
            if listed or tells(sentence):
                found += [one.strip("'`*.-") for one in named]
                listed = True
        else:
            listed = False
        before = sentence
    return list(dict.fromkeys(found))


def unknown(text: str) -> list[str]:
    """The addresses of which a sentence says that there is no such mailbox, or that it is full."""
    found = (s for s in _sentences(text) if "@" in s and reasons.phrase(s) in _OF_MAILBOX)
    return [one for sentence in found for one in _ADDRESS.findall(sentence)]


def tells(sentence: str) -> bool:
    """Whether it says of a letter that it did not arrive, in whatever language."""
    return any(letter.search(sentence) and failed.search(sentence) for letter, failed in _COMPILED)


def tells_failure(text: str) -> bool:
    """Whether a sentence of the text does."""
    return any(map(tells, _sentences(text)))


def is_personal(text: str) -> bool:
    """Whether somebody writes of himself or asks: what programs that report never do."""
    return _PERSONAL.search(text, 0, _LIMIT) is not None


def only_warns(text: str) -> bool:
    """Whether a mailbox is said to be nearly full, and nothing to have failed."""
    text = text[:_LIMIT]
    return bool(_NEARLY.search(text) and _WARNED.search(text)) and not tells_failure(text)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _END.split(text[:_LIMIT], _MOST)[:_MOST]:
        if sentence.strip():
            yield " ".join(sentence.split())


def _only_names(sentence: str, named: list[str]) -> bool:
    return len(re.sub(r"\W", "", _ADDRESS.sub("", sentence))) <= 12 * len(named)
