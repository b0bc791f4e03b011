"""Pages that are gone, or whose site is down, by their response and by what they show."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, Response

from crawler.pages.removed_pages import is_site_down, removed_by_content, removed_by_headline, removed_by_response
from stories.model.release import NotARelease

PAGE = "https://wire.example/news/2026/ferries"


def answer(url: str = PAGE, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HtmlResponse(url, status=status, headers=named)


@pytest.mark.parametrize(
    ("got", "status", "how"),
    [
        (PAGE, 404, "not found"),
        (PAGE, 410, "gone"),
        ("https://wire.example/", 200, "moved to the front page"),
        ("https://wire.example/en-us/", 200, "moved to the front page"),
        ("https://wire.example/index.html", 304, "moved to the front page"),
        ("https://wire.example/?p=4", 200, None),
        ("https://wire.example/", 503, None),
        ("https://wire.example/news/2026/ferries-2", 200, None),
        (PAGE, 403, None),
        (PAGE, 304, None),
    ],
)
def test_a_page_is_gone_by_its_status_or_when_it_leads_to_the_front_page(
    got: str, status: int, how: str | None
) -> None:
    assert removed_by_response(PAGE, answer(got, status)) == how


LISTINGS = ("https://wire.example/releases.php?kind=all", "https://wire.example/by/{tag}", "https://wire.example/x.rss")


@pytest.mark.parametrize(
    ("got", "how"),
    [
        ("https://wire.example/releases.php?kind=all", "moved to a listing"),
        ("https://wire.example/by/harbour", "moved to a listing"),
        ("https://wire.example/news/", "moved to a listing"),
        ("https://www.wire.example/en/press-releases/", "moved to a listing"),
        ("https://wire.example/newsroom/index.html", "moved to a listing"),
        ("https://wire.example/404", "not found"),
        ("https://wire.example/errors/page-not-found.html", "not found"),
        ("https://www.wire.example/news/2026/ferries/", None),
        ("http://wire.example/news/2026/ferries", None),
        ("https://wire.example/releases.php?kind=7", None),
        ("https://wire.example/by/harbour/ferries", None),
        ("https://wire.example/news/2026", None),
        ("https://wire.example/news/?id=2026", None),
        ("https://wire.example/error", None),
        ("https://wire.example/maintenance", None),
        ("https://wire.example/login?next=/news/2026/ferries", None),
        ("https://other.example.net/", None),
        ("https://other.example.net/news/", None),
    ],
)
def test_a_page_is_gone_when_its_address_leads_where_no_release_stands(got: str, how: str | None) -> None:
    assert removed_by_response(PAGE, answer(got), LISTINGS) == how


def test_a_release_at_the_address_of_a_section_has_not_moved() -> None:
    assert removed_by_response("https://wire.example/news", answer("https://wire.example/en/news/"), LISTINGS) is None
    assert removed_by_response("https://wire.example/by/one", answer("https://wire.example/by/two"), LISTINGS) is None


@pytest.mark.parametrize(
    "headline",
    [
        "Page not found",
        "404",
        "404 - Page not found",
        "Oops! That page can’t be found.",
        "Sorry, the page you are looking for does not exist",
        "This press release has been removed.",
        "Seite nicht gefunden",
        "页面不存在",
    ],
)
def test_a_page_that_answers_200_and_says_that_it_is_not_there_is_gone(headline: str) -> None:
    assert removed_by_headline(headline) == "not found"
    assert not is_site_down(headline)


@pytest.mark.parametrize(
    "headline", ["Maintenance", "We'll be back soon!", "This site is currently down for maintenance"]
)
def test_a_site_that_is_at_work_says_nothing_of_its_pages(headline: str) -> None:
    assert is_site_down(headline)
    assert removed_by_headline(headline) is None


@pytest.mark.parametrize(
    "headline",
    [
        "",
        "—",
        "Gone",
        "Gone – a novel of the sea",
        "Gone Fishing Ltd opens in Ostende",
        "404 Media raises 3 million",
        "Not found in nature: a new molecule",
        "Maintenance Partners wins a contract",
        "Page One is no longer available in Harwich, says Reed & Sons of Dover",
    ],
)  # fmt: skip
def test_headlines_of_releases_are_no_error_pages(headline: str) -> None:
    assert removed_by_headline(headline) is None
    assert not is_site_down(headline)


@pytest.mark.parametrize(
    ("title", "heading", "how"),
    [
        ("Harbour Wire", "Page not found", "not found"),
        ("Page not found | Harbour Wire", "Latest news", "not found"),
        ("404 Not Found", "", "not found"),
        ("Harbour Wire", "New ferries for Ostende", None),
        ("Gone – a novel of the sea", "Gone", None),
    ],
)
def test_a_page_may_say_so_above_teasers_that_were_read_as_a_release(title: str, heading: str, how: str | None) -> None:
    assert removed_by_headline("Harbour Wire", page(title, heading)) == how
    assert is_site_down("Harbour Wire", page("Harbour Wire", "We will be back soon"))


def test_a_release_in_a_section_called_maintenance_is_no_page_of_a_site_at_work() -> None:
    headline = "Harbour Air Opens a Hangar"
    assert not is_site_down(headline, page(f"{headline} | Maintenance | Harbour Wire", headline))
    assert not is_site_down(headline, page(headline, "Maintenance"))
    assert is_site_down("Harbour Wire", page("Maintenance | Harbour Wire", ""))
    assert is_site_down("Harbour Wire", page("Harbour Wire | Under maintenance", ""))


def page(title: str, heading: str, url: str = PAGE) -> HtmlResponse:
    body = f"<html><title>{title}</title><body><h1>{heading}</h1></body></html>".encode()
    return HtmlResponse(url, body=body, encoding="utf-8")


@pytest.mark.parametrize(
    ("reason", "shown", "how"),
    [
        ("error page", page("Harbour Wire", "Page not found"), "not found"),
        ("no text", page("Harbour Wire", "This article does not exist"), "not found"),
        ("no text", page("Harbour Wire", "New ferries for Ostende"), "emptied"),
        ("no text", page("Harbour Wire", "We will be back"), None),
        ("empty", page("Under maintenance", ""), None),
        ("error page", page("503 Service unavailable", "Not found"), None),
        ("listing", page("Harbour Wire", "News", "https://wire.example/index/all"), "moved to a listing"),
        ("listing", page("Harbour Wire", "News"), "emptied"),
        ("listing", page("Harbour Wire", "Page not found"), "not found"),
        ("listing", page("Harbour Wire", "We will be back soon"), None),
    ],
)
def test_what_a_page_shows_instead_of_its_release(reason: str, shown: HtmlResponse, how: str | None) -> None:
    assert removed_by_content(NotARelease(reason, "Harbour Wire"), PAGE, shown) == how


def test_a_front_page_that_was_asked_for_has_not_moved() -> None:
    assert removed_by_response("https://wire.example/en/", answer("https://wire.example/", 200)) is None


@pytest.mark.parametrize(
    ("reason", "detail", "how"),
    [
        ("no text", "12 characters of running text", "emptied"),
        ("empty", "the page has no text", "emptied"),
        ("error page", "404 - Page not found", "not found"),
        ("error page", "This release has been removed", "not found"),
        ("error page", "503 Service unavailable", None),
        ("error page", "Just a moment...", None),
        ("log-in wall", "Not found in your plan", None),
        ("cookie wall", "", None),
        ("needs JavaScript", "", None),
        ("listing", "40 links", None),
        ("took too long", "", None),
    ],
)
def test_walls_and_faults_do_not_make_a_page_gone(reason: str, detail: str, how: str | None) -> None:
    assert removed_by_content(NotARelease(reason, detail)) == how
