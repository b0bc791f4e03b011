"""A correction whose wrong fact was in headline and text is linked; another issue of a serial is not."""

# ruff: noqa: E501 (tables of sentences)

# ruff: noqa: E501 (tables of sentences)

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from bureau import Bureau
from redis.asyncio import Redis

from stories.model.release import Dateline, Release


@dataclass(frozen=True, slots=True)
class Fact:
    """What was wrong in headline and text, and what is right."""

    headline: str
    lead: str
    wrong: str
    right: str


REST = (
    "Tessaly Marine Holdings runs nine slipways and a school for welders on the estuary, and has built coasters since "
    "the harbour was dredged for the second time.",
    '"The yard has not been this busy in a generation," said Imelda Varkonyi, who chairs the board, at the annual '
    "gathering of the shipwrights' guild in the old customs house.",
    "Shareholders may put questions to the directors by letter until the end of the month; the audited report will be "
    "printed in three languages and laid out at the registered office.",
)
FACTS = {
    "money": Fact(
        "Tessaly Marine Earns {} Million Crowns in Its Best Year",
        "Tessaly Marine Holdings earned {} million crowns in its best year since the yard was founded, it said.",
        "412", "421",
    ),
    "percentage": Fact(
        "Tessaly Marine Raises Its Dividend by {} Per Cent",
        "Tessaly Marine Holdings raises its dividend by {} per cent after a year without an accident at the slipways.",
        "5.5", "6.5",
    ),
    "count in words": Fact(
        "Tessaly Marine to Build {} Coasters for the Spice Islands Line",
        "Tessaly Marine Holdings will build {} coasters for the Spice Islands Line, delivered in pairs each spring.",
        "Six", "Five",
    ),
    "date": Fact(
        "Tessaly Marine to Report Half-Year Figures on {}",
        "Tessaly Marine Holdings will report its half-year figures on {} before the exchange opens, and answer.",
        "14 August", "24 August",
    ),
    "name": Fact(
        "Tessaly Marine Appoints {} to Lead the Northern Yard",
        "Tessaly Marine Holdings has appointed {} to lead the northern yard from the first of next month.",
        "Osric Pellam", "Oswin Pelham",
    ),
}  # fmt: skip
MARKERS = ("CORRECTION: {}", "Correcting and Replacing {}", "{} - Correction")
LEADS = {
    "advisory": "In the release issued earlier today by Tessaly Marine Holdings, the headline and the first paragraph "
    "should read {right}, not {wrong}. The corrected release reads:",
    "replacing": "This release corrects and replaces the one sent earlier today, which was wrong in its headline.",
    "nothing": "",
}
ANNOUNCED = {"issuer": "Tessaly Marine Holdings", "wire": "Harbour Wire", "language": "en"}


def announced(name: str, value: str, *, url: str, at: str = "2026-03-10T09:00:00+00:00") -> Release:
    fact = FACTS[name]
    return Release(
        url=f"https://harbour-wire.example/news/{url}",
        headline=fact.headline.format(value),
        dateline=Dateline(place="PORT ELLERY", wire="Harbour Wire", date=at[:10]),
        published_at=at,
        body=(fact.lead.format(value), *REST),
        **ANNOUNCED,
    )


def corrected(name: str, marker: str, lead: str) -> Release:
    fact = FACTS[name]
    plain = announced(name, fact.right, url="2", at="2026-03-10T10:30:00+00:00")
    advisory = LEADS[lead].format(wrong=fact.wrong, right=fact.right)
    body = (advisory, *plain.body) if advisory else plain.body
    return Release(
        url=plain.url, headline=marker.format(plain.headline), dateline=plain.dateline,
        published_at=plain.published_at, body=body, **ANNOUNCED,
    )  # fmt: skip


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("name", FACTS)
async def test_a_correction_of_a_fact_in_headline_and_text_is_linked(bureau: Bureau, name, marker, lead):
    original = announced(name, FACTS[name].wrong, url="1")
    await bureau.read(original)
    bureau.clock.forward(hours=1)
    await bureau.read(corrected(name, marker, lead))
    *_, event = await bureau.events()
    assert event["type"] == "release.corrected"
    assert (event["data"]["replaces"] or {}).get("url") == original.url
    assert {change["field"] for change in event["data"]["changes"]} >= {"headline", "body"}


