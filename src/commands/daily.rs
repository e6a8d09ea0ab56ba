//! `daily`: the daily job by hand.

use super::held::hold_store;
use crate::clock::now;
use crate::collect::{self, Committer, Live};
use crate::config::Config;
use crate::control;
use crate::daily::{Desk, JobReport, run_by_hand};
use crate::error::Error;
use crate::mirror;
use crate::progress::duration;
use std::sync::Arc;
use tidegauge_model::Day;

/// Has the daemon work on a day, or does it here where none holds the store.
pub(super) async fn daily(config: Config, date: Option<Day>, json: bool) -> Result<(), Error> {
    let day = match date {
        Some(day) => day,
        None => last_final(&config)?,
    };
    let job = match control::daily(&config.storage.path, day).await? {
        Some(job) => job,
        None => here(&config, day).await?,
    };
    if json {
        super::print_json(&job)?;
    } else {
        print(&job);
    }
    match job.complete {
        Some(true) => Ok(()),
        _ => Err(Error::Failed(format!("{day} is not as it should be"))),
    }
}

fn last_final(config: &Config) -> Result<Day, Error> {
    let reader = super::open_beside(config)?;
    let last = reader.view()?.last_final_day()?;
    last.ok_or_else(|| {
        Error::Failed("no day is complete and final yet: there is nothing to do".to_owned())
    })
}

async fn here(config: &Config, day: Day) -> Result<JobReport, Error> {
    let stop = collect::stop_signal()?;
    let store = hold_store(config)?;
    let reader = store.reader();
    let committer = Committer::start(store, Arc::new(Live::default()))?;
    let database = mirror::database(config)?;
    let bucket = mirror::Bucket::of(config).await?;
    let mirrors = mirror::names(database.as_ref(), bucket.as_ref());
    let desk = Desk {
        reader: &reader,
        committer: &committer,
        mirrors: &mirrors,
        predictions: &config.predictions,
        now,
    };
    let done = tokio::select! {
        done = run_by_hand(&desk, day, config.schedule.daily_at.of(day)) => done,
        () = stop.cancelled() => Err(Error::Failed(
            "stopped: the same command goes on from there".to_owned(),
        )),
    };
    committer.finish()?.close()?;
    Ok(JobReport::of(&done?))
}

fn print(job: &JobReport) {
    let took = job.took_s.map_or("goes on".to_owned(), duration);
    let what = match job.complete {
        Some(true) => "complete",
        Some(false) => "NOT COMPLETE",
        None => "not known yet",
    };
    println!(
        "{}: {what}; the job took {took}, attempts {}",
        job.day, job.attempts
    );
    for step in &job.steps {
        let took = step.took_s.map_or("goes on".to_owned(), duration);
        println!("  {:<10} {:>8}  {}", step.name, took, step.said);
    }
}
