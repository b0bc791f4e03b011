"""The releases of the demo's newswire. All companies, places of work and figures are invented."""

from __future__ import annotations

from dataclasses import dataclass, replace

WATCHED_TAG = "HarbourPark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """A release as the issuer gives it to a wire, without the wire's layout."""

    headline: str
    body: tuple[str, ...]
    issuer: str
    place: str | None = None
    """The place of the dateline; None if the first paragraph has its own dateline."""
    subheadline: str | None = None
    tags: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    caption: str | None = None
    """The caption of its picture."""
    country: str = "hong-kong-sar"
    """The URL folder in which some wires publish it."""
    language: str = "en"


_KELPWAY = "Kelpway Robotics builds small underwater machines that inspect sea walls, piers and ferry hulls."
_LANTERN = "Lantern Quay Partners runs shared laboratories and workshops for companies of fewer than fifty people."

FERRY_ROBOTS = Handout(
    headline="Kelpway Robotics Opens a Test Basin for Hull Inspection at Harbour Park",
    subheadline="Twelve-metre basin lets ferry operators try inspection robots before the winter timetable",
    place="HONG KONG SAR",
    issuer="Kelpway Robotics",
    tags=("HarbourPark", "robotics"),
    caption="The new basin holds water of three salinities at once.",
    body=(
        "Kelpway Robotics has opened a twelve-metre test basin at Harbour Park in which ferry operators can watch its "
        "inspection robots at work before they order one.",
        "The basin holds water of three salinities behind movable gates, so that a hull can be examined in the "
        "conditions of an estuary, a typhoon shelter and the open sea within a single afternoon.",
        "Two operators with a combined fleet of 41 vessels have reserved the basin for the first month. Each session "
        "ends with a report that marks corrosion to the nearest centimetre.",
        '"A picture of a hull is worth little when nobody knows where on the hull it was taken," said Odalys Brandt, '
        "who leads engineering at Kelpway Robotics. "
        '"The basin is where we prove that our machines know."',
        "Bookings open on Monday at the reception of the workshop building.",
    ),
    about=(_KELPWAY, "It was founded by three former harbour pilots and employs 64 people."),
)

TRAM_BATTERIES = Handout(
    headline="Pomelo Cell Signs Supply Agreement for Swappable Tram Batteries",
    place="HALIFAX, Nova Scotia",
    issuer="Pomelo Cell Inc.",
    tickers=("TSXV:PMLO",),
    country="canada",
    body=(
        "Pomelo Cell Inc. (TSXV: PMLO) today announced a four-year agreement to supply swappable battery packs to the "
        "tram network of a coastal city with 118 kilometres of track.",
        "Under the agreement the company will deliver 260 packs in three lots, the first of them in the second "
        "quarter. A pack can be exchanged at a terminus in under four minutes without a lift.",
        "The packs use a sodium chemistry that keeps nine tenths of its capacity after six thousand cycles, according "
        "to tests that an independent laboratory finished in August.",
        "Management expects the agreement to contribute to revenue from the third quarter and will comment on it in "
        "the next quarterly report.",
    ),
    about=("Pomelo Cell Inc. designs stationary and mobile batteries around sodium.",),
)
TRAM_BATTERIES_CORRECTED = replace(
    TRAM_BATTERIES,
    body=(
        TRAM_BATTERIES.body[0],
        TRAM_BATTERIES.body[1].replace("260 packs in three lots", "206 packs in two lots"),
        *TRAM_BATTERIES.body[2:],
    ),
)

