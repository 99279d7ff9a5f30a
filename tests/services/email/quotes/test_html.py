"""Quotes and signatures as mail programs mark them in HTML."""

import pytest

from services.email.quotes.split import Split, split

ATTRIBUTION = (
    "On Mon, 2 Mar 2026 at 12:00, Anna &lt;<a href='mailto:anna@firma.example'>anna@firma.example</a>&gt; wrote:"
)
FIELDS = "<b>From:</b> Anna<br><b>Sent:</b> Monday, March 2, 2026<br><b>To:</b> Bob<br><b>Subject:</b> Boxes"
OLD = "<div>When will the boxes come?</div><div>We wait.</div>"

MARKED = {
    "gmail": f'<div class="gmail_quote gmail_quote_container"><div dir="ltr" '
    f'class="gmail_attr">{ATTRIBUTION}<br></div>'
    f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{OLD}</blockquote></div>',
    "gmail of old": f'<div class="gmail_extra"><br><div class="gmail_quote">{ATTRIBUTION}<br><blockquote '
    f'class="gmail_quote">{OLD}</blockquote></div><br></div>',
    "gmail forward": f'<div class="gmail_quote">---------- Forwarded message '
    f"---------<br>{FIELDS}<br><br>{OLD}</div>",
    "apple": f'<div><br><blockquote type="cite"><div>{ATTRIBUTION}</div><br>{OLD}</blockquote></div>',
    "thunderbird": f'<div class="moz-cite-prefix">02.03.2026 12:00, Анна пишет:<br></div><blockquote type="cite" '
    f'cite="mid:1@firma.example">{OLD}</blockquote>',
    "yahoo": f'<div id="ydp1yahoo_quoted_1" class="ydp1yahoo_quoted '
    f'yahoo_quoted"><div>{ATTRIBUTION}</div>{OLD}</div>',
    "outlook": '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    f"<p class=MsoNormal>Woher: Anna</p></div></div>{OLD}",
    "outlook of 2007": '<div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    f"<p>{FIELDS}</p></div>{OLD}",
    "outlook on the web": f'<div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg" '
    f'dir="ltr">{FIELDS}</div>{OLD}',
    "outlook mobile": f'<div id="mail-editor-reference-message-container"><div>{FIELDS}</div>{OLD}</div>',
    "outlook for mac": f'<span id="OLK_SRC_BODY_SECTION"><div>{FIELDS}</div>{OLD}</span>',
    "windows mail": '<div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; '
    f'border-top-style: solid;"><div>{FIELDS}</div></div>{OLD}',
    "hotmail": f'<hr id="stopSpelling">{FIELDS}<br><br>{OLD}',
    "zimbra": f'<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{FIELDS}</div>{OLD}',
    "mail.ru": "<div>Понедельник, 2 марта 2026, 12:00 +03:00 от Анна &lt;anna@firma.example&gt;:<br></div>"
    f'<blockquote style="border-left:1px solid #0857A6;margin:10px">{OLD}</blockquote>',
    "yandex": f'<div>02.03.2026, 12:00, "Анна" '
    f"&lt;anna@firma.example&gt;:</div><blockquote><p>x</p>{OLD}</blockquote>",
    "zoho": f'<div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- On Mon, 02 Mar 2026 <b>Anna</b> '
    f"wrote ----</div>{OLD}</div>",
    "proton": f'<div class="protonmail_quote">------- Original Message -------<br>{ATTRIBUTION}<br>{OLD}</div>',
    "tutanota": f"<div>2 Mar 2026, 12:00 by anna@firma.example:</div><blockquote "
    f'class="tutanota_quote">{OLD}</blockquote>',
    "gmx": f'<div name="quote" style="margin:10px 5px;border-left:2px solid #C3D9E5"><div>{FIELDS}</div>{OLD}</div>',
    "a rule and fields": f"<hr>{FIELDS}<br><br>{OLD}",
    "marks of plain text": "&gt; When will the boxes come?<br>&gt; We wait.",
    "163": f'<div>At 2026-03-02 12:00:00, "Anna" &lt;anna@firma.example&gt; wrote:</div><blockquote '
    f'id="isReplyContent" '
    f'style="PADDING-LEFT: 1ex; BORDER-LEFT: #ccc 1px solid">{OLD}</blockquote>',
    "qq": f"<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>{FIELDS}</div>{OLD}",
}


@pytest.mark.parametrize("program", MARKED)
def test_what_a_mail_program_marks_as_quoted_is_split_off(program: str) -> None:
    found = split("", f"<html><body><div>On Friday.</div><div><br></div>{MARKED[program]}</body></html>")
    assert found.new_text == "On Friday."
    assert "We wait." in found.quoted_text


