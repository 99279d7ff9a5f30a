"""What mail programs write around a quote and under a letter, in every language we know them in."""

# Alternatives of regular expressions, matched without regard to case.

WROTE = (
    r"wrote|writes|writing|has written",
    r"написал(?:\(?[аио]\)?)?|писал(?:\(?[аио]\)?)?|пишет|сообщает|сообщил(?:\(?а\)?)?",
    r"написав(?:\(?ла\)?)?|написала|пише|писав|напісаў|піша",
    r"schrieb|schreibt|geschrieben",
    r"a écrit|a ecrit|écrit|écrivait",
    r"escribió|escribio|escribe|ha escrit|va escriure",
    r"escreveu|escreve",
    r"ha scritto|scrive|scriveva",
    r"schreef|geschreven|schrijft",
    r"skrev|skriver|følgende|kirjoitti|skrifaði",
    r"napisał(?:\(?a\)?)?|pisze",
    r"napsal(?:\(?a\)?)?|píše|napísal(?:\(?a\)?)?",
    r"napisao|napisala|написао|написао/ла|rašė|rakstījis|napísala|va escriure|napisana przez|"
    r"a scris|írta|yazdı|έγραψε|έγραψε|написа|je napisao|je napisala|je pisal|a írt",
    r"đã viết|viết",
    r"写道|寫道|写到|写了|写信|のメール|のメッセージ|は書きました|さんは書きました|wrote \(|작성|썼습니다",
    r"menulis|เขียน(?:ว่า)?|כתב|כתבה|كتب|تمت كتابة|parašė|rakstīja|kirjutas",
)

PRONOUNS = (
    r"i|he|she|they|we|you|who|someone|я|он|она|они|мы|вы|ты|кто|він|вона|вони|ми|ви|ich|er|sie|wir|je|il|elle|nous|"
    r"yo|él|ella|ellos|ja|ona|oni|jeg|jag|han|hon|hun|ik|hij|zij|io|lui|lei|ele|ela|eu"
)

# Words a reply header opens with where its date does not stand first.
INTRO = (
    r"on|am|le|el|il|in|op|em|no dia|a|ai|at|den|dne|dnia|w dniu|vào|vào lúc|в|у|ha|kl|tir|pada|quoting|zitat von|"
    r"citando|citat|цитирую|citát|in article|in message|in a message|das|quoth|il giorno|ke dni|em|na|på|a las|"
    r"wiadomość napisana przez|في|בתאריך|เมื่อ"
)

