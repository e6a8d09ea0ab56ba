//! Throw-away servers of S3's protocol, and lines to them. Depends on nothing but the standard
//! library and rcgen, so that other crates' tests include it by its path.

// Not every test binary that includes this needs all of it.
#![allow(dead_code, unreachable_pub)]

#[path = "../../../../sync/tests/it/support/certificates.rs"]
pub mod certificates;
#[path = "../../../../sync/tests/it/support/proxy.rs"]
pub mod proxy;
pub mod scripted;
pub mod servers;
