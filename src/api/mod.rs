//! The HTTP server: numbers for programs, status for people and machines.

mod ask;
mod cells;
mod context;
mod directory;
mod gate;
mod intake;
mod kept;
mod metrics;
mod names;
mod openapi;
mod places;
mod readiness;
mod refusal;
mod reply;
mod route;
mod routes;
mod schema;
mod server;
mod service;
mod snapshot;
mod traffic;

pub(crate) use context::Context;
pub(crate) use server::Server;

/// Log filter for the server's library: it calls it an error when a client leaves.
pub(crate) const QUIET: &str = "warp::server=off";
