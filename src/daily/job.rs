//! The job of one day, step by step.

use super::desk::Desk;
use super::proof::{Proof, prove};
use super::report::FEATURES_STEP;
use super::rows::compare;
use crate::error::Error;
use crate::forecasts;
use crate::progress::group;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};
use tidegauge_storage::{Job, JobStep, View};

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
            Self::Features => FEATURES_STEP,
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

/// Whether this process has worked on the job before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    /// It has not.
    First,
    /// It was waited for something.
    Again,
}

/// What a try of a job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Worked {
    /// It has ended, now or before.
    Ended(Job),
    /// Something is not there yet: another try goes on from there.
    Waits(String),
}

/// Works on a day as far as that is possible now. It may be cut off anywhere.
///
/// # Errors
/// What the store says.
pub(crate) async fn run_day(
    desk: &Desk<'_>,
    day: Day,
    due_at: UnixSeconds,
    which: Try,
) -> Result<Worked, Error> {
    let known = desk
        .read(move |reader| Ok(reader.view()?.job(day)?))
        .await?;
    let mut job = match known {
        Some(job) if job.ended_at.is_some() && job.complete == Some(true) => {
            return Ok(Worked::Ended(job));
        }
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
            begun_at: (desk.now)(),
            attempts: 0,
            steps: Vec::new(),
            ended_at: None,
            complete: None,
        },
    };
    if which == Try::First {
        job.attempts = job.attempts.saturating_add(1);
        desk.keep(vec![job.keep()?]).await?;
    }
    for step in Step::ALL {
        if !is_done(&job, step)
            && let Some(what) = work(desk, &mut job, step).await?
        {
            return Ok(Worked::Waits(what));
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
    Ok(Worked::Ended(job))
}

/// Works on a day that somebody asks for; a day that is not there yet leaves no trace.
///
/// # Errors
/// What is not there yet, or what the store says.
pub(crate) async fn run_by_hand(
    desk: &Desk<'_>,
    day: Day,
    due_at: UnixSeconds,
) -> Result<Job, Error> {
    let waits = |what| Error::Failed(format!("the job of {day} waits: {what}"));
    let proof = desk.read(move |reader| prove(&reader.view()?, day));
    if let Proof::NotYet(what) = proof.await? {
        return Err(waits(what));
    }
    match run_day(desk, day, due_at, Try::First).await? {
        Worked::Ended(job) => Ok(job),
        Worked::Waits(what) => Err(waits(what)),
    }
}

fn is_done(job: &Job, step: Step) -> bool {
    let known = job.steps.iter().find(|known| known.name == step.name());
    known.is_some_and(|known| known.ended_at.is_some())
}

/// Works on a step; what it waits for, if it is not done.
async fn work(desk: &Desk<'_>, job: &mut Job, step: Step) -> Result<Option<String>, Error> {
    let steps = job.steps.len();
    let begun_at = begin(job, step, (desk.now)());
    if job.steps.len() > steps {
        desk.keep(vec![job.keep()?]).await?;
    }
    let outcome = attempt(desk, job.day, step, begun_at).await?;
    let is_wrong = matches!(outcome, Outcome::Wrong(_));
    let (said, waits) = match outcome {
        Outcome::Done(said) => (said, None),
        Outcome::Wrong(said) => {
            tracing::error!("the job of {}: {said}", job.day);
            job.complete = Some(false);
            (said, None)
        }
        Outcome::NotYet(what) => (format!("waits: {what}"), Some(what)),
    };
    if let Some(last) = job.steps.last_mut()
        && (waits.is_none() || last.said != said)
    {
        tracing::info!("the job of {}, {}: {said}", job.day, step.name());
        last.said = said;
        last.is_wrong = is_wrong;
        last.ended_at = waits.is_none().then(desk.now);
        desk.keep(vec![job.keep()?]).await?;
    }
    Ok(waits)
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
        is_wrong: false,
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
            let settings = desk.predictions;
            let made = forecasts::make_beside(reader, committer, (desk.now)(), settings, |_, _| {});
            let made = made.await?;
            let mut said = format!(
                "{} forecasts of {} pools, from {} days",
                group(made.forecasts),
                group(made.pools),
                group(made.days)
            );
            for refused in &made.refused {
                said += &format!("; REFUSED {refused}");
            }
            Ok(Outcome::Done(said))
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
