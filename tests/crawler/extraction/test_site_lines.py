"""Lines that a site puts between or around the paragraphs are not of the text; sentences with the same words are."""

from __future__ import annotations

import pytest

from crawler.extraction import NotARelease, extract_release
from crawler.extraction.body.site_lines import is_bar, is_offer, site_lines

FIRST = "Gull Line opened its second quay at Saltport this week and moved the first forty barges of salt through it."
SECOND = "The quay took eleven months to build, and the town's own masons laid the last stone in front of the guests."


def page(inner: str) -> str:
    title = "Gull Line Opens a Second Quay at Saltport"
    return f"<html><head><title>{title}</title></head><body><main><article><h1>{title}</h1>{inner}</article></main></body></html>"  # noqa: E501


BARS = (
    "Listen to this article 4 min", "Share this article: Facebook | X | LinkedIn | WhatsApp | Copy link", "5 min read",
    "Reading time: 4 minutes", "Artikel anhören", "Lesezeit: 3 Minuten", "Pressemitteilung", "Écouter l'article",
    "Temps de lecture : 4 min", "Escuchar este artículo", "Comunicado de prensa", "Tempo di lettura: 2 min", "Leestijd 3 min",  # noqa: E501
    "Ouvir este artigo", "Ten tekst przeczytasz w 3 minuty", "Поделиться в соцсетях", "この記事をシェアする", "分享到微信朋友圈",  # noqa: E501
    "보도자료",
    "Chia sẻ bài viết", "Lyssna på artikeln", "Okuma süresi: 2 dk",
)  # fmt: skip
OFFERS = (
    "Keep reading with a digital subscription",
    "Get unlimited access to all our stories from HK$20 a month. Cancel at any time.",
    "Already subscribed? Sign in to keep reading.",
    "For the latest stories and breaking news updates download the Saltport Gazette app.",
    "Abonnez-vous à notre lettre pour lire la suite.",
    "Suscríbete a nuestro boletín y recibe las noticias cada mañana.",
    "Jetzt abonnieren und sofort weiterlesen.",
    "Zapisz się na nasz newsletter.",
    "Подпишитесь на наш канал.",
    "扫码关注我们的公众号",
)


@pytest.mark.parametrize("bar", BARS)
def test_a_bar_above_the_text_is_not_of_it(bar):
    assert extract_release(page(f"<p>{bar}</p><p>{FIRST}</p><p>{SECOND}</p>")).text.split("\n") == [FIRST, SECOND]


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_behind_the_text_is_not_of_it(offer):
    html = page(f"<p>{FIRST}</p><p>{SECOND}</p><div class='box'><p>{offer}</p></div>")

    assert extract_release(html).text.split("\n") == [FIRST, SECOND]


@pytest.mark.parametrize(
    "sentence",
    [
        "Share prices of the line rose by four per cent on the news, and the town's own bonds followed them within the hour.",  # noqa: E501
        "“A paper must be worth a digital subscription,” said the editor, who bought the first one himself that evening.",  # noqa: E501
        "Listen to the story of the masons, who laid four hundred stones a day, and you will know why the quay is finished.",  # noqa: E501
    ],
)
def test_a_sentence_with_such_words_stays(sentence):
    assert sentence in extract_release(page(f"<p>{FIRST}</p><p>{sentence}</p><p>{SECOND}</p>")).body


def test_every_pattern_of_the_table_says_no_sentence_of_a_release():
    for text in (FIRST, SECOND):
        assert not is_bar(text)
        assert not is_offer(text)
    assert set(site_lines()) == {"read_also", "bar", "offer"}


