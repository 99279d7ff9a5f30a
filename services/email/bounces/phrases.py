"""What mail servers say when they refuse a mail, by reason, in the languages they say it in.

A row is matched against the server's text as `plain` leaves it: lower-case words with one space between them, without
addresses, links and punctuation. In a row `*` stands for up to five further words, `(a|b)` for either, `?` after a
letter or a group makes it optional; the first reason with a matching row wins.
"""

from typing import Final

from services.email.bounces.models import Reason

_MAILBOX = "(mail ?box|in ?box|mail ?folder|mail ?drop|mail ?dir|account|recipient|user|address)"
_WHO = (
    "(users?|accounts?|mail ?box|mailboxes|recipients?|address|addresses|addressees?|e ?mail|person|in ?box|alias|"
    "logins?|user ?names?|userid|rcpt|customer|contact)"
)
_ABSENT = (
    "(no such|not an?( known| valid| active| registered| local)|isnt an?|unknown|invalid|illegal|bad|wrong"
    "|nonexist[ae]nt|"
    "non existent|undefined|unrecogni[sz]ed|undeliverable|incorrect)"
)
_QUALITY = (
    "(such |valid |known |local |active |registered |existing |destination |final delivery |virtual |e ?mail "
    "|mail |smtp |"
    "internet |currently |to )*"
)
_NOT = (
    "(is|are|was|were|has|have|had|does|do|did|could|can|will)? ?"
    "(not|never|no longer|doesnt|isnt|didnt|couldnt|cant|cannot)"
)

