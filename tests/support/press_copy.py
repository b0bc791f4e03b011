"""Press releases in five languages, made up sentence by sentence from a number: the same number, the same words."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import Literal

Language = Literal["en", "de", "fr", "zh-Hant", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "fr", "zh-Hant", "ja")


@dataclass(frozen=True, kw_only=True)
class Copy:
    """What a release says, and what the site around it says; no sentence stands in both."""

    language: Language
    headline: str
    dateline: str
    place: str
    body: tuple[str, ...]
    heading: str
    """A sub-heading between the second paragraph and the third."""
    tag: str
    about: tuple[str, str]
    related: str
    """The heading above the other stories."""
    teasers: tuple[tuple[str, str], ...]
    """Headlines and beginnings of other stories, cut short."""
    sidebar: tuple[str, ...]
    """Whole sentences of the site about itself and others."""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The release's own text in order, from behind the dateline to the end of the section about its issuer."""
        return (*self.body[:2], self.heading, *self.body[2:], *self.about)


@dataclass(frozen=True, kw_only=True)
class _Words:
    who: tuple[str, ...]
    does: tuple[str, ...]
    what: tuple[str, ...]
    when: tuple[str, ...]
    form: str
    join: str
    headline: str
    dateline: str
    place: str
    heading: str
    about: tuple[str, str]
    related: str


