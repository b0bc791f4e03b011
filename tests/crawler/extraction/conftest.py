"""Stories of our own words in five languages, and the ten ways in which sites lay them out."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, kw_only=True)
class Story:
    """What a release says, and what the site around it says."""

    language: str
    headline: str
    subheadline: str
    dateline: str
    place: str
    date: str
    body: tuple[str, ...]
    caption: str
    hashtag_line: str
    tags: tuple[str, ...]
    disclaimer: str
    about: tuple[str, ...]
    section: str
    """The heading above the other stories."""
    teasers: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """What ``extract --format text`` has to print."""
        return "\n".join((f"{self.dateline}{self.body[0]}", *self.body[1:], *self.about))


ENGLISH = Story(
    language="en",
    headline="Harbourlight Park Takes Its Robot Makers to the Spring Fair in Lisbon",
    subheadline="Eleven young companies show machines that sort, carry and mend",
    dateline="HONG KONG SAR - Media OutReach Newswire - 9 March 2026 - ",
    place="HONG KONG SAR",
    date="2026-03-09",
    body=(
        "Harbourlight Park (HLP) is taking eleven of its robot makers to the Spring Fair in Lisbon, where they will show "  # noqa: E501
        "what two years of shared workshops have brought about.",
        "The park's engineers packed nine tonnes of equipment for the journey, among it a sorting arm that reads labels in "  # noqa: E501
        "forty languages & a cart that climbs stairs without spilling a cup of tea.",
        '"Nobody buys a robot from a leaflet," said Ines Cardoso, who runs the park\'s fair team. "People want to push it, '  # noqa: E501
        'stop it and see it start again, so that is what we let them do."',
        "Visitors may book a quarter of an hour with each team from 14 to 17 April. The park expects some three thousand of "  # noqa: E501
        "them, twice as many as a year ago, and has trained twenty students as guides.",
    ),
    caption="Ines Cardoso and the fair team load the “Heron sorting arm” into its crate at the park's northern gate. "
    "From left to right: Ines Cardoso, Ravi Menon, Lok Yi Chan and two guides of the evening shift.",
    hashtag_line="Hashtag: #HLP #I&T #Belt&Road",
    tags=("HLP", "I&T", "Belt&Road"),
    disclaimer="The issuer is solely responsible for the content of this announcement.",
    about=(
        "About Harbourlight Park",
        "Harbourlight Park was opened in 2009 on the site of a former cable factory and is home to two hundred and ten "
        "companies that build machines for warehouses, hospitals and homes.",
        "It offers workshops, test tracks and a fund for first orders, and works with four universities.",
    ),
    section="News from Asia",
    teasers=(
        (
            "Tallow Street Bakery Opens Its Fortieth Shop With a Queue Around the Block",
            "KUALA LUMPUR, MALAYSIA - Media OutReach Newswire - 11 March 2026 - The baker that began with one oven says "  # noqa: E501
            "that its rye loaf is the reason, and that anoth...",
        ),
        (
            "Correcting and Replacing: Brightwater Ferries Adds Night Sailings on Two Routes",
            "The ferry line answers a petition of nine thousand islanders SINGAPORE - Media OutReach Newswire - 10 March "  # noqa: E501
            "2026 - Brightwater Ferries will sail aft...",
        ),
        (
            "Why Small Orchards Are Turning to Shared Cold Stores",
            "Where every farmer once kept a shed of ice, cooperatives now rent shelves by the week, and the savings go "
            "straight into new trees. In a valley that...",
        ),
        (
            "Glassworks Apprentices Win the Lantern Prize for a Lamp Without a Switch",
            "The lamp wakes when a hand comes near and sleeps when the room is empty, say its three makers, who are…",
        ),
    ),
)

GERMAN = Story(
    language="de",
    headline="Nordlicht Werft übergibt erste Elektrofähre an die Stadt Emden",
    subheadline="Das Schiff lädt an der Pier in sieben Minuten nach",
    dateline="Emden, 9. März 2026 – ",
    place="Emden",
    date="2026-03-09",
    body=(
        "Die Nordlicht Werft hat am Montag ihre erste rein elektrische Fähre an die Stadt Emden übergeben und damit einen "  # noqa: E501
        "Auftrag abgeschlossen, der drei Jahre gedauert hat.",
        "Das Schiff trägt sechzig Autos und zweihundertvierzig Fahrgäste und fährt so leise, dass die Kapitänin beim "
        "Probelauf die Möwen hörte. Geladen wird an der Pier, und zwar in sieben Minuten.",
        "„Wir haben gelernt, dass die Ladestation schwieriger ist als das Schiff“, sagte Werftleiter Henning Onken bei der "  # noqa: E501
        "Übergabe. Die zweite Fähre soll im Herbst folgen.",
    ),
    caption="Werftleiter Henning Onken übergibt den Schlüssel der „Möwe“ an Bürgermeisterin Wiebke Janssen, im "
    "Hintergrund die Mannschaft der Probefahrt und Gäste aus Delfzijl am Kai der Nordlicht Werft.",
    hashtag_line="Hashtags: #Elektrofähre #Emden",
    tags=("Elektrofähre", "Emden"),
    disclaimer="Für den Inhalt der Mitteilung ist der Emittent / Herausgeber verantwortlich.",
    about=(
        "Über die Nordlicht Werft",
        "Die Nordlicht Werft baut seit 1921 Schiffe für Küste und Fluss. Sie beschäftigt dreihundertzehn Menschen und "
        "gehört ihren Mitarbeiterinnen und Mitarbeitern.",
    ),
    section="Weitere Meldungen",
    teasers=(
        (
            "Bäckerei Sommerfeld eröffnet dritte Filiale in Aurich mit offener Backstube",
            "Wer zusehen will, wie ein Brot entsteht, muss früh aufstehen: Ab vier Uhr steht die Tür der neuen Fili...",
        ),
        (
            "Stadtwerke Leer tauschen alle Laternen der Altstadt gegen sparsame Leuchten",
            "Bis zum Sommer sollen die siebenhundert Laternen hell und warm leuchten und doch nur ein Drittel des St...",  # noqa: E501
        ),
    ),
)

FRENCH = Story(
    language="fr",
    headline="La Verrerie du Lac ouvre son four aux écoles de la région",
    subheadline="Mille deux cents élèves attendus avant l'été",
    dateline="ANNECY, le 9 mars 2026 - ",
    place="ANNECY",
    date="2026-03-09",
    body=(
        "La Verrerie du Lac ouvre pour la première fois son grand four aux écoles de la région et attend mille deux cents "  # noqa: E501
        "élèves avant le début de l'été.",
        "Chaque classe souffle une pièce, la regarde refroidir pendant deux jours et la rapporte à l'école avec le nom de "  # noqa: E501
        "celles et ceux qui l'ont faite.",
        "« On n'oublie jamais la première bulle », dit Maëlle Girod, maîtresse verrière, qui a formé six guides pour "
        "accompagner les visites du mardi et du jeudi.",
    ),
    caption="Maëlle Girod montre à la classe de madame Perret comment tourner la canne devant le four numéro deux, "
    "pendant que les autres élèves attendent leur tour derrière la barrière de l'atelier.",
    hashtag_line="#VerrerieDuLac #Annecy",
    tags=("VerrerieDuLac", "Annecy"),
    disclaimer="L’émetteur est seul responsable du contenu de cette annonce.",
    about=(
        "À propos de la Verrerie du Lac",
        "Fondée en 1887, la Verrerie du Lac emploie quatre-vingts personnes et vend ses verres dans trente pays.",
    ),
    section="À lire aussi",
    teasers=(
        (
            "Le marché couvert de Thonon rouvre après deux ans de travaux",
            "Les étals ont retrouvé leur place sous la charpente de bois, et les maraîchers leurs habitudes du same...",
        ),
        (
            "Une fromagerie d'altitude passe au solaire sans changer ses caves",
            "Sur le toit de la fruitière, quarante panneaux suffisent désormais à chauffer le lait de trois cents va...",  # noqa: E501
        ),
    ),
)

CHINESE = Story(
    language="zh-Hant",
    headline="海燈科技園率領十一家機械人企業參加里斯本春季展覽會",
    subheadline="初創團隊展示分揀、搬運及維修機械人",
    dateline="香港 - Media OutReach Newswire - 2026年3月9日 - ",
    place="香港",
    date="2026-03-09",
    body=(
        "海燈科技園今日宣布，將率領園區內十一家機械人企業前往里斯本參加春季展覽會，展示兩年來共用工場的研發成果。",
        "園區工程師為此行準備了九噸器材，其中包括能夠閱讀四十種語言標籤的分揀機械臂，以及可以平穩登上樓梯的運輸車。",
        "展覽團隊負責人表示，沒有人會因為一張傳單而購買機械人，參觀者希望親手推動、停止並再次啟動機器，因此團隊決定讓他們親身體驗。",
    ),
    caption="展覽團隊在園區北門將分揀機械臂裝入木箱，準備運往里斯本。圖中左起為團隊負責人、三位工程師以及兩位負責夜間值班的學生導賞員。",
    hashtag_line="＃海燈科技園 #HLP",
    tags=("海燈科技園", "HLP"),
    disclaimer="發佈者對本公告的內容承擔全部責任。",
    about=(
        "關於海燈科技園",
        "海燈科技園於二零零九年在舊電纜廠原址開幕，現有二百一十家企業，為倉庫、醫院及家庭製造機器，並與四所大學合作。",
    ),
    section="相關新聞",
    teasers=(
        (
            "晨光麵包店第四十家分店開幕首日大排長龍",
            "由一個烤爐起家的麵包店表示，黑麥麵包是成功的原因，並計劃在年底前於海邊再開設一間分店，屆時將會...",
        ),
        (
            "清水渡輪公司增加兩條航線的夜間班次",
            "公司回應九千名島民的請願，由下月起在兩條航線增加夜間班次，並承諾票價在一年之內維持不變，居民對此...",
        ),
    ),
)

JAPANESE = Story(
    language="ja",
    headline="灯台ロボティクス、階段をのぼる運搬車を病院向けに発売",
    subheadline="夜間の薬の配送を自動化し、看護師の負担を減らす",
    dateline="【東京2026年3月9日】",
    place="東京",
    date="2026-03-09",
    body=(
        "灯台ロボティクス株式会社は本日、階段をのぼることができる病院向けの運搬車を発売したと発表しました。夜間の薬の配送を自動化します。",
        "運搬車は一度の充電で十二時間動き、お茶をこぼさずに三階まで運ぶことができます。試験に参加した四つの病院では、看護師の歩く距離が半分になりました。",
        "開発を担当した技術者は「病院の廊下は工場よりもずっと難しい場所でした。人が優先であることを機械に教えるのに二年かかりました」と話しています。",
    ),
    caption="東京都内の病院で試験運転を行う運搬車と開発チームの技術者たち。左から開発責任者、看護師長、そして夜間の試験を担当した二人の学生です。",
    hashtag_line="ハッシュタグ：#灯台ロボティクス",
    tags=("灯台ロボティクス",),
    disclaimer="発行者は本発表の内容について全責任を負います。",
    about=(
        "灯台ロボティクス株式会社について",
        "灯台ロボティクス株式会社は二〇一一年に設立され、病院や倉庫で人を助ける機械を作っています。社員は百二十人です。",
    ),
    section="関連記事",
    teasers=(
        (
            "朝焼けベーカリー、四十番目の店を開店し初日から長い行列",
            "一つの窯から始まったパン屋は、ライ麦パンが成功の理由だと話しており、年末までに海辺にもう一つの店を...",
        ),
        (
            "清水フェリー、二つの航路で夜の便を増やすと発表",
            "九千人の島民の願いに応えて、来月から二つの航路で夜の便を増やし、運賃は一年のあいだ変えないと約束し...",
        ),
    ),
)

STORIES = (ENGLISH, GERMAN, FRENCH, CHINESE, JAPANESE)
Layout = Callable[[Story], str]


def _paragraphs(texts: tuple[str, ...], tag: str = "p") -> str:
    return "\n".join(f"<{tag}>{html.escape(text, quote=False)}</{tag}>" for text in texts)


def _page(story: Story, inside: str, head: str = "") -> str:
    return f"""<!DOCTYPE html><html lang="{story.language[:2]}"><head><meta charset="utf-8">
