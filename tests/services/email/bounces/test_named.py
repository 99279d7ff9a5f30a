"""The forms in which servers of all makes give addresses, and whom their notices name."""

# ruff: noqa: E501 (letters stand as they were sent)

import pytest

from services.email.bounces.classify import bounce_of
from services.email.mime.parse import parse
from tests.services.email.bounces.samples.builders import DAEMON, ENCLOSED, a_notice, a_report

ANNA, OTTO, PETRA = "anna@there.example", "otto@there.example", "petra@there.example"
QUOTED = "\n------ Original message ------\n\n" + ENCLOSED.lstrip()
FAILED = "Action: failed\nStatus: 5.1.1\n"


def names(raw: bytes) -> list[str]:
    found = bounce_of(parse(raw))
    assert found is not None
    assert found.kind in ("hard", "soft")
    return [one.address for one in found.recipients]


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("rfc822; smtp=anna@there.example", "anna@there.example"),
        ("rfc822;SMTP:anna@there.example", "anna@there.example"),
        ("LOCAL;<anna@there.example>", "anna@there.example"),
        ("x400; /G=Anna/S=B/O=there/DDA.RFC-822=anna(a)there.example/PRMD=x/ADMD= /C=DE/", "anna@there.example"),
        ("X400;C=DE;A= ;P=x;DDA:RFC-822=anna(a)there.example;", "anna@there.example"),
        ("rfc822 anna@there.example", "anna@there.example"),
        ("rfc822: anna@there.example", "anna@there.example"),
        ("RFC-822; anna@there.example", "anna@there.example"),
        ("utf-8; анна@там.example", "анна@там.example"),
        ("rfc822; rfc822;anna@there.example", "anna@there.example"),
        ("unknown; anna@there.example", "anna@there.example"),
        ("X-Local; anna", "anna@there.example"),
        ("rfc822;anna%there.example@relay.example", "anna@there.example"),
        ("rfc822;@relay.example:anna@there.example", "anna@there.example"),
        ('rfc822;"anna@there.example"', "anna@there.example"),
        ("rfc822;anna@there.example (expanded from <team@there.example>)", "anna@there.example"),
        ("rfc822;\n anna@there.example", "anna@there.example"),
        ("<rfc822;anna@there.example>", "anna@there.example"),
        ("rfc822;mailto:anna@there.example", "anna@there.example"),
        ("rfc822;anna@there.example.", "anna@there.example"),
    ],
)
def test_a_typed_address_is_the_address(field: str, address: str):
    assert names(a_report(f"Final-Recipient: {field}\n{FAILED}")) == [address]


def test_the_original_recipient_is_read_as_it_is_written_there():
    fields = "Original-Recipient: rfc822;anna+2Bnews@there.example\nFinal-Recipient: rfc822;x@y.example\n"
    assert names(a_report(fields + FAILED)) == ["anna+news@there.example"]


@pytest.mark.parametrize(
    "final", ["", "Final-Recipient: rfc822;\n", "Final-Recipient: rfc822;postmaster@there.example\n"]
)
def test_a_report_that_names_nobody_is_about_whom_the_server_refused(final: str):
    fields = f"{final}{FAILED}Diagnostic-Code: smtp;550 5.1.1 <anna@there.example>: user unknown"
    assert names(a_report(fields)) == [ANNA]


@pytest.mark.parametrize(
    "form",
    [
        "smtp=anna@there.example",
        "rfc822;anna@there.example",
        "SMTP:anna@there.example",
        "LOCAL;anna@there.example",
        "[SMTP:anna@there.example]",
        "INTERNET:anna@there.example",
        "rfc822=anna@there.example",
        "To: <anna@there.example>",
        "mailto:anna@there.example",
        "*anna@there.example*",
        "`anna@there.example'",
        "「anna@there.example」",
        "＜anna@there.example＞",
        "(anna@there.example)",
    ],
)
def test_a_typed_address_in_the_text_is_the_address(form: str):
    listed = f"The following recipients could not be reached:\n\n  {form}\n\nReason: user unknown\n"
    for text in (listed, f"Delivery to {form} failed: user unknown\n"):
        assert names(a_notice(text, sender=DAEMON, subject="Undelivered Mail")) == [ANNA]


