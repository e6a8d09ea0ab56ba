//! Tests of the cloud crate.
