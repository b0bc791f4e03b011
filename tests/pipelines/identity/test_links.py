"""Which earlier release a correction, update or withdrawal is about, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from announcements import BODY, HEADLINE, again, judged, release, serial, stored

from stories.model.release import Release

CORRECTED = tuple(paragraph.replace("26,000 homes", "29,000 homes") for paragraph in BODY)


def correction(
    headline: str = f"CORRECTING and REPLACING {HEADLINE}", body: tuple[str, ...] = CORRECTED, **fields: object
) -> Release:
    """Return a correction by the same source, three hours after the original."""
    elsewhere = {
        "id": "rel_correction",
        "source": "harbour-wire",
        "url": "https://harbour-wire.example/news/2",
        "published_at": "2026-03-10T12:00:00+00:00",
        "first_seen_at": "2026-03-10T12:01:00Z",
    }
    return replace(release(headline, body), **(elsewhere | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "marked",
    [
        f"CORRECTING and REPLACING {HEADLINE}",
        f"Correction: {HEADLINE}",
        f"UPDATE -- {HEADLINE}",
        f"CORRECTION FROM SOURCE: {HEADLINE}",
    ],
)
def test_a_notice_is_about_the_release_with_its_headline(marked):
    verdict = judged(correction(marked), stored(release()))
    assert (verdict.kind, verdict.of, verdict.story) == ("notice", "rel_one", "sty_one"), verdict.why


def test_the_why_of_a_link_names_the_marker_and_the_witness():
    verdict = judged(correction(), stored(release()))
    assert verdict.why == "CORRECTING and REPLACING: headline without its marker, the same day"


def test_a_correction_in_place_is_about_the_page_it_stands_on():
    in_place = correction("/C O R R E C T I O N -- Marlow Harbour/", url="https://harbour-wire.example/news/1")
    assert judged(in_place, stored(release())).of == "rel_one"


def test_a_correction_that_lost_its_subject_is_found_by_the_words_of_its_address():
    address = "https://www.prnewswire.com/news-releases/marlow-harbour-opens-its-first-tidal-battery-plant-in-port-ellery-302847114.html"
    lost = correction("/C O R R E C T I O N -- Marlow Harbour/", ("The figure of homes was wrong.",), url=address)
    copy_elsewhere = again(release(), id="rel_one")
    assert judged(lost, stored(copy_elsewhere)).of == "rel_one"


def test_a_correction_that_lost_its_subject_is_found_by_its_text():
    lost = correction("/C O R R E C T I O N -- Marlow Harbour/")
    assert judged(lost, stored(release())).of == "rel_one"


def test_a_correction_with_another_headline_is_found_by_the_headline_it_quotes():
    quoting = correction(
        "CORRECTION: Tidal Plant of Marlow Harbour Serves 29,000 Homes",
        (
            f'The following corrects and replaces the release titled "{HEADLINE}" issued on March 10, 2026.',
            *CORRECTED[1:2],
        ),
    )
    verdict = judged(quoting, stored(release()), stored(other_release(), "sty_other"))
    assert verdict.of == "rel_one", verdict.why


def test_a_withdrawal_without_text_is_found_by_its_headline():
    withdrawal = correction(f"WITHDRAWN: {HEADLINE}", ("Please disregard this release.",), issuer="Marlow Harbour Ltd")
    assert withdrawal.notice is not None
    assert withdrawal.notice.kind == "withdrawal"
    assert judged(withdrawal, stored(release(issuer="Marlow Harbour Limited"))).of == "rel_one"


def other_release() -> Release:
    return release(
        "Corwen Ferries Orders Two Ships",
        ("Corwen Ferries has ordered two ships from the yard at Lund.",),
        id="rel_other",
    )


def test_a_notice_about_an_unknown_release_waits():
    verdict = judged(correction(), stored(other_release()))
    assert (verdict.kind, verdict.of, verdict.story) == ("notice", None, None)


def test_a_headline_of_another_issuer_is_not_meant():
    notice = correction(
        "Correction: Quarterly Results to Be Published in May", ("The date was wrong.",), issuer="Vesper Quay"
    )
    other = release("Quarterly Results to Be Published in May", ("We publish in May.",), issuer="Marlow Harbour")
    assert judged(notice, stored(other)).of is None


def test_an_old_release_of_the_same_short_title_is_not_meant():
    body = serial("9 March 2025", count="12,400", price="311.2", low="309", high="313", held="88,120,400")
    old = release("Transaction in Own Shares", body, published_at="2025-03-10", first_seen_at="2025-03-10T09:00:00Z")
    notice = correction("Correction: Transaction in Own Shares", ("The number of shares in the release was wrong.",))
    assert judged(notice, stored(old)).of is None


def issue(number: int, day: str, **figures: str) -> Release:
    return release(
        "Transaction in Own Shares",
        serial(day, **figures),
        id=f"rel_{number}",
        url=f"https://w.example/{number}",
        published_at=f"2026-03-0{number}T09:00:00+00:00",
        first_seen_at=f"2026-03-0{number}T09:01:00Z",
    )


ISSUES = (
    issue(7, "6 March 2026", count="12,400", price="311.2", low="309", high="313", held="88,120,400"),
    issue(8, "7 March 2026", count="9,150", price="314.9", low="312", high="316.5", held="88,111,250"),
    issue(9, "8 March 2026", count="7,725", price="308.4", low="306.5", high="310", held="88,103,525"),
)


def test_the_correction_of_one_of_a_serial_is_about_that_one():
    body = serial("7 March 2026", count="9,510", price="314.9", low="312", high="316.5", held="88,111,250")
    known = [stored(old, f"sty_{old.id}") for old in ISSUES]
    assert judged(correction("Correction: Transaction in Own Shares", body), *known).of == "rel_8"


def test_a_correction_that_fits_two_releases_equally_is_about_none():
    notice = correction("Correction: Transaction in Own Shares", ("A figure in the release was wrong.",))
    verdict = judged(notice, *(stored(old, f"sty_{old.id}") for old in ISSUES))
    assert (verdict.of, verdict.story) == (None, None)
    assert "two earlier releases fit it equally" in verdict.why


def test_of_two_releases_with_one_headline_the_likelier_text_is_meant():
    decoy = release(
        body=(
            "Marlow Harbour welcomes visitors to Port Ellery on Sunday, with boats, bread and a brass band.",
            BODY[2],
        ),
        id="rel_decoy",
        url="https://w.example/9",
    )
    verdict = judged(correction(), stored(decoy, "sty_decoy"), stored(release()))
    assert verdict.of == "rel_one"


def test_a_second_correction_replaces_the_first():
    original = stored(release())
    first = stored(correction(), replaces="rel_one", first=False)
    second = correction(
        body=tuple(p.replace("310 million", "301 million") for p in CORRECTED),
        id="rel_second", url="https://harbour-wire.example/news/3",
        published_at="2026-03-10T16:00:00+00:00", first_seen_at="2026-03-10T16:01:00Z",
    )  # fmt: skip
    verdict = judged(second, original, first)
    assert (verdict.kind, verdict.of, verdict.story) == ("notice", "rel_correction", "sty_one")


def test_a_correction_carried_by_another_site_is_a_copy_of_the_correction():
    original, known = stored(release()), stored(correction(), replaces="rel_one", first=False)
    verdict = judged(again(correction(), number=7), original, known)
    assert (verdict.kind, verdict.of, verdict.story) == ("copy", "rel_correction", "sty_one")


def test_a_correction_is_about_the_storys_first_release_not_about_a_copy_of_it():
    original, copy = release(), stored(again(release(), number=5), first=False)
    assert judged(correction(), copy, stored(original)).of == "rel_one"


def test_an_original_seen_after_its_correction_joins_it():
    verdict = judged(replace(release(), first_seen_at="2026-03-10T13:00:00Z"), stored(correction(), "sty_notice"))
    assert (verdict.kind, verdict.of, verdict.story) == ("late_original", "rel_correction", "sty_notice")


def test_a_late_original_on_another_site_joins_its_correction():
    late = again(release(), published_at="2026-03-10T08:00:00+00:00")
    assert judged(late, stored(correction(), "sty_notice")).kind == "late_original"


def test_a_copy_of_the_correction_whose_marker_was_dropped_is_a_copy():
    unmarked = again(release(HEADLINE, CORRECTED), published_at="2026-03-10T14:00:00+00:00")
    verdict = judged(unmarked, stored(correction(), "sty_notice"))
    assert (verdict.kind, verdict.of) == ("copy", "rel_correction")


def test_an_original_is_late_only_once():
    linked = stored(correction(), replaces="rel_one", first=False)
    verdict = judged(again(release(), published_at="2026-03-10T08:00:00+00:00"), linked, stored(release()))
    assert (verdict.kind, verdict.of) == ("copy", "rel_one")


def test_a_release_of_the_next_day_is_no_late_original_of_a_serials_correction():
    body = serial("7 March 2026", count="9,510", price="314.9", low="312", high="316.5", held="88,111,250")
    notice = stored(correction("Correction: Transaction in Own Shares", body), "sty_notice")
    following = issue(9, "8 March 2026", count="7,725", price="308.4", low="306.5", high="310", held="88,103,525")
    assert judged(following, notice).kind == "new"


JAPANESE = (
    "当社は本日、エレリー港において潮汐蓄電所の運転を開始しました。一日に二回、四十八メガワット時の電力を蓄え、二万六千世帯に供給します。",
)


def test_a_japanese_correction_is_about_its_original():
    original = release("エレリー港の潮汐蓄電所が運転を開始", JAPANESE)
    notice = correction("訂正：エレリー港の潮汐蓄電所が運転を開始", (JAPANESE[0].replace("二万六千", "二万九千"),))
    assert notice.notice is not None
    assert judged(notice, stored(original)).of == "rel_one"
