//! The job of one day, step by step.

use super::desk::{Desk, Patience};
use super::proof::{Proof, prove};
use super::rows::compare;
use crate::error::Error;
use crate::forecasts;
use crate::progress::group;
use std::time::Duration;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};
use tidegauge_storage::{Job, JobStep, View};
use tokio_util::sync::CancellationToken;

/// Between two looks at what is waited for.
const POLL: Duration = Duration::from_secs(2);

/// How long a mirror is waited for; then the job goes on without it.
const MIRROR_PATIENCE_S: u64 = 3_600;

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The day is over, final, contiguous, and its digests agree.
    Collected,
    /// Its rows are what its hours give, and so are the targets that end with it.
    Features,
    /// Each mirror holds it.
    Mirrored,
    /// The models have forecast from it.
    Forecast,
}

impl Step {
    const ALL: [Self; 4] = [
        Self::Collected,
        Self::Features,
        Self::Mirrored,
        Self::Forecast,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Features => "features",
            Self::Mirrored => "mirrored",
            Self::Forecast => "forecast",
        }
    }
}

/// What a step came to.
enum Outcome {
    /// It is done, and what it did.
    Done(String),
    /// It is done, and something of it is not as it should be.
    Wrong(String),
    /// Something is not there yet.
    NotYet(String),
}

/// Works on a day until its job has ended; gives it, or `None` where it was told to stop or, asked
/// without patience, something is not there yet.
///
/// # Errors
/// What the store says, or that something is missing, where the desk has no patience.
pub(crate) async fn run_day(
    desk: &Desk<'_>,
    day: Day,
    due_at: UnixSeconds,
    stop: &CancellationToken,
) -> Result<Option<Job>, Error> {
    let now = (desk.now)();
    let known = desk
        .read(move |reader| Ok(reader.view()?.job(day)?))
        .await?;
    let mut job = match known {
        Some(job) if job.ended_at.is_some() && job.complete == Some(true) => return Ok(Some(job)),
        // It was not as it should be, and may have been mended since: all of it once more.
        Some(job) if job.ended_at.is_some() => Job {
            steps: Vec::new(),
            ended_at: None,
            complete: None,
            ..job
        },
        Some(job) => job,
        None => Job {
            day,
            due_at,
            begun_at: now,
            attempts: 0,
            steps: Vec::new(),
            ended_at: None,
            complete: None,
        },
    };
    job.attempts = job.attempts.saturating_add(1);
    for step in Step::ALL {
        if is_done(&job, step) {
            continue;
        }
        if !work(desk, &mut job, step, stop).await? {
            return Ok(None);
        }
    }
    job.complete.get_or_insert(true);
    job.ended_at = Some((desk.now)());
    desk.keep(vec![job.keep()?]).await?;
    let took = job
        .ended_at
        .map_or(0, |at| at.0.saturating_sub(job.begun_at.0));
    if job.complete == Some(true) {
        tracing::info!("the job of {day} is done, {took} s after it began");
    } else {
        tracing::error!(
            "the job of {day} is done, and the day is not as it should be: tidegauge status says what"
        );
    }
    Ok(Some(job))
}

fn is_done(job: &Job, step: Step) -> bool {
    let known = job.steps.iter().find(|known| known.name == step.name());
    known.is_some_and(|known| known.ended_at.is_some())
}

