//! One flipped byte anywhere is found before it is used, and named.

use super::stand::{Stand, assert_sound, open, pass};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidegauge_sync::{SnapshotFault, SyncError};

/// Flips a byte of a file while this lives.
struct Flipped(PathBuf, Vec<u8>);

impl Flipped {
    fn new(path: PathBuf, at: usize) -> Self {
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        match at.checked_rem(bytes.len()) {
            Some(at) => bytes[at] ^= 0x10,
            // A log in which nothing is yet.
            None => bytes.push(0x10),
        }
        std::fs::write(&path, bytes).unwrap();
        Self(path, whole)
    }
}

impl Drop for Flipped {
    fn drop(&mut self) {
        std::fs::write(&self.0, &self.1).unwrap();
    }
}

#[tokio::test]
async fn a_flipped_byte_in_any_object_is_named_before_use() {
    let mut stand = Stand::new(30);
    stand.grow(60, 10);
    stand.take().await;
    let files: Vec<String> = stand.files().into_keys().collect();
    assert!(files.len() > 10, "{files:?}");
    for (n, key) in files.iter().enumerate() {
        let at = stand.world.below(1 << 20) as usize;
        let _flipped = Flipped::new(stand.path("place").join(key), at);
        let refused = stand.restore("damaged").await.unwrap_err();
        assert!(!stand.path("damaged").exists());
        let words = refused.to_string();
        let name = key.rsplit('/').next().unwrap();
        assert!(
            words.contains(name) && words.contains("--allow-older"),
            "{n}: {words}"
        );
        assert!(
            matches!(refused, SyncError::Snapshot(SnapshotFault::Damaged { .. })),
            "{words}"
        );
        // Nothing older is there to take.
        let refused = stand
            .restore_by("damaged", |options| options.allow_older = true)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                SyncError::Snapshot(SnapshotFault::NoneUsable { .. })
            ),
            "{refused}"
        );
        if n + 1 < files.len() {
            // What a try brought whole before would be gone on with.
            remove(&stand.path("damaged.restoring"));
        }
    }
    let restored = stand.restore("damaged").await.unwrap();
    assert_eq!(restored.tip, stand.chain.tip());
    assert_sound(&open(&stand.path("damaged")));
}

/// Takes a folder away, into which a download that was given up may still be writing.
fn remove(folder: &Path) {
    for _ in 0..100 {
        if std::fs::remove_dir_all(folder).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} does not go", folder.display());
}

#[tokio::test]
async fn a_flipped_byte_in_a_manifest_is_found() {
    let mut stand = Stand::new(31);
    stand.grow(40, 10);
    let report = stand.take().await;
    let path = stand.path("place").join(&report.places[0].manifest);
    for _ in 0..40 {
        let at = stand.world.below(1 << 20) as usize;
        let _flipped = Flipped::new(path.clone(), at);
        let refused = stand.restore("manifest").await.unwrap_err();
        let words = refused.to_string();
        assert!(words.contains(&report.places[0].manifest), "{words}");
        assert!(!stand.path("manifest").exists());
    }
    stand.restore("manifest").await.unwrap();
}

#[tokio::test]
async fn an_older_one_is_taken_when_allowed() {
    let mut stand = Stand::new(32);
    stand.grow(40, 10);
    let first = stand.take().await;
    let old = stand.files();
    stand.grow(30, 10);
    pass(60);
    stand.take().await;
    let new = stand.files().into_keys().find(|key| !old.contains_key(key));
    let _flipped = Flipped::new(stand.path("place").join(new.unwrap()), 100);
    stand.restore("older").await.unwrap_err();
    let restored = stand
        .restore_by("older", |options| options.allow_older = true)
        .await
        .unwrap();
    assert_eq!(restored.tip, first.tip);
    assert_eq!(restored.passed_over.len(), 1, "{:?}", restored.passed_over);
    assert_sound(&open(&stand.path("older")));
}

#[tokio::test]
async fn what_an_earlier_try_brought_is_not_believed_unread() {
    let mut stand = Stand::new(33);
    stand.grow(60, 10);
    let report = stand.take().await;
    // This try fails at its last file, and leaves what it brought.
    let manifest = &report.places[0].manifest;
    let text = std::fs::read_to_string(stand.path("place").join(manifest)).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let last = manifest["files"].as_array().unwrap().last().unwrap();
    let last = last["sha256"].as_str().unwrap();
    let key = stand.files().into_keys().find(|key| key.ends_with(last));
    let flipped = Flipped::new(stand.path("place").join(key.unwrap()), 7);
    stand.restore("again").await.unwrap_err();
    drop(flipped);
    let working = stand.path("again.restoring");
    let mut spoilt = 0;
    for entry in std::fs::read_dir(&working).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sst") {
            std::mem::forget(Flipped::new(path, 3));
            spoilt += 1;
        }
    }
    assert!(spoilt > 0);
    std::fs::write(working.join("000999.sst"), "what a power cut left").unwrap();
    let restored = stand.restore("again").await.unwrap();
    assert_eq!(restored.tip, stand.chain.tip());
    assert!(!stand.path("again/000999.sst").exists());
    assert_sound(&open(&stand.path("again")));
}
