//! Several writers: one publishes, whoever was before stops.

use super::bench::{Bench, assert_audited, claim};
use std::collections::BTreeSet;
use tidegauge_sync::{Lake, SyncError, Writer, WriterFault, wall_clock};

#[tokio::test]
async fn a_writer_that_was_followed_publishes_nothing_more() {
    let mut bench = Bench::new(501);
    bench.grow(60, 10);
    let mut first = bench.lake().await;
    first.once().await.unwrap();
    let claim = claim(bench.identity(), true);
    let writer = Writer::claim(&bench.objects(), &claim, wall_clock())
        .await
        .unwrap();
    bench.grow(30, 10);
    let before = bench.keys("lake/_manifests/");
    let error = first.once().await.unwrap_err();
    let fenced = |error: &SyncError| {
        matches!(
            error,
            SyncError::Writer(WriterFault::Fenced {
                theirs: 2,
                ours: 1,
                ..
            })
        )
    };
    assert!(fenced(&error), "{error}");
    // Nor does it go on by itself.
    let ended = first.run(std::future::pending()).await.unwrap_err();
    assert!(fenced(&ended), "{ended}");
    let manifests = |keys: Vec<String>| -> Vec<_> {
        keys.into_iter()
            .filter(|key| !key.contains("parts/"))
            .collect()
    };
    assert_eq!(manifests(bench.keys("lake/_manifests/")), manifests(before));
    let options = bench.options();
    let mut second = Lake::new(bench.store.reader(), bench.objects(), writer, options).unwrap();
    second.once().await.unwrap();
    bench.assert_equal();
    // What it found in order it left, under the epoch before.
    let epochs: BTreeSet<_> = bench
        .named("swaps")
        .iter()
        .map(|key| key.rsplit('-').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        epochs,
        BTreeSet::from(["e1.parquet", "e2.parquet"].map(str::to_owned))
    );
    assert_audited(&mut second).await;
}

#[tokio::test]
async fn two_lakes_of_one_writer_never_publish_one_version_twice() {
    let mut bench = Bench::new(502);
    let writer = bench.writer().await;
    let lake = || {
        let parts = (bench.store.reader(), bench.objects(), writer.clone());
        Lake::new(parts.0, parts.1, parts.2, bench.options()).unwrap()
    };
    let (mut first, mut second) = (lake(), lake());
    for _ in 0..15 {
        bench.grow(9, 8);
        // Whoever finds the next version taken looks again.
        let (a, b) = tokio::join!(first.once(), second.once());
        a.unwrap();
        b.unwrap();
        bench.assert_whole();
    }
    first.once().await.unwrap();
    bench.assert_equal();
    let versions = bench.keys("lake/_manifests/0").len() as u64;
    assert_eq!(bench.manifest()["version"].as_u64(), Some(versions));
    assert_audited(&mut second).await;
}

#[tokio::test]
async fn another_store_takes_over_what_is_the_same() {
    let mut bench = Bench::new(503);
    bench.grow(150, 10);
    bench.lake().await.once().await.unwrap();
    let before: BTreeSet<_> = bench.named("swaps").into_iter().collect();
    // The same chain in a store of its own.
    let folder = tempfile::tempdir().unwrap();
    let mut store = super::bench::open(folder.path());
    let finalized = bench.chain.tip().number.0 - 10;
    let evidence = tidegauge_model::Evidence::Receipts;
    let extend = bench.chain.extend_from(0, Some(finalized), evidence);
    store.apply(&tidegauge_model::Step::Extend(extend)).unwrap();
    bench.store.close().unwrap();
    bench.store = store;
    bench.folder = folder;
    let unasked = claim(bench.identity(), false);
    let refused = Writer::claim(&bench.objects(), &unasked, wall_clock()).await;
    assert!(refused.is_err(), "the first writer's lease is fresh");
    let take_over = claim(bench.identity(), true);
    let writer = Writer::claim(&bench.objects(), &take_over, wall_clock())
        .await
        .unwrap();
    let options = bench.options();
    let mut lake = Lake::new(bench.store.reader(), bench.objects(), writer, options).unwrap();
    let status = lake.once().await.unwrap();
    bench.assert_equal();
    let after: BTreeSet<_> = bench.named("swaps").into_iter().collect();
    assert_eq!(after, before);
    // Days that are not final carry the epoch of who published them.
    assert_eq!(status.uploaded_objects, bench.entries(true).len() as u64);
    let store = bench.manifest()["store"]["id"].clone();
    assert_eq!(store, bench.identity().uuid.to_string());
    assert_audited(&mut lake).await;
}
