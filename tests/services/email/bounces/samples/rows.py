"""Short notices of further servers: who wrote it, its subject, its text."""

from tests.services.email.bounces.samples.builders import ENCLOSED, Sample, a_notice

_WRITTEN = [
    (
        "Postmaster <postmaster@there.example>",
        "Postmaster notify: delivery failure",
        "The Mercury mail transport system was unable to deliver the attached message.\n"
        "The address that could not be delivered to is:\n\n   anna@there.example (550 No such local user)",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "mail failed, returning to sender",
        "|--------- Failed addresses follow: ---------|\n <anna@there.example> ... unknown user\n"
        "|--------- Message text follows: ---------|",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "failure notice",
        "<anna@there.example>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n"
        "I'm not going to try again; this message has been in the queue too long.",
        "timeout",
    ),
    (
        "Mailer Daemon <MAILER-DAEMON@there.example>",
        "Delivery status notification: error",
        "This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\nAn error has occurred while attempting to "
        "deliver a message for\nthe following list of recipients:\n\n"
        "anna@there.example: 550 5.2.2 <anna@there.example>... Mailbox Full",
        "mailbox-full",
    ),
    (
        "Mail Delivery System <MAILER-DAEMON@there.example>",
        "**Message you sent blocked by our bulk email filter**",
        "Your message to: anna@there.example\nwas blocked by our Spam Firewall.",
        "spam",
    ),
    (
        "postmaster@there.example",
        "[Postmaster] Email Delivery Failure",
        "an email you addressed to email address :\n\n-- anna@there.example\n\ncould not be delivered. The problem "
        "appears to be :\n\n-- Recipient email server rejected the message\n\n-- 550 5.1.1 User Unknown",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "Delivery failed",
        "The user ANNA does not have an account here.",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "failure notice",
        "<anna@there.example>:\n192.0.2.2_failed_after_I_sent_the_message./Remote_host_said:_550_User_has_moved",
        "moved",
    ),
    (
        "Mail Delivery System <mailer-daemon@there.example>",
        "Delayed Mail (still being retried)",
        "Your message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) "
        "old.\n\n"
        "<anna@there.example>: connect to mx.there.example[192.0.2.1]:25: Connection refused",
        "timeout",
    ),
    (
        "MAILER-DAEMON@there.example",
        "Undelivered Mail Returned to Sender",
        "<anna@there.example>: Host or domain name not found. Name service error for\n    name=there.example type=A: "
        "Host not found",
        "host-unknown",
    ),
    (
        "Postmaster@there.example",
        "系统退信",
        "收件人: anna@there.example\n退信原因: 收件人邮件地址不存在。",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "failure notice",
        "Niestety, nie można dostarczyć wiadomości:\n\n<anna@there.example>:\nTaki użytkownik nie istnieje.",
        "user-unknown",
    ),
    (
        "MAILER-DAEMON@there.example",
        "Недоставлений лист",
        "Лист не вдалося доставити одержувачу anna@there.example: користувача не існує",
        "user-unknown",
    ),
    (
        "postmaster@there.example",
        "No se puede entregar: hola",
        "No se pudo entregar a estos destinatarios:\n\nanna@there.example\nEl buzón del destinatario está lleno.",
        "mailbox-full",
    ),
    (
        "MAILER-DAEMON@there.example",
        "Undelivered Mail Returned to Sender",
        "<anna@there.example>: host mx said: 550 5.7.23\n    Message rejected due to SPF violation",
        "auth",
    ),
]

_HARD = ("user-unknown", "moved", "host-unknown")


def _sample(sender: str, subject: str, text: str, reason: str) -> Sample:
    raw = a_notice(
        f"{text}\n\n",
        sender=sender,
        subject=subject,
        headers="Content-Type: text/plain; charset=utf-8\n",
        original=ENCLOSED.lstrip(),
    )
    kind = "hard" if reason in _HARD else "soft"
    return Sample(f"{subject} ({reason})", raw, kind, {"anna@there.example": reason})


# What is said of the sending server and of the mail reads much like what is said of a recipient.
_SAID = [
    ("450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]", "policy"),
    ("450 4.7.1 <mx.us.example>: Helo command rejected: Host not found", "policy"),
    ("554-Service not available\n554-No SMTP service\n554 Bad DNS PTR resource record", "blocked"),
    ("550-Requested action not taken: mailbox unavailable\n550 Reject due to policy restrictions", "policy"),
    ("550 SC-001 Unfortunately, messages from 192.0.2.22 weren't sent.", "blocked"),
    ("550 Domain frequency limited", "rate-limited"),
    ("550 URIBL listed domain found in message body", "spam"),
    ("unknown mail transport error", "system"),
    ("450 4.1.1 Recipient address rejected: unverified address: Address verification in progress", "greylisted"),
]


def _refused(said: str, reason: str) -> Sample:
    text = f"<anna@there.example>: host mx.there.example said: {said}"
    return _sample("MAILER-DAEMON@there.example", "Undelivered Mail Returned to Sender", text, reason)


ROWS = [*(_sample(*row) for row in _WRITTEN), *(_refused(*row) for row in _SAID)]
