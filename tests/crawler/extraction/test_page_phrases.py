"""The phrases of pages that hold no release: every row is read where it counts."""

from __future__ import annotations

import re

import pytest

from crawler.extraction import NotARelease, extract_release
from crawler.extraction.page_phrases import (
    AWAY,
    CONSENT,
    COOKIES,
    ERROR,
    GONE,
    JAVASCRIPT,
    LOGIN,
    MAINTENANCE_HEADING,
    MAINTENANCE_TITLE,
    NOT_FOUND_HEADING,
    PageKind,
    page_phrases,
)

SAMPLES: dict[PageKind, dict[str, list[str]]] = {
    "not_found": {
        "cs": ["Stránka nenalezena"], "da": ["Siden blev ikke fundet", "Siden findes ikke"],
        "de": ["Die Seite wurde nicht gefunden"], "es": ["Página no encontrada"], "fi": ["Sivua ei löytynyt"],
        "fr": ["Page introuvable"], "hu": ["Az oldal nem található"], "id": ["Halaman tidak ditemukan"],
        "it": ["Pagina non trovata"], "ja": ["ページが見つかりません"], "ko": ["페이지를 찾을 수 없습니다"],
        "nb": ["Siden ble ikke funnet", "Fant ikke siden"], "nl": ["Pagina niet gevonden"],
        "pl": ["Nie znaleziono strony", "Strona nie istnieje"], "pt": ["Página não foi encontrada"],
        "ro": ["Pagina nu a fost găsită"], "ru": ["Страница не найдена"], "sv": ["Sidan hittades inte"],
        "tr": ["Sayfa bulunamadı"], "uk": ["Сторінку не знайдено"], "vi": ["Không tìm thấy trang"],
        "zh": ["頁面不存在", "找不到網頁"],
    },
    "not_found_heading": {"en": ["Oops! The page you requested could not be found."]},
    "gone": {
        "de": ["Der Artikel wurde nicht gefunden"], "es": ["noticia no encontrada"],
        "en": ["Error 404", "Story not found", "It no longer exists", "It was removed", "It doesn't exist",
               "We can't find that page"],
        "fr": ["Article introuvable", "Dépêche non trouvée"], "ja": ["記事が見つかりません"], "ko": ["기사를 찾을 수"],
        "pt": ["notícia não encontrada"], "zh": ["文章不存在", "找不到文章"],
    },
    "maintenance": {
        "de": ["Wartungsarbeiten"], "es": ["Sitio en mantenimiento"], "fr": ["En maintenance"],
        "en": ["Under maintenance", "Closed for scheduled maintenance", "Service unavailable", "Just a moment"],
        "it": ["Sito in manutenzione"], "ja": ["メンテナンス中"], "ko": ["점검 중"], "nl": ["Website in onderhoud"],
        "pl": ["Przerwa techniczna"], "pt": ["Site em manutenção"], "ru": ["Ведутся технические работы"],
        "zh": ["系統維護"],
    },
    "maintenance_heading": {
        "en": ["We'll be back soon", "Scheduled maintenance", "Maintenance mode", "Temporarily unavailable",
               "Our website is currently down"],
    },
    "consent": {
        "cs": ["Přijmout vše"], "da": ["Accepter alle"], "de": ["Wir und unsere Partner verwenden Cookies", "Alle akzeptieren"],  # noqa: E501
        "en": ["We and our partners use cookies", "Accept all", "Manage your preferences"],
        "es": ["Nosotros y nuestros socios usamos cookies"], "fi": ["Hyväksy kaikki"], "fr": ["Continuer sans accepter"],  # noqa: E501
        "id": ["Terima semua"], "it": ["Accetta tutti"], "ja": ["すべて拒否"], "ko": ["모두 동의"],
        "nb": ["Godta alle"],
        "nl": ["Alles accepteren"], "pl": ["Nasi partnerzy czytają dane"], "pt": ["Aceitar tudo"], "ru": ["Принять все"],  # noqa: E501
        "sv": ["Godkänn alla"], "tr": ["Tümünü reddet"], "vi": ["Chấp nhận tất cả"], "zh": ["全部拒绝"],
    },
    "maintenance_title": {"en": ["Maintenance"]},
    "away": {
        "de": ["Wartung", "vorübergehend"], "es": ["mantenimiento"], "it": ["manutenzione"], "ja": ["メンテナンス"],
        "en": ["maintenance", "temporarily", "be right back", "try again", "come back", "unavailable", "overloaded",
               "too many", "just a moment", "checking your", "503", "500 Internal"],
        "ko": ["점검"], "nl": ["onderhoud"], "pl": ["przerwa techniczna"], "pt": ["manutenção"],
        "ru": ["технические работы"], "zh": ["维护", "維護"],
    },
    "error": {
        "en": ["404 page not found", "This page has been moved", "Error 500", "Access denied", "Internal server error",
               "Bad gateway", "Something went wrong", "Too many requests", "The request was rejected",
               "Request rejected",
               "Attention required", "Checking your browser", "Are you a robot", "Verify you are human",
               "Unusual traffic", "Request blocked", "captcha"],
    },
    "login": {
        "de": ["Bitte melden Sie sich", "Jetzt anmelden", "Melden Sie sich mit Ihrem Konto an", "Anmelden"],
        "es": ["iniciar sesión"], "fr": ["connectez-vous", "Déjà abonné"], "it": ["Accedi per", "già abbonato"],
        "en": ["Please log in to", "Create a free account", "Subscribe to continue", "members-only",
               "Already a subscriber", "Forgot your password"],
        "ja": ["ログインして"], "ko": ["로그인"], "zh": ["請登入", "请登录"],
    },
    "cookies": {
        "de": ["Datenschutz"], "en": ["cookies"], "es": ["datos personales"], "fr": ["consentement"],
        "ja": ["クッキー"], "pt": ["dados pessoais"], "zh": ["隐私"],
    },
    "javascript": {
        "de": ["Bitte aktivieren Sie JavaScript", "JavaScript aktivieren"], "es": ["active JavaScript"],
        "en": ["Enable JavaScript", "Loading…", "JavaScript is disabled", "You are being redirected"],
        "fr": ["Activez JavaScript"], "ja": ["JavaScriptを有効"], "ko": ["JavaScript를 활성화"],
        "pt": ["ative o JavaScript"], "vi": ["bật JavaScript"], "zh": ["請啟用 JavaScript"],
    },
}  # fmt: skip
READERS: dict[PageKind, list[re.Pattern[str]]] = {
    "not_found": [NOT_FOUND_HEADING, GONE, ERROR], "not_found_heading": [NOT_FOUND_HEADING], "gone": [GONE],
    "maintenance": [MAINTENANCE_HEADING, AWAY, ERROR], "maintenance_heading": [MAINTENANCE_HEADING],
    "maintenance_title": [MAINTENANCE_TITLE], "away": [AWAY], "error": [ERROR], "login": [LOGIN],
    "cookies": [COOKIES], "consent": [CONSENT], "javascript": [JAVASCRIPT],
}  # fmt: skip
ROWS = [
    (kind, language, pattern)
    for kind, languages in page_phrases().items()
    for language, patterns in languages.items()
    for pattern in patterns
]
TELLS_GONE = [sample for samples in SAMPLES["not_found"].values() for sample in samples]


@pytest.mark.parametrize(("kind", "language", "pattern"), ROWS)
def test_every_row_has_a_sample_that_its_readers_find(kind: PageKind, language: str, pattern: str) -> None:
    own = [sample for sample in SAMPLES[kind][language] if re.search(pattern, sample, re.IGNORECASE)]
    assert own, "add a sample"
    for sample in own:
        for reader in READERS[kind]:
            is_whole = reader in (NOT_FOUND_HEADING, MAINTENANCE_HEADING, MAINTENANCE_TITLE)
            assert reader.fullmatch(sample + ".") if is_whole else reader.search(sample)


@pytest.mark.parametrize("said", TELLS_GONE)
def test_an_error_page_is_refused_in_every_language(said: str) -> None:
    page = f"<html><head><title>{said}</title></head><body><h1>{said}</h1><p>Gull Line News</p></body></html>"
    with pytest.raises(NotARelease) as refused:
        extract_release(page, "https://wire.example/news/7")
    assert refused.value.reason == "error page"
    assert GONE.search(refused.value.detail)
