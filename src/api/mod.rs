//! The HTTP server: status for people and machines.

mod context;
mod coverage;
mod features;
mod latest;
mod metrics;
mod routes;
mod server;

pub(crate) use context::Context;
pub(crate) use server::Server;

/// Log filter for the server's library: it calls it an error when a client leaves.
pub(crate) const QUIET: &str = "warp::server=off";
