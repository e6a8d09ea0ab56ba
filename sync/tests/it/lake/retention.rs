//! What stays and what goes: manifests, what they name, and what nobody does.

use super::bench::{Bench, assert_audited};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegauge_objects::{Objects, Sha256};
use tidegauge_sync::{Lake, LakeOptions};

impl Bench {
    /// Every manifest that is there names only what is there, whole.
    pub(super) fn assert_whole(&self) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        for key in self.keys("lake/_manifests/0") {
            // A removal that was on its way when the work was cut off may end meanwhile.
            let Ok(bytes) = std::fs::read(self.path(&key)) else {
                continue;
            };
            let root: Value = serde_json::from_slice(&bytes).unwrap();
            let mut objects = root["hot"].as_array().unwrap().clone();
            for part in root["parts"].as_array().unwrap() {
                self.assert_object(part, &key);
                let list = part["key"].as_str().unwrap();
                reached.insert(list.to_owned());
                objects.extend(self.json(list)["objects"].as_array().unwrap().clone());
            }
            for object in &objects {
                self.assert_object(object, &key);
                reached.insert(object["key"].as_str().unwrap().to_owned());
            }
            reached.insert(key);
        }
        reached
    }

    fn json(&self, key: &str) -> Value {
        let bytes = std::fs::read(self.path(key)).unwrap_or_else(|e| panic!("{key}: {e}"));
        serde_json::from_slice(&bytes).unwrap()
    }

    fn assert_object(&self, object: &Value, by: &str) {
        let key = object["key"].as_str().unwrap();
        let bytes = std::fs::read(self.path(key)).unwrap_or_else(|e| panic!("{by}: {key}: {e}"));
        assert_eq!(
            bytes.len() as u64,
            object["bytes"].as_u64().unwrap(),
            "{by}: {key}"
        );
        let sum = Sha256::of(&bytes).to_string();
        assert_eq!(sum, object["sha256"].as_str().unwrap(), "{by}: {key}");
    }
}

const DAY: Duration = Duration::from_secs(86_400);

async fn kept_for(bench: &Bench, [grace, hot_grace, manifests]: [Duration; 3]) -> Lake {
    let options = LakeOptions {
        grace,
        hot_grace,
        manifest_retention: manifests,
        ..bench.options()
    };
    bench.lake_with(options).await
}

#[tokio::test]
async fn nothing_young_goes() {
    let mut bench = Bench::new(401);
    let mut lake = bench.lake().await;
    for _ in 0..6 {
        bench.grow(20, 12);
        lake.once().await.unwrap();
    }
    let before = bench.keys("lake/");
    let swept = lake.sweep().await.unwrap();
    assert_eq!((swept.manifests, swept.objects, swept.bytes), (0, 0, 0));
    assert_eq!(bench.keys("lake/"), before);
    bench.assert_whole();
}

#[tokio::test]
async fn without_any_grace_only_the_newest_manifest_stays() {
    let mut bench = Bench::new(402);
    let mut lake = kept_for(&bench, [Duration::ZERO; 3]).await;
    for round in 0..6 {
        bench.grow(20, 12);
        if round > 2 {
            bench.repair(10, 3);
        }
        lake.once().await.unwrap();
    }
    // Its time is what everything else is old by.
    bench.grow(1, 12);
    lake.once().await.unwrap();
    let swept = lake.sweep().await.unwrap();
    assert!(swept.manifests > 0 && swept.objects > 0, "{swept:?}");
    assert_eq!(bench.keys("lake/_manifests/0").len(), 1);
    let mut reached = bench.assert_whole();
    reached.insert("lake/_manifests/latest.json".to_owned());
    let left: BTreeSet<_> = bench.keys("lake/").into_iter().collect();
    assert_eq!(left, reached);
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn manifests_with_other_final_rows_stay_with_all_that_they_name() {
    let mut bench = Bench::new(403);
    let mut lake = kept_for(&bench, [Duration::ZERO, Duration::ZERO, DAY]).await;
    let mut sets = BTreeSet::new();
    for _ in 0..40 {
        bench.grow(4, 12);
        lake.once().await.unwrap();
        sets.insert(bench.manifest()["parts"].to_string());
    }
    bench.grow(1, 12);
    lake.once().await.unwrap();
    sets.insert(bench.manifest()["parts"].to_string());
    lake.sweep().await.unwrap();
    // One of each, the last with it.
    assert_eq!(bench.keys("lake/_manifests/0").len(), sets.len());
    assert!(sets.len() > 5 && sets.len() < 40, "{} sets", sets.len());
    bench.assert_whole();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn whatever_goes_no_manifest_misses_it() {
    let mut bench = Bench::new(404);
    let choices = [Duration::ZERO, DAY];
    for round in 0..30 {
        let blocks = 1 + bench.world.below(15);
        bench.grow(blocks, 10);
        if round > 5 && bench.world.below(3) == 0 {
            bench.repair(20, 2);
        }
        let graces = [(); 3].map(|()| choices[bench.world.below(2) as usize]);
        let mut lake = kept_for(&bench, graces).await;
        let micros = bench.world.below(300_000);
        // Whole, or cut off anywhere.
        let work = async {
            lake.once().await.unwrap();
            lake.sweep().await.unwrap();
        };
        let _ = tokio::time::timeout(Duration::from_micros(micros), work).await;
        bench.assert_whole();
    }
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut lake).await;
}

#[tokio::test]
async fn who_is_not_the_writer_any_more_removes_nothing() {
    let mut bench = Bench::new(405);
    let mut lake = kept_for(&bench, [Duration::ZERO; 3]).await;
    for _ in 0..3 {
        bench.grow(30, 12);
        lake.once().await.unwrap();
    }
    let objects: Objects = bench.objects();
    let claim = super::bench::claim(bench.identity(), true);
    let now = tidegauge_sync::wall_clock();
    tidegauge_sync::Writer::claim(&objects, &claim, now)
        .await
        .unwrap();
    let before = bench.keys("lake/");
    let error = lake.sweep().await.unwrap_err().to_string();
    assert!(error.contains("took over"), "{error}");
    assert_eq!(bench.keys("lake/"), before);
}
