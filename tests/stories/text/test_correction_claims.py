"""What a correction says that it corrects, and whether the changes bear it out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.text.correction_claims import CorrectionClaim, checked_claims, claims

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
Revenue of $5.2 million (instead of $5.1 million) was recorded. | $5.1 million | $5.2 million
The bakery has 12 ovens, not 21. | 21 | 12 ovens
Net income was incorrectly stated as $2.5 million; the correct figure is $5.2 million. | $2.5 million | $5.2 million
Net income was $5.2 million (rather than $2.5 million as reported before). | $2.5 million | $5.2 million
The record date has been changed from May 3 to May 5. | May 3 | May 5
Please replace "May 3" with "May 5" in the second paragraph. | May 3 | May 5
In the third paragraph, replace 21 ovens with 12 ovens. | 21 ovens | 12 ovens
The dividend is 5.5 cents per share and not 5.0 cents per share as stated. | 5.0 cents per share | 5.5 cents per share
The release incorrectly referred to the chief as Ada Kway. Her name is Ada Quay. | Ada Kway | -
The release stated that revenue was $5 million. It should have stated $6 million. | $5 million | $6 million
The number of shares is 1,234,567 (previously reported as 1,234,576). | 1,234,576 | 1,234,567
The figure "12 %" should be "21 %". | 12 % | 21 %
It incorrectly stated that the bakery has 21 ovens. The correct figure is 12. | 21 ovens | 12
The following dates are changed: record date 5 May (rather than 3 May). | 3 May | 5 May
The call will be at 8:30 a.m., not 9:00 a.m. | 9:00 a.m. | 8:30 a.m.
The text should have read "profit fell" and not "profit rose". | profit rose | profit fell
Statt 12 Mio. Euro muss es richtig 21 Mio. Euro heißen. | 12 Mio. Euro | 21 Mio. Euro
Der Umsatz beträgt 21 Mio. Euro statt 12 Mio. Euro. | 12 Mio. Euro | 21 Mio. Euro
Le revenu est de 21 millions d'euros au lieu de 12 millions d'euros. | 12 millions d'euros | 21 millions d'euros
Las ventas son de 21 millones en lugar de 12 millones. | 12 millones | 21 millones
I ricavi sono pari a 21 milioni invece di 12 milioni. | 12 milioni | 21 milioni
In het bericht stond 12 miljoen in plaats van 21 miljoen. | 12 miljoen | 21 miljoen
「5月3日」を「5月5日」に訂正いたします。 | 5月3日 | 5月5日
股息應為5港仙而非6港仙。 | 6港仙 | 5港仙
正しくは「12億円」です。 | - | 12億円
营业收入由12亿元更正为21亿元。 | 12亿元 | 21亿元
The revenue was misstated as $42.5 million. The correct amount is $45.2 million. | $42.5 million | $45.2 million
The closing date has been amended from 30 June 2026 to 31 July 2026. | 30 June 2026 | 31 July 2026
The words "net profit" should be replaced with "net loss". | net profit | net loss
The name of the chief was misspelled. It is Ada Quay, not Ada Kway. | Ada Kway | Ada Quay
Corrects paragraph 2 to show that revenue rose 12%, not 21%. | 21% | 12%
(Corrects date in first paragraph to June 12 from June 9) | June 9 | June 12
The number 12 was incorrectly stated as 21. | 21 | -
Der Gewinn je Aktie beträgt 1,20 Euro (bisher: 1,02 Euro). | 1,02 Euro | 1,20 Euro
Das Datum wurde von 9. Juni auf 12. Juni geändert. | 9. Juni | 12. Juni
La date du 9 juin est remplacée par le 12 juin. | 9 juin | 12 juin
Le montant est de 45,2 M€ et non de 42,5 M€. | 42,5 M€ | 45,2 M€
El total correcto es 45 millones de euros, no 42 millones de euros. | 42 millones de euros | 45 millones de euros
Onde se lê: "R$ 42,5 milhões"; leia-se: "R$ 45,2 milhões". | R$ 42,5 milhões | R$ 45,2 milhões
Rätt belopp är 45,2 MSEK, inte 42,5 MSEK. | 42,5 MSEK | 45,2 MSEK
Oikea päivämäärä on 12.6.2026, ei 9.6.2026. | 9.6.2026 | 12.6.2026
訂正前：425百万円　訂正後：452百万円 | 425百万円 | 452百万円
매출액 '425억원'은 '452억원'의 오기입니다. | 425억원 | 452억원
매출액을 12억원에서 21억원으로 정정합니다. | 12억원 | 21억원
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
        "Revenue of $5.2 million (instead of the figure given earlier).",
        "The company expects 12 to 15 openings, not the 10 analysts expected.",
        "The offer is open until May 5, not including holidays.",
        "Lantern sold 12 ovens instead of repairing 21.",
        "The record date was May 5 instead of May 3.",
        "The meeting is on Thursday, June 12 at 10 a.m., not Friday, June 13.",
        "Total assets were overstated by $2 million.",
        "Revenue in 2025 was $45.2 million compared with $42.5 million in 2024, not $41 million as stated.",
        "The number sold was 12,000 at a price of 5.2p, instead of 10,000 at 5.1p.",
        "The record date is June 12 and the payment date June 30, not June 9 and June 25 respectively.",
        "The meeting should be attended by 12 holders.",
        "Lantern should be able to open 12 stores in 2027.",
        "It changed from a loss of $5 million to a profit of $6 million.",
        "We replaced 12 ovens with 6 larger ones.",
        "Shares rose to $5 from $4.",
        "The release incorrectly omitted Ada Quay and 12 others.",
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
    assert checked_claims(CALL, changes) == (CorrectionClaim(wrong="May 25", right="June 12", state=state),)  # type: ignore[arg-type]


def test_a_claim_that_can_be_read_both_ways_is_turned_the_way_the_changes_show() -> None:
    said = "It gave the number of boats as 1,200 rather than 12,000."
    (claim,) = checked_claims(said, [("It has 1,200 boats.", "It has 12,000 boats.")])
    assert (claim.wrong, claim.right, claim.state) == ("1,200", "12,000", "confirmed")


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("Revenue was $1.2 billion, not $1.1 billion.", "It was $1,100 million.", "It was $1,200 million."),
        ("Revenue was HK$1.2 billion, not HK$1.1 billion.", "收入為11億港元", "收入為12億港元"),
        ("Statt 1,2 Mrd. Euro muss es richtig 1,3 Mrd. Euro heißen.", "€1.2 billion", "€1.3 billion"),
        ("売上高「12億円」を「13億円」に訂正いたします。", "JPY 1,200 million", "JPY 1,300 million"),
    ],
)
def test_amounts_are_compared_by_value(said: str, before: str, after: str) -> None:
    (claim,) = checked_claims(said, [(before, after)])
    assert claim.state == "confirmed"


@pytest.mark.parametrize(
    ("before", "after"), [("It was $1,100.", "It was $1,200."), ("It was €1.1 billion.", "It was €1.2 billion.")]
)
def test_another_amount_or_currency_confirms_nothing(before: str, after: str) -> None:
    (claim,) = checked_claims("Revenue was HK$1.2 billion, not HK$1.1 billion.", [(before, after)])
    assert claim.state == "not found"


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
