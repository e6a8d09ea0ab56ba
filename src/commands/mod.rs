//! The commands: each reads its flags, does one thing, prints it.

mod audit;
mod backfill;
mod compare;
mod config_show;
mod daily;
mod dataset;
mod doctor;
mod export;
mod features;
mod held;
mod models;
mod plan;
mod predict;
mod predictions;
mod rebuild;
mod restore;
mod run;
mod simulate;
mod snapshot;
mod status;
mod sync;
mod token;
mod verify;

use crate::cli::{Cli, Command};
use crate::config::{self, Config};
use crate::error::Error;
use clap::CommandFactory;
use std::future::Future;
use std::ops::Deref;
use tempfile::TempDir;
use tidegauge_storage::Reader;

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> Result<(), Error> {
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(
            shell,
            &mut Cli::command(),
            "tidegauge",
            &mut std::io::stdout(),
        );
        return Ok(());
    }
    let config = config::load(cli.config.as_deref(), &cli.overrides)?;
    crate::logging::init(&config.log)?;
    match cli.command {
        Command::Run { rebuild, offline } => block_on(run::run(config, rebuild, offline)),
        Command::Token { name, scope, json } => token::token(&name, &scope, json),
        Command::Backfill(collecting) => block_on(backfill::backfill(config, collecting)),
        Command::Plan { collecting, json } => block_on(plan::plan(config, collecting, json)),
        Command::Status { digest, json } => status::status(&config, digest, json),
        Command::Features(flags) if flags.rebuild => block_on(rebuild::rebuild(&config)),
        Command::Features(flags) => features::features(&config, &flags),
        Command::Dataset(flags) => dataset::dataset(&config, &flags),
        Command::Compare(flags) => compare::compare(&config, &flags),
        Command::Export(export) => export::export(&config, &export),
        Command::Verify(flags) => block_on(verify::verify(config, flags)),
        Command::Sync(flags) => block_on(sync::sync(config, flags)),
        Command::Audit(flags) => block_on(audit::audit(config, flags)),
        Command::Snapshot(flags) => block_on(snapshot::snapshot(config, flags)),
        Command::Restore(flags) => block_on(restore::restore(config, flags)),
        Command::Daily { date, json } => block_on(daily::daily(config, date, json)),
        Command::Predict(flags) => block_on(predict::predict(config, flags)),
        Command::Predictions(what) => block_on(predictions::predictions(config, what)),
        Command::Models { json } => models::models(&config, json),
        Command::Doctor { store, send, json } => {
            let depth = doctor::Depth { store, send };
            block_on(doctor::doctor(config, depth, json))
        }
        Command::Simulate(simulate) => block_on(simulate::simulate(simulate)),
        Command::Config(what) => config_show::config(&config, &what),
        Command::Completions { .. } => Ok(()),
    }
}

/// Runs a command on a runtime of its own, which ends with it.
fn block_on(command: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::io("start the async runtime"))?;
    let result = runtime.block_on(command);
    // What is still in flight was given up already; do not wait for it.
    runtime.shutdown_background();
    result
}

/// The endpoint to use, or how to name one.
fn require_endpoint(config: &Config) -> Result<(), Error> {
    if config.chain.rpc_urls.is_empty() {
        return Err(Error::Usage(
            "no RPC endpoint: set chain.rpc_urls in config.toml, TIDEGAUGE_CHAIN__RPC_URLS, or --set chain.rpc_urls=URL \
             (`tidegauge simulate` serves one to try with)"
                .to_owned(),
        ));
    }
    Ok(())
}

/// A reader beside a collector that may be running, with the folder for its own log.
struct Beside {
    // Closed before its folder goes.
    reader: Reader,
    _scratch: TempDir,
}

impl Deref for Beside {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

fn open_beside(config: &Config) -> Result<Beside, Error> {
    let scratch = tempfile::Builder::new()
        .prefix("tidegauge-reader-")
        .tempdir()
        .map_err(Error::io("make a temporary folder for the reader's log"))?;
    Ok(Beside {
        reader: Reader::open_beside(
            &config.storage.path,
            scratch.path(),
            config.storage.memory_mib,
        )?,
        _scratch: scratch,
    })
}

/// Prints a document as JSON.
fn print_json(document: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|e| Error::Failed(format!("cannot print JSON: {e}")))?;
    println!("{text}");
    Ok(())
}
