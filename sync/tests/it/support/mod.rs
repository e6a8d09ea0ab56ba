//! Throw-away PostgreSQL servers, poolers and lines to them. Depends on nothing but the standard
//! library, tempfile and rcgen, so that other crates' tests include it by its path.

// Not every test binary that includes this needs all of it.
#![allow(dead_code, unreachable_pub)]

pub mod certificates;
pub mod cluster;
pub mod guard;
pub mod pooler;
pub mod proxy;