SENDER = (
    r"from|от|от кого|отправитель|von|de|expéditeur|da|van|från|fra|od|від|від кого|відправник|发件人|寄件者|寄件人|"
    r"發件人|差出人|送信者|보낸 사람|보낸사람|từ|người gửi|kimden|gönderen|lähettäjä|feladó|remitente|remetente|"
    r"nadawca|"
    r"absender|avsändare|afsender|avsender|odesílatel|odosielateľ|expeditor|mittente|afzender|saatja|"
    r"от кого отправлено|από|αποστολέας|de la|מאת|من|изпращач|šalje|šiljatelj|pošiljatelj|пошиљалац|siuntėjas|nuo|"
    r"sūtītājs|saatja|kellelt|จาก|dari|از|pengirim|sendandi|frá|remitent|nork"
)
WHEN = (
    r"sent|date|sent on|sent at|date sent|received|отправлено|дата|дата отправки|послано|gesendet|datum|gesendet am|"
    r"envoyé|envoyé le|date d['’]envoi|enviado|enviado el|enviada|enviada em|enviado em|enviada el|fecha|data|"
    r"inviato|"
    r"data invio|verzonden|skickat|skickat den|sendt|dato|wysłano|wysłane|odesláno|odoslané|надіслано|"
    r"дата надсилання|"
    r"发送时间|發送時間|寄件日期|日期|送信日時|日時|送信|보낸 날짜|보낸날짜|"
    r"đã gửi|ngày|ngày gửi|gönderme|gönderilme tarihi|gönderme tarihi|gönderim tarihi|tarih|lähetetty|elküldve|"
    r"trimis|"
    r"στάλθηκε|ημερομηνία|נשלח|תאריך|تم الإرسال|تاريخ الإرسال|أرسلت|التاريخ|изпратено|poslano|poslato|послато|datums|"
    r"išsiųsta|data išsiuntimo|nosūtīts|saadetud|kuupäev|ส่ง|ส่งเมื่อ|วันที่|dikirim|terkirim|tanggal|ارسال شده|تاریخ|sent|"
    r"enviat|enviat el|дата на изпращане|"
    r"date/time|time"
)
RECIPIENT = (
    r"to|кому|получатель|an|à|a|para|aan|till|til|do|komu|收件人|收件者|宛先|받는 사람|받는사람|tới|đến|"
    r"destinataire|destinatario|empfänger|kime|vastaanottaja|címzett|către|pro|mottaker|modtager|odbiorca|for|"
    r"προς|אל|إلى|до|za|prima|kam|kam|kellele|saaja|ถึง|kepada|به|per a|gavėjas|saņēmējs|príjemca|til"
)
COPY = (
    r"cc|copy|bcc|копия|копії|копія|скрытая копия|kopie|kopia|kopi|copie|copia|抄送|副本|抄送人|密件抄送|참조|dw|udw|"
    r"reply-to|reply to|ответить|antwort an|antworten an|répondre à|organization|organisation|newsgroups|cci|"
    r"cco|blindkopie|másolatot kap|κοιν|κοινοποίηση|עותק|העתק|نسخة|tembusan|สำเนา|رونوشت"
)
SUBJECT = (
    r"subject|тема|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|předmět|predmet|主题|主題|主旨|件名|"
    r"제목|chủ đề|tiêu đề|konu|aihe|tárgy|subiect|teema|subj|"
    r"θέμα|נושא|الموضوع|موضوع|относно|predmet|naslov|zadeva|наслов|tema|temats|เรื่อง|perihal|subjek|efni|assumpte"
)
EXTRA = (
    r"importance|важность|важливість|attachments?|вложения|вложение|вкладення|wichtigkeit|priority|приоритет|"
    r"anlagen|"
    r"prioridad|importancia|pièces jointes|adjuntos|sensitivity|message-id|priorität|bijlagen|allegati|"
    r"załączniki|附件|重要性"
)

