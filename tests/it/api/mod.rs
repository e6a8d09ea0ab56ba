//! The HTTP API as its users meet it: the program over a store, asked from outside.

mod access;
mod answers;
mod client;
mod contract;
mod crowd;
mod offered;
mod offline;
mod page;
mod predictions;
mod refusals;
mod stream;
mod webhook;

use crate::numbers::Collected;
use crate::support::Daemon;
use client::Client;

/// A program that serves a store of a month, and whoever asks it.
struct Served {
    collected: Collected,
    daemon: Daemon,
    client: Client,
}

impl Served {
    /// With settings, once the store is as far as its chain.
    fn with(settings: &[&str]) -> Self {
        let collected = Collected::new();
        let daemon = Daemon::start(&collected.store(), &collected.chain.url, settings);
        let client = Client::of(&daemon);
        Self {
            collected,
            daemon,
            client,
        }
    }
}