<title>{html.escape(story.headline)} - Morning Ledger</title><meta property="og:site_name" content="Morning Ledger">{head}</head>
<body><div class="topbar"><a href="/">Morning Ledger</a> <a href="/business">Business</a> <a href="/life">Life</a></div>
{inside}
<div class="foot"><p>Morning Ledger is published in Port Ambrose. Write to the desk with what you know.</p>
<p>© 2026 Morning Ledger. All rights reserved.</p></div></body></html>"""  # noqa: E501


def _picture(story: Story) -> str:
    cut = story.caption[: max(30, len(story.caption) // 3)]
    return (
        f'<p><img src="/images/2026/crate.jpg" alt="{html.escape(cut)}" width="640" height="420"><br>{html.escape(cut)}<br>'  # noqa: E501
        f"{html.escape(story.caption)}</p>"
    )


def _release(story: Story) -> str:
    first = f"<p><b>{html.escape(story.dateline)}</b>{html.escape(story.body[0])}</p>"
    return (
        f"<h1>{html.escape(story.headline)}</h1><p><strong>{html.escape(story.subheadline)}</strong></p>{first}{_picture(story)}"
        f"{_paragraphs(story.body[1:])}<p>{html.escape(story.hashtag_line)}</p><p><i>{story.disclaimer}</i></p>"
        f"<h4>{story.about[0]}</h4>{_paragraphs(story.about[1:])}"
    )


def _teasers(story: Story, headline: str = "h3", text: str = "p") -> str:
    pairs = (
        f'<{headline}><a href="/news/{number}-story">{html.escape(title)}</a></{headline}><{text}>{html.escape(said)}</{text}>'  # noqa: E501
        for number, (title, said) in enumerate(story.teasers)
    )
    return "".join(pairs)


def semantic_aside(story: Story) -> str:
    """The release in an article, the other stories in an aside."""
    aside = f"<aside><h3>{story.section}</h3>{_teasers(story, 'h4')}</aside>"
    return _page(story, f"<main><article>{_release(story)}</article>{aside}</main>")


def box_in_the_column(story: Story) -> str:
    """The other stories in a box of their own in the release's column."""
    box = f'<div class="moduletable"><h3>{story.section}</h3><div class="newsflash">{_teasers(story, "h4")}</div></div>'
    return _page(story, f'<div id="column"><div class="item-page">{_release(story)}</div>{box}</div>')