ORIGINAL = (
    r"(?:the )?original (?:message|mail|e-?mail|appointment)|orig(?:inal)?\.? (?:msg|nachricht)|original|"
    r"reply (?:separator|message)|"
    r"исходное сообщение|исходное письмо|оригинальное сообщение|первоначальное сообщение|оригинал сообщения|"
    r"оригінальне повідомлення|вихідне повідомлення|початкове повідомлення|"
    r"original-?nachricht|ursprüngliche (?:nachricht|mail|e-?mail)|original ?mail|"
    r"message d['’]origine|message original|message initial|courriel original|"
    r"mensaje original|missatge original|mensagem original|messaggio originale|original(?:e)? bericht|"
    r"oorspronkelijk bericht|"
    r"ursprungligt meddelande|originalmeddelande|original ?melding|opprinnelig melding|oprindelig meddelelse|"
    r"original meddelelse|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|"
    r"původní (?:zpráva|e-?mail)|pôvodná správa|eredeti üzenet|mesaj original|orijinal mesaj|özgün ileti|"
    r"原始邮件|原邮件|邮件原件|原始信件|原始訊息|原始郵件|元のメッセージ|원본 메시지|thư gốc|tin nhắn gốc"
)
FORWARDED = (
    r"forwarded (?:message|mail|e-?mail|by)|forwarded|begin forwarded message|"
    r"пересылаемое сообщение|пересланное сообщение|пересланное письмо|перенаправленное сообщение|"
    r"переадресованное сообщение|начало (?:переадресованного|пересылаемого|пересланного) сообщения|"
    r"переслане повідомлення|початок (?:пересланого|переадресованого) повідомлення|"
    r"weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-?mail)|"
    r"message transféré|message transmis|début du message (?:réexpédié|transféré)|"
    r"mensaje reenviado|inicio del mensaje reenviado|mensagem (?:encaminhada|reencaminhada)|"
    r"início da mensagem (?:encaminhada|reencaminhada)|messaggio inoltrato|inizio messaggio inoltrato|"
    r"doorgestuurd bericht|begin doorgestuurd bericht|vidarebefordrat (?:meddelande|mail)|vidarebefordrat brev|"
    r"videresendt (?:melding|meddelelse|besked)|start på videresendt (?:meddelelse|besked)|"
    r"(?:treść )?(?:przekazana|przekazanej|przesłana) wiadomo(?:ść|ści)|początek przekazywanej wiadomości|"
    r"přeposlaná zpráva|začátek přeposílané zprávy|továbbított üzenet|转发邮件|转发的邮件|轉寄的郵件|转发邮件信息|"
    r"下面是转发的邮件|転送されたメッセージ|전달된 메시지|thư được chuyển tiếp|iletilmiş mesaj"
)
ANSWER_ABOVE = (
    r"(?:please )?(?:reply|respond|type your reply|write your reply|write) above this line|"
    r"please (?:type|write|enter) your reply above(?: this line| here)?|reply above this (?:text|line) to|"
    r"do not (?:write|type|edit) below this line|"
    r"(?:пожалуйста, )?(?:введите|напишите|пишите|вводите) (?:свой |ваш )?ответ выше(?: этой (?:линии|строки|"
    r"черты))?|"
    r"ответ(?:ьте|ить)? выше этой (?:линии|строки|черты)|не пишите ниже этой (?:линии|строки)|"
    r"bitte (?:antworten sie|ihre antwort) (?:oberhalb|über) dieser (?:linie|zeile)|"
    r"(?:veuillez )?(?:répondre|répondez|(?:saisir|saisissez|écrire|écrivez|taper|tapez) (?:votre |une )?réponse) "
    r"au-dessus de cette ligne|"
    r"(?:por favor,? )?(?:responda|escriba (?:su|la|una) respuesta|escribe tu respuesta) "
    r"(?:por encima|encima|arriba) de esta línea|"
    r"(?:por favor,? )?(?:responda|(?:digite|escreva|insira) (?:a )?sua resposta) acima desta linha|"
    r"(?:si prega di )?(?:rispond\w+|(?:digit\w+|scriv\w+|inser\w+) (?:la )?(?:tua |sua |vostra )?risposta) "
    r"(?:al di sopra|sopra) (?:di )?questa (?:riga|linea)|"
    r"(?:typ|schrijf|plaats|antwoord)(?: (?:uw|je|een) (?:antwoord|reactie))? boven deze (?:lijn|regel)|"
    r"(?:wpisz|napisz|wprowadź|odpowiedz)(?: swoją)?(?: odpowiedź)? (?:powyżej|nad) (?:tej|tą) lini[iąę]|"
    r"(?:skriv|svara|svar)(?: (?:ditt|dit) svar)? (?:ovanför|över|over) (?:den här|denne) (?:raden|linjen|linje)|"
    r"(?:пожалуйста, )?(?:введите|напишите|пишите|отвечайте|ответьте)(?: (?:свой|ваш))?(?: ответ)? (?:над|выше) "
    r"(?:этой|данной) (?:строк|лини|черт)\w+|"
    r"(?:будь ласка, )?(?:введіть|напишіть|пишіть)(?: (?:свою|вашу))? відповідь (?:над|вище) "
    r"(?:цим|цього|цією) ряд\w+|"
    r"この(?:行|線)より上に返信|この(?:行|線)の上に返信|请在此行上方回复|請在此行上方回覆"
)

