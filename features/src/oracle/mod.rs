//! Everything once more, in the most naive way: raw events in, rows out.