def bare_column(story: Story) -> str:
    """The other stories follow in the same element, as headings and paragraphs like the release's own."""
    return _page(story, f'<div id="column">{_release(story)}<h4>{story.section}</h4>{_teasers(story, "h4")}</div>')


def bare_paragraphs(story: Story) -> str:
    """The same, where even headlines are paragraphs without a link."""
    said = "".join(f"<p>{html.escape(title)}</p><p>{html.escape(text)}</p>" for title, text in story.teasers)
    return _page(story, f'<div id="column">{_release(story)}<p>{story.section}</p>{said}</div>')


def line_breaks(story: Story) -> str:
    """The text in one element, parted by line breaks; the tail glued as Media OutReach delivers it."""
    body = "<br><br>".join(html.escape(text) for text in (story.dateline + story.body[0], *story.body[1:]))
    about = "<br><br>".join(html.escape(text) for text in story.about[1:])
    text = f"{body}<br><br>{html.escape(story.hashtag_line)}<br>{story.disclaimer}<br><br><b>{story.about[0]}</b><br>{about}"  # noqa: E501
    head = f"<h1>{html.escape(story.headline)}</h1><h2>{html.escape(story.subheadline)}</h2>"
    side = f'<div class="sidebar"><h3>{story.section}</h3>{_teasers(story)}</div>'
    return _page(story, f'<div id="page"><div class="text">{head}<div class="story">{text}</div></div>{side}</div>')