CLOSINGS = (
    r"(?:с|із|з) (?:наилучшими|найкращими|лучшими|добрыми) (?:пожеланиями|побажаннями)|"
    r"с (?:глубоким |искренним |большим )?(?:уважением|почтением)|з повагою|с ув\.?|с наилучшими|"
    r"всего (?:доброго|наилучшего|хорошего)|"
    r"искренне ваш[аи]?|з найкращими|щиро ваш[аі]?|з пошаною",
    r"(?:with )?(?:best|kind|kindest|warm|warmest|many|good) (?:regards|wishes)|(?:with )?regards|rgds|kr|"
    r"(?:with )?best|sincerely|sincerely yours|yours (?:sincerely|faithfully|truly)|very truly yours|"
    r"(?:with )?warm(?:est)? regards|respectfully(?: yours)?|best to you|all the best|all best|kindly|cordially",
    r"(?:mit )?(?:freundlich(?:en|e|em)|besten?|schönen?|viele[nr]?|liebe[nr]?|herzliche[nr]?|beste) "
    r"(?:grü(?:ß|ss)e?n?|gruessen|gruesse|gruß|gruss|grüssen)(?: aus [\w-]+)?|mfg|lg|vg|hochachtungsvoll|"
    r"mit freundlichem gruß",
    r"(?:bien )?cordialement(?: vôtre)?|(?:bien |sincères |meilleures |cordiales )?salutations(?: distinguées)?|"
    r"(?:bien )?à vous|amicalement|sincèrement|respectueusement|crdt|cdt",
    r"(?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)?|un cordial saludo|atentamente|atte|un saludo|"
    r"atenciosamente|att|com os melhores cumprimentos|melhores cumprimentos|cordialmente|abraços?|cumprimentos",
    r"(?:cordiali|distinti|migliori) saluti|cordialmente|un saluto|saluti",
    r"(?:met )?(?:vriendelijke|hartelijke) (?:groet|groeten)|mvg|hoogachtend|groeten",
    r"(?:med )?(?:vänlig(?:a)?|vennlig|venlig|bästa|beste|bedste|hjärtliga|varma) (?:hälsning(?:ar)?|hilsen|"
    r"hilsner)|mvh|"
    r"hälsningar|hilsen|vh|ystävällisin terveisin|terveisin",
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|z (?:poważaniem|wyrazami szacunku|pozdrowieniami)|"
    r"pozdrowienia|łączę pozdrowienia",
    r"s (?:pozdravem|přátelským pozdravem|úctou|pozdravom)|hezký den|üdvözlettel|tisztelettel|saygılarımla|"
    r"cu stim[aă]|cu respect|"
    r"(?:parimate )?tervitus(?:i|tega)|parimat|tervitades|lugupidamisega|ar cieņu|pagarbiai|(?:lep|lijep|"
    r"srdačan) pozdrav|"
    r"s (?:poštovanjem|spoštovanjem)|lepo pozdravljeni|με εκτίμηση|φιλικά|с уважение|поздрави|iyi çalışmalar|"
    r"בברכה|مع التحية|met vriendelijke groeten",
    r"(?:此致[,，]?\s*)?敬礼|此致|祝好|谢谢[,，]?\s*祝好|顺颂商祺|敬具|"
    r"trân trọng(?: kính chào)?|thân ái|감사합니다[,.]? ?드림",
)
WARM_CLOSINGS = (
    r"cheers|br|yours|(?:with |much |lots of )?love|take care|have a (?:nice|good|great|lovely) (?:day|evening|week"
    r"(?:end)?)|"
    r"(?:liebe |viele |beste |schöne |herzliche )?gr(?:u|ü)(?:ß|ss)e?|lg|vg|mfg|"
    r"(?:bonne|belle|excellente) (?:journée|soirée)|cdlt|bises|"
    r"(?:buen|lindo) día|abrazos?|хорошего (?:дня|вечера)|доброго дня|удачи|гарного дня"
)
"""Too short and common to close a letter alone; they do above or before a name."""

ABBREVIATED_CLOSINGS = r"(?:lg|vg|mfg|cdlt|(?:liebe |viele |beste |schöne |herzliche )gr(?:u|ü)(?:ß|ss)e?)"
"""These stand before a name without a comma."""

