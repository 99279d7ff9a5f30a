"""Notices of gateways and of servers of all other makes."""

from tests.services.email.bounces.samples.builders import ENCLOSED, Sample, a_notice

OTHERS = [
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
]
