//! What stays is reachable, what goes is not, and what may not be deleted is left.

use super::stand::{Stand, assert_sound, deaf, digest, open, pass};
use std::time::Duration;
use tidegauge_objects::ObjectKey;
use tidegauge_sync::{Keep, ReadBack, Snapshots, Which};

const HOUR: u64 = 3_600;

fn manifests(stand: &Stand) -> Vec<String> {
    let listing = stand.listing().into_keys();
    listing
        .filter(|key| key.starts_with("snapshots/manifests/"))
        .collect()
}

async fn keeping(stand: &Stand, hourly: usize) -> Snapshots {
    let mut options = stand.options();
    options.keep = Keep {
        hourly,
        daily: 0,
        monthly: 0,
    };
    options.grace = Duration::from_secs(HOUR / 2);
    let writer = stand.writer("a").await.unwrap();
    Snapshots::new(stand.store.reader(), stand.objects(), writer, options)
}

#[tokio::test]
async fn what_stays_is_whole_and_what_nothing_names_goes() {
    let mut stand = Stand::new(50);
    let mut snapshots = keeping(&stand, 3).await;
    let mut taken = Vec::new();
    let mut removed = 0;
    for _ in 0..9 {
        stand.grow(25, 5);
        pass(HOUR);
        let report = snapshots.take(ReadBack::New, deaf()).await.unwrap();
        removed += report.places[0].removed_objects;
        taken.push((report.places[0].manifest.clone(), digest(&stand.store)));
    }
    let mut expected: Vec<String> = taken[6..].iter().map(|(key, _)| key.clone()).collect();
    expected.sort();
    assert_eq!(manifests(&stand), expected);
    assert!(removed > 0);
    // Each that stays restores to what it was.
    for (n, (key, digest_then)) in taken[6..].iter().enumerate() {
        let name = format!("kept-{n}");
        let which = Which::Manifest(ObjectKey::new(key).unwrap());
        stand
            .restore_by(&name, |options| options.which = which)
            .await
            .unwrap();
        let store = open(&stand.path(&name));
        assert_eq!(digest(&store), *digest_then);
        assert_sound(&store);
    }
    // And nothing else is kept.
    let mut named = std::collections::BTreeSet::new();
    for key in manifests(&stand) {
        let text = std::fs::read_to_string(stand.path("place").join(key)).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        for file in manifest["files"].as_array().unwrap() {
            named.insert(file["sha256"].as_str().unwrap().to_owned());
        }
    }
    for key in stand.files().into_keys() {
        let name = key.rsplit('/').next().unwrap();
        assert!(named.contains(name), "{name} is named by nothing");
    }
}

#[tokio::test]
async fn what_is_young_stays_and_orphans_go_when_they_are_old() {
    let mut stand = Stand::new(51);
    stand.grow(25, 5);
    let mut snapshots = keeping(&stand, 1).await;
    snapshots.take(ReadBack::New, deaf()).await.unwrap();
    let orphan = format!("snapshots/objects/ab/{}", "ab".repeat(32));
    let path = stand.path("place").join(&orphan);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "of a killed upload").unwrap();
    let foreign = stand.path("place/snapshots/objects/readme");
    std::fs::write(&foreign, "not ours").unwrap();
    stand.grow(5, 5);
    pass(60);
    snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert!(path.exists(), "it is not half an hour old");
    assert_eq!(manifests(&stand).len(), 2, "nor is the first manifest");
    pass(HOUR);
    stand.grow(5, 5);
    snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert!(!path.exists());
    assert!(foreign.exists(), "what has no name of ours is not touched");
    assert_eq!(manifests(&stand).len(), 1);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_keeps_everything() {
    let mut stand = Stand::new(52);
    stand.grow(25, 5);
    let mut snapshots = keeping(&stand, 2).await;
    for _ in 0..2 {
        pass(HOUR);
        stand.grow(5, 5);
        snapshots.take(ReadBack::New, deaf()).await.unwrap();
    }
    let spoilt = stand.path("place").join(&manifests(&stand)[1]);
    std::fs::write(&spoilt, "{").unwrap();
    let before = stand.files();
    let mut snapshots = keeping(&stand, 2).await;
    pass(HOUR);
    stand.grow(5, 5);
    let report = snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert_eq!(report.places[0].removed_objects, 0);
    let after = stand.files();
    assert!(before.keys().all(|key| after.contains_key(key)));
}
