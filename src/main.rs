//! Tidegauge: a single-node, resilient collector of Uniswap V3 swaps.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod access;
mod alerts;
mod api;
mod certificate;
mod cli;
mod clock;
mod collect;
mod commands;
mod compare;
mod config;
mod control;
mod daily;
mod dataset;
mod days;
mod error;
mod forecasts;
mod inbox;
mod logging;
mod metrics;
mod mirror;
mod mischief;
mod progress;
mod report;
mod rotation;
mod sample;
mod service;
mod signature;
mod snapshots;
mod sources;
mod span;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// RocksDB's C++ allocates through it too: glibc's arenas fragment under compaction.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What a shell says of a program that SIGPIPE ended.
const BROKEN_PIPE: i32 = 128 + 13;

fn main() -> ExitCode {
    end_with_the_reader();
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidegauge: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// `tidegauge status | head` ends as quietly as other programs do: Rust ignores SIGPIPE, and a print
/// that nobody reads panics.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to std") && text.contains("Broken pipe") {
            std::process::exit(BROKEN_PIPE);
        }
        usual(panic);
    }));
}
