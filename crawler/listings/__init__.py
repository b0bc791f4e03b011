"""Listings: bytes → sightings, one module a kind."""

from crawler.listings.listing_page import ListingPage, ListingUnreadableError
from crawler.listings.read import read_listing

__all__ = ["ListingPage", "ListingUnreadableError", "read_listing"]