@pytest.mark.parametrize("program", MARKED)
def test_the_words_of_the_plain_text_are_taken_where_both_say_the_same(program: str) -> None:
    html = f"<p>See <a href='https://shop.example/1'>our *shop*</a></p><ul><li>boxes</li></ul>{MARKED[program]}"
    plain = "See our *shop* <https://shop.example/1>\n\n  * boxes\n\nWhen will the boxes come?\nWe wait."
    assert split(plain, html).new_text == "See our *shop* <https://shop.example/1>\n\n  * boxes"


def test_an_answer_below_gmails_quote_is_new() -> None:
    html = (
        f'<div class="gmail_quote"><div class="gmail_attr">{ATTRIBUTION}</div><blockquote class="gmail_quote">{OLD}'
    )
    assert split("", f"<div>{html}</blockquote><div>On Friday.</div></div></div>").new_text == "On Friday."


def test_answers_between_html_quotes_are_new_in_their_order() -> None:
    html = (
        '<p>Hello,</p><blockquote type="cite">When?</blockquote><p>On Friday.</p>'
        '<blockquote type="cite">And the lids?</blockquote><p>On Monday.</p>'
    )
    assert split("", html).new_text == "Hello,\n\nOn Friday.\n\nOn Monday."


def test_an_indented_paragraph_is_no_quote() -> None:
    assert split("", "<p>The law says:</p><blockquote>All pay.</blockquote>").new_text == "The law says:\n\nAll pay."


SIGNED = [
    '<div class="gmail_signature" data-smartmail="gmail_signature">Anna Orlova<br>Firma</div>',
    '<div class="moz-signature">Anna Orlova<br>Firma</div>',
    '<div id="ms-outlook-mobile-signature">Anna Orlova<br>Firma</div>',
    '<div data-signatureblock="true">Anna Orlova<br>Firma</div>',
    '<div id="Signature">Anna Orlova<br>Firma</div>',
    '<div class="protonmail_signature_block">Anna Orlova<br>Firma</div>',
]


@pytest.mark.parametrize("signature", SIGNED)
def test_a_marked_signature_is_split_off(signature: str) -> None:
    assert split("", f"<div>On Friday.</div><br>{signature}") == Split("On Friday.", "", "Anna Orlova\nFirma")
    assert split("On Friday.\n\nAnna Orlova\nFirma", f"<div>On Friday.</div>{signature}").new_text == "On Friday."


def test_text_is_shown_as_a_person_sees_it() -> None:
    html = (
        "<head><title>t</title><style>p {color: red}</style></head><!-- no --><p>One &amp; two<br>three</p>"
        "<script>alert('<p>')</script><div style='display:none'>preheader</div><pre>a  b\n  c</pre>"
        "<table><tr><td>x</td><td>1</td></tr><tr><td>y</td><td>2</td></tr></table>"
    )
    assert split("", html).new_text == "One & two\nthree\n\na  b\n  c\nx 1\ny 2"


def test_unmarked_html_leaves_the_plain_text_as_it_is() -> None:
    assert split("On  Friday.", "<p>On Friday.</p>") == Split("On  Friday.", "", "")


def test_an_html_part_that_is_another_letter_does_not_displace_the_text() -> None:
    html = f"<p>Catalogue of spring</p><blockquote type='cite'>{OLD}</blockquote>"
    assert split("Wir liefern nichts mehr aus.", html).new_text == "Wir liefern nichts mehr aus."


def test_a_quote_with_nothing_but_a_picture_above_keeps_what_the_text_says() -> None:
    found = split(
        "[image: photo.png]\n\nAnna <anna@firma.example> wrote:\n> x", "<img src='cid:1'>" + MARKED["apple"]
    )
    assert found.new_text == "[image: photo.png]"


BROKEN = [
    "<",
    "<<<",
    "<div",
    "<div class=",
    "<!--",
    "<!-- x",
    "</",
    "</p></div>",
    "<p <b>x",
    "<a b='>'>y</a>",
    "&#xD800;",
    "\x00<p>\ud800",
]


@pytest.mark.parametrize("html", BROKEN)
def test_broken_html_is_read_without_complaint(html: str) -> None:
    split("", html)
    split("text", html + MARKED["gmail"] + html)


@pytest.mark.parametrize(
    "mark", ['name="messageSignatureSection"', 'class="front-signature"', 'data-signature-widget="container"']
)
def test_what_a_program_marks_as_a_signature_is_split_off(mark: str) -> None:
    page = f"<div>On Friday.</div><div {mark}>Bob<br>Shop</div>{MARKED['gmail']}"
    found = split("", page)
    assert (found.new_text, found.signature) == ("On Friday.", "Bob\nShop")
