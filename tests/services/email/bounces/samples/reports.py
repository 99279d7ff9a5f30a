"""Reports by the book (RFC 3464)."""

from tests.services.email.bounces.samples.builders import Sample, a_report

REPORTS = [
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
]
