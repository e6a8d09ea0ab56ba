//! The daily job: by hand, on time, and after an absence.

use crate::numbers::Collected;
use crate::support::{Daemon, Program};
use serde_json::Value;
use std::time::Duration;
use tidegauge_model::{ChainId, Day};
use tidegauge_storage::{Create, Store, StoreOptions};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
const STEPS: [&str; 4] = ["collected", "features", "mirrored", "forecast"];
/// Blocks of a day of the chain.
const DAY_BLOCKS: u64 = 72;

fn json(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

fn day(value: &Value) -> Day {
    value.as_str().unwrap().parse().unwrap()
}

/// A whole job, each step once and in order.
fn is_done(job: &Value) {
    assert_eq!(job["complete"], true, "{job:#}");
    assert!(job["ended_at"].is_u64(), "{job:#}");
    let steps = job["steps"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, STEPS, "{job:#}");
    assert!(steps.iter().all(|step| step["took_s"].is_u64()), "{job:#}");
}

#[test]
fn by_hand_a_day_is_proven_once() {
    let collected = Collected::new();
    let said = collected.program(&["daily", "--json"]).succeed();
    let job = json(&said);
    is_done(&job);
    let steps = &job["steps"];
    for (step, words) in [
        (0, "digests agree"),
        (1, "the same"),
        (2, "no mirror"),
        (3, "forecasts of"),
    ] {
        let said = steps[step]["said"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
    }
    let again = json(&collected.program(&["daily", "--json"]).succeed());
    assert_eq!(again, job);
    let models = collected.program(&["models"]).succeed();
    assert!(models.contains("seasonal_naive"), "{models}");
    let status = collected.program(&["status"]).succeed();
    assert!(
        status.contains("daily job") && status.contains("complete"),
        "{status}"
    );

    let said = collected.program(&["daily"]).succeed();
    assert!(
        said.contains("collected") && said.contains("complete"),
        "{said}"
    );
    let later = day(&job["day"]).plus_days(1).to_string();
    let refused = collected.program(&["daily", "--date", &later]).run();
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("waits: "), "{}", refused.stderr);
}

/// A store in which the job of one day is done, and several days are missed.
fn absent() -> (Collected, Day, Day) {
    let collected = Collected::new();
    let early = collected.store().with_file_name("early");
    let to = (20 * DAY_BLOCKS + 5).to_string();
    let url = &collected.chain.url;
    Program::on(&early, url, &["backfill", "--from", "0", "--to", &to]).succeed();
    let first = json(&Program::on(&early, url, &["daily", "--json"]).succeed());
    is_done(&first);
    let head = collected.chain.head.to_string();
    Program::on(&early, url, &["backfill", "--from", "0", "--to", &head]).succeed();
    let last = json(&collected.program(&["daily", "--json"]).succeed());
    (collected, day(&first["day"]), day(&last["day"]))
}

/// Jobs up to that of a day, the latest first; none while that has not ended. The next day's waits.
fn up_to(status: &Value, last: Day) -> Vec<Value> {
    let jobs = status["daily"]["jobs"].as_array();
    let jobs: Vec<Value> = jobs.into_iter().flatten().cloned().collect();
    let mut jobs = jobs
        .into_iter()
        .skip_while(|job| day(&job["day"]) > last)
        .peekable();
    let is_done = jobs
        .peek()
        .is_some_and(|job| day(&job["day"]) == last && job["ended_at"].is_u64());
    if is_done { jobs.collect() } else { Vec::new() }
}

#[test]
fn missed_days_are_made_good_in_order_by_one_start() {
    let (collected, first, last) = absent();
    let missed = last.number() - first.number();
    assert!(missed >= 3, "{missed}");
    let early = collected.store().with_file_name("early");
    let daemon = Daemon::start_as(&early, NOWHERE, &[], &["run", "--offline"]);
    let status = daemon.wait_until("the last day's job", |status| {
        !up_to(status, last).is_empty()
    });
    assert_eq!(status["daily"]["success_rate_wanted"], 0.995);
    let jobs = up_to(&status, last);
    let metrics = daemon.text("/metrics").unwrap();
    for name in ["tidegauge_day_complete 1", "tidegauge_daily_job_seconds"] {
        assert!(metrics.contains(name), "no {name} in {metrics}");
    }
    for (back, job) in (0..).zip(&jobs) {
        assert_eq!(day(&job["day"]), last.minus_days(back));
        is_done(job);
    }
    let begun = |job: &Value| {
        (
            job["begun_at"].as_u64().unwrap(),
            job["ended_at"].as_u64().unwrap(),
        )
    };
    for pair in jobs.windows(2) {
        assert!(begun(&pair[0]).0 >= begun(&pair[1]).1, "{pair:#?}");
    }
    // The next day's job waits, which keeps no order from being carried out.
    let said = Program::on(&early, NOWHERE, &["daily", "--json"]).succeed();
    assert_eq!(json(&said), jobs[0]);
    let next = last.plus_days(1).to_string();
    let refused = Program::on(&early, NOWHERE, &["daily", "--date", &next]).run();
    assert!(refused.stderr.contains("not final"), "{}", refused.stderr);
    daemon.stop();
}

#[test]
fn a_job_that_is_killed_goes_on_where_it_was() {
    let (collected, first, last) = absent();
    let early = collected.store().with_file_name("early");
    let mut kills = 0;
    // Longer and longer lives, until one of them ends it.
    for life_ms in (40..).step_by(40) {
        let arguments = ["--set=api.listen=127.0.0.1:0", "run", "--offline"];
        let program = Program::on(&early, NOWHERE, &arguments);
        kills += u32::from(program.kill_after(Duration::from_millis(life_ms)).is_some());
        let said = Program::on(&early, NOWHERE, &["status", "--json"]).succeed();
        if !up_to(&json(&said), last).is_empty() {
            break;
        }
        assert!(life_ms < 60_000, "{said}");
    }
    assert!(kills > 0);
    let said = Program::on(&early, NOWHERE, &["status", "--json"]).succeed();
    for (back, job) in (0..).zip(&up_to(&json(&said), last)) {
        let on = last.minus_days(back);
        assert_eq!(day(&job["day"]), on);
        assert!(on >= first);
        is_done(job);
    }
}

#[test]
fn a_day_that_was_not_complete_is_worked_on_again() {
    let collected = Collected::new();
    let done = json(&collected.program(&["daily", "--json"]).succeed());
    // As a job leaves a day whose digests did not agree, before they were mended.
    let mut options = StoreOptions::new(ChainId(tidegauge_simchain::CHAIN_ID));
    options.create = Create::Never;
    let mut store = Store::open(&collected.store(), &options).unwrap();
    let mut job = store
        .reader()
        .view()
        .unwrap()
        .job(day(&done["day"]))
        .unwrap()
        .unwrap();
    job.complete = Some(false);
    store.keep(&[job.keep().unwrap()]).unwrap();
    store.close().unwrap();
    let again = json(&collected.program(&["daily", "--json"]).succeed());
    is_done(&again);
    assert_eq!(
        (&again["day"], &again["attempts"]),
        (&done["day"], &Value::from(2))
    );
}
