//! What the daily job did, day by day.

use crate::codec::{decode_job, encode_job};
use crate::error::StoreError;
use crate::families::Family;
use crate::keep::Keep;
use crate::keys::calendar_key;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use tidegauge_model::{Day, UnixSeconds};

/// The job of one UTC day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// The day that it is about.
    pub day: Day,
    /// When it was due.
    pub due_at: UnixSeconds,
    /// When it was first begun.
    pub begun_at: UnixSeconds,
    /// Processes that have worked on it.
    pub attempts: u32,
    /// In the order in which they were begun; each is begun once it is here.
    pub steps: Vec<JobStep>,
    /// When it ended; `None`: it is to go on.
    pub ended_at: Option<UnixSeconds>,
    /// Whether all was there that it promises of the day; `None` while it is not known.
    pub complete: Option<bool>,
}

/// One step of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobStep {
    /// Its name.
    pub name: String,
    /// When it was begun.
    pub begun_at: UnixSeconds,
    /// When it ended; `None`: it has not, or the process did.
    pub ended_at: Option<UnixSeconds>,
    /// What it did, or what it waits for, in words for people.
    pub said: String,
}

impl Job {
    /// To be kept, in place of what was known of this day.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Jobs, calendar_key(self.day), |out| {
            encode_job(self, out)
        })
    }
}

impl View<'_> {
    /// The job of a day; `None` if none was begun.
    pub fn job(&self, day: Day) -> Result<Option<Job>, StoreError> {
        self.one(Family::Jobs, &calendar_key(day), decode_job)
    }

    /// Jobs, of the latest day first.
    pub fn jobs_backwards(&self) -> Result<Scan<'_, Job>, StoreError> {
        let rows = self.raw_iterator(Family::Jobs, Bounds::all())?;
        Ok(Scan::new(
            RawScan::descending(Family::Jobs, rows),
            decode_job,
        ))
    }
}
