//! What the daily job did, day by day.

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
    /// Whether it found that something is not as it should be.
    pub is_wrong: bool,
}
