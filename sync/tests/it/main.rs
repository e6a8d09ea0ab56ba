//! Tests of the files and the mirror: what is written reads back, whole or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod connect;
mod copy;
mod lake;
mod mirror;
mod pooler;
mod runs;
mod snapshot;
mod support;
mod tables;
mod urls;
mod whole_files;
#[path = "../../../storage/tests/it/world.rs"]
#[allow(dead_code)]
mod world;