THANKS = (
    r"thanks(?: (?:a lot|so much|again|very much|in advance))?|thank you(?: (?:very much|in advance|again))?|"
    r"many thanks|"
    r"спасибо(?: заранее| большое)?|заранее (?:спасибо|благодарю|благодарен|благодарны)|благодарю|дякую|"
    r"danke|vielen dank|besten dank|merci|merci d'avance|gracias|muchas gracias|grazie|obrigad[oa]|dziękuję|"
    r"bedankt|tack"
)

# The whole line, once the leading word is known.
DEVICES = (
    r"iphon\w*|ipad\w*|ipod|android|blackberry|samsung|galaxy|huawei|honor|xiaomi|redmi|miui|nokia|lumia|htc|nexus|"
    r"pixel|sony|"
    r"xperia|motorola|moto|lg|oneplus|windows|symbian|smartphone|cell ?phone|phone|handy|tablet|tab|mobile|device|"
    r"mailbird|airmail|spark|sparrow|superhuman|proton ?mail|proton|zoho|outlook|gmail|yahoo|aol|mail\.ru|"
    r"яндекс|yandex|"
    r"почты|почта|телефона|смартфона|планшета|устройства|пристрою|айфона|canary|typeapp|boxer|nine|thunderbird|"
    r"k-9|fairemail|bluemail|newton|"
    r"mailspring|"
    r"hushmail|tuta|tutanota|gmx|web\.de|orange|treo|palm|verizon|t-mobile|at&t|vodafone|apple|watch|macbook|mac|"
    r"mail app|mail for windows|myMail|inbox|hey|fastmail|postbox|em client|mutt|evolution|roundcube|rambler|"
    r"рамблера?"
)
SENT_FROM = (
    r"sent|written|posted|typed|dictated|отправлено|отправлен|написано|надіслано|відправлено|gesendet|verschickt|"
    r"diese nachricht wurde|envoyé|enviado|enviada|inviato|verzonden|verstuurd|skickat|sendt|sänt|wysłano|wysłane|"
    r"odesláno|odoslané|lähetetty|gönderildi|trimis|στάλθηκε|εστάλη|أُ?رسلت?|تم الإرسال|נשלח|đã gửi|dikirim|dihantar|"
    r"enviat|poslano|poslato|poslané|изпратено|надіслано з|išsiųsta|nosūtīts|saadetud|ส่งจาก|भेजा गया|ارسال شده|sent"
)

