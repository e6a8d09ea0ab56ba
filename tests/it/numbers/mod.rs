//! What people get the numbers by: features, sets, comparisons, raw rows.

mod compare;
mod dataset;
mod export;
mod features;
mod forecasts;
mod offered;
mod onnx;
mod rebuild;
mod recorded;
mod tip;
mod year;

use crate::support::{Chain, Program, Table};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tidegauge_model::Day;

/// Days of the chain; the longest window is 14 days, the longest label 7.
pub(crate) const DAYS: u32 = 32;

/// A store that holds all of a still chain, with a place for files.
pub(crate) struct Collected {
    /// The chain, which stands still.
    pub(crate) chain: Chain,
    folder: TempDir,
}

impl Collected {
    pub(crate) fn new() -> Self {
        Self::from(0)
    }

    /// The same chain, collected from a block on.
    pub(crate) fn from(block: u64) -> Self {
        let chain = Chain::simulate(&[
            "--seed",
            "11",
            "--frozen",
            "--block-time",
            "1200",
            "--history-days",
            &DAYS.to_string(),
            "--swaps-per-block",
            "4",
            "--pool-count",
            "10",
        ]);
        let collected = Self {
            folder: tempfile::tempdir().unwrap(),
            chain,
        };
        let to = collected.chain.head.to_string();
        collected
            .program(&["backfill", "--from", &block.to_string(), "--to", &to])
            .succeed();
        collected
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A file or folder beside the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn program(&self, arguments: &[&str]) -> Program {
        Program::on(&self.store(), &self.chain.url, arguments)
    }

    /// Runs a command that writes a file, which must not be there yet; gives its path.
    pub(crate) fn write(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let out = path.display().to_string();
        self.program(&[arguments, &["--out", &out]].concat())
            .succeed();
        path
    }

    /// Rows of pools' days, as CSV.
    fn features(&self, name: &str, arguments: &[&str]) -> Table {
        let path = self.write(name, &[&["features"], arguments].concat());
        table(&path)
    }
}

pub(crate) fn table(path: &Path) -> Table {
    Table::read(
        &std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())),
    )
}

/// The first and the last day of a table.
fn span(table: &Table) -> (Day, Day) {
    let days = || {
        table
            .select(["date"])
            .map(|[date]| date.parse::<Day>().unwrap())
    };
    (days().min().expect("rows"), days().max().expect("rows"))
}
