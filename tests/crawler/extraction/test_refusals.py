"""Pages that are no release are named as what they are; any page at all ends in a release or in a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.extraction import NotARelease, Release, extract_release
from crawler.extraction.refusals import REASONS

URL = "https://ledger.example/business"
ENTRY = (
    '<div class="item"><h3><a href="/business/{n}-story">Barge number {n} of the Gull Line carries salt up the river</a></h3>'  # noqa: E501
    "<p>The town woke up to find that another barge had come in by night with salt and rope, and that the lo...</p></div>"  # noqa: E501
)
PAGES = {
    "empty": ("<html><body>  </body></html>", "empty"),
    "no bytes": ("", "empty"),
    "a feed": ('<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>', "listing"),
    "a listing of teasers": (
        "<html><body><h1>Business</h1>" + "".join(ENTRY.format(n=n) for n in range(12)) + "</body></html>",
        "listing",
    ),
    "a listing of links": (
        "<html><body><h1>Newsroom</h1><ul>"
        + "".join(f'<li><a href="/{n}">Barge number {n} of the Gull Line carries salt</a></li>' for n in range(30))
        + "</ul></body></html>",
        "listing",
    ),
    "an error page": (
        "<html><head><title>404 Page not found</title></head><body><h1>Page not found</h1><p>The page that you are looking for "  # noqa: E501
        "may have moved, or it was never here in the first place. Try the search.</p></body></html>",
        "error page",
    ),
    "a challenge": (
        "<html><head><title>Just a moment...</title></head><body><p>Checking your browser before you go on.</p></body></html>",  # noqa: E501
        "error page",
    ),
    "a log-in wall": (
        "<html><head><title>Sign in</title></head><body><h1>Please log in to continue</h1><form><input name=u><input "
        "type=password></form><p>Forgot your password?</p></body></html>",
        "log-in wall",
    ),
    "a cookie wall": (
        "<html><head><title>Ledger</title></head><body><h1>Your choice about cookies</h1><p>We and our partners set cookies on "  # noqa: E501
        "your device. With your consent we measure what is read.</p><p>You can change your privacy settings and your consent "  # noqa: E501
        "to cookies at any time.</p></body></html>",
        "cookie wall",
    ),
    "a shell": (
        '<html><head><title>Ledger</title></head><body><div id="root"></div><noscript>You need to enable JavaScript to run this '  # noqa: E501
        'app.</noscript><script src="/app.js"></script></body></html>',
        "needs JavaScript",
    ),
    "a PDF": ("%PDF-1.7 1 0 obj", "not HTML"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_a_release_is_named_as_what_it_is(name):
    page, reason = PAGES[name]

    with pytest.raises(NotARelease) as refusal:
        extract_release(page.encode(), URL)

    assert refusal.value.reason == reason


TAGS = st.sampled_from(
    [
        "p",
        "div",
        "h1",
        "h2",
        "a",
        "table",
        "tr",
        "td",
        "ul",
        "li",
        "br",
        "img",
        "article",
        "aside",
        "script",
        "style",
        "blockquote",
        "pre",
        "figure",
        "time",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "HONG KONG - Media OutReach Newswire - 9 March 2026 - The barge came in by night and was unloaded before the day.",  # noqa: E501
            "About Gull Line",
            "###",
            "Hashtag: #Gull",
            "SOURCE Gull Line",
            "The issuer is solely responsible for the content of this announcement.",
            "News from Asia",
            "A sentence of the release that is long enough to be a paragraph of its own, and then some more of it.",
            "Media contact: ada@gull.example",
        ]
    ),
)


@st.composite
def soup(draw: st.DrawFn) -> str:
    """HTML as bad as it gets: tags that do not match, attributes without quotes, texts of releases in any order."""
    parts = []
    for _ in range(draw(st.integers(0, 30))):
        tag = draw(TAGS)
        parts.append(draw(st.sampled_from([f"<{tag}>", f"</{tag}>", f"<{tag} class=x href=/a src='b' style=", ""])))
        parts.append(draw(TEXTS))
    return "".join(parts)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(soup(), st.text(max_size=300), st.binary(max_size=300)), st.sampled_from([None, URL, "http://[", "x:y"])
)
def test_any_page_ends_in_a_release_or_in_a_named_refusal(page, url):
    outcome = read(page, url)

    if isinstance(outcome, Release):
        assert outcome.headline
        assert all(text.strip() for text in (*outcome.body, *outcome.about, *outcome.tags))
    else:
        assert outcome in REASONS


def read(page: str | bytes, url: str | None) -> Release | str:
    """Return the release, or the reason why there is none."""
    try:
        return extract_release(page, url)
    except NotARelease as refusal:
        return refusal.reason


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 100_000 + b"deep",
        b"<b><i>" * 50_000,
        b"<a href=/x>link text here</a>" * 30_000,
        b"<table><tr><td>" * 10_000,
        b"<p>contact" + b" " * 500_000 + b"x",
        b"<p>" + b"1" * 500_000,
        b"<p>" + b"a@" * 200_000,
        b"<p>" + b"#a" * 200_000,
        b"<p>For more " + b"information " * 40_000,
        b"<br>" * 100_000,
    ],
    ids=["deep", "inline", "links", "tables", "spaces", "digits", "mails", "tags", "words", "breaks"],
)
def test_hostile_pages_end_in_a_refusal(page):
    with pytest.raises(NotARelease):
        extract_release(page, URL)
