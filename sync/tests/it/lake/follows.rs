//! The lake follows the store: whatever it does between two looks, they end equal.

use super::bench::{Bench, assert_audited};
use std::time::Duration;
use tidegauge_sync::{LakePhase, S3_MIRROR};

#[tokio::test]
async fn a_lake_equals_the_store_after_every_look() {
    let mut bench = Bench::new(101);
    let mut lake = bench.lake().await;
    for round in 0..40 {
        let blocks = 1 + bench.world.below(30);
        match bench.world.below(4) {
            // As deep as the journal goes, however far the lake has come.
            0 if round > 2 => {
                let depth = 1 + bench.world.below(12) as usize;
                bench.reorganise(depth, blocks.min(20));
            }
            1 if round > 8 => {
                let at = bench.world.below(100) as usize;
                bench.repair(at, 2);
            }
            _ => bench.grow(blocks, 14),
        }
        if bench.world.below(3) == 0 {
            lake.once().await.unwrap();
            bench.assert_equal();
        }
    }
    let status = lake.once().await.unwrap();
    bench.assert_equal();
    let report = assert_audited(&mut lake).await;
    assert!(report.compared > 100, "{report:?}");
    assert_eq!((status.lag_blocks(), status.recheck), (Some(0), 0));
    assert_eq!((report.objects, report.rows), (status.objects, status.rows));
    // What the lake says it holds is what a store takes.
    let position = status.acknowledged.unwrap();
    assert_eq!(position.at, bench.chain.tip());
    bench.store.acknowledge(S3_MIRROR, position).unwrap();
}

#[tokio::test]
async fn targets_appear_when_they_are_mature_and_never_before() {
    let mut bench = Bench::new(102);
    let mut lake = bench.lake().await;
    let mut with_targets = 0;
    for _ in 0..120 {
        bench.grow(1, 6);
        lake.once().await.unwrap();
        // Compares the days that have targets with those whose horizon is final.
        bench.assert_equal();
        let (features, targets) = (bench.named("features").len(), bench.named("targets").len());
        assert_eq!(targets, features.saturating_sub(7));
        assert!(targets >= with_targets);
        with_targets = targets;
    }
    assert!(with_targets >= 2, "{with_targets} days with targets");
}

#[tokio::test]
async fn what_is_published_is_not_published_again() {
    let mut bench = Bench::new(103);
    bench.grow(200, 12);
    let first = bench.lake().await.once().await.unwrap();
    assert_eq!(first.uploaded_objects, first.objects);
    let before = bench.keys("lake/");
    // As after a restart.
    let mut lake = bench.lake().await;
    let again = lake.once().await.unwrap();
    assert_eq!((again.uploaded_objects, again.version), (0, first.version));
    assert_eq!(bench.keys("lake/"), before);
    // One day more: its four tables, of a week before its targets, and the days that are not final.
    bench.grow(11, 12);
    let next = lake.once().await.unwrap();
    bench.assert_equal();
    let added = bench
        .keys("lake/")
        .into_iter()
        .filter(|key| !before.contains(key));
    let added: Vec<_> = added
        .filter(|key| {
            key.starts_with("lake/") && !key.contains("hot/") && !key.contains("_manifests")
        })
        .collect();
    assert!((4..=8).contains(&added.len()), "{added:#?}");
    assert!(next.uploaded_objects < 20, "{next:?}");
}

#[tokio::test]
async fn a_kill_between_upload_and_manifest_costs_no_second_upload() {
    let mut bench = Bench::new(104);
    bench.grow(150, 12);
    let all = bench.lake().await.once().await.unwrap();
    let objects = bench.keys("lake/swaps/");
    // As if the manifests had never been: the objects are recognised by their names.
    std::fs::remove_dir_all(bench.path("lake/_manifests")).unwrap();
    let mut lake = bench.lake().await;
    let again = lake.once().await.unwrap();
    assert_eq!((again.uploaded_objects, again.objects), (0, all.objects));
    assert_eq!(bench.keys("lake/swaps/"), objects);
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn a_store_that_went_back_in_time_takes_nothing_with_it() {
    let mut bench = Bench::new(105);
    bench.grow(150, 8);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    let (older, chain, finalized) = bench.copy();
    bench.grow(120, 8);
    bench.repair(30, 3);
    lake.once().await.unwrap();
    let published = bench.named("swaps");
    drop(lake);
    bench = bench.with(older, chain, finalized);
    let mut lake = bench.lake().await;
    let status = lake.once().await.unwrap();
    assert_eq!(status.phase, LakePhase::Ahead);
    // Nothing is acknowledged that this store cannot vouch for.
    assert_eq!(status.acknowledged, None);
    assert_eq!(bench.named("swaps"), published);
    // It goes on, by other blocks: what it comes to is published, on a restart as well.
    for _ in 0..30 {
        bench.grow(9, 8);
        lake.once().await.unwrap();
        if bench.world.below(2) == 0 {
            lake = bench.lake().await;
        }
    }
    let status = lake.once().await.unwrap();
    assert_eq!((status.phase, status.recheck), (LakePhase::Following, 0));
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn a_running_lake_follows() {
    let mut bench = Bench::new(106);
    bench.grow(60, 10);
    let mut lake = bench.lake().await;
    let status = lake.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let ended = lake.run(async { stopped.await.unwrap() }).await;
        (lake, ended)
    });
    for _ in 0..4 {
        bench.grow(5, 10);
        let tip = bench.chain.tip();
        let mut seen = status.clone();
        let reached = seen.wait_for(|status| status.at == Some(tip));
        let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
        reached.unwrap().unwrap();
    }
    stop.send(()).unwrap();
    let (mut lake, ended) = running.await.unwrap();
    ended.unwrap();
    bench.assert_equal();
    assert_eq!(status.borrow().phase, LakePhase::Stopped);
    assert_audited(&mut lake).await;
}
