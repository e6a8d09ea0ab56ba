//! The HTTP server: status for people and machines.

mod latest;
mod routes;
mod server;

pub(crate) use routes::Context;
pub(crate) use server::Server;
