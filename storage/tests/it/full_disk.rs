//! A disk that fills up under the store: it stops, says so, and loses nothing.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegauge_model::{ErrorClass, Evidence, Step};
use tidegauge_storage::StoreError;

/// A disk in memory; goes with the guard.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn new(at: &Path, mib: u32) -> Option<Self> {
        mount(at, &format!("size={mib}m")).then(|| Self(at.to_owned()))
    }

    fn grow(&self, mib: u32) {
        assert!(mount(&self.0, &format!("remount,size={mib}m")));
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

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(dir.path(), 24) else {
        println!("skipped: mounting a small disk needs root");
        return;
    };
    let path = dir.path().join("store");
    let mut store = open(&path);
    let mut world = World::new(17, 20, 1);
    let mut chain = Chain::default();
    let error = loop {
        let mut next = chain.clone();
        let height = START + next.blocks.len() as u64;
        next.blocks
            .push(world.full_block(height, chain.tip().hash, 2_000));
        let finalized = Some(START + 1_000_000);
        let extend = next.extend_from(chain.blocks.len(), finalized, Evidence::Receipts);
        match store.apply(&Step::Extend(extend)) {
            Ok(_) => chain = next,
            Err(error) => break (error, next),
        }
        assert!(chain.blocks.len() < 200, "24 MiB hold no 400,000 swaps");
    };
    let (error, attempted) = error;
    assert!(matches!(error, StoreError::WriteFailed { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Corrupt);
    let again = attempted.extend_from(chain.blocks.len(), None, Evidence::Receipts);
    let error = store.apply(&Step::Extend(again)).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    drop(store);

    disk.grow(400);
    let store = open(&path);
    let reader = store.reader();
    let view = reader.view().unwrap();
    assert_sound(&view);
    // The failed write may have taken effect or not, but never half.
    let held = view.tip().unwrap().unwrap().block;
    if held == attempted.tip() {
        assert_holds(&view, &attempted);
    } else {
        assert_holds(&view, &chain);
    }
}
