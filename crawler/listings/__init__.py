"""Listings: bytes → sightings, one module a kind."""

from crawler.listings.page import ListingPage, ListingUnreadable
from crawler.listings.read import read_listing

__all__ = ["ListingPage", "ListingUnreadable", "read_listing"]