_WORDS: dict[Language, _Words] = {
    "en": _Words(
        who=("The harbour office", "A crew of nine", "The chief engineer", "Every third visitor", "The council of Port Ambrose",
             "A teacher from the hills", "The night shift"),
        does=("counted", "painted", "carried home", "sold", "repaired", "measured", "photographed"),
        what=("forty lanterns of green glass", "the ropes of the old ferry", "two hundred letters from abroad",
              "a crane that sings in the wind", "the maps that nobody had opened", "eleven barrels of salt"),
        when=("before the tide came in", "while the town was asleep", "in the second week of March", "for the price of a loaf",
              "with help from the school"),
        form="{who} {does} {what} {when}.", join=" ", headline="Lantern Works {number} Opens a House for Ropes and Lamps",
        dateline="PORT AMBROSE, March {day}, 2026 - ", place="PORT AMBROSE", heading="What comes next",
        about=("About Lantern Works", "Lantern Works makes lamps and ropes for ships and houses and was founded in 1911."),
        related="Related news",
    ),
    "de": _Words(
        who=("Das Hafenamt", "Eine Mannschaft von neun Leuten", "Die leitende Ingenieurin", "Jeder dritte Gast", "Der Rat von Emden",
             "Ein Lehrer aus den Bergen", "Die Nachtschicht"),
        does=("zählte", "bemalte", "verkaufte", "reparierte", "vermaß", "fotografierte", "verschenkte"),
        what=("vierzig Laternen aus grünem Glas", "die Taue der alten Fähre", "zweihundert Briefe aus dem Ausland",
              "einen Kran, der im Wind singt", "die Karten, die niemand geöffnet hatte", "elf Fässer Salz"),
        when=("vor der nächsten Flut", "während die Stadt schlief", "in der zweiten Woche im März", "zum Preis eines Brotes",
              "mit Hilfe der Schule"),
        form="{who} {does} {what} {when}.", join=" ", headline="Laternenwerk {number} eröffnet ein Haus für Taue und Lampen",
        dateline="Emden, {day}. März 2026 – ", place="Emden", heading="Wie es weitergeht",
        about=("Über die Laternenwerke", "Die Laternenwerke bauen seit 1911 Lampen und Taue für Schiffe und Häuser an der Küste."),
        related="Weitere Meldungen",
    ),
    "fr": _Words(
        who=("Le bureau du port", "Une équipe de neuf personnes", "L'ingénieure en chef", "Un visiteur sur trois", "Le conseil d'Annecy",
             "Un maître venu des collines", "L'équipe de nuit"),
        does=("a compté", "a peint", "a vendu", "a réparé", "a mesuré", "a photographié", "a rapporté"),
        what=("quarante lanternes de verre vert", "les cordages du vieux bac", "deux cents lettres de l'étranger",
              "une grue qui chante dans le vent", "les cartes que personne n'avait ouvertes", "onze barils de sel"),
        when=("avant la marée", "pendant que la ville dormait", "dans la deuxième semaine de mars", "pour le prix d'un pain",
              "avec l'aide de l'école"),
        form="{who} {does} {what} {when}.", join=" ", headline="La Lanternerie {number} ouvre une maison des cordes et des lampes",
        dateline="ANNECY, le {day} mars 2026 - ", place="ANNECY", heading="La suite du projet",
        about=("À propos de la Lanternerie", "La Lanternerie fabrique depuis 1911 des lampes et des cordes pour les navires et les maisons."),
        related="À lire aussi",
    ),
    "zh-Hant": _Words(
        who=("港務辦公室", "九人組成的船員", "總工程師", "每三位訪客中的一位", "海燈市議會", "來自山區的老師", "夜班同事"),
        does=("清點了", "粉刷了", "售出了", "修復了", "測量了", "拍攝了", "帶回了"),
        what=("四十盞綠色玻璃燈籠", "舊渡輪上的全部繩索", "二百封來自海外的信件", "一台在風中歌唱的起重機", "從來沒有人打開過的地圖", "十一桶海鹽"),
        when=("在潮水到來之前", "在全城入睡的時候", "於三月份的第二個星期", "以一條麵包的價錢", "在學校的協助之下"),
        form="{when}，{who}{does}{what}。", join="", headline="燈籠工場第{number}號開設繩索與燈具之家迎接訪客",
        dateline="香港 - Media OutReach Newswire - 2026年3月{day}日 - ", place="香港", heading="下一步計劃",
        about=("關於燈籠工場", "燈籠工場於一九一一年成立，為船隻與房屋製造燈具及繩索，現有員工一百二十人，並與四所大學合作。"),
        related="相關新聞",
    ),
    "ja": _Words(
        who=("港湾事務所", "九人の乗組員", "主任技術者", "訪問者の三人に一人", "灯台市の議会", "山から来た教師", "夜勤の担当者"),
        does=("数えました", "塗り直しました", "売りました", "修理しました", "測りました", "撮影しました", "持ち帰りました"),
        what=("緑色のガラスのランタン四十個を", "古い渡し船のロープを", "海外から届いた手紙二百通を", "風の中で歌うクレーンを",
              "誰も開いたことのない地図を", "塩の樽を十一個"),
        when=("潮が満ちる前に", "町が眠っている間に", "三月の第二週に", "パン一つの値段で", "学校の助けを借りて"),
        form="{who}は{when}{what}{does}。", join="", headline="ランタン工房第{number}号、ロープと灯りの家を開設すると発表",
        dateline="【東京2026年3月{day}日】", place="東京", heading="今後の予定",
        about=("ランタン工房について", "ランタン工房は一九一一年に設立され、船や家のための灯りとロープを作っています。社員は百二十人です。"),
        related="関連記事",
    ),
}  # fmt: skip


def write(language: Language, number: int) -> Copy:
    """Return the release of a number."""
    words, dice = _WORDS[language], random.Random(number)
    every = [
        words.form.format(who=who, does=does, what=what, when=when)
        for who, does, what, when in product(words.who, words.does, words.what, words.when)
    ]
    chosen = iter(dice.sample(every, 40))
    sentences = 3 if words.join else 4
    body = tuple(words.join.join(next(chosen) for _ in range(sentences)) for _ in range(dice.randint(4, 6)))
    teasers = []
    for other in dice.sample(range(100, 999), 4):
        text = next(chosen) + words.join + next(chosen)
        teasers.append((words.headline.format(number=other), text[: len(text) * 3 // 4] + "..."))
    return Copy(
        language=language,
        headline=words.headline.format(number=number % 97 + 1),
        dateline=words.dateline.format(day=number % 27 + 1),
        place=words.place,
        body=body,
        heading=words.heading,
        tag=f"Lantern{number % 97 + 1}",
        about=words.about,
        related=words.related,
        teasers=tuple(teasers),
        sidebar=tuple(words.join.join(next(chosen) for _ in range(2)) for _ in range(3)),
    )
