"""What a correction says that it corrects, and whether the changes bear it out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.corrections import Claim, checked_claims, claims

SAID = """
the call was stated May 25 instead of June 12. | May 25 | June 12
The second paragraph should read $5.2 million rather than $5.2 billion. | $5.2 billion | $5.2 million
it should read "a price of 4.2 crowns" rather than "a price of 4 crowns". | a price of 4 crowns | a price of 4.2 crowns
Payable on June 2, 2014 [instead of June 4, 2014]. | June 4, 2014 | June 2, 2014
A release errantly reported a total depth of 950 feet vs the actual total depth of 936 feet. | 950 feet | 936 feet
The release incorrectly stated the record date as May 25. The correct date is June 12. | May 25 | June 12
It should be Thursday, June 12, instead of Monday, June 9. | Monday, June 9 | Thursday, June 12
The dividend was stated as 5.0p; it should have been 5.5p. | 5.0p | 5.5p
The symbol was incorrectly listed as HRB. The correct symbol is HBR. | HRB | HBR
The headline misspelled the name of Ms. Ada Quay as Ada Kway. | Ada Kway | -
The name of the chief has been corrected from Ada Quay to Adam Quay. | Ada Quay | Adam Quay
The figure was corrected to 340. | - | 340
The price is US$0.25 and not US$0.52. | US$0.52 | US$0.25
"Harbuor" should read "Harbour". | Harbuor | Harbour
In der Mitteilung muss es richtig 1,20 Euro statt 1,30 Euro heißen. | 1,30 Euro | 1,20 Euro
Statt 1,30 Euro muss es richtig 1,20 Euro heißen. | 1,30 Euro | 1,20 Euro
Il faut lire 26 mai au lieu de 25 mai. | 25 mai | 26 mai
Au lieu de 25 mai, il faut lire 26 mai. | 25 mai | 26 mai
Donde dice "5 millones" debe decir "6 millones". | 5 millones | 6 millones
Onde se lê "5 milhões", leia-se "6 milhões". | 5 milhões | 6 milhões
Leggasi 12 giugno anziché 25 maggio. | 25 maggio | 12 giugno
Datumet ska vara 12 juni i stället för 25 maj. | 25 maj | 12 juni
Datoen skal være 12. juni i stedet for 25. maj. | 25. maj | 12. juni
（誤）4月1日（正）4月10日 | 4月1日 | 4月10日
「4月1日」とあるのは「4月10日」の誤りです。 | 4月1日 | 4月10日
「四百隻」を「三百八十隻」に訂正いたします。 | 四百隻 | 三百八十隻
正文第二段“12.5億元”應為“15.2億元”。 | 12.5億元 | 15.2億元
由5月25日更正为6月12日 | 5月25日 | 6月12日
'5월 25일'을 '6월 12일'로 정정합니다. | 5월 25일 | 6월 12일
"""


@pytest.mark.parametrize(
    ("statement", "wrong", "right"), [tuple(line.split(" | ")) for line in SAID.strip().splitlines()]
)
def test_a_statement_says_what_was_wrong_and_what_is_right(statement: str, wrong: str, right: str) -> None:
    def given_or_none(value: str) -> str | None:
        return None if value == "-" else value

    (claim,) = claims(statement)
    assert (claim.wrong, claim.right) == (given_or_none(wrong), given_or_none(right))


@pytest.mark.parametrize(
    "statement",
    [
        None,
        "",
        "Please replace the release with the following corrected version due to multiple revisions.",
        "A correction was made to the telephone number.",
        "The release was sent without approval and should be disregarded.",
    ],
)
def test_a_statement_that_names_nothing_claims_nothing(statement: str | None) -> None:
    assert claims(statement) == ()


CALL = "the call was stated May 25 instead of June 12."


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ([("A call on May 25 at 10.", "A call on June 12 at 10.")], "confirmed"),
        ([("It cost 5.", "It cost 6."), ("A call on May 25.", "A call on June 12.")], "confirmed"),
        ([("It cost 5.", "It cost 6.")], "not found"),
        ([], "not found"),
        ([("A call on May 25.", "A call on June 13.")], "unclear"),
        ([("A call on May 251.", "A call on June 123.")], "not found"),
        (None, "unclear"),
    ],
    ids=["as said", "among others", "something else", "nothing", "half", "longer numbers", "original unknown"],
)
def test_a_claim_is_held_against_what_changed(changes: list[tuple[str | None, str | None]] | None, state: str) -> None:
    assert checked_claims(CALL, changes) == (Claim(wrong="May 25", right="June 12", state=state),)  # type: ignore[arg-type]


def test_a_claim_that_can_be_read_both_ways_is_turned_the_way_the_changes_show() -> None:
    said = "It gave the number of boats as 1,200 rather than 12,000."
    (claim,) = checked_claims(said, [("It has 1,200 boats.", "It has 12,000 boats.")])
    assert (claim.wrong, claim.right, claim.state) == ("1,200", "12,000", "confirmed")


def test_each_of_several_claims_is_held_against_the_changes() -> None:
    said = "The date should read June 12 rather than May 25, and the price should read $6 rather than $5."
    found = checked_claims(said, [("A call on May 25.", "A call on June 12.")])
    assert [(claim.right, claim.state) for claim in found] == [("June 12", "confirmed"), ("$6", "not found")]


@given(statement=st.text(max_size=400), before=st.text(max_size=80), after=st.text(max_size=80))
def test_whatever_a_notice_says_is_read_without_fault(statement: str, before: str, after: str) -> None:
    for claim in checked_claims(statement, [(before, after)]):
        assert claim.wrong or claim.right


@pytest.mark.parametrize(
    "statement",
    [
        "should read " * 400,
        "instead of " * 400,
        "A " * 1_500,
        "“" * 3_000,
        "incorrectly as 5 " * 300,
        "誤正" * 1_500,
        "1" * 3_000,
    ],
)
def test_a_statement_made_to_be_slow_is_read_too(statement: str) -> None:
    assert len(claims(statement)) <= 8