def layout_table(story: Story) -> str:
    """A page of the year 2005: menu, text and other stories in the cells of a table."""
    menu = "".join(f'<a href="/{name}">{name}</a><br>' for name in ("news", "people", "markets", "weather"))
    return _page(
        story,
        f'<table width="100%"><tr><td width="120">{menu}</td><td>{_release(story)}</td>'
        f"<td><b>{story.section}</b>{_teasers(story, 'p')}</td></tr></table>",
    )


def end_marks(story: Story) -> str:
    """A newsroom's page: ###, then the company, the contacts, and a newsletter box."""
    text = (
        f"<h1>{html.escape(story.headline)}</h1><h2>{html.escape(story.subheadline)}</h2>"
        f"<p>{html.escape(story.dateline + story.body[0])}</p>{_paragraphs(story.body[1:])}<p>{html.escape(story.hashtag_line)}</p>"  # noqa: E501
        f"<p>###</p><p>{story.disclaimer}</p><h3>{story.about[0]}</h3>{_paragraphs(story.about[1:])}"
        "<h3>Media contact:</h3><p>Ines Cardoso<br>Tel: +852 5550 1234<br>press@harbourlight.example</p>"
    )
    box = '<div class="newsletter"><p>Subscribe to our newsletter and never miss a story of the harbour again.</p><form><input></form></div>'  # noqa: E501
    return _page(story, f'<div class="content"><div class="release">{text}</div>{box}</div>')