SERIAL = "Tessaly Marine Holdings: Transaction in Own Shares"


def serial(day: int, shares: str, price: str, *, url: str, marker: str = "", hour: int = 9) -> Release:
    """An issue of a daily announcement: its headline is always the same, its figures never."""
    return Release(
        url=f"https://harbour-wire.example/news/{url}",
        headline=marker + SERIAL,
        published_at=f"2026-03-{day:02}T{hour:02}:00:00+00:00",
        body=(
            f"Tessaly Marine Holdings announces that on {day - 1} March 2026 it purchased {shares} of its shares "
            f"at an average price of {price} crowns through Pallister Brokers.",
            f"Following the purchase the company has {int(shares.replace(',', '')) + 41_000_000:,} shares in issue.",
        ),
        **ANNOUNCED,
    )


async def test_a_correction_of_one_of_a_daily_series_is_linked_to_that_one_or_to_none(bureau: Bureau):
    days = {9: ("10,412", "7.21"), 10: ("12,830", "7.35"), 11: ("9,977", "7.02")}
    for day, (shares, price) in days.items():
        await bureau.read(serial(day, shares, price, url=str(day)))
        bureau.clock.forward(days=1)
    await bureau.read(serial(11, "9,979", "7.02", url="12", marker="CORRECTION: ", hour=15))
    *_, event = await bureau.events()
    replaces = event["data"]["replaces"]
    assert event["type"] == "release.corrected"
    assert replaces is None or replaces["url"].endswith("/11")


@pytest.mark.parametrize("marker", MARKERS)
async def test_a_correction_whose_original_is_unknown_is_not_linked_to_a_release_that_looks_alike(
    bureau: Bureau, marker
):
    for name in FACTS:
        await bureau.read(announced(name, FACTS[name].wrong, url=name))
    bureau.clock.forward(hours=1)
    other = "Tessaly Marine Sells {} of Its Slipways to the Guild"
    plain = announced("money", "1", url="9")
    await bureau.read(
        Release(
            url=plain.url, headline=marker.format(other.format("Two")), published_at="2026-03-10T11:00:00+00:00",
            body=("Tessaly Marine Holdings has sold two of its slipways to the shipwrights' guild for a token price.",),
            **ANNOUNCED,
        )
    )  # fmt: skip
    *_, event = await bureau.events()
    assert event["data"]["replaces"] is None


@dataclass(frozen=True, slots=True)
class Tongue:
    """A release of a language with one figure, and how its corrections are marked."""

    headline: str
    body: tuple[str, ...]
    wrong: str
    right: str
    markers: tuple[str, ...]
    advisory: str
    replacing: str
    issuer: str