NOTICES: dict[str, tuple[str, str, str, list[str]]] = {
    'orig relay': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'The message could not be delivered.\n\nReported by relay@isp.example for abuse@isp.example.\n\n' + QUOTED, ['anna@there.example']),
    'orig list': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'Your message could not be delivered to anna@there.example.\nYou were subscribed to list@lists.example; questions to list-owner@lists.example.\n\n' + QUOTED, ['anna@there.example']),
    'orig sender': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'Your message\n  From: news@ours.example\n  To: anna@there.example\ncould not be delivered.\n\n' + QUOTED, ['anna@there.example']),
    'multi': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'Delivery to the following recipients failed:\n\n  anna@there.example\n  otto@there.example: 550 no such user\n  petra@there.example (mailbox full)\n\n' + QUOTED, ['anna@there.example', 'otto@there.example', 'petra@there.example']),
    'multi2': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'Your message could not be delivered to: anna@there.example, otto@there.example and petra@there.example.\n\n' + QUOTED, ['anna@there.example', 'otto@there.example', 'petra@there.example']),
    'multi3': ('MAILER-DAEMON@there.example', 'Undelivered Mail', '550 5.1.1 <anna@there.example>... User unknown\n550 5.1.1 <otto@there.example>... User unknown\n\n' + QUOTED, ['anna@there.example', 'otto@there.example']),
    'multi4': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'Recipient: [SMTP:anna@there.example]\nReason: User unknown\n\nRecipient: [SMTP:otto@there.example]\nReason: Mailbox full\n\n' + QUOTED, ['anna@there.example', 'otto@there.example']),
    'multi5': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  anna@there.example\n    (ultimately generated from team@there.example)\n    SMTP error from remote mail server after RCPT TO:<anna@there.example>:\n    host mx.there.example [192.0.2.1]: 550 5.1.1 unknown user\n  otto@there.example\n    mailbox is full: retry timeout exceeded\n\n------ This is a copy of the message, including all the headers. ------\n', ['anna@there.example', 'otto@there.example']),
    'sendmail': ('MAILER-DAEMON@there.example', 'Undelivered Mail', 'The original message was received at Mon, 3 Mar 2025 10:00:00 GMT\nfrom relay.isp.example [192.0.2.2]\n\n   ----- The following addresses had permanent fatal errors -----\n<anna@there.example>\n    (reason: 550 5.1.1 <anna@there.example>... User unknown)\n    (expanded from: <team@there.example>)\n<otto@there.example>\n    (reason: 550 Host unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.there.example.:\n>>> DATA\n<<< 550 5.1.1 <anna@there.example>... User unknown\n550 5.1.1 <anna@there.example>... User unknown\n<<< 503 5.0.0 Need RCPT (recipient)\n', ['anna@there.example', 'otto@there.example']),
    'qmail': ('MAILER-DAEMON@there.example', 'failure notice', "Hi. This is the qmail-send program at there.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<anna@there.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\nGiving up on 192.0.2.1.\n\n<otto@there.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n", ['anna@there.example', 'otto@there.example']),
    'domino': ('Mail Router <postmaster@there.example>', 'DELIVERY FAILURE: User anna (anna@there.example) not listed in Domino Directory', 'Your message\n\n  Subject: What is new\n\nwas not delivered to:\n\n  anna@there.example\n\nbecause:\n\n  User anna (anna@there.example) not listed in Domino Directory\n', ['anna@there.example']),
    'notes-de': ('postmaster@there.example', 'DELIVERY FAILURE', 'Ihr Dokument:\n\n\tWhat is new\n\nkonnte nicht zugestellt werden an:\n\n\tanna@there.example\n\nda:\n\n\tUser anna not listed in public Name & Address Book\n', ['anna@there.example']),
    'exch2003': ('System Administrator <postmaster@there.example>', 'Undeliverable: What is new', 'Your message did not reach some or all of the intended recipients.\n\n      Subject:\tWhat is new\n      Sent:\t3/3/2025 10:00 AM\n\nThe following recipient(s) could not be reached:\n\n      anna@there.example on 3/3/2025 10:01 AM\n            The e-mail account does not exist at the organization this message was sent to.\n            <mx.there.example #5.1.1>\n', ['anna@there.example']),
    'exch55': ('System Administrator <postmaster@there.example>', 'Undeliverable: What is new', 'Your message\n\n  To:      Anna\n  Subject: What is new\n  Sent:    Mon, 3 Mar 2025 10:00:00 -0000\n\ndid not reach the following recipient(s):\n\nanna@there.example on Mon, 3 Mar 2025 10:01:00 -0000\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=DE;a= ;p=There;l=MX0010203040506\n    MSEXCH:IMS:There:SITE:MX 0 (000C05A6) Unknown Recipient\n', ['anna@there.example']),
    'exch2007-ru': ('postmaster@there.example', 'Недоставлено: What is new', 'Не удалось доставить сообщение следующим получателям или группам рассылки:\n\nanna@there.example\nАдрес электронной почты получателя не найден в почтовой системе.\n\nДиагностические сведения для администраторов:\n\nСоздающий сервер: mx.there.example\n\nanna@there.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n', ['anna@there.example']),
    'o365-fr': ('Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@there.example>', 'Non remis : What is new', "Votre message à anna@there.example n'a pas pu être remis.\n\nanna n'a pas été trouvé à l'adresse there.example.\n\n550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\n", ['anna@there.example']),
    'groupwise': ('Mailer-Daemon@there.example', 'Message status - undeliverable', 'The message that you sent was undeliverable to the following:\n\tanna@there.example (550 user unknown)\n\notto (There.PO.otto) User not found\n', ['anna@there.example']),
    'imail': ('MAILER-DAEMON@there.example', 'Undeliverable Mail', 'unknown user: <anna@there.example>\n\nOriginal message follows.\n', ['anna@there.example']),
    'imail2': ('MAILER-DAEMON@there.example', 'Undeliverable Mail', 'Delivery failed 20 attempts: anna@there.example\n\nOriginal message follows.\n', ['anna@there.example']),
    'mailenable': ('postmaster@there.example', 'Message Delivery Failure', 'MailEnable: Message could not be delivered to some recipients.\nThe following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:anna@there.example]\n\tReason: The following recipient(s) could not be reached - Remote SMTP Server Returned: 550 5.1.1 user unknown\n\n\nMessage headers follow:\n', ['anna@there.example']),
    'msgserver': ('postmaster@there.example', 'Delivery Notification: Delivery has failed', 'This report relates to a message you sent with the following header fields:\n\n  Message-id: <first@ours.example>\n  From: news@ours.example\n  To: anna@there.example\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: anna@ims-ms-daemon\n  Original address: anna@there.example\n  Reason: Over quota\n', ['anna@there.example']),
    'surf': ('SurfControl <surfcontrol@there.example>', 'Failed to send: What is new', 'Your message could not be sent.\nA transcript of the attempts to send the message follows.\nThe number of attempts made: 1\nAddressed To: anna@there.example\n\nMon 3 Mar 2025 10:00:00 +0000\nFailed to send to identified host,\nanna@there.example: [192.0.2.4], 550 #5.1.0 Address rejected anna@there.example\n--- Message non-deliverable.\n', ['anna@there.example']),
    'mcafee': ('WebShield <webshield@there.example>', 'Undeliverable mail', '--- The following addresses had delivery problems ---\n\n<anna@there.example>   (User unknown anna@there.example)\n', ['anna@there.example']),
    'yahoo': ('MAILER-DAEMON@there.example', 'failure notice', 'Message from  yahoo.example.\nUnable to deliver message to the following address(es).\n\n<anna@there.example>:\nSorry your message to anna@there.example cannot be delivered. This account has been disabled or discontinued [#101].\n\n--- Original message follows.\n', ['anna@there.example']),
    'verizon': ('post_master@there.example', 'Undeliverable Message', 'Error: undeliverable\nYour message: "What is new"\nFrom: news@ours.example\nTo: anna@there.example\nDate: Mon\nFailed to deliver to recipients below:\nRecipient: anna@there.example\nReason: 550 - Requested action not taken: no such user here\n', ['anna@there.example']),
    'ezweb': ('MAILER-DAEMON@there.example', 'Mail System Error - Returned Mail', 'The user(s) anna@there.example\nThe message you sent could not be delivered\n\n<anna@there.example>: 550 <anna@there.example>: User unknown\n', ['anna@there.example']),
    'ezweb2': ('Postmaster@there.example', 'Mail System Error - Returned Mail', 'Each of the following recipients was rejected by a remote mail server.\n\n    Recipient: <anna@there.example>\n    >>> RCPT TO:<anna@there.example>\n    <<< 550 <anna@there.example>: User unknown\n', ['anna@there.example']),
    'kddi': ('no-reply@there.example', 'Mail Delivery', 'Your mail sent on: Mon, 3 Mar 2025 10:00:00 +0900\n\nCould not be delivered to or was delayed at:\n    anna@there.example\nAs their mailbox is full.\n', ['anna@there.example']),
    'biglobe': ('postmaster@biglobe.example', 'Mail Delivery Failed', "   ----- The following addresses had delivery problems -----\n********@there.example\nanna@there.example\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n", ['anna@there.example']),
    'x1': ('MAILER-DAEMON@there.example', 'Returned Mail: User Unknown', 'The original message was received at Mon, 3 Mar 2025\nfrom news@ours.example\n\n\n----- The following recipients had permanent delivery errors -----\nanna@there.example\n\n----- reason -----\nunknown user\n', ['anna@there.example']),
    'x2': ('MAILER-DAEMON@there.example', 'Delivery failure', "Message from there.example.\nUnable to deliver message to the following address(es).\n\n<anna@there.example>:\nThis user doesn't have a there.example account (anna@there.example) [0]\n", ['anna@there.example']),
    'x3': ('MAILER-DAEMON@there.example', 'Delivery status notification', '* Following recipient(s) could not be delivered:\n\n*   User name or mailbox is unknown: <anna@there.example>\n\nReason: Unable to deliver message\nLast try: 10:00\n', ['anna@there.example']),
    'x4': ('MAILER-DAEMON@there.example', 'Delivery Failure', 'This is a delivery failure notification message indicating that\nan email you addressed to email address :\n-- anna@there.example\n\ncould not be delivered. The problem appears to be :\n-- Recipient email server rejected the message\n\nAdditional information follows :\n-- 550 5.1.1 user unknown\n\nThis condition occurred after 1 attempt(s) to deliver over\na period of 0 hour(s).\n', ['anna@there.example']),
    'x5': ('<>', 'Mail delivery failed', 'A message you sent to the following recipients could not be delivered\n\n anna@there.example\n\nStatus: 550 user unknown\n', ['anna@there.example']),
    'x6': ('postmaster@there.example', 'There was an error sending your mail', 'We were unable to deliver your message to the following recipients: \n\nanna@there.example: recipient does not exist\n', ['anna@there.example']),
    'yandex': ('MAILER-DAEMON@there.example', 'Недоставленное сообщение', 'Это письмо отправлено почтовым сервером there.example.\n\nК сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может\nбыть отправлено одному или нескольким адресатам. Причина указана ниже.\n\n<anna@there.example>: host mx.there.example[192.0.2.1] said: 550 5.7.1 No such user!\n    (in reply to RCPT TO command)\n', ['anna@there.example']),
    'mailru': ('MAILER-DAEMON@there.example', 'Mail failure.', 'Это письмо создано автоматически\nсервером there.example, отвечать на него не нужно.\n\nК сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:\n\n**********************\n\nanna@there.example on 3/3/2025\nuser not found\n\n**********************\n', ['anna@there.example']),
    'postfix-delay': ('MAILER-DAEMON@there.example', 'Delayed Mail (still being retried)', 'This is the mail system at host there.example.\n\n####\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####\n\nYour message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<anna@there.example>: connect to mx.there.example[192.0.2.1]:25: Connection timed out\n', ['anna@there.example']),
    'zimbra': ('noreply@there.example', 'Undelivered: What is new', 'anna@there.example\n\nmailbox for user is full\n', ['anna@there.example']),
    'qq': ('PostMaster@qq.example', '系统退信', '抱歉，您的邮件被退回来了……\n\n原邮件信息：\n时 间 2025-03-03\n主 题 What is new\n收件人 anna@there.example\n\n退信原因 收件人邮件地址（anna@there.example）不存在，邮件无法送达。\nhost mx.there.example said: 550 Mailbox not found\n', ['anna@there.example']),
    '163': ('Postmaster@163.example', '系统退信/Systems bounce', '系统退信\n\n尊敬的用户，您好！\n很抱歉，您发送的邮件被退回，以下是该邮件的相关信息：\n收件人： anna@there.example\n退信说明： 550 User not found: anna@there.example\n', ['anna@there.example']),
    'gmail-ru': ('Mail Delivery Subsystem <mailer-daemon@googlemail.example>', 'Delivery Status Notification (Failure)', 'Адрес не найден\n\nВаше письмо не доставлено, поскольку адрес anna@there.example не найден или не принимает почту.\n\nОтвет:\n550 5.1.1 The email account that you tried to reach does not exist.\n', ['anna@there.example']),
}  # fmt: skip


@pytest.mark.parametrize("make", NOTICES)
def test_every_failed_recipient_is_named_and_nobody_else(make: str):
    sender, subject, text, failed = NOTICES[make]
    assert names(a_notice(text, sender=sender, subject=subject)) == failed


def test_a_report_of_several_names_those_that_failed():
    fields = (
        f"Final-Recipient: rfc822;{ANNA}\n{FAILED}\nFinal-Recipient: rfc822;{OTTO}\nAction: failed\nStatus: 5.2.2\n"
    )
    delivered = f"\nFinal-Recipient: rfc822;{PETRA}\nAction: delivered\nStatus: 2.0.0\n"
    assert names(a_report(fields + delivered)) == [ANNA, OTTO]
