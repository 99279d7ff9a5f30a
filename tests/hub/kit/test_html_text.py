"""HTML as readable text."""

import pytest

from hub.kit.html_text import to_text
from hub.kit.safe_html import named_images, sanitise, with_images


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>\nthree", "one\ntwo\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one<div>two</div></div>three", "one\ntwo\nthree"),
        ("a \n  b\tc", "a b c"),
        ("<b>a</b><i>b</i> <u>c</u>", "ab c"),
        ("Fish &amp; chips &lt;3 &#1057;&#x447;&nbsp;&copy;", "Fish & chips <3 Сч ©"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("<style>p{}</style><script>alert(1)</script>text<!-- no -->", "text"),
        ("<head><title>no</title></head><body>text</body>", "text"),
        ("<!--[if mso]><p>no</p><![endif]-->text<![if !mso]>!<![endif]>", "text!"),
        (
            'see <a href="https://a.example/x?b=1&amp;c=2">our page</a>.',
            "see our page <https://a.example/x?b=1&c=2>.",
        ),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ('<a href="https://a.example">https://a.example/</a>', "https://a.example/"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="#top">up</a> <a href="javascript:x()">x</a>', "up x"),
        ('<a href="https://a.example"><img src="x"></a>', ""),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
        ("<ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>", "- one\n  - deep\n- two"),
        ("<table><tr><td>A</td><td>B</td></tr><tr><th>1</th><td>2</td></tr></table>", "A\tB\n1\t2"),
        ("<p>new</p><blockquote><p>old</p>older</blockquote>", "new\n\n> old\n>\n> older"),
        ("<pre>  a\n    b</pre>c", "  a\n    b\n\nc"),
        ('<img src="x" alt="Logo">', "[Logo]"),
        ("above<hr>below", "above\n--------------------\nbelow"),
        ('<div style="display:none">preheader</div>text', "text"),
        ('<div style="display: none">all there is</div>', "all there is"),
        ('<p title="a > b">text</p>', "text"),
        ("<p>unclosed <b>text", "unclosed text"),
        ("<unknown>text</unknown>", "text"),
        ("<p>a</p>\n\n\n<p></p><p></p><p>b</p>", "a\n\nb"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("&#99999999999999999999999999;&#xD800;&#0;", "\ufffd\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_html_is_made_readable(html: str, text: str) -> None:
    assert to_text(html) == text


def test_html_is_made_safe_and_remote_images_are_held_back_and_counted() -> None:
    page = (
        '<script>x()</script><p onclick="x()" style="color:red">Hi</p><img src="https://t.example/p.gif" alt="pixel">'
        '<img src="//t.example/q.gif"><img src="cid:logo"><a href="javascript:x()">a</a><a href="https://a.example">b</a>'
        '<td style="background:url(https://t.example/b.png)">c</td><iframe src="https://t.example"></iframe>'
    )
    safe = sanitise(page)
    assert safe.blocked == 2
    assert not any(word in safe.html for word in ("script", "onclick", "iframe"))
    assert "t.example" not in with_images(safe.html, {}, remote=False)
    assert 'style="color:red"' in safe.html
    assert 'src="cid:logo"' in safe.html
    assert 'alt="pixel"' in safe.html
    assert "t.example/p.gif" in sanitise(page, images=True).html


def test_only_images_are_put_in_whatever_a_mail_says_that_looks_like_one() -> None:
    clean = sanitise(
        '<p title="&lt;img src=\'cid:a\'&gt;">&lt;img src="cid:a"&gt; src="held:https://x.example"</p>'
    ).html
    assert (named_images(clean), with_images(clean, {"a": "data:,"}, remote=True)) == ({}, clean)
    odd = sanitise(
        '<img alt=">" src=" HTTPS://t.example/a b "><img src="/here.gif"><img src="held:https://t.example">'
    )
    assert (odd.blocked, with_images(odd.html, {}, remote=False)) == (2, '<img alt="&gt;"><img><img>')
    assert 'src="HTTPS://t.example/a b"' in with_images(odd.html, {}, remote=True)
    named = sanitise('<img title="x src=" src="https://t.example/1.gif"><img title=" src=" src="cid:a">').html
    assert with_images(named, {"a": "data:,"}, remote=False) == '<img title="x src="><img title=" src=" src="data:,">'
    assert 'src="https://t.example/1.gif"' in with_images(named, {}, remote=True)
