"""A stray control character, as text processors leave it behind, costs a page nothing."""

from __future__ import annotations

import pytest

from crawler.extraction import extract_release

PAGE = (
    "<html><body><article><h1>Copper Kettle Works Opens a Second Foundry</h1>"
    "<p>HONG KONG SAR - Media OutReach Newswire - 11 February 2026 - Copper Kettle Works has opened a second foundry "
    "at the harbour, in which sixty people will cast bells and valves for ships.</p>"
    "<p>It casts small bells.{sign}Visitors are welcome on every first Sunday of the month, says the company.</p>"
    "<p>The old furnace will be kept as a museum, said the company, which was founded by three brothers.</p>"
    "</article></body></html>"
)


@pytest.mark.parametrize("sign", ["\x0b", "\x1b[31m", "\x07", "\uffff", "&#11;", "&#x1B;", "&#7"], ids=ascii)
def test_a_page_with_a_control_character_is_read_whole(sign):
    release = extract_release(PAGE.format(sign=sign))
    assert len(release.body) == 3
    assert release.body[1].startswith("It casts small bells.")
    assert not set("\x07\x0b\x1b\uffff") & set(release.body[1])


def test_references_that_mean_letters_stay_what_they_are():
    assert "bells.’Visitors" in extract_release(PAGE.format(sign="&#8217;")).body[1]
