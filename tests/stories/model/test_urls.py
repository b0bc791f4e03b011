"""One page has one canonical URL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stories.model.urls import canonical_url, has_userinfo, url_digest, without_userinfo


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://Wire.Example/News/1?utm_source=x&b=2&a=1#top", "https://wire.example/News/1?a=1&b=2"),
        ("https://wire.example", "https://wire.example/"),
        ("https://wire.example:443/a", "https://wire.example/a"),
        ("http://wire.example:80/a", "http://wire.example/a"),
        ("https://wire.example:8443/a", "https://wire.example:8443/a"),
        ("  https://wire.example/a b ", "https://wire.example/a%20b"),
        ("https://wire.example/新闻/1", "https://wire.example/%E6%96%B0%E9%97%BB/1"),
        ("https://wire.example/%e6%96%b0", "https://wire.example/%E6%96%B0"),
        ("https://wire.example/r.html?tc=eml_list", "https://wire.example/r.html"),
        ("https://wire.example/view?id=7&id=8", "https://wire.example/view?id=7&id=8"),
        ("https://wire.example/n/\n1", "https://wire.example/n/1"),
        ("//cdn.example/x", None),
        ("mailto:press@wire.example", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_a_url_has_one_canonical_form(url: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ValueError):  # noqa: PT011  (urllib words its own)
            canonical_url(url)
    else:
        assert canonical_url(url) == canonical


def test_a_relative_url_is_resolved_against_its_page() -> None:
    assert canonical_url("../n/2?utm_medium=a", "https://wire.example/tag/x") == "https://wire.example/n/2"
    assert canonical_url("//other.example/x", "https://wire.example/") == "https://other.example/x"


WITH_USERINFO = (
    "https://user:pa55word@wire.example/n/1", "https://user@wire.example/", "https://:pa55word@wire.example",
    "https://user:pa55@word@wire.example/", "//user:pa55word@wire.example/n", "https://u%3Apa55word@wire.example/x?y#z",
)  # fmt: skip


@pytest.mark.parametrize("url", WITH_USERINFO)
def test_an_address_with_a_user_name_or_password_is_refused_and_not_shown_whole(url: str) -> None:
    with pytest.raises(ValueError, match="user name or password") as refusal:
        canonical_url(url, "https://wire.example/")
    assert "pa55" not in str(refusal.value)
    assert has_userinfo(url)
    assert "pa55" not in without_userinfo(f"GET {url} failed")


@pytest.mark.parametrize(
    "url", ["https://wire.example/@acme", "https://wire.example/?mail=a@b", "https://w.example/#a@b"]
)
def test_the_sign_elsewhere_in_an_address_is_no_user_name(url: str) -> None:
    assert canonical_url(url)
    assert not has_userinfo(url)
    assert without_userinfo(url) == url


@settings(deadline=None)  # a shared core stalls now and then
@given(st.text(max_size=60), st.sampled_from(["https://wire.example/", "https://wire.example/?", "https://", "//", ""]))
def test_canonical_is_final_and_nothing_else_is_raised(text: str, start: str) -> None:
    try:
        canonical = canonical_url(start + text, "https://wire.example/tag/x")
    except ValueError:
        return
    assert canonical_url(canonical) == canonical
    assert canonical.startswith(("http://", "https://"))
    assert "#" not in canonical
    url_digest(canonical)


def test_scheme_and_final_slash_make_no_other_page() -> None:
    same = {url_digest(f"{scheme}://wire.example/n/1{end}") for scheme in ("http", "https") for end in ("", "/")}
    assert len(same) == 1
    assert url_digest("https://wire.example/n/2") not in same


@pytest.mark.parametrize(
    "url",
    [
        "https://wire.example/show.asp?12345",
        "https://wire.example/view?id=%D6%D0%B9%FA",
        "https://wire.example/go?a=7;b=9",
        "https://wire.example/go?b=1&flag&a=2",
    ],
)
def test_a_query_that_is_no_list_of_pairs_in_utf_8_stays_as_it_was_linked(url):
    assert canonical_url(url) == url
    assert canonical_url(f"{url}&utm_source=feed") == url