TIDE_FUND = Handout(
    headline="Lantern Quay Partners Names First Nine Companies of Its Tide Programme",
    subheadline="Marine sensing, cold storage and reef repair lead the first intake",
    place="SINGAPORE",
    issuer="Lantern Quay Partners",
    tags=("HarbourPark", "startups"),
    country="singapore",
    body=(
        "Lantern Quay Partners has chosen the first nine companies of its Tide Programme, which lends laboratory "
        "benches and machine time instead of money.",
        "The nine were picked from 310 applicants in eleven countries. Four of them work on sensing in shallow water, "
        "three on cold storage without refrigerants and two on repairing reefs with printed limestone.",
        "Every company receives a bench for eighteen months, two hundred hours on the shared machines and a mentor "
        "who has shipped a product before.",
        "Applications for the second intake open in March.",
    ),
    about=(_LANTERN,),
)
TIDE_FUND_CORRECTED = replace(
    TIDE_FUND,
    headline="Lantern Quay Partners Names First Ten Companies of Its Tide Programme",
    body=(
        TIDE_FUND.body[0].replace("first nine companies", "first ten companies"),
        TIDE_FUND.body[1].replace("The nine were", "The ten were").replace("three on cold", "four on cold"),
        *TIDE_FUND.body[2:],
    ),
)

BRIDGE_SENSORS = Handout(
    headline="Ostrava Listening Works to Fit 900 Acoustic Sensors to Footbridges",
    place="LEEDS, England",
    issuer="Ostrava Listening Works",
    tags=("bridges",),
    country="united-kingdom",
    body=(
        "Ostrava Listening Works will fit 900 acoustic sensors to pedestrian bridges over the next two years, after a "
        "trial on six bridges found loose bearings that visual inspection had missed.",
        "The sensors are the size of a coin, run for five years on a battery and listen for the sound that steel makes "
        "shortly before a bolt gives way.",
        '"Bridges talk all day," said Wilhelmina Achterberg, the founder. '
        '"We only had to learn which words are urgent."',
        "Installation begins in January with the forty bridges that carry the most people.",
    ),
    about=("Ostrava Listening Works turns the sounds of structures into maintenance plans.",),
)
BRIDGE_SENSORS_CORRECTED = replace(
    BRIDGE_SENSORS,
    body=(
        *BRIDGE_SENSORS.body[:3],
        BRIDGE_SENSORS.body[3].replace("January with the forty bridges", "March with the fourteen bridges"),
    ),
)

NIGHT_MARKET = Handout(
    headline="Harbour Park Night Market of Makers Returns With 140 Stalls",
    place="HONG KONG SAR",
    issuer="Harbour Park Tenants' Circle",
    tags=("HarbourPark", "makers"),
    caption="Last year's market filled the covered street until midnight.",
    body=(
        "The Harbour Park Tenants' Circle will hold its night market of makers on the last Friday of the month, with "
        "140 stalls along the covered street between the workshop building and the pier.",
        "Visitors can solder a lamp, race a cardboard boat in the fountain and leave a broken appliance with the "
        "repair table, where volunteers mended 87 of 102 last year.",
        "Entrance is free. The last shuttle to the station leaves twenty minutes after midnight.",
    ),
    about=("The Harbour Park Tenants' Circle is the association of the companies that rent at Harbour Park.",),
)
NIGHT_MARKET_EDITED = replace(
    NIGHT_MARKET,
    body=(
        NIGHT_MARKET.body[0],
        NIGHT_MARKET.body[1].replace("87 of 102", "78 of 102"),
        NIGHT_MARKET.body[2],
    ),
)

QUARTER = Handout(
    headline="Saltmarsh Optics Reports Third-Quarter Orders of 31.4 Million",
    place="TRONDHEIM, Norway",
    issuer="Saltmarsh Optics ASA",
    tickers=("OSE:SALT",),
    country="norway",
    body=(
        "Saltmarsh Optics ASA (OSE: SALT) reports orders of 31.4 million kroner for the third quarter, against 27.9 "
        "million in the same quarter of last year.",
        "The order book stood at 88 million kroner at the end of September. Fibre probes for fish farms made up just "
        "over half of the orders.",
        "The board keeps its outlook for the year and will hold a call for investors at ten o'clock.",
    ),
    about=("Saltmarsh Optics ASA makes optical probes that live in salt water.",),
)
QUARTER_UPDATED = replace(
    QUARTER,
    body=(
        *QUARTER.body[:2],
        "The board keeps its outlook for the year. The call for investors has been moved to two o'clock in the "
        "afternoon, and the number to dial is unchanged.",
    ),
)

