"""Announcements for tests of memory: six made-up companies, each with a release that is like no other's.

``{figure}`` and ``{place}`` are what a correction corrects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stories.model.release import Dateline, Release

WIRE = "harbour-wire"
MIRROR = "daily-mirror"
GAZETTE = "evening-gazette"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One story as its issuer writes it."""

    slug: str
    issuer: str
    tag: str
    headline: str
    body: tuple[str, ...]

    def text(self, figure: str, place: str) -> tuple[str, ...]:
        """Return the paragraphs with what may be corrected filled in."""
        return tuple(paragraph.format(figure=figure, place=place) for paragraph in self.body)


ANNOUNCEMENTS = (
    Announcement(
        slug="velmora-ferries-orders-twelve-hydrogen-boats",
        issuer="Velmora Ferries Limited",
        tag="Velmora",
        headline="Velmora Ferries Orders Twelve Hydrogen Boats for the Northern Islands",
        body=(
            "Velmora Ferries Limited has ordered twelve hydrogen boats that will carry passengers between the northern "
            "islands and the mainland, the operator said on Tuesday after its board approved the purchase.",
            "The boats cost {figure} million crowns together and will be built at the yard in {place}, where keels are "
            "laid in the spring and the first hull is to leave the slipway two winters later.",
            '"Islanders have waited a generation for a crossing that does not smell of diesel," said Torvald Anker, '
            "master of the fleet. Fares stay as they are until every boat has been delivered.",
        ),
    ),
    Announcement(
        slug="quillmark-opens-reading-clinic-for-adults",
        issuer="Quillmark Foundation",
        tag="Quillmark",
        headline="Quillmark Opens a Reading Clinic for Grown Learners in Four Market Towns",
        body=(
            "The Quillmark Foundation is opening reading clinics where adults who left school early can learn their "
            "letters in evening hours, without fees, forms or waiting lists.",
            "Teachers trained by the foundation will see {figure} learners a week in {place} and three other market "
            "towns; a lending library with large print stands beside each classroom.",
            '"Nobody should be ashamed of a newspaper," said Odile Pruett, who founded the charity after her own '
            "father taught himself to spell from seed catalogues.",
        ),
    ),
    Announcement(
        slug="brannock-copper-finds-new-vein",
        issuer="Brannock Copper plc",
        tag="Brannock",
        headline="Brannock Copper Reports a Thick New Vein Beneath the Old Shaft",
        body=(
            "Brannock Copper plc reports that drilling beneath the disused eastern shaft met massive sulphide over a "
            "greater length than any hole sunk since the mine was reopened.",
            "Hole 44 cut {figure} metres grading above three per cent, and assays from {place} are awaited for two "
            "further holes that the geologists logged last month.",
            "A revised estimate of the resource will follow once the laboratory has returned duplicates; rigs stay on "
            "site through the rains, said Petronella Ivers, chief geologist.",
        ),
    ),
    Announcement(
        slug="sundara-kitchens-recalls-nothing-launches-steam-oven",
        issuer="Sundara Kitchens",
        tag="Sundara",
        headline="Sundara Kitchens Launches a Countertop Steam Oven That Bakes Bread",
        body=(
            "Sundara Kitchens today launched a countertop steam oven small enough for a student's room and hot enough "
            "to bake a crusty loaf in under forty minutes.",
            "It sells for {figure} guilders from Friday in shops across {place}, with a stone plate, a proving basket "
            "and a notebook of recipes by three village bakers.",
            '"We burned nine hundred loaves so that you need not burn one," said Maarten Oyelaran, who designed the '
            "valve that lets the steam out at the right moment.",
        ),
    ),
    Announcement(
        slug="ostrava-bell-appoints-conductor",
        issuer="Ostrel Bell Orchestra",
        tag="OstrelBell",
        headline="Ostrel Bell Orchestra Names Zdenka Marhoul Its Next Chief Conductor",
        body=(
            "The Ostrel Bell Orchestra has named Zdenka Marhoul chief conductor from the autumn season, the first "
            "woman to hold the baton in the ensemble's hundred and ten years.",
            "Her contract runs for {figure} seasons and opens with a tour through {place}, on which the players will "
            "give a symphony that was thought lost until a copyist's trunk turned up.",
            "Subscribers may reserve seats from the first of May; the outgoing conductor stays as guest for two "
            "programmes of choral works each winter.",
        ),
    ),
    Announcement(
        slug="ferncliff-weather-shares-storm-data",
        issuer="Ferncliff Weather Institute",
        tag="Ferncliff",
        headline="Ferncliff Weather Institute Shares Eighty Years of Storm Soundings Freely",
        body=(
            "Researchers anywhere may now download every balloon sounding that the Ferncliff Weather Institute has "
            "recorded since the war, scanned from paper rolls and checked by volunteers.",
            "The archive holds {figure} thousand ascents from stations around {place}, each with pressure, humidity "
            "and wind, in a format that any forecasting model can swallow.",
            '"Storms do not respect copyright," said Leopold Asante, keeper of the rolls, who spent six years at a '
            "scanner that was built for architects' drawings.",
        ),
    ),
)


def release(number: int = 0, *, figure: str = "310", place: str = "Port Ellery", **fields: Any) -> Release:
    """Return the release of a story as the crawler reads it on the wire's own site."""
    told = ANNOUNCEMENTS[number]
    read = Release(
        url=f"https://{WIRE}.example/news/{told.slug}",
        headline=told.headline,
        dateline=Dateline(place="PORT ELLERY", wire="Harbour Wire", date="2026-03-10"),
        published_at="2026-03-10T09:00:00+00:00",
        tags=(told.tag,),
        issuer=told.issuer,
        language="en",
        body=told.text(figure, place),
    )
    return replace(read, **fields)


def copy(number: int = 0, site: str = MIRROR, **fields: Any) -> Release:
    """Return the release as another site carries it."""
    told = ANNOUNCEMENTS[number]
    elsewhere: dict[str, Any] = {"url": f"https://{site}.example/{told.slug}-{number}"}
    return release(number, **(elsewhere | fields))


def correction(number: int = 0, *, nth: int = 1, figure: str = "340", **fields: Any) -> Release:
    """Return a correction on a page of its own; the second one (``nth=2``) corrects the first."""
    told = ANNOUNCEMENTS[number]
    changed: dict[str, Any] = {
        "url": f"https://{WIRE}.example/news/correction-{nth}-{told.slug}",
        "headline": f"CORRECTION: {told.headline}",
        "published_at": f"2026-03-10T{10 + nth:02}:00:00+00:00",
    }
    return release(number, figure=figure, **(changed | fields))


def withdrawal(number: int = 0, **fields: Any) -> Release:
    """Return a notice that takes the story's release back."""
    told = ANNOUNCEMENTS[number]
    changed: dict[str, Any] = {
        "url": f"https://{WIRE}.example/news/withdrawn-{told.slug}",
        "headline": f"WITHDRAWN: {told.headline}",
        "published_at": "2026-03-10T20:00:00+00:00",
        "body": (
            f"The release by {told.issuer} issued on 10 March 2026 under the headline "
            f'"{told.headline}" has been withdrawn. Please disregard it.',
        ),
    }
    return release(number, **(changed | fields))