TONGUES = {
    "de": Tongue(
        "Küstenwerft Halmar steigert Gewinn auf {} Millionen Kronen",
        (
            "Die Küstenwerft Halmar AG hat ihren Gewinn im abgelaufenen Geschäftsjahr auf {} Millionen Kronen gesteigert.",
            "Das Unternehmen betreibt neun Helgen und eine Schule für Schweißer an der Mündung des Flusses.",
            "Die Aktionäre können ihre Fragen bis zum Ende des Monats schriftlich an den Vorstand richten.",
        ),
        "412", "421", ("Korrektur: {}", "Berichtigung: {}", "KORREKTUR - {}"),
        "Korrektur: In der Überschrift und im ersten Absatz muss es {right} statt {wrong} heißen. Die korrigierte Fassung:",
        "Diese Meldung ersetzt die heute Morgen versandte Fassung, in der eine Zahl falsch war.",
        "Küstenwerft Halmar AG",
    ),
    "fr": Tongue(
        "Les Chantiers Valmorin portent leur bénéfice à {} millions de couronnes",
        (
            "Les Chantiers Valmorin ont porté leur bénéfice à {} millions de couronnes au cours du dernier exercice.",
            "La société exploite neuf cales et une école de soudeurs à l'embouchure du fleuve depuis trois générations.",
            "Les actionnaires peuvent adresser leurs questions par lettre au conseil jusqu'à la fin du mois.",
        ),
        "412", "421", ("Rectificatif : {}", "CORRECTION : {}", "Erratum : {}"),
        "Rectificatif : dans le titre et le premier paragraphe, il faut lire {right} au lieu de {wrong}. Version corrigée :",
        "Ce communiqué annule et remplace celui diffusé ce matin, dont un chiffre était erroné.",
        "Chantiers Valmorin",
    ),
    "es": Tongue(
        "Astilleros Montebravo eleva su beneficio hasta {} millones de coronas",
        (
            "Astilleros Montebravo elevó su beneficio hasta {} millones de coronas en el último ejercicio, según la empresa.",
            "La compañía explota nueve gradas y una escuela de soldadores en la desembocadura del río desde hace años.",
            "Los accionistas pueden enviar sus preguntas por carta al consejo hasta el final de este mes.",
        ),
        "412", "421", ("Corrección: {}", "CORRECCIÓN: {}", "Fe de erratas: {}"),
        "Corrección: en el título y en el primer párrafo debe decir {right} en lugar de {wrong}. Versión corregida:",
        "Este comunicado sustituye al enviado esta mañana, que contenía una cifra errónea.",
        "Astilleros Montebravo",
    ),
    "zh": Tongue(
        "海雲船廠全年溢利增至{}億港元 創建廠以來新高",
        (
            "海雲船廠控股有限公司今日公布，截至去年底止年度溢利增至{}億港元，為創建廠以來的新高，董事會建議派發末期股息。",
            "公司在河口經營九座船台及一所焊工學校，自海港第二次疏浚以來一直建造沿岸貨船，現時聘用逾千名員工。",
            "股東可於本月底前以書面方式向董事提出問題，經審核的報告將以三種語言印製並存放於註冊辦事處。",
        ),
        "4.12", "4.21", ("更正：{}", "【更正】{}", "更正及取代：{}"),
        "更正：標題及第一段中的溢利應為{right}億港元，而非{wrong}億港元。更正後的新聞稿如下：",
        "本新聞稿取代今日較早時發出的版本，該版本的數字有誤。",
        "海雲船廠控股有限公司",
    ),
    "ja": Tongue(
        "潮見造船、通期の純利益が{}億円に　創業以来の最高益",
        (
            "潮見造船ホールディングス株式会社は本日、通期の純利益が{}億円となり、創業以来の最高益を達成したと発表しました。",
            "当社は河口に九つの船台と溶接工の学校を構え、港の二度目の浚渫以来、沿岸貨物船を建造してまいりました。",
            "株主の皆様は今月末まで書面にて取締役に質問することができ、監査済みの報告書は三か国語で印刷されます。",
        ),
        "41.2", "42.1", ("【訂正】{}", "訂正：{}", "（訂正）{}"),
        "訂正：見出しおよび第一段落の純利益は「{wrong}億円」ではなく、正しくは「{right}億円」です。訂正後の全文は以下のとおりです。",
        "本リリースは、数値に誤りがあった本日午前配信のリリースに差し替わるものです。",
        "潮見造船ホールディングス株式会社",
    ),
}  # fmt: skip


def told(language: str, value: str, *, url: str, hour: int = 9) -> Release:
    tongue = TONGUES[language]
    return Release(
        url=f"https://harbour-wire.example/news/{url}", headline=tongue.headline.format(value), wire="Harbour Wire",
        published_at=f"2026-03-10T{hour:02}:00:00+00:00", body=tuple(part.format(value) for part in tongue.body),
        issuer=tongue.issuer, language="zh-Hant" if language == "zh" else language,
    )  # fmt: skip


@pytest.mark.parametrize("lead", ["advisory", "replacing", "nothing"])
@pytest.mark.parametrize("marker", range(3))
@pytest.mark.parametrize("language", TONGUES)
async def test_a_correction_in_another_language_is_linked_as_well(bureau: Bureau, language, marker, lead):
    tongue = TONGUES[language]
    original = told(language, tongue.wrong, url="1")
    await bureau.read(original)
    bureau.clock.forward(hours=1)
    plain = told(language, tongue.right, url="2", hour=10)
    advisory = {"advisory": tongue.advisory, "replacing": tongue.replacing, "nothing": ""}[lead]
    body = (advisory.format(wrong=tongue.wrong, right=tongue.right), *plain.body) if advisory else plain.body
    await bureau.read(replace(plain, headline=tongue.markers[marker].format(plain.headline), body=body))
    *_, event = await bureau.events()
    assert event["type"] == "release.corrected"
    assert (event["data"]["replaces"] or {}).get("url") == original.url
