//! The daily jobs in the mirror: few rows, written anew together whenever one has changed.

use crate::error::SyncError;
use crate::postgres::copy::CopyBuffer;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use tidegauge_model::B256;
use tidegauge_storage::{Job, View};

/// The columns, in order.
pub(super) const COLUMNS: &str =
    "chain_id, date, due_at, begun_at, ended_at, attempts, complete, steps";
pub(super) const FIELDS: u16 = 8;

/// All jobs as rows.
pub(super) struct JobRows {
    pub(super) rows: CopyBuffer,
    /// SHA-256 over what they say.
    pub(super) digest: B256,
}

/// The store's jobs.
pub(super) fn jobs(view: &View<'_>, chain: i32) -> Result<JobRows, SyncError> {
    let mut rows = CopyBuffer::new(FIELDS);
    let mut hasher = Sha256::new();
    for job in view.jobs_backwards()? {
        let job = job?;
        hasher.update(format!("{job:?}\n").as_bytes());
        put(chain, &job, &mut rows);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(JobRows {
        rows,
        digest: B256::new(digest),
    })
}

fn put(chain: i32, job: &Job, rows: &mut CopyBuffer) {
    let mut row = rows.row();
    row.i32(chain).date(job.day);
    row.timestamp(job.due_at).timestamp(job.begun_at);
    match job.ended_at {
        Some(at) => row.timestamp(at),
        None => row.null(),
    };
    row.i32(i32::try_from(job.attempts).unwrap_or(i32::MAX));
    match job.complete {
        Some(complete) => row.bool(complete),
        None => row.null(),
    };
    row.text(&steps(job));
}

fn steps(job: &Job) -> String {
    let mut text = String::new();
    for step in &job.steps {
        let took = step.ended_at.map(|at| at.0.saturating_sub(step.begun_at.0));
        let took = took.map_or_else(String::new, |seconds| format!(" ({seconds} s)"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}{took}: {}", step.name, step.said);
    }
    super::day_rows::storable(text.trim_end())
}
