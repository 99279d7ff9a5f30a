"""Notices of Exchange, Outlook and Notes, in the languages they come in."""

from tests.services.email.bounces.samples.builders import ENCLOSED, Sample, a_notice

MICROSOFT = [
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
