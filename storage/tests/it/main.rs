//! The storage crate's integration tests: one binary, a module for each concern.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(unreachable_pub)]
// Tests damage stores on purpose, behind the store's back.
#![allow(clippy::disallowed_methods)]

mod beside;
mod checkpoints;
mod commits;
mod damage;
mod derived;
#[cfg(feature = "failpoints")]
mod failpoints;
mod full_disk;
mod kill;
mod migrations;
mod model;
mod refusals;
mod repairs;
mod violations;
mod world;
