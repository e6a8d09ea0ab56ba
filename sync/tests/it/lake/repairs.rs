//! Rows that changed under the lake: repairs and rebuilds of the store, hands in the bucket.

use super::bench::{Bench, CHAIN, assert_audited};
use crate::world::features;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegauge_model::UserKey;
use tidegauge_objects::Sha256;
use tidegauge_sync::{AuditDepth, Flaw, LakeOptions, LakeReport, Repair};

fn set(keys: Vec<String>) -> BTreeSet<String> {
    keys.into_iter().collect()
}

#[tokio::test]
async fn a_repaired_day_gets_a_new_object_and_the_old_one_stays_for_its_readers() {
    let mut bench = Bench::new(301);
    bench.grow(200, 10);
    let mut lake = bench.lake().await;
    let first = lake.once().await.unwrap();
    let before = set(bench.named("swaps"));
    bench.repair(60, 4);
    let status = lake.once().await.unwrap();
    bench.assert_equal();
    let after = set(bench.named("swaps"));
    let replaced: Vec<_> = before.difference(&after).collect();
    assert!(
        !replaced.is_empty() && replaced.len() < before.len(),
        "{replaced:?}"
    );
    assert!(status.version > first.version);
    for key in replaced {
        assert!(bench.path(key).exists(), "{key}");
    }
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn a_rebuild_reaches_every_number_of_the_lake() {
    let mut bench = Bench::new(302);
    bench.grow(250, 10);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    let before = ["liquidity", "features"].map(|table| set(bench.named(table)));
    let mut other = features(CHAIN);
    other.user = UserKey::Recipient;
    other.lists.anchors.truncate(1);
    let mut rebuild = bench.store.begin_rebuild(other).unwrap();
    let mut slices = 0;
    while !rebuild.finished {
        rebuild = bench.store.rebuild_slice(60).unwrap();
        slices += 1;
        // Meanwhile the chain goes on, and the lake shows what is in force.
        if slices == 2 {
            bench.grow(3, 10);
            lake.once().await.unwrap();
            assert_eq!(set(bench.named("features")), before[1]);
        }
    }
    lake.once().await.unwrap();
    bench.assert_equal();
    let after = ["liquidity", "features"].map(|table| set(bench.named(table)));
    assert!(
        before[0].is_subset(&after[0]),
        "what rests on no numbers stays"
    );
    assert!(before[1].is_disjoint(&after[1]));
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn a_recheck_that_is_cut_short_is_begun_again() {
    let mut bench = Bench::new(303);
    bench.grow(200, 10);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    bench.repair(20, 3);
    for _ in 0..40 {
        let micros = bench.world.below(40_000);
        let _ = tokio::time::timeout(Duration::from_micros(micros), lake.once()).await;
    }
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

fn counts(report: &LakeReport) -> [u64; 4] {
    [report.missing, report.torn, report.differ, report.foreign]
}

#[tokio::test]
async fn what_happened_to_objects_is_found_named_and_mended() {
    let mut bench = Bench::new(304);
    bench.grow(150, 10);
    let options = LakeOptions {
        grace: Duration::ZERO,
        ..bench.options()
    };
    let mut lake = bench.lake_with(options).await;
    lake.once().await.unwrap();
    let named = bench.entries(false).into_iter().chain(bench.entries(true));
    let mut keys: Vec<_> = named
        .map(|e| e["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort_by_key(|key| Sha256::of(key.as_bytes()));
    for (round, key) in keys.iter().take(16).enumerate() {
        let path = bench.path(key);
        let depth = [AuditDepth::Stored, AuditDepth::Read][round % 2];
        let expected = match round % 4 {
            0 | 1 => {
                let mut bytes = std::fs::read(&path).unwrap();
                let at = bench.world.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << bench.world.below(8);
                std::fs::write(&path, bytes).unwrap();
                (Flaw::Torn, [0, 1, 0, 0])
            }
            2 => {
                std::fs::remove_file(&path).unwrap();
                (Flaw::Missing, [1, 0, 0, 0])
            }
            _ => {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
                (Flaw::Torn, [0, 1, 0, 0])
            }
        };
        let report = lake.audit(depth, Repair::No).await.unwrap();
        assert_eq!(counts(&report), expected.1, "{report:#?}");
        assert!(!report.is_equal() && !report.repaired);
        assert_eq!(
            (report.findings[0].flaw, report.findings[0].key.as_ref()),
            (expected.0, key.as_str())
        );
        let repaired = lake.audit(depth, Repair::Yes).await.unwrap();
        assert!(repaired.repaired && !repaired.is_equal());
        let report = assert_audited(&mut lake).await;
        assert_eq!(counts(&report), [0; 4], "{report:#?}");
        bench.assert_equal();
    }
}

#[tokio::test]
async fn what_nobody_names_is_found_and_goes() {
    let mut bench = Bench::new(305);
    bench.grow(100, 10);
    let options = LakeOptions {
        grace: Duration::ZERO,
        ..bench.options()
    };
    let mut lake = bench.lake_with(options).await;
    lake.once().await.unwrap();
    let known = bench.named("swaps").pop().unwrap();
    let foreign = known.replace("-e", "-f");
    std::fs::copy(bench.path(&known), bench.path(&foreign)).unwrap();
    std::fs::write(bench.path("lake/notes.txt"), "by hand").unwrap();
    let report = lake.audit(AuditDepth::Stored, Repair::No).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 0, 1], "{report:#?}");
    assert_eq!(report.findings[0].key.as_ref(), foreign);
    assert!(report.is_equal());
    // Old by the bucket's clock is what was there at the last publication.
    bench.grow(1, 10);
    lake.audit(AuditDepth::Stored, Repair::Yes).await.unwrap();
    assert!(!bench.path(&foreign).exists());
    assert!(bench.path(&known).exists());
    // What is none of ours is not touched.
    assert!(bench.path("lake/notes.txt").exists());
    let report = assert_audited(&mut lake).await;
    assert_eq!(counts(&report), [0; 4]);
}

#[tokio::test]
async fn rows_that_are_not_the_stores_are_shown_side_by_side_and_mended() {
    let mut bench = Bench::new(306);
    bench.grow(150, 10);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    bench.repair(50, 3);
    // The manifest claims to know of the repair.
    let notice = bench.store.reader().view().unwrap().last_notice();
    let newest = bench.keys("lake/_manifests/0").pop().unwrap();
    let text = std::fs::read_to_string(bench.path(&newest)).unwrap();
    let field = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("  \"{name}\":")));
        line.unwrap().to_owned()
    };
    let (check, old) = (field("check"), field("notice"));
    let text = text.replace(&old, &format!("  \"notice\": {notice},"));
    let text = text.replace(&check, "  \"check\": \"\",");
    let sum = Sha256::of(text.as_bytes());
    let text = text.replace("  \"check\": \"\",", &format!("  \"check\": \"{sum}\","));
    std::fs::write(bench.path(&newest), text).unwrap();
    let mut lake = bench.lake().await;
    let report = lake.audit(AuditDepth::Read, Repair::No).await.unwrap();
    assert!(
        report.differ > 0 && report.missing + report.torn == 0,
        "{report:#?}"
    );
    assert!((1..=20).contains(&report.differences.len()), "{report:#?}");
    let first = &report.differences[0];
    assert!(first.place.contains("pool_address 0x"), "{first:?}");
    assert_ne!(first.store, first.mirror);
    lake.audit(AuditDepth::Stored, Repair::Yes).await.unwrap();
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn damaged_manifests_are_refused_and_written_anew() {
    for (seed, victim) in (307..).zip(["root", "part", "latest"]) {
        let mut bench = Bench::new(seed);
        bench.grow(150, 10);
        bench.lake().await.once().await.unwrap();
        let key = match victim {
            "root" => bench.keys("lake/_manifests/0").pop().unwrap(),
            "part" => bench.keys("lake/_manifests/parts/").pop().unwrap(),
            _ => "lake/_manifests/latest.json".to_owned(),
        };
        // A digit that any parser takes.
        let text = std::fs::read_to_string(bench.path(&key)).unwrap();
        let at = text.find("\"rows\": ").unwrap() + "\"rows\": ".len();
        let mut bytes = text.into_bytes();
        bytes[at] = if bytes[at] == b'9' { b'8' } else { b'9' };
        std::fs::write(bench.path(&key), bytes).unwrap();
        let mut lake = bench.lake().await;
        let outcome = lake.once().await;
        if victim == "latest" {
            // A copy: the truth is in the versions.
            outcome.unwrap();
        } else {
            let error = outcome.unwrap_err().to_string();
            assert!(
                error.contains(&key) && error.contains("audit --repair"),
                "{error}"
            );
            lake.audit(AuditDepth::Read, Repair::Yes).await.unwrap();
        }
        bench.assert_equal();
        assert_audited(&mut lake).await;
    }
}
