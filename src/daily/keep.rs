//! The schedule: jobs as they become due, one after the other.

use super::desk::Desk;
use super::due::next_day;
use super::job::run_day;
use crate::config::DailyAt;
use crate::error::Error;
use std::time::Duration;
use tidegauge_model::{Day, ErrorClass};
use tidegauge_storage::View;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_secs(5);

/// Between two tries of a job that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// Days for which jobs are kept.
const KEPT_DAYS: u32 = 400;

/// Works on what is due until told to stop. `one_at_a_time` is held meanwhile, so that an order
/// does not work on the same day.
pub(crate) async fn keep(
    desk: Desk<'_>,
    at: DailyAt,
    one_at_a_time: &Mutex<()>,
    stop: &CancellationToken,
) {
    loop {
        let pause = match next(&desk, at, one_at_a_time, stop).await {
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

/// Works on the next day that is due; `false`: none is, or told to stop.
async fn next(
    desk: &Desk<'_>,
    at: DailyAt,
    one_at_a_time: &Mutex<()>,
    stop: &CancellationToken,
) -> Result<bool, Error> {
    let now = (desk.now)();
    let due = desk.read(move |reader| {
        let view = reader.view()?;
        let Some(first_whole) = view.whole_from() else {
            return Ok(None);
        };
        let (last_final, ended) = (view.last_final_day()?, last_ended(&view)?);
        Ok(next_day(at, now, first_whole, last_final, ended))
    });
    let Some(day) = due.await? else {
        return Ok(false);
    };
    let _alone = one_at_a_time.lock().await;
    if run_day(desk, day, at.of(day), stop).await?.is_none() {
        return Ok(false);
    }
    forget(desk, day).await?;
    Ok(true)
}

fn last_ended(view: &View<'_>) -> Result<Option<Day>, Error> {
    for job in view.jobs_backwards()? {
        let job = job?;
        if job.ended_at.is_some() {
            return Ok(Some(job.day));
        }
    }
    Ok(None)
}

/// Drops the jobs of days long past.
async fn forget(desk: &Desk<'_>, day: Day) -> Result<(), Error> {
    let oldest = day.minus_days(KEPT_DAYS);
    let records = desk.read(move |reader| {
        let view = reader.view()?;
        let mut records = Vec::new();
        for job in view.jobs_backwards()? {
            let job = job?;
            if job.day < oldest {
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