/// Works on a step until it is done; `false`: told to stop.
async fn work(
    desk: &Desk<'_>,
    job: &mut Job,
    step: Step,
    stop: &CancellationToken,
) -> Result<bool, Error> {
    let begun_at = begin(job, step, (desk.now)());
    desk.keep(vec![job.keep()?]).await?;
    loop {
        let outcome = attempt(desk, job.day, step, begun_at).await?;
        let (said, is_done) = match outcome {
            Outcome::Done(said) => (said, true),
            Outcome::Wrong(said) => {
                tracing::error!("the job of {}: {said}", job.day);
                job.complete = Some(false);
                (said, true)
            }
            Outcome::NotYet(what) if desk.patience == Patience::Asks => {
                return Err(Error::Failed(format!(
                    "the job of {} waits: {what}",
                    job.day
                )));
            }
            Outcome::NotYet(what) => (format!("waits: {what}"), false),
        };
        if let Some(last) = job.steps.last_mut()
            && (is_done || last.said != said)
        {
            tracing::info!("the job of {}, {}: {said}", job.day, step.name());
            last.said = said;
            last.ended_at = is_done.then(desk.now);
            desk.keep(vec![job.keep()?]).await?;
        }
        if is_done {
            return Ok(true);
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(false),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Makes the step the job's last one; gives when it was begun first.
fn begin(job: &mut Job, step: Step, now: UnixSeconds) -> UnixSeconds {
    let known = job.steps.iter().find(|known| known.name == step.name());
    if let Some(known) = known {
        return known.begun_at;
    }
    job.steps.push(JobStep {
        name: step.name().to_owned(),
        begun_at: now,
        ended_at: None,
        said: String::new(),
    });
    now
}

async fn attempt(
    desk: &Desk<'_>,
    day: Day,
    step: Step,
    begun_at: UnixSeconds,
) -> Result<Outcome, Error> {
    match step {
        Step::Collected => {
            let proof = desk.read(move |reader| prove(&reader.view()?, day));
            Ok(match proof.await? {
                Proof::Complete(whole) => Outcome::Done(whole.said()),
                Proof::NotYet(what) => Outcome::NotYet(what),
                Proof::Broken(what) => Outcome::Wrong(what),
            })
        }
        Step::Features => {
            let rows = desk
                .read(move |reader| compare(&reader.view()?, day))
                .await?;
            Ok(if rows.differ == 0 {
                Outcome::Done(rows.said())
            } else {
                Outcome::Wrong(rows.said())
            })
        }
        Step::Mirrored => {
            let mirrors = desk.mirrors.to_vec();
            let behind = desk.read(move |reader| behind(&reader.view()?, day, &mirrors));
            let behind = behind.await?;
            let waited = (desk.now)().0.saturating_sub(begun_at.0);
            Ok(match (behind.is_empty(), desk.mirrors.is_empty()) {
                (_, true) => Outcome::Done("no mirror is configured".to_owned()),
                (true, _) => Outcome::Done(format!("{} hold it", desk.mirrors.join(" and "))),
                (false, _) if waited >= MIRROR_PATIENCE_S => Outcome::Done(format!(
                    "given up after {} s: {}",
                    group(waited),
                    behind.join("; ")
                )),
                (false, _) => Outcome::NotYet(behind.join("; ")),
            })
        }
        Step::Forecast => {
            let known = desk.read(move |reader| forecasts::is_forecast(&reader.view()?, day));
            if known.await? {
                return Ok(Outcome::Done("was forecast before".to_owned()));
            }
            let (reader, committer) = (desk.reader, desk.committer);
            let days = desk.keep_forecast_days;
            let made = forecasts::make_beside(reader, committer, (desk.now)(), days, |_, _| {});
            let made = made.await?;
            Ok(Outcome::Done(format!(
                "{} forecasts of {} pools, from {} days",
                group(made.forecasts),
                group(made.pools),
                group(made.days)
            )))
        }
    }
}

/// Which mirrors do not hold a day, and how far they are.
fn behind(view: &View<'_>, day: Day, mirrors: &[&'static str]) -> Result<Vec<String>, Error> {
    let last = view
        .closed_day(day)?
        .map_or(BlockNumber(0), |closed| closed.last_block);
    let positions = view.positions()?;
    let mut behind = Vec::new();
    for mirror in mirrors {
        let at = positions.iter().find(|(name, _)| name == mirror);
        match at {
            Some((_, at)) if at.at.number >= last => {}
            Some((_, at)) => behind.push(format!(
                "{mirror} is at block {} of {}",
                group(at.at.number.0),
                group(last.0)
            )),
            None => behind.push(format!("{mirror} has acknowledged nothing yet")),
        }
    }
    Ok(behind)
}
