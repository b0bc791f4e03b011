"""The data types that every package shares: releases, sightings, events, ids, URLs and timestamps. No I/O."""
