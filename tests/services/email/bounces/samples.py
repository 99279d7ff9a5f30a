"""Notices as servers of each kind write them, in short: (name, mail, kind, {address: (reason, status, code)})."""

from textwrap import dedent
from typing import NamedTuple


class Sample(NamedTuple):
    """A mail as a server writes it and what is to be read in it."""

    name: str
    raw: bytes
    kind: str
    failing: dict[str, str]
    original: str | None = "first@ours.example"


OURS = "news@ours.example"
ENCLOSED = f"""
Received: from app.ours.example by mx.ours.example; Mon, 3 Mar 2025 10:00:00 +0000
From: News <{OURS}>
To: anna@there.example
Subject: What is new
Message-ID: <first@ours.example>
Date: Mon, 3 Mar 2025 10:00:00 +0000

Dear reader
"""


def a_notice(text: str, *, sender: str, subject: str, original: str = "", headers: str = "") -> bytes:
    """A notice in one text; `original` stands below it."""
    head = f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nDate: Mon, 3 Mar 2025 10:01:00 +0000\n"
    return (head + _clean(headers) + "\n" + dedent(text).lstrip("\n") + original).encode()


def a_report(fields: str, *, text: str = "It failed.", sender: str = "MAILER-DAEMON@mx.there.example") -> bytes:
    """A report by the book (RFC 3464) with the original enclosed."""
    head = (
        f"From: {sender}\nTo: {OURS}\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    )
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\n{dedent(text)}\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.there.example\n\n"
        f"{dedent(fields).lstrip()}\n",
        f"Content-Type: message/rfc822\n\n{ENCLOSED.lstrip()}\n",
    ]
    return (head + "".join(f"--b\n{part}" for part in parts) + "--b--\n").encode()


def _clean(headers: str) -> str:
    return dedent(headers).lstrip("\n")


DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.there.example>"