ROWS: Final[tuple[tuple[Reason, tuple[str, ...]], ...]] = (
    (
        "greylisted",
        (
            "gr[ea]y ?list", "verification in progress",
            "postgrey", "try again in [0-9]+ (sec|min)", "please try again in a few", "gr[ea]ylist",
        ),
    ),
    (
        "mailbox-full",
        (
            "over ?quota", "over * quota", "quota * (exceed|full|reached|violat|limit)", "quota (error|exceed|viol)",
            "(exceed|reached|above|out of|beyond) * (quota|storage|disk space|allocation)", "disk ?quota",
            "exceeding receiving limits",
            f"{_MAILBOX} (is|was|are|has become|currently|temporarily|now|too|almost)* full",
            f"{_MAILBOX} * (is|are) (currently |now |too )?full", "(full|overfull) (mail ?box|in ?box|account)",
            "mail ?box ?full", "not enough * (storage|space)", "insufficient (disk|system)? ?(storage|space)",
            "no space left", "(disk|storage|spool|file ?system|device|partition) (is )?full",
            "out of (disk|space|storage)", f"{_MAILBOX} * exceed * (size|limit|space|storage|maximum)",
            "mail ?box size limit", "user mailbox exceeds", "mail ?box (has )?exceeded", "not have enough * space",
            "too many messages (on|in)", "space has been used up",
            "would exceed (mailbox|maximum allowed storage|the)", "mail ?drop * full",
            "no (more )?(room|space) (left )?in", "exceeded storage", "storage (limit|exceeded)",
            "mail file size exceeds", "over the (maximum )?(allowed )?storage", "shutoffquota", "storagefull",
            "mbx ?full", "account has exceeded", "not sufficient (disk )?space", "boite * pleine", "boîte * pleine",
            "bal pleine", "quota d[eé]pass", "espace * insuffisant", "d[eé]pass[eé] * quota", "postfach * voll",
            "mailbox * voll", "speicher(platz|kontingent)", "kontingent", "mailbox * ist voll",
            "bu?z[oó]n * llen[oa]", "cuota", "casilla * llena", "casella * piena", "caixa * (cheia|lotada)",
            "skrzynka * (pełna|pelna|przepełniona|zapełniona)", "postvak * vol",
            "ящик\\w* * (переполнен|полон|заполнен)", "переполнен", "квот", "недостаточно места",
            "скринька * переповнена",
            "(brevl[aå]d|postl[aå]d|inkorg|postkass|postboks|innboks)\\w* * (full|fuld|fylld)",
            "kutu\\w* * (dolu|dolmu)", "kotas[ıi] * (dol|a[sş])", "schr[aá]nk\\w* * (pln[aá]|p[rř]epln)",
            "posta(fi[oó]k|l[aá]d)\\w* * (megtelt|tele)", "c[aă]su[tțţ]\\w* * plin", "postilaatikko\\w* * t[aä]ynn",
            "γραμματοκιβ[ωώ]τιο * (πλ[ηή]ρες|γεμ[αά]το)", "кутия\\w* * (е |пре)?пълн", "hộp thư * đầy",
            "kotak (surat|masuk|pos) * penuh", "(邮箱|信箱|郵箱).{0,4}[已].?[满滿]", "空间.{0,4}不足",
            "メールボックス.{0,20}(一杯|いっぱい|満杯|フル|超)",
            "容量.{0,8}(超|オーバー)",
        ),
    ),
    (
        "too-big",
        (
            "(message|mail|data|body|header|attachment|file|content|size)s? (size |length |is |was |are |"
            "file )?(too|to) (big|large|long)",
            "(message|mail|body|file|attachment) (size|length) * (exceed|limit|larger|too|greater|maximum)",
            "(exceed|exceeds|exceeded|larger than|greater than|bigger than|over) * (message size|"
            "size limit|maximum size|maximum message)",
            "size limit", "size exceeds", "maximum message size", "too much mail data", "line limit exceeded",
            "message * (larger|bigger) than", "message length exceeds",
            "exceeds * (maximum|fixed|administrative) (message|mail|size|limit|length)", "recipsizelimit",
            "sendsizelimit", "messagetoolarge", "over ?size", "taille (limite|maximale|du message)",
            "trop (gros|volumineux|grand)", "zu gro(ß|ss)", "demasiado grande", "troppo grande", "muito grande",
            "te groot", "слишком большо", "слишком велик", "превыш\\w+ * размер", "размер * превы", "zbyt du[zż]",
        ),
    ),
    (
        "virus",
        (
            "virus", "infected", "malware", "trojan", "phishing", "вирус", "malicious",
        ),
    ),
    (
        "moved",
        (
            f"{_WHO} * (has|have) moved", "has been replaced by", "user not local please try", "moved to",
            "(has|have) a new (e ?mail )?address", "address * (has )?(been )?changed to",
            "new (e ?mail )?address is", "please use (the )?(new|following) (e ?mail )?address", "адрес * изменил",
            "neue (e ?mail )?adresse", "nouvelle adresse",
        ),
    ),
    (
        "disabled",
        (
            f"{_WHO} * (is|was|has been|have been|are|been|currently|account) (currently |now |temporarily "
            f"|permanently |been )?"
            "(disabled|deactivated|de activated|suspended|locked|frozen|closed|cancell?ed|discontinued"
            "|terminated|expired|deleted|removed)",
            "(disabled|inactive|deactivated|suspended|expired|closed|frozen|archived|dormant|terminated|"
            "deleted) (user|account|mail ?box|recipient|address|e ?mail)",
            "(account|mailbox|user) (disabled|suspended|deactivated|inactive|closed|expired|locked|frozen)",
            "(user|mailbox|account|address|recipient) * (not active|inactive|no longer active|archived)",
            "extended inactivity", "user is terminated",
            f"{_WHO} * no longer (available|accepts?|accepting|in use|used|active|monitored|on (this|our))",
            "no longer (employed|with|works?|working|accepts? mail|on (this )?server|in use|in service)",
            "destinataire archiv", "mailboxdisabled", "recipient suspend",
            "(konto|postfach|benutzer|mailbox|account) * (deaktiviert|gesperrt|stillgelegt|geschlossen|inaktiv)",
            "(compte|bo[iî]te|adresse) * (d[eé]sactiv|suspendu|ferm[eé]|bloqu[eé])",
            "(ящик|пользовател|адрес|аккаунт|акаунт)\\w* * (заблокир|отключ|неактив|не актив|деактив|удал[её]н)",
            "(cuenta|buz[oó]n) * (desactivad|suspendid|bloquead|inactiv)",
            "(conta|caixa) * (desativad|suspens|bloquead|inativ)",
            "(account|casella) * (disabilitat|sospes|disattivat)", "konto * (zablokowane|nieaktywne)",
        ),
    ),
    (
        "relay-denied",
        (
            "relay(ing)? * (denied|prohibited|rejected|refused|not permitted|not allowed|unauthori[sz]ed|"
            "disabled|forbidden)",
            "(unable|not allowed|not permitted|cannot|cant|will not|wont|do not|dont|not configured|"
            "no permission|denied|refused?|attempt|able|trying) to relay",
            "(do not|dont|not|no|will not|wont|an?y?) (an? )?(open )?relay", "insecure mail relay",
            "allowed rcpt ?hosts", "relayprohibited", "not a gateway", "we dont handle mail for",
            "not (a )?local (host|domain)", "(must|need to) (first )?authenticat", "requires? authentication",
            "authentication (is )?required", "specified domain is not allowed", "relay access", "relaying mail",
            "ретрансляц", "relais (refus|interdit)", "relaying", "not permitted to relay",
            "check (the )?(mail|pop) before", "pop before smtp",
        ),
    ),
    (
        "sender",
        (
            "sender * (rejected|denied|refused|invalid|not accepted|not allowed|not verified|not found|"
            "unknown|black ?listed|verify failed|verification|is empty|does not exist|must exist|"
            "is spammer|blocked|not exist|unverified|doesnt)",
            "(invalid|unknown|bogus|unroutable|unverified|unrouteable|bad|forged|empty|null|"
            "missing) (envelope )?(sender|mail ?from|return address|reverse path|from address|"
            "from header)",
            "\\bbatv\\b", "third party dsns", "returned mail not accepted", "bouncedeny", "domain of sender",
            "from domain is invalid", "mail from not owned", "purported responsible", "backscatter", "badmailfrom",
            "envelope sender", "recipients list of senders", "emetteur invalide",
            "отправител\\w+ * (отклон|запрещ|не сущ|не найд)", "senderfilter", "senderauth", "not allowed to post",
            "not (a )?member of", "only members", "authrequired", "rst notauth",
            "not on * (list|whitelist) of (allowed )?senders", "only accept\\w* * (from|senders)",
            "your (e ?mail )?address (has been )?(rejected|blacklisted|blocked)",
            "no permission to (send|mail|post)", "permission to (send|post|submit|deliver|mail)",
            "not (have )?permission to (send|submit)",
            "accepting mail from specific", "address * not verified",
        ),
    ),
    (
        "auth",
        (
            "\\bdmarc\\b", "\\bdkim\\b", "\\bspf\\b", "sender policy framework", "domainkeys", "unauthenticated",
            "not authenticated", "auth(entication)? (check|information|results?|fail)", "fails authentication",
            "authenticat",
        ),
    ),
    (
        "rate-limited",
        (
            "frequency (is )?limited", "\\brp trl\\b",
            "too many (messages|recipients|e? ?mails?|connections?|sessions|concurrent|errors|hits|"
            "invalid|failed|simultaneous|requests|rcpts?|unknown|bad|smtp)",
            "(rate|connection|sending|recipients?|message|hourly|daily|send) (rate )?(limit|quota|throttl)",
            "throttl", "rate ?limit", "rate ?control", "slow down", "too (fast|quickly|frequent|much mail)",
            "unusual rate", "exceed\\w* * (rate|connections|recipients per|messages per)",
            "(limited|deferred) due to", "volume of (e ?mail|messages)",
            "receiv\\w+ (mail|messages?|e ?mail) (at a rate|too)",
            "max(imum)? (number of )?(recipients|connections|messages)", "reciplimit", "recipientlimit",
            "превыш\\w+ * (лимит|числ|колич)", "unexpected volume", "\\btss[0-9][0-9]\\b", "daily limit",
        ),
    ),
    (
        "policy",
        (
            "reject(ed)? due to policy",
        ),
    ),
    (
        "system",
        (
            "unknown mail transport error",
        ),
    ),
    (
        "blocked",
        (
            "blocked using", "spamhaus", "spamcop", "dnsbl", "client host \\S* ?(blocked|rejected)", "blacklisted",
            "(dns|real ?time) block ?list", "helo command rejected", "reverse hostname", "bad dns ptr",
            "messages from( your network)? werent sent",
        ),
    ),
    (
        "spam",
        (
            "(rejected|blocked|refused|detected|identified|classified|looks|considered|flagged|marked|"
            "tagged|appears|suspected|deemed|content|scored?|filtered|likely) * (spam|junk|unsolicited|"
            "uce|ube|bulk mail)",
            "(spam|junk) (message|content|detected|filter|score|mail|rejected|like|or virus|blocked|"
            "assassin|block)",
            "unsolicited", "spamassassin", "bogofilter", "is spam", "as spam", "spam not", "spam refused", "no spam",
            "anti ?spam", "\\buribl\\b", "likely suspicious", "suspicious", "спам", "unwanted (mail|message)",
        ),
    ),
    (
        "host-unknown",
        (
            "(host|domain|server) (is )?(not found|unknown|not exist)",
            "(unknown|no such|nonexistent|non existent) (host|domain|mail host)", "host or domain name",
            "name service error", "unrout(e)?able", "nxdomain", "nonexistentdomain", "domain * (not|nt) exist",
            "remote domain", "host address lookups failed", "mx records? point", "domain name not found",
            "domain (couldnt|could not) be found", "domain \\S+ (couldnt|could not) be found",
        ),
    ),
    (
        "user-unknown",
        (
            f"{_ABSENT} {_QUALITY}{_WHO}\\b(?! (has|is|was|quota|for sender))",
            f"{_WHO} * (unknown|invalid|nonexist[ae]nt|non existent|undeliverable|unavailable|unavaiable|"
            "missing|incorrect)\\b",
            f"{_WHO} * {_NOT} (\\w+ )?(found|known|exist|listed|valid|recogni[sz]ed|local|registered|"
            "present|defined|unique|here|ok|available|have an?|been found|be found|be resolved|"
            "be located|be looked|be identified|match|a user|an? \\w+ ?(user|mail ?box|account|address))",
            "(cant|cannot|could not|couldnt|unable to|failed to|not|wasnt able to) (find|locate|resolve|"
            "look ?up|identify|verify|accept) * (user|recipient|mailbox|mail box|address|account|alias|"
            "inbox)",
            "user ?unknown", "unknown ?user", "unknown ?recipient", "nosuchuser",
            "no ?such (user|person|recipient|address|mail ?box|account|alias|list|group|local|e ?mail|"
            "contact|domain user|name|id|customer|here)",
            "unknown (local ?part|local part|e ?mail|address|account|alias|mail ?box|addressee|rcpt|"
            "to address|login|or illegal|virtual)",
            f"{_NOT} (currently )?exists?\\b(?! in dns)",
            "no (mail ?box|mail box|account|one|user|recipient|person|valid recipients?|valid addresses|"
            "inbox) * (here|by that|at this|found|available|with|matches|matching)\\b",
            "no (mail ?box|valid recipients?|valid rcpt|valid recipient)\\b",
            "not (a )?(known|valid|registered|local|gateway) (\\w+ )?(user|recipient|mail ?box|address|account)",
            "(recipient|rcpt)s? (e ?mail )?(address |name |was |is |has been |been )*(rejected|refused|"
            "denied|not ok|not accepted|invalid|unknown|not allowed)",
            "destination server rejected recipients", "bad ?rcpt ?to", "valid ?rcpt ?to", "rejected recipient",
            "bad ?recipient ?to", "addressee unknown",
            "mail ?box (is )?(currently )?(unavailable|not available|unavaiable)",
            "account (is )?(unavailable|not available)",
            "(bad|invalid|wrong|incorrect) (destination |final delivery |mail ?box |recipient |"
            "e ?mail )*(address|addresses|mail ?box|recipient|userid)",
            "name (and )?address book", "domino directory", "no matching directory", "name directory",
            "not (listed|found) in * (directory|database|table|address)", "no match(es)? (was |were )?(for|found)",
            "user missing home", "ambiguous (user|recipient|address)", "recip\\w*not ?found", "recipient ?notfound",
            "adr (invalid|bad)", "unrouteable mail", "was(nt| not) found at", "address (couldnt|could not) be found",
            "not our customer", "there is no ?one", "bad address syntax", "no route to (user|recipient)",
            "utente (\\S+ )?(non|sconosc)", "nessun utente",
            "(casella|indirizzo|destinatario) * (inesistente|non esiste|non trovat|sconosciut|errato|non [eè])",
            "(destinatario|usuari[oa]|direcci[oó]n|buz[oó]n|cuenta|correo) * (no (existe|encontr|"
            "se encuentra|se encontr|es v)|desconocid|inexistente|inv[aá]lid|no v[aá]lid)",
            "no existe (dicha|ese|el|la|esta|este|tal|un)", "no se (encontr|encuentra|ha encontrado|pudo encontrar)",
            "(usu[aá]rio|endere[cç]o|destinat[aá]rio|caixa|conta) * "
            "(n[aã]o (existe|encontr|foi|p[oô]de ser (encontr|locali))|"
            "inexistente|inv[aá]lid|desconhecid)",
            "(utilisateur|destinataires?|adresse|bo[iî]te|compte|bal) * (inconnu|inexistant|nexiste|"
            "introuvable|invalide|erron|incorrect|na pas [eé]t[eé] trouv)",
            "nexiste pas",
            "(benutzer|empf[aä]nger|adresse|postfach|teilnehmer|nutzer|konto|mail ?adresse|"
            "account)\\w* * (unbekannt|existiert|nicht (gefunden|bekannt|vorhanden|existent|g[uü]ltig|"
            "korrekt|verf[uü]gbar|eingerichtet|zugestellt|aufgel)|ung[uü]ltig|falsch|"
            "konnte nicht gefunden)",
            "unbekannter? (benutzer|empf|nutzer|adress)", "existiert nicht", "gibt es nicht",
            "(gebruiker|ontvanger|adres|postvak) * (onbekend|bestaat niet|niet gevonden|niet gevonden)",
            "onbekende (gebruiker|ontvanger)", "bestaat niet", "nieznany (adres|u[zż]ytkownik|odbiorca)",
            "nie istnieje", "nie (znaleziono|odnaleziono)", "nie mo[zż]na (odnale[zź][cć]|znale[zź][cć])",
            "ok[aä]nd (mottagare|anv)",
            "(ukendt|ukjent) (bruger|modtager|mottaker)",
            "(mottagar|modtager|mottaker)\\w* * (hittades inte|ikke|inte)", "kullan[ıi]c[ıi] * (yok|bulunamad)",
            "(adress|adresse|brevl[aå]d|postkass|postboks|konto)\\w* * (hittades inte|finns inte|existerar inte"
            "|(blev|ble|kunne|findes|finnes|eksisterer) ikke)",
            "(adres|al[ıi]c[ıi]|posta ?kutu)\\w* * (bulunamad|mevcut de[gğ]il|ge[cç]ersiz|yok\\b)",
            "(adres|u[zž]ivatel|pou[zž][ií]vate[lľ]|p[rř][ií]jem|schr[aá]nk|[uú][cč]et)\\w* * "
            "(neb[yo]l\\w* (nalezen|n[aá]jden)|neexistuj|nezn[aá]m|neplatn|nelze nal[eé]zt)",
            "(c[ií]m|felhaszn[aá]l[oó]|postafi[oó]k|fi[oó]k)\\w* * (nem (tal[aá]lhat[oó]|l[eé]tezik)|ismeretlen"
            "|[eé]rv[eé]nytelen)",
            "(adres|utilizator|destinatar|c[aă]su[tțţ])\\w* * (nu (a fost g[aă]sit|exist|a putut fi g[aă]sit)"
            "|necunoscut|inexistent|nevalid)",
            "(διε[υύ]θυνση|χρ[ηή]στης|παραλ[ηή]πτης|γραμματοκιβ[ωώ]τιο) * "
            "(δεν (βρ[εέ]θηκε|υπ[αά]ρχει|ε[ιί]ναι [εέ]γκυρη)|[αά]γνωστ)",
            "(osoite|vastaanottaj|k[aä]ytt[aä]j|postilaatikko)\\w* * (ei (l[oö]y|ole|tunnist)|tuntema)",
            "(адрес|потребител|получател|кутия)\\w* * (не (съществува|е намерен|беше намерен)|непозна|невалид)",
            "(địa chỉ|người (nhận|dùng)|hộp thư) * không (tồn tại|tìm thấy|hợp lệ)",
            "(alamat|pengguna|penerima) * tidak (ditemukan|ada|valid|terdaftar)",
            "(пользовател|адресат|получател|ящик|адрес|абонент|учетн|учётн|"
            "аккаунт)\\w* * (не (существует|найден|зарегистр|обнаруж|известен|значится)|неизвест|"
            "недействител|отсутствует|невер|неправил)",
            "(нет|неизвестн\\w+|неверн\\w+|несуществующ\\w+|неправильн\\w+) (такого |таких |указанн\\w+ |"
            "данного )?(пользовател|адресат|получател|ящик|адрес|почтов)",
            "не существует", "не зарегистрирован", "такого * нет",
            "(користувач|адрес\\w*|скриньк\\w+|одержувач) * не (існу|знайд)", "не існу",
            "(宛先|受信者|ユーザー?|アドレス|メールボックス|ディレクトリ).{0,30}(見つかりません|存在しません"
            "|ありません|不明)",
            "(用户|收件人|地址|邮箱|帐号|账号|用戶|使用者|收件者|帳號).{0,12}(不存在|无效|未找到|找不到|不正确|無效)",
            "不存在", "존재하지", "찾을 수 없",
            "in my (bad|valid) ?(recipient|rcpt) ?to", "(recipient|user) not (ok|here)", "said user unknown",
            "unknown mail", "(delivery|delivered) * nobody by that name", "vdeliver invalid",
            "user not (known|found|exist|available|on)", "does not like recipient", "user (is )?(un|not )known",
            "address (is )?wrong", "user doesnt", "recipient (is )?not local",
        ),
    ),
    (
        "no-mail",
        (
            "null ?mx", "(does not|doesnt|not) accept (any |e|the )?mail\\b(?! from)", "no smtp service",
            "mail receiving disabled", "not accepting (any )?mail\\b(?! from)", "no (valid )?mx\\b",
            "domain (has been |is )?(disabled|suspended|expired)", "name server host not found",
            "doesnt accept (any )?e ?mail",
        ),
    ),
    (
        "host-unknown",
        (
            "(host|domain|server|machine|hostname|domain name|site|node) * (is |was |could |"
            "can )*(unknown|not (be )?(found|known|exist|resolved|recogni[sz]ed|valid|located)|invalid|"
            "doesnt exist|cannot be (found|resolved))",
            "(unknown|no such|invalid|bad|illegal|unresolvable|nonexistent|non existent|unroutable|"
            "unrouteable|unreachable) (host|domain|mail ?host|mail domain|address|remote host)",
            "illegal host", "unrout(e)?able", "no route for", "nonexistentdomain", "nxdomain",
            "name or service not known", "host address lookups failed", "mx records? point", "no hosts? found",
            "(cannot|cant|couldnt|could not|unable to) (find|resolve|locate) * (mx|host|exchanger?|"
            "domain|server)",
            "no mail exchange", "domain (does not|doesnt) exist", "domain must exist",
            "remote domain (doesnt|does not) exist", "not (found|exist) in dns",
            "(домен|сервер|хост)\\w* * (не (существует|найден)|неизвест)", "domaine * (inconnu|nexiste|introuvable)",
            "(domain|domäne|rechner|host)\\w* * (unbekannt|existiert nicht|nicht gefunden)",
            "dominio * (no existe|non esiste|desconocido|inesistente)", "h[oô]te inconnu", "dns error",
            "dns (lookup|server|query) * (fail|error)", "host or domain name", "name service error",
            "域名.{0,8}(不存在|无法)", "no dns", "unknown ?host", "no relevant answers",
            "(dns|domain) (type )?\\w* ?lookup * (no such domain|not found)",
        ),
    ),
    (
        "blocked",
        (
            "black ?list", "block ?list", "\\brbl\\b", "dnsbl", "spamhaus", "spamcop", "reputation", "deny ?list",
            "banned", "blocked", "client host", "sender ip", "your ip", "ip address", "reverse dns", "\\brdns\\b",
            "\\bptr\\b", "\\bhelo\\b", "\\behlo\\b", "dynamic ip", "dial ?up", "connection (rejected|denied)",
            "access denied", "host rejected", "ip range", "no access from",
            "not accept(ing)? (mail|connections?|messages) from", "refused to talk", "service refused",
            "поднят\\w* в черн", "ч[её]рн\\w+ спис", "заблокирован",
        ),
    ),
    (
        "loop",
        (
            "too many hops", "hop ?count", "mail(er)? loop", "\\bloop(s|ing|ed)?\\b", "maximum * hops", "mxloopback",
            "too many (received|forward)", "зациклив", "mail ?schleife", "boucle",
        ),
    ),
    (
        "expired",
        (
            "queue too long", "queue (time|expired)", "message expired", "(has|have) expired",
            "retry time(out)? exceeded", "retry time not reached", "delivery time (expired|exceeded)",
            "not (been )?deliver\\w* * (for|within|after|since|in) (the last |over |the past |"
            "more than )?[0-9]+ ?(min|hour|day|sec|h\\b|d\\b)",
            "for [0-9]+ (hours?|days?)", "(within|after) [0-9]+ (hours?|days?)", "giving up", "gave up",
            "continue (trying|to try|to be attempted)", "keep trying", "not going to try again", "message timed out",
            "(время|срок) * исте", "delivery * delayed", "has been delayed", "not yet been delivered",
            "no action is required", "do not need to resend", "still trying", "will (be )?(retr|continue)", "задерж",
            "verz[oö]ger", "zustellversuche", "undelivered after", "too old",
        ),
    ),
    (
        "timeout",
        (
            "timed ?out", "time ?out",
            "connection (was |to \\S+ )?(refused|reset|lost|dropped|closed|failed|error|broken|died|aborted)",
            "no route to host", "network (is )?(unreachable|error|down)",
            "(host|server) (is )?(unreachable|down|unavailable|not responding|did not respond|busy)", "unreachable",
            "(could not|couldnt|cannot|cant|unable to|failed to) (connect|establish|open|reach|contact)",
            "not respond", "unresponsive", "lost connection", "no answer", "temporary (lookup|resolution|dns|name)",
            "bad connection", "connect(ion)? (error|failure)", "\\b(start)?tls\\b", "no response",
            "conversation with", "connection (interrupt|abort)", "соединени", "таймаут", "wasnt able to establish",
        ),
    ),
    (
        "policy",
        (
            "polic(y|ies)", "administrative", "prohibit", "forbidden", "not (authori[sz]ed|permitted|allowed)",
            "unauthori[sz]ed", "refus", "rejected", "denied", "restrict", "disallow", "not accepted", "unacceptable",
            "security", "preferences", "rules?\\b", "filter", "запрещ", "отклонен", "отказ", "abgelehnt",
            "verweigert", "rejet", "rechazad", "rifiutat", "\\bspam\\b", "authoriz",
        ),
    ),
    (
        "content",
        (
            "content", "attachment", "\\bmime\\b", "8 ?bit", "conversion", "charset", "character set", "not support",
            "\\brfc ?[0-9]", "unsupported", "malformed", "syntax", "bare lf", "compliant", "encoding",
        ),
    ),
    (
        "system",
        (
            "system (error|problem|failure|resources|is|not|config|unavail|i o)", "configur", "local error",
            "internal", "resource", "service (not|un)", "server error", "mailer error", "\\bpipe\\b", "procmail",
            "maildrop", "\\blmtp\\b", "i o error", "input output", "cant create", "cannot open", "storage error",
            "bad sequence", "command (failed|died|not)", "exit (status|code)", "queue file", "software",
            "\\bldap\\b", "database", "unexpected", "program", "temporar", "protocol",
        ),
    ),
)  # fmt: skip
