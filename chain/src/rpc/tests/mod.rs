//! Endpoints that fail, lag, lie, rest or change: pure choices, and real exchanges.

mod choice;
mod config;
mod identity;
mod questions;
mod server;