SAMPLES = [
    Sample(
        "qmail",
        a_notice(
            """
            Hi. This is the qmail-send program at mx.there.example.
            I'm afraid I wasn't able to deliver your message to the following addresses.
            This is a permanent error; I've given up. Sorry it didn't work out.

            <anna@there.example>:
            192.0.2.7 does not like recipient.
            Remote host said: 550 5.1.1 no mailbox here by that name
            Giving up on 192.0.2.7.

            <full@there.example>:
            This user has exceeded quota, bouncing mail. (#5.2.2)

            --- Below this line is a copy of the message.

            Return-Path: <news@ours.example>
            """,
            sender="MAILER-DAEMON@mx.there.example",
            subject="failure notice",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown", "full@there.example": "mailbox-full"},
    ),
    Sample(
        "Postfix without a report",
        a_notice(
            """
            This is the Postfix program at host mx.there.example.

            I'm sorry to have to inform you that the message returned
            below could not be delivered to one or more destinations.

            For further assistance, please send mail to <postmaster>

            If you do so, please include this problem report. You can
            delete your own text from the message returned below.

                                    The Postfix program

            <anna@there.example>: host mail.there.example[192.0.2.9] said: 550
                <anna@there.example>: Recipient address rejected: User unknown in
                virtual mailbox table (in reply to RCPT TO command)
            """,
            sender=DAEMON,
            subject="Undelivered Mail Returned to Sender",
            original=ENCLOSED,
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Exim",
        a_notice(
            """
            This message was created automatically by mail delivery software.

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              anna@there.example
                host mail.there.example [192.0.2.9]
                SMTP error from remote mail server after RCPT TO:<anna@there.example>:
                550-5.1.1 The email account that you tried to reach does not exist.
                550 5.1.1 Check for typos
              gone@nowhere.example
                all relevant MX records point to non-existent hosts

            ------ This is a copy of the message, including all the headers. ------

            """,
            sender="Mail Delivery System <Mailer-Daemon@mx.there.example>",
            subject="Mail delivery failed: returning message to sender",
            headers="X-Failed-Recipients: anna@there.example,\n  gone@nowhere.example\n",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown", "gone@nowhere.example": "host-unknown"},
    ),
    Sample(
        "Exim, delayed",
        a_notice(
            """
            This message was created automatically by mail delivery software.
            A message that you sent has not yet been delivered to one or more of its
            recipients after more than 24 hours on the queue on mx.there.example.

            The message identifier is:     1aBcDe-0001Xy-Zz
            The subject of the message is: What is new

            The address to which the message has not yet been delivered is:

              anna@there.example
                Delay reason: connection timed out

            No action is required on your part. Delivery attempts will continue for
            some time, and this warning may be repeated at intervals.
            """,
            sender="Mail Delivery System <Mailer-Daemon@mx.there.example>",
            subject="Warning: message 1aBcDe-0001Xy-Zz delayed 24 hours",
        ),
        "soft",
        {"anna@there.example": "timeout"},
        None,
    ),
    Sample(
        "Sendmail of old",
        a_notice(
            """
            The original message was received at Mon, 3 Mar 2025 10:00:00 GMT
            from app.ours.example [192.0.2.1]

               ----- The following addresses had permanent fatal errors -----
            <anna@there.example>
                (expanded from: <list@there.example>)

               ----- Transcript of session follows -----
            ... while talking to mail.there.example.:
            >>> RCPT To:<anna@there.example>
            <<< 550 5.1.1 <anna@there.example>... User unknown
            550 <anna@there.example>... User unknown

               ----- Original message follows -----
            """,
            sender="Mail Delivery Subsystem <MAILER-DAEMON@there.example>",
            subject="Returned mail: User unknown",
            original=ENCLOSED,
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Exchange 5.5",
        a_notice(
            """
            Your message

              To:      anna@there.example
              Subject: What is new
              Sent:    Mon, 3 Mar 2025 10:00:00 +0000

            did not reach the following recipient(s):

            anna@there.example on Mon, 3 Mar 2025 10:00:30 +0000
                The recipient name is not recognized
                The MTS-ID of the original message is: c=US;a= ;p=There;l=MX-250303
                MSEXCH:IMS:There:MX 0 (000C05A6) Unknown Recipient
            """,
            sender="System Administrator <postmaster@there.example>",
            subject="Undeliverable: What is new",
            headers="X-Mailer: Internet Mail Service (5.5.2653.19)\nIn-Reply-To: <first@ours.example>\n",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Exchange in German",
        a_notice(
            """
            Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:

            anna@there.example
            Die eingegebene E-Mail-Adresse konnte nicht gefunden werden. Überprüfen Sie die Adresse.

            Diagnoseinformationen für Administratoren:

            Generierender Server: mx.there.example

            anna@there.example
            #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

            Ursprüngliche Nachrichtenkopfzeilen:

            """,
            sender="Microsoft Outlook <postmaster@there.example>",
            subject="Unzustellbar: What is new",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Exchange in Russian",
        a_notice(
            """
            Сбой доставки следующим получателям или спискам рассылки:

            anna@there.example
            Почтовый ящик получателя переполнен и не может принимать сообщения.

            Диагностические сведения для администраторов:
            anna@there.example
            #552 5.2.2 RESOLVER.RST.QuotaExceeded ##
            """,
            sender="Postmaster <postmaster@there.example>",
            subject="Не доставлено: What is new",
            headers="Content-Type: text/plain; charset=utf-8\nIn-Reply-To: <first@ours.example>\n",
        ),
        "soft",
        {"anna@there.example": "mailbox-full"},
    ),
    Sample(
        "Microsoft SMTP service",
        a_notice(
            """
            This is an automatically generated Delivery Status Notification.

            Unable to deliver message to the following recipients, due to being unable to connect
            successfully to the destination mail server.

                   anna@there.example
            """,
            sender="postmaster@ours.example",
            subject="Delivery Status Notification (Failure)",
        ),
        "soft",
        {"anna@there.example": "timeout"},
        None,
    ),
    Sample(
        "Gmail of old",
        a_notice(
            """
            Delivery to the following recipient failed permanently:

                 anna@there.example

            Technical details of permanent failure:
            Google tried to deliver your message, but it was rejected by the server for
            the recipient domain there.example by mail.there.example. [192.0.2.9].

            The error that the other server returned was:
            550 5.1.1 <anna@there.example>: Recipient address rejected: User unknown

            ----- Original message -----

            """,
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            subject="Delivery Status Notification (Failure)",
            headers="X-Failed-Recipients: anna@there.example\n",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Gmail of today",
        a_report(
            """
            Final-Recipient: rfc822; anna@there.example
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns; mail.there.example. (192.0.2.9, the server for the domain there.example.)
            Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
             550-5.1.1 double-checking the recipient's email address for typos or
             550 5.1.1 unnecessary spaces. - gsmtp
            Last-Attempt-Date: Mon, 03 Mar 2025 02:00:30 -0800 (PST)
            """,
            text="""
            ** Address not found **

            Your message wasn't delivered to anna@there.example because the address couldn't be found.
            """,
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Microsoft 365",
        a_report(
            """
            Final-Recipient: rfc822;anna@there.example
            Action: failed
            Status: 5.1.10
            Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
              anna@there.example not found by SMTP address lookup
            X-Display-Name: Nobody
            """,
            sender="postmaster@ours.example",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Microsoft 365, edge",
        a_report(
            """
            Original-Recipient: rfc822;anna@there.example
            Final-Recipient: rfc822;anna@there.example
            Action: failed
            Status: 5.4.1
            Diagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied. [AM7EUR03FT012.eop-EUR03]
            """
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "a report with several fates",
        a_report(
            """
            Original-Recipient: rfc822;anna@there.example
            Final-Recipient: rfc822;internal-17@store.there.example
            Action: failed
            Status: 5.2.2 (over quota)
            Diagnostic-Code: smtp; 552 5.2.2 Over quota

            Final-Recipient: rfc822; reached@there.example
            Action: relayed
            Status: 2.0.0

            Final-Recipient: rfc822; slow@there.example
            Action: delayed
            Status: 4.4.1
            Diagnostic-Code: smtp; connect to mx[192.0.2.4]: Connection timed out
            """
        ),
        "soft",
        {"anna@there.example": "mailbox-full", "slow@there.example": "timeout"},
    ),
    Sample(
        "a report whose status is vague",
        a_report(
            """
            Final-Recipient: LOCAL;<anna@there.example>
            Action: failed
            Status: 5.0.0
            Diagnostic-Code: X-Postfix; unknown user: "anna"
            """
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "a spam filter",
        a_report(
            """
            Final-Recipient: rfc822; anna@there.example
            Action: failed
            Status: 5.7.1
            Diagnostic-Code: smtp; 550 5.7.1 Message rejected due to content judged to be
             spam by the internet community
            """
        ),
        "soft",
        {"anna@there.example": "spam"},
    ),
    Sample(
        "an internationalised report",
        a_report(
            """
            Final-Recipient: utf-8; \\x{438}\\x{432}\\x{430}\\x{43D}@there.example
            Action: failed
            Status: 5.1.1
            """
        ),
        "hard",
        {"иван@there.example": "user-unknown"},
    ),
    Sample(
        "Lotus Notes",
        a_notice(
            """
            ------- Failure Reasons  --------

            User not listed in public Name & Address Book
            anna@there.example

            ------- Returned Message --------
            """,
            sender="Mail Router <postmaster@there.example>",
            subject="Undeliverable message",
            original=ENCLOSED,
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Domino",
        a_notice(
            """
            Your message

              Subject: What is new

            was not delivered to:

              anna@there.example

            because:

              User anna (anna@there.example) not listed in Domino Directory
            """,
            sender="anna@there.example",
            subject="DELIVERY FAILURE: User anna (anna@there.example) not listed in Domino Directory",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "Yahoo of old",
        a_notice(
            """
            Message from yahoo.example.
            Unable to deliver message to the following address(es).

            <anna@there.example>:
            This user doesn't have a yahoo.example account (anna@there.example) [-9]

            --- Original message follows.

            """,
            sender="MAILER-DAEMON@yahoo.example",
            subject="failure delivery",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "AOL of old",
        a_notice(
            """
            Your mail to the following recipients could not be delivered because
            they are not accepting mail from news@ours.example:

            \tanna
            """,
            sender="MAILER-DAEMON@aol.example",
            subject="Mail Delivery Problem",
            original=ENCLOSED,
        ),
        "soft",
        {"anna@there.example": "blocked"},
    ),
    Sample(
        "Mail.ru",
        a_notice(
            """
            This message was created automatically by mail delivery software.

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              anna@there.example
                SMTP error from remote mail server after RCPT TO:<anna@there.example>:
                host mail.there.example [192.0.2.9]: 550 Message was not accepted -- invalid mailbox.
                Local mailbox anna@there.example is unavailable: user is terminated
            """,
            sender="Mail Delivery System <mailer-daemon@corp.mail.example>",
            subject="Mail delivery failed: returning message to sender",
        ),
        "hard",
        {"anna@there.example": "disabled"},
        None,
    ),
    Sample(
        "Yandex",
        a_notice(
            """
            This is the mail system at host yandex.example.

            I'm sorry to have to inform you that your message could not
            be delivered to one or more recipients. It's attached below.

            Please, do not reply to this message.

            *****************************************************

            Это сообщение отправлено почтовым сервером yandex.example.

            К сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может
            быть отправлено одному или нескольким адресатам. Технические подробности можно найти ниже.

            Пожалуйста, не отвечайте на это сообщение.

            <anna@there.example>: host mail.there.example[192.0.2.9] said: 450 4.2.1
                <anna@there.example>: Recipient address rejected: Greylisted (in reply to RCPT TO command)
            """,
            sender="mailer-daemon@yandex.example",
            subject="Недоставленное сообщение",
            original=ENCLOSED,
        ),
        "soft",
        {"anna@there.example": "greylisted"},
    ),
    Sample(
        "CommuniGate",
        a_notice(
            """
            Failed to deliver to 'anna@there.example'
            LOCAL module(account anna) reports:
             account is full (quota exceeded)
            """,
            sender="<MAILER-DAEMON@there.example>",
            subject="Undeliverable mail: What is new",
        ),
        "soft",
        {"anna@there.example": "mailbox-full"},
        None,
    ),
    Sample(
        "IMail",
        a_notice(
            """
            User mailbox exceeds allowed size: anna@there.example
            Unknown user: other@there.example

            Original message follows.

            """,
            sender="Postmaster <postmaster@there.example>",
            subject="Undeliverable Mail",
            headers="X-Mailer: <SMTP32 v8.22>\n",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "mailbox-full", "other@there.example": "user-unknown"},
    ),
    Sample(
        "MDaemon",
        a_notice(
            """
            The attached message had PERMANENT fatal delivery errors!

            After one or more unsuccessful delivery attempts the attached message has
            been removed from the mail queue on this server.

            THE FOLLOWING ADDRESS(ES) FAILED:

            anna@there.example

            --- Session Transcript ---
             Mon 2025-03-03 10:00:00: --> RCPT To:<anna@there.example>
             Mon 2025-03-03 10:00:00: <-- 550 <anna@there.example>, Recipient unknown
             --- End Transcript ---
            """,
            sender="MDaemon@ours.example",
            subject="Permanent Delivery Failure",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "GroupWise",
        a_notice(
            """
            The message that you sent was undeliverable to the following:
            \tanna@there.example (user not found)

            Possibly truncated original message follows:

            """,
            sender="<Mailer-Daemon@there.example>",
            subject="Message status - undeliverable",
            original=ENCLOSED.lstrip(),
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "Sun Messaging Server",
        a_notice(
            """
            This report relates to a message you sent with the following header fields:

              Message-id: <first@ours.example>
              Date: Mon, 03 Mar 2025 10:00:00 +0000
              From: News <news@ours.example>
              To: anna@there.example
              Subject: What is new

            Your message cannot be delivered to the following recipients:

              Recipient address: anna@there.example
              Reason: Remote SMTP server has rejected address
              Diagnostic code: smtp;550 5.1.1 unknown or illegal alias: anna@there.example
              Remote system: dns;mail.there.example
            """,
            sender="Internet Mail Delivery <postmaster@there.example>",
            subject="Delivery Notification: Delivery has failed",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
    ),
    Sample(
        "MailMarshal",
        a_notice(
            """
            Your message:
               From:    news@ours.example
               Subject: What is new

            Could not be delivered because of

            550 5.1.1 User unknown

            The following recipients were affected:
               anna@there.example
            """,
            sender="MailMarshal <postmaster@there.example>",
            subject='Undeliverable Mail: "What is new"',
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "a German provider",
        a_notice(
            """
            Diese E-Mail konnte nicht zugestellt werden:

            anna@there.example:
            Die Mailbox des Empfängers ist voll.

            --- The header of the original message is following. ---

            """,
            sender="GMX Mailer Daemon <mailer-daemon@gmx.example>",
            subject="Mail delivery failed: returning message to sender",
            headers="Content-Type: text/plain; charset=utf-8\n",
            original=ENCLOSED.lstrip(),
        ),
        "soft",
        {"anna@there.example": "mailbox-full"},
    ),
    Sample(
        "a Japanese carrier",
        a_notice(
            """
            Your mail sent on: Mon, 3 Mar 2025 19:00:00 +0900
                Could not be delivered to: <anna@there.example>
                As their mailbox is full.
            """,
            sender="no-reply@carrier.example",
            subject="Mail could not be delivered",
            original=ENCLOSED,
        ),
        "soft",
        {"anna@there.example": "mailbox-full"},
    ),
    Sample(
        "InterScan",
        a_notice(
            """
            Sent <<< RCPT TO:<anna@there.example>
            Received >>> 550 5.1.1 <anna@there.example>... user unknown
            Unable to deliver message to <anna@there.example>.
            """,
            sender='"InterScan MSS" <postmaster@there.example>',
            subject="Mail could not be delivered",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "a French server",
        a_notice(
            """
            Votre message n'a pas pu être remis au destinataire suivant :

            anna@there.example : l'adresse est inconnue
            """,
            sender="Postmaster <postmaster@there.example>",
            subject="Non remis : What is new",
            headers="Content-Type: text/plain; charset=utf-8\n",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "Courier",
        a_notice(
            """
            This is a delivery status notification from mx.there.example,
            running the Courier mail server, version 0.65.

            The original message was received on Mon, 3 Mar 2025 10:00:00 +0000
            from [192.0.2.1]

            ---------------------------------------------------------------------------

                                       UNDELIVERABLE MAIL

            Your message to the following recipients cannot be delivered:

            <anna@there.example>:
                mail.there.example [192.0.2.9]:
            >>> RCPT TO:<anna@there.example>
            <<< 550 5.1.1 <anna@there.example>... User unknown

            ---------------------------------------------------------------------------
            """,
            sender='"Courier mail server at mx.there.example" <@mx.there.example>',
            subject="NOTICE: mail delivery status.",
        ),
        "hard",
        {"anna@there.example": "user-unknown"},
        None,
    ),
    Sample(
        "a gateway in one line",
        a_notice(
            "Your message to anna@there.example was rejected.\nThe server said: 550 5.2.1 The account is inactive.\n",
            sender="postmaster@gateway.example",
            subject="Delivery failure",
        ),
        "hard",
        {"anna@there.example": "disabled"},
        None,
    ),
    Sample(
        "a letter of two mailboxes",
        a_notice(
            """
            Delivery has failed to these recipients or groups:

            anna@there.example<mailto:anna@there.example>
            Your message is too large to send. To send it, make the message smaller.

            For more help contact your administrator at helpdesk@there.example.
            """,
            sender="Postmaster <postmaster@there.example>",
            subject="Undeliverable: What is new",
        ),
        "soft",
        {"anna@there.example": "too-big"},
        None,
    ),
]
