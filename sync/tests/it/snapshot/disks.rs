//! Disks that fill up: a clear error, nothing left, and the collector goes on.

use super::stand::{Stand, assert_sound, clock, deaf, open};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegauge_objects::Objects;
use tidegauge_storage::StoreError;
use tidegauge_sync::{ReadBack, Snapshots, SyncError, Writer};

/// A disk in memory; goes with the guard.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn new(at: &Path, kib: u32) -> Option<Self> {
        mount(at, &format!("size={kib}k")).then(|| Self(at.to_owned()))
    }

    fn grow(&self, kib: u32) {
        assert!(mount(&self.0, &format!("remount,size={kib}k")));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(at: &Path, options: &str) -> bool {
    Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_disk_without_room_takes_no_checkpoint_and_the_store_goes_on() {
    let mut stand = Stand::new(70);
    stand.grow(40, 10);
    let mut options = stand.options();
    options.least_free_bytes = u64::MAX;
    let writer = stand.writer("a").await.unwrap();
    let mut snapshots = Snapshots::new(stand.store.reader(), stand.objects(), writer, options);
    let refused = snapshots.take(ReadBack::New, deaf()).await.unwrap_err();
    assert!(
        matches!(refused, SyncError::Store(StoreError::DiskLow { .. })),
        "{refused}"
    );
    stand.assert_swept();
    stand.grow(5, 5);
    assert_sound(&stand.store);
    let refused = {
        stand.take().await;
        stand
            .restore_by("full", |options| options.least_free_bytes = u64::MAX)
            .await
            .unwrap_err()
    };
    assert!(
        matches!(refused, SyncError::Store(StoreError::DiskLow { .. })),
        "{refused}"
    );
    assert!(!stand.path("full").exists());
}

#[tokio::test]
async fn a_place_that_fills_up_is_gone_on_with_when_it_has_room() {
    let mut stand = Stand::new(71);
    for _ in 0..10 {
        stand.grow(60, 10);
    }
    let Some(disk) = SmallDisk::new(&stand.path("place"), 64) else {
        println!("skipped: mounting a small disk needs root");
        return;
    };
    let mut snapshots = stand.snapshots().await;
    let refused = snapshots.take(ReadBack::New, deaf()).await.unwrap_err();
    assert!(matches!(refused, SyncError::Objects(_)), "{refused}");
    stand.assert_swept();
    assert!(!stand.path("place/snapshots/LATEST-GOOD.json").exists());
    stand.grow(5, 5);
    assert_sound(&stand.store);
    disk.grow(64 * 1024);
    let report = snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert_eq!(report.tip, stand.chain.tip());
    stand.restore("roomy").await.unwrap();
    assert_sound(&open(&stand.path("roomy")));
}

#[tokio::test]
async fn a_full_disk_under_the_store_harms_neither_store_nor_snapshots() {
    let mut stand = Stand::new(72);
    let Some(disk) = SmallDisk::new(&stand.path("second"), 48 * 1024) else {
        println!("skipped: mounting a small disk needs root");
        return;
    };
    let path = stand.path("second").join("store");
    let mut store = open(&path);
    stand.grow(40, 10);
    let whole = stand
        .chain
        .extend_from(0, None, tidegauge_model::Evidence::Receipts);
    store.apply(&tidegauge_model::Step::Extend(whole)).unwrap();
    // All but a little is somebody else's.
    let junk = stand.path("second").join("junk");
    let free = 1 << 20;
    let stat = Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(stand.path("second"))
        .output()
        .unwrap();
    let avail: u64 = String::from_utf8_lossy(&stat.stdout)
        .lines()
        .nth(1)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    std::fs::write(&junk, vec![1u8; (avail - free) as usize]).unwrap();
    let objects = Objects::folder(&stand.path("place")).unwrap();
    let identity = store.reader().view().unwrap().identity().unwrap();
    let claim = super::stand::claim(identity, "a");
    let writer = Writer::claim(&objects, &claim, clock()).await.unwrap();
    let mut options = tidegauge_sync::SnapshotOptions::of(&store.reader());
    options.least_free_bytes = 2 << 20;
    options.clock = clock;
    let scratch = options.scratch.clone();
    let mut snapshots = Snapshots::new(store.reader(), objects, writer, options);
    let refused = snapshots.take(ReadBack::New, deaf()).await.unwrap_err();
    assert!(
        matches!(refused, SyncError::Store(StoreError::DiskLow { .. })),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    std::fs::remove_file(&junk).unwrap();
    disk.grow(64 * 1024);
    let next = stand.grow(5, 5);
    store.apply(&tidegauge_model::Step::Extend(next)).unwrap();
    assert_sound(&store);
    snapshots.take(ReadBack::New, deaf()).await.unwrap();
    drop(snapshots);
    drop(store);
}