def share_bars(story: Story) -> str:
    """Share bars above and below, related links behind, a picture with a caption element."""
    bar = '<ul class="share-bar"><li><a href="#f">Facebook</a></li><li><a href="#x">Share on X</a></li><li><a href="#p">Print</a></li></ul>'  # noqa: E501
    figure = f'<figure><img src="/images/crate.jpg"><figcaption>{html.escape(story.caption)}</figcaption></figure>'
    text = (
        f"<p>{html.escape(story.dateline + story.body[0])}</p>{figure}{_paragraphs(story.body[1:])}<p>{html.escape(story.hashtag_line)}</p>"  # noqa: E501
        f"<p>{story.disclaimer}</p><p><b>{story.about[0]}</b></p>{_paragraphs(story.about[1:])}"
    )
    related = "".join(
        f'<li><a href="/{number}">{html.escape(title)}</a></li>' for number, (title, _) in enumerate(story.teasers)
    )
    return _page(
        story,
        f"<article><header><h1>{html.escape(story.headline)}</h1><p class='subtitle'>{html.escape(story.subheadline)}</p>{bar}</header>"  # noqa: E501
        f"<div class='body'>{text}</div>{bar}<div class='related-links'><h3>{story.section}</h3><ul>{related}</ul></div></article>",  # noqa: E501
    )


def nested_boxes(story: Story) -> str:
    """Every paragraph in boxes of its own, an advertisement between two of them, a cookie bar on top."""
    parts = [story.dateline + story.body[0], *story.body[1:]]
    boxes = "".join(f'<div class="row"><div class="cell"><p>{html.escape(text)}</p></div></div>' for text in parts[:-1])
    advert = '<div class="ad-slot"><p>Advertisement</p><p>Port Ambrose Mattresses: sleep on it, and pay when you wake.</p></div>'  # noqa: E501
    last = f'<div class="row"><div class="cell"><p>{html.escape(parts[-1])}</p></div></div>'
    tail = "".join(
        f'<div class="row"><div class="cell"><p>{html.escape(text)}</p></div></div>'
        for text in (story.hashtag_line, story.disclaimer, *story.about)
    )
    cookie = '<div class="cookie-consent"><p>We use cookies to remember which boats you like. Agree, or choose in the settings.</p></div>'  # noqa: E501
    head = f"<h1>{html.escape(story.headline)}</h1><h2>{html.escape(story.subheadline)}</h2>"
    cards = "".join(
        f'<div class="card"><a href="/{title[:4]}"><h4>{title}</h4><p>{text}</p></a></div>'
        for title, text in story.teasers
    )
    return _page(
        story,
        f'{cookie}<div class="grid">{head}{boxes}{advert}{last}{tail}</div><div class="cards"><h3>{story.section}</h3>{cards}</div>',  # noqa: E501
    )


def teasers_on_both_sides(story: Story) -> str:
    """Other stories before and behind the release, in lists without a class."""
    items = "".join(
        f'<li><a href="/{number}">{html.escape(title)}</a> {html.escape(text)}</li>'
        for number, (title, text) in enumerate(story.teasers)
    )
    return _page(
        story,
        f"<div><div><ul>{items}</ul></div><div>{_release(story)}</div><div><h4>{story.section}</h4><ul>{items}</ul></div></div>",
    )


LAYOUTS: tuple[Layout, ...] = (
    semantic_aside, box_in_the_column, bare_column, bare_paragraphs, line_breaks, layout_table, end_marks, share_bars, nested_boxes,  # noqa: E501
    teasers_on_both_sides,
)  # fmt: skip


@pytest.fixture(params=STORIES, ids=lambda story: story.language)
def story(request: pytest.FixtureRequest) -> Story:
    """A release in one of five languages."""
    found: Story = request.param
    return found


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.__name__)
def layout(request: pytest.FixtureRequest) -> Layout:
    """One of ten layouts."""
    found: Layout = request.param
    return found


@pytest.fixture
def english() -> Story:
    """The release that single cases are made of."""
    return ENGLISH
