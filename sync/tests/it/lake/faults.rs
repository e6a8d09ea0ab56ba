//! Faults in the middle: tasks that are dropped, buckets and disks that are gone.

use super::bench::{Bench, assert_audited};
use std::time::Duration;
use tidegauge_model::ErrorClass;

#[tokio::test]
async fn looks_that_are_dropped_anywhere_leave_a_lake_that_is_whole() {
    let mut bench = Bench::new(601);
    let mut lake = bench.lake().await;
    bench.grow(40, 10);
    let began = std::time::Instant::now();
    lake.once().await.unwrap();
    // The machine may be slow, or quick.
    let usual = u64::try_from(began.elapsed().as_micros()).unwrap();
    let mut cut_off = 0;
    for round in 0..80 {
        let blocks = 1 + bench.world.below(12);
        match bench.world.below(6) {
            0 if round > 5 => bench.reorganise(5, 9),
            1 if round > 5 => bench.repair(15, 2),
            _ => bench.grow(blocks, 10),
        }
        // From before the first look to behind the last.
        let micros = bench.world.below(usual);
        let once = tokio::time::timeout(Duration::from_micros(micros), lake.once());
        match once.await {
            Ok(done) => drop(done.unwrap()),
            Err(_) => cut_off += 1,
        }
        bench.assert_whole();
        if bench.world.below(8) == 0 {
            // As after a kill.
            lake = bench.lake().await;
        }
    }
    assert!((10..=79).contains(&cut_off), "{cut_off} of 80 were cut off");
    lake.once().await.unwrap();
    bench.assert_equal();
    bench.assert_whole();
    assert_audited(&mut lake).await;
    drop(lake);
    // Threads that wrote when they were dropped may just be ending.
    for _ in 0..100 {
        if std::fs::read_dir(bench.scratch.path()).unwrap().count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("files are left in the scratch folder");
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_named_and_waited_for() {
    let mut bench = Bench::new(602);
    bench.grow(60, 10);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    let elsewhere = bench.bucket.path().with_extension("unplugged");
    std::fs::rename(bench.bucket.path(), &elsewhere).unwrap();
    std::fs::write(bench.bucket.path(), "no folder").unwrap();
    bench.grow(30, 10);
    let error = lake.once().await.unwrap_err();
    let status = lake.status().borrow().clone();
    assert!(
        status.failures >= 1 && status.failures_total >= 1,
        "{status:?}"
    );
    assert_eq!(status.error, Some(error.to_string()));
    let place = bench.bucket.path().display().to_string();
    assert!(error.to_string().contains(&place), "{error}");
    std::fs::remove_file(bench.bucket.path()).unwrap();
    std::fs::rename(&elsewhere, bench.bucket.path()).unwrap();
    let status = lake.once().await.unwrap();
    assert_eq!((status.error, status.failures), (None, 0));
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn a_scratch_folder_that_is_gone_is_named_and_harms_nothing() {
    let mut bench = Bench::new(603);
    bench.grow(60, 10);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    let before = bench.keys("lake/");
    for entry in std::fs::read_dir(bench.scratch.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir(path).unwrap();
        }
    }
    bench.grow(30, 10);
    let error = lake.once().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    let place = bench.scratch.path().display().to_string();
    assert!(error.to_string().contains(&place), "{error}");
    assert_eq!(bench.keys("lake/"), before);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    bench.assert_equal();
}
