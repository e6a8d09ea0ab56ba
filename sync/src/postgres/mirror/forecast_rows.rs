//! Forecasts as rows, and the digest of a run: the same in Rust and in SQL.

use crate::cell::{Cell, Kind};
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::copy::{CopyBuffer, CopyRow};
use crate::tables::{FORECAST_COLUMNS, forecast_cells};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tidegauge_model::{B256, Day, UnixSeconds};
use tidegauge_storage::{ForecastRun, View};

/// The table of the rows.
pub(super) const TABLE: &str = "predictions";

/// Fields of a row: the chain's first.
pub(super) const FIELDS: u16 = FORECAST_COLUMNS.len() as u16 + 1;

/// Rows of runs that one transaction copies, and one run more at most.
const MAX_ROWS: usize = 60_000;

/// A model's name and a day; whatever somebody wrote there by hand.
pub(in crate::postgres) type RunKey = (String, Day);

/// Runs of the mirror, and up to which change of the store's they were compared.
#[derive(Clone, Default, Debug)]
pub(super) struct RunBook {
    /// With when each was made.
    pub(super) runs: BTreeMap<RunKey, UnixSeconds>,
    pub(super) compared: Option<u64>,
}

/// What the mirror holds of a run: digests.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct RunFound {
    /// Of its rows.
    pub(super) rows: Option<B256>,
    /// What was noted of them.
    pub(super) entry: Option<B256>,
}

/// A run's rows.
pub(super) struct RunRows {
    /// Which.
    pub(super) key: RunKey,
    /// When it was made.
    pub(super) made_at: UnixSeconds,
    /// How many rows.
    pub(super) count: usize,
    /// SHA-256 over their lines.
    pub(super) digest: B256,
    pub(super) rows: CopyBuffer,
}

/// What is to be done about runs.
#[derive(Default)]
pub(super) struct RunChanges {
    /// Runs to write, in the place of what is there of them.
    pub(super) put: Vec<RunRows>,
    /// Runs to delete.
    pub(super) gone: Vec<RunKey>,
    /// The store's change that is reached then; `None`: more is to be done.
    pub(super) reached: Option<u64>,
}

impl RunChanges {
    /// Whether nothing is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.put.is_empty() && self.gone.is_empty()
    }
}

impl RunBook {
    /// Keeps what changes that are written leave behind.
    pub(super) fn enter(&mut self, changes: &RunChanges) {
        for run in &changes.put {
            self.runs.insert(run.key.clone(), run.made_at);
        }
        for key in &changes.gone {
            self.runs.remove(key);
        }
        self.compared = changes.reached;
    }

    /// Has runs written anew, or removed where the store has none of them.
    pub(super) fn doubt(&mut self, runs: &[RunKey]) {
        for key in runs {
            // No run was made then.
            self.runs.insert(key.clone(), UnixSeconds(0));
        }
        self.compared = None;
    }

    /// What the mirror lacks, as much as fits, and what it has too much; `None`: it was compared
    /// since the store's forecasts changed last.
    pub(super) fn changes(
        &self,
        view: &View<'_>,
        chain: i32,
    ) -> Result<Option<RunChanges>, SyncError> {
        let revision = view.forecast_revision()?;
        if self.compared == Some(revision) {
            return Ok(None);
        }
        let mut changes = RunChanges {
            reached: Some(revision),
            ..RunChanges::default()
        };
        let mut left = self.runs.clone();
        let mut rows = 0;
        for run in view.forecast_runs()? {
            let run = run?;
            let mirrored = left.remove(&(run.model.to_string(), run.day));
            if mirrored == Some(run.made_at) {
                continue;
            }
            if rows >= MAX_ROWS {
                changes.reached = None;
                continue;
            }
            let made = of_run(view, chain, &run)?;
            rows += made.count;
            changes.put.push(made);
        }
        changes.gone = left.into_keys().collect();
        Ok(Some(changes))
    }
}

/// The runs that differ, and how many the store has.
pub(super) fn compare(
    view: &View<'_>,
    chain: i32,
    mut mirrored: BTreeMap<RunKey, RunFound>,
) -> Result<(Vec<RunKey>, u64), SyncError> {
    let mut differ = Vec::new();
    let mut compared = 0;
    for run in view.forecast_runs()? {
        let made = of_run(view, chain, &run?)?;
        compared += 1;
        let whole = RunFound {
            rows: Some(made.digest),
            entry: Some(made.digest),
        };
        if mirrored.remove(&made.key) != Some(whole) {
            differ.push(made.key);
        }
    }
    differ.extend(mirrored.into_keys());
    Ok((differ, compared))
}

/// A run's rows, by pool and name of the target.
pub(super) fn of_run(view: &View<'_>, chain: i32, run: &ForecastRun) -> Result<RunRows, SyncError> {
    let mut hasher = Sha256::new();
    let mut rows = CopyBuffer::new(FIELDS);
    let mut line = String::new();
    for pool in view.pool_forecasts(run)? {
        let mut pool = pool?;
        pool.forecasts.sort_by_key(|(target, _)| target.name());
        for (target, forecast) in &pool.forecasts {
            line.clear();
            let mut row = rows.row();
            row.i32(chain);
            for cell in forecast_cells(run, pool.pool, *target, forecast) {
                put(&mut row, &mut line, &cell)?;
            }
            line.pop();
            line.push('\n');
            hasher.update(line.as_bytes());
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(RunRows {
        key: (run.model.to_string(), run.day),
        made_at: run.made_at,
        count: rows.rows(),
        digest: B256::new(digest),
        rows,
    })
}

/// A cell into the row and its line, in the kinds that forecasts have.
fn put(row: &mut CopyRow<'_>, line: &mut String, cell: &Cell<'_>) -> Result<(), SyncError> {
    // Writing to a string cannot fail.
    let _ = match cell {
        Cell::Null => {
            row.null();
            Ok(())
        }
        Cell::Int(value) => {
            row.i64(*value);
            write!(line, "{value}")
        }
        Cell::Float(value) => {
            row.f64(*value);
            write!(line, "{:016x}", value.to_bits())
        }
        Cell::Text(value) => {
            row.text(value);
            write!(line, "={value}")
        }
        Cell::Day(value) => {
            row.date(*value);
            write!(line, "{}", value.number())
        }
        Cell::Moment(value) => {
            row.timestamp(*value);
            write!(line, "{}", value.0)
        }
        Cell::Usd(_) | Cell::Bool(_) => {
            return Err(MirrorFault::Beyond {
                what: "kind of a forecast's column",
                value: format!("{cell:?}"),
            }
            .into());
        }
    };
    line.push('|');
    Ok(())
}

/// The names of the columns, the chain's first.
pub(super) fn names() -> String {
    let names = FORECAST_COLUMNS.iter().map(|column| column.name);
    format!("chain_id, {}", names.collect::<Vec<_>>().join(", "))
}

/// A row as one line, in SQL.
pub(super) fn line_sql() -> String {
    let parts = FORECAST_COLUMNS.iter().map(|column| {
        let name = column.name;
        let text = match column.kind {
            Kind::Word | Kind::Text | Kind::Unique => format!("'=' || {name}"),
            Kind::Float => format!("encode(float8send({name}), 'hex')"),
            Kind::Day => format!("({name} - DATE '1970-01-01')::text"),
            Kind::Moment => format!("extract(epoch FROM {name})::bigint::text"),
            Kind::Int | Kind::Usd | Kind::Bool => format!("{name}::text"),
        };
        format!("coalesce({text}, '')")
    });
    format!(
        "{} || E'\\n'",
        parts.collect::<Vec<_>>().join(" || '|' || ")
    )
}
