//! Journeys: what users see of a running registry, over HTTP, against the real binary. A module per theme.
