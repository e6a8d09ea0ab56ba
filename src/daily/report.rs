//! How the daily job went, as people and programs read it.

use crate::config::DailyAt;
use crate::error::Error;
use crate::progress::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegauge_model::{Day, UnixSeconds};
use tidegauge_storage::{Job, JobStep, View};

/// Jobs that are shown.
const SHOWN: usize = 10;

/// Days over which success is counted.
const COUNTED_DAYS: u32 = 30;

/// The step that computes the day's rows again.
pub(super) const FEATURES_STEP: &str = "features";

/// What is wanted of each.
const WANTED_SUCCESS: f64 = 0.995;
const WANTED_JOB_S: u64 = 30 * 60;
const WANTED_FEATURES_S: u64 = 15 * 60;

/// The daily job.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct JobsReport {
    /// When the job of a day is due on the next, UTC.
    pub(crate) daily_at: String,
    /// Share of complete days among those of the last 30 whose job is due; null before any.
    pub(crate) success_rate: Option<f64>,
    /// What is wanted of it.
    pub(crate) success_rate_wanted: f64,
    /// Seconds that a job may take.
    pub(crate) job_seconds_wanted: u64,
    /// Seconds that features may take of them.
    pub(crate) features_seconds_wanted: u64,
    /// The last ones, the latest day first.
    pub(crate) jobs: Vec<JobReport>,
}

/// The job of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct JobReport {
    pub(crate) day: Day,
    pub(crate) due_at: UnixSeconds,
    pub(crate) begun_at: UnixSeconds,
    /// Null: it goes on.
    pub(crate) ended_at: Option<UnixSeconds>,
    /// Seconds from its first begin to its end, waiting included.
    pub(crate) took_s: Option<u64>,
    /// Processes that have worked on it.
    pub(crate) attempts: u32,
    /// Whether the day is all there; null while that is not known.
    pub(crate) complete: Option<bool>,
    pub(crate) steps: Vec<StepReport>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct StepReport {
    pub(crate) name: String,
    /// Null: it goes on, or the process ended.
    pub(crate) took_s: Option<u64>,
    /// What it did, or what it waits for.
    pub(crate) said: String,
    /// Whether it found that something is not as it should be.
    pub(crate) is_wrong: bool,
}

impl JobsReport {
    /// As the store has it at a moment.
    pub(crate) fn read(view: &View<'_>, at: DailyAt, now: UnixSeconds) -> Result<Self, Error> {
        let last_due = at.last_due(now);
        let counted_from = last_due.map(|day| day.minus_days(COUNTED_DAYS - 1));
        let mut jobs = Vec::new();
        let (mut complete, mut first) = (0u32, None);
        for job in view.jobs_backwards()? {
            let job = job?;
            if counted_from.is_none_or(|from| job.day < from) && jobs.len() >= SHOWN {
                break;
            }
            if counted_from.is_some_and(|from| job.day >= from) && Some(job.day) <= last_due {
                complete += u32::from(job.complete == Some(true));
                first = Some(job.day);
            }
            if jobs.len() < SHOWN {
                jobs.push(JobReport::of(&job));
            }
        }
        let counted = last_due
            .zip(first)
            .map(|(last, first)| last.number() + 1 - first.number());
        Ok(Self {
            daily_at: at.to_string(),
            success_rate: counted.map(|days| f64::from(complete) / f64::from(days)),
            success_rate_wanted: WANTED_SUCCESS,
            job_seconds_wanted: WANTED_JOB_S,
            features_seconds_wanted: WANTED_FEATURES_S,
            jobs,
        })
    }
}

impl JobsReport {
    /// Some lines for a terminal; none before the first job.
    pub(crate) fn screen(&self) -> String {
        let Some(last) = self.jobs.first() else {
            return String::new();
        };
        let complete = match last.complete {
            Some(true) => "complete",
            Some(false) => "NOT COMPLETE",
            None => "not known yet",
        };
        let mut text = format!("daily job  {}: {complete}", last.day);
        match (last.took_s, last.steps.last()) {
            (Some(took), _) => text += &format!(", took {}", duration(took)),
            (None, Some(step)) => text += &format!("; {} {}", step.name, step.said),
            (None, None) => {}
        }
        if let Some(rate) = self.success_rate {
            text += &format!("; {:.1} % of the last 30 days", rate * 100.0);
        }
        text + "\n"
    }
}

impl JobReport {
    /// Of a job.
    pub(crate) fn of(job: &Job) -> Self {
        Self {
            day: job.day,
            due_at: job.due_at,
            begun_at: job.begun_at,
            ended_at: job.ended_at,
            took_s: seconds(job.begun_at, job.ended_at),
            attempts: job.attempts,
            complete: job.complete,
            steps: job.steps.iter().map(StepReport::of).collect(),
        }
    }

    /// Whether the day's rows are not what they are computed from.
    pub(crate) fn has_wrong_features(&self) -> bool {
        let step = self.steps.iter().find(|step| step.name == FEATURES_STEP);
        step.is_some_and(|step| step.is_wrong)
    }

    /// Seconds that computing the day's rows again took; `None` while it has not ended.
    pub(crate) fn features_seconds(&self) -> Option<u64> {
        self.step_seconds(FEATURES_STEP)
    }

    /// Seconds of a step; `None` while it has not ended.
    fn step_seconds(&self, name: &str) -> Option<u64> {
        self.steps.iter().find(|step| step.name == name)?.took_s
    }
}

impl StepReport {
    fn of(step: &JobStep) -> Self {
        Self {
            name: step.name.clone(),
            took_s: seconds(step.begun_at, step.ended_at),
            said: step.said.clone(),
            is_wrong: step.is_wrong,
        }
    }
}

/// A clock that was set back gives no time.
fn seconds(begun: UnixSeconds, ended: Option<UnixSeconds>) -> Option<u64> {
    ended.map(|ended| ended.0.saturating_sub(begun.0))
}