DISCLAIMERS = (
    r"intended (?:recipient|only for|solely for|for the (?:sole|exclusive|use|named|addressee|person))|"
    r"(?:solely|only) for the (?:use of the )?(?:intended |named )?(?:recipient|addressee|individual|person)|"
    r"(?:is|are|be|contain[s]?|containing|may contain) (?:strictly )?(?:\w+ )?(?:confidential|privileged|"
    r"proprietary)|"
    r"confidentiality (?:notice|note|statement|warning|disclaimer)|legal (?:disclaimer|notice)|"
    r"(?:received|got) this (?:e-?mail|message|communication|transmission) (?:in error|by mistake)|"
    r"consider the environment before printing|think before (?:you )?print|"
    r"this (?:e-?mail|message|communication)(?: and any (?:attachments?|files)[^.]{0,40})? (?:is|are|"
    r"may be) (?:\w+ )?(?:confidential|intended|private)|"
    r"(?:virus[- ]free|без вирусов|virenfrei|sans virus|garanti sans virus|libre de virus|livre de vírus|"
    r"priva di virus|virusvrij|wolne od wirusów|bez virů|без вірусів|virusfri\w*)\.? ?(?:www|<|$)|"
    r"(?:scanned|checked) (?:for viruses|by (?:avast|norton|mcafee|kaspersky|"
    r"avg|eset|mailscanner))",
    r"(?:содержит|содержать|содержащаяся|является|являются|строго|носит|может быть) (?:[\w-]+ ){0,4}конфиденциальн|"
    r"уведомление о конфиденциальности|конфиденциальность:|не являетесь (?:[\w-]+ ){0,4}(?:получател|адресат)|"
    r"предназначен[аоы]? (?:исключительно|только) (?:[\w-]+ ){0,4}(?:адресат|получател|лиц|использован|для)|"
    r"получили (?:это|данное|настоящее) (?:сообщение|письмо) по ошибке|"
    r"(?:сообщение|письмо) (?:[\w-]+ ){0,6}конфиденциальн|проверено на вирусы|проверено антивирус|"
    r"подумайте об окружающей среде|берегите природу|не является (?:публичной )?офертой|"
    r"містить конфіденційн|конфіденційн\w+ інформаці|не є (?:[\w-]+ ){0,3}адресатом",
    r"vertrauliche? (?:und/oder|und|oder|informationen|inhalte)|nicht der (?:richtige|beabsichtigte|"
    r"vorgesehene) (?:adressat|empfänger)|"
    r"(?:diese e-?mail|diese nachricht)[^.]{0,80}(?:vertraulich|ausschließlich für|nur für den)|"
    r"diese e-?mail irrtümlich|"
    r"bedenken sie (?:bitte )?(?:die umwelt|vor dem)|umwelt, bevor sie",
    r"(?:ce message|ce courriel|cet e-?mail|ce mail)[^.]{0,80}(?:confidentiel|strictement|exclusivement)|"
    r"n['’]êtes pas (?:le|l['’]un des) destinataire|pensez à l['’]environnement",
    r"(?:este mensaje|este correo|esta mensagem|este e-?mail)[^.]{0,120}(?:confidencial|exclusiv|destinatari)|"
    r"(?:questo messaggio|la presente e-?mail|le informazioni contenute)[^.]{0,120}(?:riservat|confidenzial|"
    r"destinatari)|"
    r"(?:ta wiadomość|niniejsza wiadomość|wiadomość ta|treść tej wiadomości)[^.]{0,120}(?:poufn|przeznaczon)|"
    r"(?:dit bericht|deze e-?mail)[^.]{0,120}(?:vertrouwelijk|uitsluitend bestemd)|"
    r"本邮件[^。]{0,60}(?:保密|机密)|此邮件[^。]{0,60}(?:保密|机密)|このメール[^。]{0,60}機密",
    r"you (?:are receiving|received|are getting) this (?:message|e-?mail|mail|notification) because|"
    r"to unsubscribe from this|unsubscribe from this (?:list|group|thread)|mailing list\s*$|"
    r"вы получили это (?:письмо|сообщение), (?:потому|так как|поскольку)|чтобы отписаться|отписаться от рассылки|"
    r"reply to this e-?mail directly(?: or|,)? view it on|view (?:it|this (?:message|thread|"
    r"discussion)) (?:on|in|online)",
)

# One of these, in lower case, is in whatever the above matches; looked for first, since that costs far less.
DISCLAIMER_STEMS = (
    *("intended", "recipient", "addressee", "individual", "person", "confiden", "privileged", "proprietary"),
    *(
        "disclaimer",
        "notice",
        "in error",
        "by mistake",
        "print",
        "virus",
        "vírus",
        "wirus",
        "virů",
        "virenfrei",
        "вірус",
        "private",
        "scanned",
        "checked",
    ),
    *(
        "конфиденциал",
        "адресат",
        "получател",
        "по ошибке",
        "получили это",
        "предназначен",
        "вирус",
        "среде",
        "природу",
        "офертой",
        "конфіденц",
    ),
    *("vertraulich", "adressat", "empfänger", "ausschließlich", "nur für", "irrtümlich", "umwelt", "bedenken"),
    *("strictement", "exclusiv", "destinatari", "destinataire", "environnement", "riservat", "poufn", "przeznaczon"),
    *(
        "vertrouwelijk",
        "bestemd",
        "保密",
        "机密",
        "機密",
        "because",
        "unsubscribe",
        "mailing list",
        "отписаться",
        "view ",
    ),
)
