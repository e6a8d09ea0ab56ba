//! Forecasts in the mirror are those of the store, run by run.

use super::bench::{Bench, assert_audited};
use crate::runs::{dropped, kept, run};
use tidegauge_model::{Day, UnixSeconds};
use tidegauge_storage::{Job, JobStep};
use tidegauge_sync::Repair;

fn day(number: u32) -> Day {
    "2024-01-05".parse::<Day>().unwrap().plus_days(number)
}

/// The mirror's rows, counted by run.
fn counts(bench: &Bench) -> String {
    bench.sql(
        "SELECT string_agg(model || ' ' || date || ' ' || n, ', ' ORDER BY model, date) FROM \
         (SELECT model, date, count(*) n FROM predictions GROUP BY 1, 2) c",
    )
}

#[tokio::test]
async fn forecasts_follow_the_store_run_by_run() {
    let Some(mut bench) = Bench::new(40) else {
        return;
    };
    bench.grow(30, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    assert_eq!(counts(&bench), "");

    let first = run("naive", day(0), 0, 5);
    let both = kept(&[first.clone(), run("ridge", day(0), 1, 3)]);
    bench.store.keep(&both).unwrap();
    mirror.once().await.unwrap();
    assert_eq!(counts(&bench), "naive 2024-01-05 40, ridge 2024-01-05 24");
    let row = "SELECT concat_ws('|', value, interval_low, interval_high, confidence, basis, \
               horizon_days, model_version, fitted_until, feature_set, as_of_block, \
               extract(epoch FROM made_at)::bigint) FROM predictions WHERE target = \
               'target_tx_7d_ahead' AND pool_address LIKE '0x02%' AND model = 'ridge'";
    let value = 2.0 / 3.0 + 1.0;
    let expected = format!(
        "{value}|{}|{}|0.30000000000000004|class|7|1|2024-01-05|000000000000004d|19000000|1704600001",
        value / 2.0,
        value * 2.0
    );
    assert_eq!(bench.sql(row), expected);
    assert_audited(&mut mirror).await;

    // One more day, one made anew, one that is gone.
    bench.store.keep(&dropped(&first)).unwrap();
    let more = [run("ridge", day(0), 9, 4), run("ridge", day(1), 9, 1)];
    bench.store.keep(&kept(&more)).unwrap();
    mirror.once().await.unwrap();
    assert_eq!(counts(&bench), "ridge 2024-01-05 32, ridge 2024-01-06 8");
    let mut another = bench.mirror();
    assert_audited(&mut another).await;
}

#[tokio::test]
async fn daily_jobs_follow_the_store() {
    let Some(mut bench) = Bench::new(42) else {
        return;
    };
    bench.grow(30, 10);
    let at = |seconds: u64| UnixSeconds(1_704_500_000 + seconds);
    let mut job = Job {
        day: day(0),
        due_at: at(0),
        begun_at: at(3),
        attempts: 1,
        steps: vec![JobStep {
            name: "collected".to_owned(),
            begun_at: at(3),
            ended_at: None,
            said: "waits: block 7 is not final".to_owned(),
            is_wrong: false,
        }],
        ended_at: None,
        complete: None,
    };
    bench.store.keep(&[job.keep().unwrap()]).unwrap();
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    let rows = "SELECT concat_ws('|', date, extract(epoch FROM due_at)::bigint, \
                extract(epoch FROM begun_at)::bigint, coalesce(extract(epoch FROM ended_at)::bigint, 0), \
                attempts, coalesce(complete::text, '-'), steps) FROM daily_jobs";
    assert_eq!(
        bench.sql(rows),
        "2024-01-05|1704500000|1704500003|0|1|-|collected: waits: block 7 is not final"
    );
    job.steps[0].ended_at = Some(at(9));
    job.steps[0].said = "all there".to_owned();
    (job.ended_at, job.complete, job.attempts) = (Some(at(10)), Some(true), 2);
    bench.store.keep(&[job.keep().unwrap()]).unwrap();
    mirror.once().await.unwrap();
    let done = "2024-01-05|1704500000|1704500003|1704500010|2|true|collected (6 s): all there";
    assert_eq!(bench.sql(rows), done);
    bench.store.keep(&[job.drop()]).unwrap();
    mirror.once().await.unwrap();
    assert_eq!(bench.sql(rows), "");
}

/// What the mirror holds of two runs.
const ALL: &str = "my-own_1.0 2024-01-05 48, naive 2024-01-05 48";

#[tokio::test]
async fn forecasts_changed_by_hand_are_found_and_put_right() {
    let Some(mut bench) = Bench::new(41) else {
        return;
    };
    bench.grow(30, 10);
    let runs = [run("naive", day(0), 0, 6), run("my-own_1.0", day(0), 1, 6)];
    bench.store.keep(&kept(&runs)).unwrap();
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    for hand in [
        "UPDATE predictions SET value = value + 1e-12 WHERE model = 'naive' AND pool_address LIKE '0x01%'",
        "UPDATE predictions SET interval_low = NULL WHERE model = 'naive'",
        "UPDATE predictions SET basis = 'group' WHERE model = 'naive' AND basis = 'class'",
        "UPDATE predictions SET made_at = made_at + interval '1 s' WHERE model = 'naive'",
        "DELETE FROM predictions WHERE model = 'naive' AND target = 'target_tx_3d_ahead'",
        "INSERT INTO predictions SELECT chain_id, 'some body', date, pool_address, target, value, NULL, NULL, \
         NULL, NULL, horizon_days, model_version, NULL, feature_set, as_of_block, made_at FROM predictions LIMIT 1",
    ] {
        bench.sql(hand);
        let report = mirror.audit(Repair::No).await.unwrap();
        assert_eq!((report.runs, report.runs_differ), (2, 1), "{hand}");
        assert!(report.differences[0].place.contains("forecasts of "));
        mirror.audit(Repair::Yes).await.unwrap();
        assert_audited(&mut mirror).await;
        assert_eq!(counts(&bench), ALL, "{hand}");
    }
    // What is not noted is written anew, whether somebody audits or not.
    bench.sql("DELETE FROM mirror_runs WHERE model = 'naive'");
    bench.mirror().once().await.unwrap();
    assert_eq!(counts(&bench), ALL);
    assert_eq!(bench.sql("SELECT count(*) FROM mirror_runs"), "2");
}