CONSENT = {
    "en": (
        "Your privacy choices",
        "We use cookies and data to deliver and maintain our services, and to measure how many people come and which pages they read.",  # noqa: E501
        "If you accept all, we will also use cookies and data to show personalised ads and measure the effectiveness of ads, depending on your settings.",  # noqa: E501
        "Select More options to see details about managing your privacy settings. You can change your choices at any time.",  # noqa: E501
    ),
    "de": (
        "Ihre Privatsphäre ist uns wichtig",
        "Wir und unsere 812 Partner verwenden Cookies und ähnliche Technologien und greifen auf Daten zu, die auf Ihrem Gerät gespeichert sind.",  # noqa: E501
        "Mit Ihrer Einwilligung messen wir, wie gut Anzeigen und Inhalte gefallen; manche Partner berufen sich auf ihr berechtigtes Interesse.",  # noqa: E501
        "Sie können alle akzeptieren, alle ablehnen oder Ihre Einwilligung jederzeit in den Datenschutz-Einstellungen widerrufen.",  # noqa: E501
    ),
    "fr": (
        "Votre vie privée compte",
        "Avec votre accord, nous et nos 812 partenaires utilisons des cookies ou traceurs pour stocker des données personnelles sur votre appareil.",  # noqa: E501
        "Certains partenaires se fondent sur leur intérêt légitime pour mesurer les publicités personnalisées et les contenus personnalisés.",  # noqa: E501
        "Vous pouvez tout accepter, continuer sans accepter ou retirer votre consentement à tout moment, en bas de chaque page du site.",  # noqa: E501
    ),
    "es": (
        "Su privacidad es importante",
        "Nosotros y nuestros 812 socios utilizamos cookies y datos de su dispositivo para medir la audiencia y el contenido.",  # noqa: E501
        "Puede aceptar todo, rechazar todo o gestionar sus preferencias; algunos socios alegan un interés legítimo para mostrar anuncios personalizados.",  # noqa: E501
        "Puede retirar su consentimiento en cualquier momento desde el pie de cada una de las páginas de este sitio.",
    ),
    "pl": (
        "Szanujemy Twoją prywatność",
        "My i nasi zaufani partnerzy zapisujemy pliki cookies i dane na Twoim urządzeniu oraz mierzymy, które strony są czytane.",  # noqa: E501
        "Możesz kliknąć zaakceptuj wszystko albo odrzuć wszystko; część partnerów powołuje się na uzasadniony interes.",
        "W każdej chwili możesz wycofać zgodę albo zmienić ustawienia swojej zgody na dole każdej z naszych stron.",
    ),
}


@pytest.mark.parametrize("language", CONSENT)
def test_a_long_consent_text_is_refused_as_a_cookie_wall(language):
    heading, *paragraphs = CONSENT[language]
    text = "".join(f"<p>{paragraph}</p>" for paragraph in (*paragraphs, *(f"{text} " * 2 for text in paragraphs)))

    with pytest.raises(NotARelease) as refusal:
        extract_release(f"<html><head><title>{heading}</title></head><body><h1>{heading}</h1>{text}</body></html>")

    assert refusal.value.reason == "cookie wall"


def test_a_short_release_under_a_consent_overlay_is_read():
    overlay = "".join(f"<p>{paragraph}</p>" for paragraph in CONSENT["en"][1:])
    short = "The quay opens on Monday at noon. The first barge leaves with the tide."

    release = extract_release(page(f"<p>{short}</p>").replace("</body>", f"<div class='modal'>{overlay}</div></body>"))

    assert release.body[0] == short


def test_a_release_about_privacy_is_read():
    html = page(
        "<p>SALTPORT, 3 March 2026 – Gull Privacy today launched a service that asks the guests of a site for their consent.</p>"  # noqa: E501
        "<p>Site owners see which cookies their pages set, and 812 partners of the service have agreed to follow the choices.</p>"  # noqa: E501
        "<p>Consent is stored for thirteen months. The service costs forty crowns a month and is free for charities.</p>"  # noqa: E501
    )

    assert extract_release(html).dateline is not None


@pytest.mark.parametrize(
    "around",
    [
        '<form class="modal"><input name="user"><input type="password"></form><p>Forgot your password? Log in to your account below.</p>',  # noqa: E501
        "<p>This website uses cookies. Cookies help us. More about cookies in our cookie policy.</p>",
        "<p>Something went wrong with the comments.</p>",
    ],
)
def test_a_short_text_is_read_whatever_the_page_says_around_it(around):
    short = (
        "The second quay at Saltport opens on Monday at noon. The first barge leaves with the evening tide on Tuesday."
    )

    assert short in extract_release(page(f"<p>{short}</p>") + around).text
