//! Catch-up loops: follow the log, check each event, move state and checkpoint together.