FALSE_START = Handout(
    headline="Quillfeather Air Announces Daily Seaplane Service to Four Islands",
    place="VANCOUVER, British Columbia",
    issuer="Quillfeather Air",
    country="canada",
    body=(
        "Quillfeather Air will fly seaplanes to four islands every day from the first of next month, the company said.",
        "The timetable connects with the morning ferries, and a seat costs no more than a ferry ticket with a car.",
        "Reservations are taken by telephone and at the jetty.",
    ),
    about=("Quillfeather Air operates six seaplanes from two lakes and one bay.",),
)

VANISHING = Handout(
    headline="Harbour Park Tenant Mossglass Promises Self-Cleaning Windows by Summer",
    place="HONG KONG SAR",
    issuer="Mossglass Limited",
    tags=("HarbourPark",),
    body=(
        "Mossglass Limited promises that the first office tower with its self-cleaning windows will stand by summer.",
        "The coating was developed at Harbour Park with a paint maker that the company does not name. A square metre "
        "of it sheds the dust of a week in a single shower of rain.",
        "The company looks for two more buildings whose owners are tired of scaffolding.",
    ),
    about=("Mossglass Limited coats glass.",),
)

EARLY_CORRECTION_ORIGINAL = Handout(
    headline="Tinderbox Audio to Bring Whisper-Quiet Speakers to Harbour Park Trams",
    subheadline="Announcements that only the people in the carriage can hear",
    place="HONG KONG SAR",
    issuer="Tinderbox Audio",
    tags=("HarbourPark", "audio"),
    body=(
        "Tinderbox Audio will fit its narrow-beam speakers to the shuttle trams of Harbour Park, so that a stop is "
        "announced in the carriage and nowhere else.",
        "Each tram receives eight speakers of the size of a matchbox. Neighbours of the line had complained of bells "
        "and voices since the shuttle began to run until midnight.",
        "The first tram with the new speakers leaves the depot on the third of the month.",
    ),
    about=("Tinderbox Audio makes loudspeakers that keep to themselves.",),
)
EARLY_CORRECTION = replace(
    EARLY_CORRECTION_ORIGINAL,
    body=(
        EARLY_CORRECTION_ORIGINAL.body[0],
        EARLY_CORRECTION_ORIGINAL.body[1].replace("eight speakers", "eighteen speakers"),
        EARLY_CORRECTION_ORIGINAL.body[2].replace("the third of the month", "the thirteenth of the month"),
    ),
)

YESTERDAY = (
    Handout(
        headline="Bramble & Tern Recalls Nothing, Opens Museum of Honest Packaging",
        place="HONG KONG SAR",
        issuer="Bramble & Tern",
        tags=("museums",),
        body=(
            "Bramble & Tern opens a small museum in which every package shows how much of it is air.",
            "The oldest exhibit is a biscuit tin that has been refilled since 1931.",
            "Schools may visit on weekdays without charge.",
        ),
        about=("Bramble & Tern designs packages for things that do not need one.",),
    ),
    Handout(
        headline="Corrective Lens Maker Halloway Sight Expands to Six Clinics",
        place="SYDNEY, AUSTRALIA",
        issuer="Halloway Sight",
        tags=("health",),
        country="australia",
        body=(
            "Halloway Sight has opened its sixth clinic, where a pair of corrective lenses is ground while one waits.",
            "The clinics share one workshop van, which visits each of them twice a week.",
            "A seventh clinic is planned for the spring.",
        ),
        about=("Halloway Sight grinds lenses and repairs frames.",),
    ),
)
"""The releases on the pages when the demo begins."""
