"""The fields of a release: headline, dates, tickers, tags, contacts, images, language, wire."""
