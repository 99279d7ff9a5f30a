"""Notices of the mail servers of Unix and of the providers that run them."""

from tests.services.email.bounces.samples.builders import DAEMON, ENCLOSED, Sample, a_notice

UNIX = [
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
]
