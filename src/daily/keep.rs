//! The schedule: jobs as they become due, one after the other.

use super::desk::Desk;
use super::due::next_day;
use super::job::{Try, Worked, run_day};
use crate::config::DailyAt;
use crate::error::Error;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegauge_model::{Day, ErrorClass};
use tidegauge_storage::{Job, View};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_secs(5);

/// Between two tries of a job that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// Days for which jobs are kept.
const KEPT_DAYS: u32 = 400;

/// Works on what is due until told to stop. `one_at_a_time` is held while there is something to do,
/// so that an order does not work on the same day; not while something is waited for.
pub(crate) async fn keep(
    desk: Desk<'_>,
    at: DailyAt,
    one_at_a_time: &Mutex<()>,
    stop: &CancellationToken,
) {
    let mut tried = None;
    loop {
        let turn = tokio::select! {
            turn = next(&desk, at, one_at_a_time, &mut tried) => turn,
            () = stop.cancelled() => return,
        };
        let pause = match turn {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK,
            Err(error) => {
                if matches!(&error, Error::Store(e) if e.class() == ErrorClass::Corrupt) {
                    tracing::error!("the daily job cannot go on: {error}");
                } else {
                    tracing::warn!(
                        "the daily job is tried again in {} s: {error}",
                        AGAIN.as_secs()
                    );
                }
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Works on the next day that is due; `false`: none is, or it waits. `tried` is the day that this
/// process has worked on.
async fn next(
    desk: &Desk<'_>,
    at: DailyAt,
    one_at_a_time: &Mutex<()>,
    tried: &mut Option<Day>,
) -> Result<bool, Error> {
    let now = (desk.now)();
    let due = desk.read(move |reader| {
        let view = reader.view()?;
        let Some(first_whole) = view.whole_from() else {
            return Ok(None);
        };
        let last_final = view.last_final_day()?;
        Ok(next_day(at, now, first_whole, last_final, &ended(&view)?))
    });
    let Some(day) = due.await? else {
        return Ok(false);
    };
    let _alone = one_at_a_time.lock().await;
    let which = match tried.replace(day) {
        Some(before) if before == day => Try::Again,
        _ => Try::First,
    };
    let Worked::Ended(_) = run_day(desk, day, at.of(day), which).await? else {
        return Ok(false);
    };
    forget(desk, day).await?;
    Ok(true)
}

/// Days whose job has ended.
fn ended(view: &View<'_>) -> Result<BTreeSet<Day>, Error> {
    let mut days = BTreeSet::new();
    for job in view.jobs_backwards()? {
        let job = job?;
        if job.ended_at.is_some() {
            days.insert(job.day);
        }
    }
    Ok(days)
}

/// Drops the jobs of days long past, and those that nobody goes on with.
async fn forget(desk: &Desk<'_>, day: Day) -> Result<(), Error> {
    let oldest = day.minus_days(KEPT_DAYS);
    let records = desk.read(move |reader| {
        let view = reader.view()?;
        let mut records = Vec::new();
        for job in view.jobs_backwards()? {
            let job = job?;
            if is_over(&job, day, oldest) {
                records.push(job.drop());
            }
        }
        Ok(records)
    });
    let records = records.await?;
    if records.is_empty() {
        return Ok(());
    }
    desk.keep(records).await
}

/// Whether a job is of no more use once a day has ended. While history is collected the last final
/// day moves on, and what was begun of one before it is not ended: days begin with the first that is.
fn is_over(job: &Job, ended: Day, oldest: Day) -> bool {
    job.day < oldest || (job.ended_at.is_none() && job.day < ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::UnixSeconds;

    #[test]
    fn what_was_begun_before_the_first_day_that_ended_is_dropped() {
        let day = |number: u32| "2024-01-05".parse::<Day>().unwrap().plus_days(number);
        let job = |number: u32, has_ended: bool| Job {
            day: day(number),
            due_at: UnixSeconds(0),
            begun_at: UnixSeconds(0),
            attempts: 1,
            steps: Vec::new(),
            ended_at: has_ended.then_some(UnixSeconds(1)),
            complete: has_ended.then_some(true),
        };
        for (number, has_ended, expected) in [
            (1, true, true),
            (3, false, true),
            (5, true, false),
            (9, true, false),
            (9, false, false),
            (10, false, false),
        ] {
            let is_over = is_over(&job(number, has_ended), day(9), day(2));
            assert_eq!(is_over, expected, "day {number}, ended: {has_ended}");
        }
    }
}
