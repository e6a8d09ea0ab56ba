//! A store, a place for its snapshots, and a clock that tests set.

use crate::world::{Chain, World, features};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tidegauge_model::{B256, ChainId, Evidence, Extend, Step, UnixSeconds};
use tidegauge_objects::Objects;
use tidegauge_storage::{Store, StoreOptions, logical_digest, verify};
use tidegauge_sync::{
    Heard, ReadBack, RestoreOptions, RestoreReport, SnapshotOptions, SnapshotReport, Snapshots,
    SyncError, Which, Writer, WriterClaim, restore, wall_clock,
};

pub(super) const CHAIN: ChainId = ChainId(11);

thread_local! {
    static AHEAD: Cell<u64> = const { Cell::new(0) };
}

/// The wall clock, and what this test added to it.
pub(super) fn clock() -> UnixSeconds {
    UnixSeconds(wall_clock().0 + AHEAD.get())
}

/// Time passes.
pub(super) fn pass(seconds: u64) {
    AHEAD.set(AHEAD.get() + seconds);
}

/// Nobody listens.
pub(super) fn deaf() -> Heard {
    Arc::new(|_| {})
}

pub(super) fn open(path: &Path) -> Store {
    let options = StoreOptions {
        // Written out by snapshots alone: nothing is compacted between two of them.
        memory_mib: 256,
        least_free_bytes: 0,
        features: features(CHAIN),
        ..StoreOptions::new(CHAIN)
    };
    Store::open(path, &options).unwrap()
}

pub(super) fn digest(store: &Store) -> B256 {
    logical_digest(&store.reader().view().unwrap()).unwrap()
}

/// Every invariant holds.
pub(super) fn assert_sound(store: &Store) {
    let report = verify::all(&store.reader().view().unwrap(), |_| {}).unwrap();
    assert!(report.is_clean(), "{:#?}", report.violations);
}

/// A store of a made-up chain, and a folder of objects.
pub(super) struct Stand {
    pub(super) folder: TempDir,
    pub(super) store: Store,
    pub(super) world: World,
    pub(super) chain: Chain,
}

impl Stand {
    pub(super) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["place", "second"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            store: open(&folder.path().join("store")),
            folder,
            world: World::new(seed, 7, 6).every(8_000),
            chain: Chain::default(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn objects(&self) -> Objects {
        Objects::folder(&self.path("place")).unwrap()
    }

    /// The chain grows by some blocks; all but the last `depth` are final. Gives what it applied.
    pub(super) fn grow(&mut self, blocks: u64, depth: u64) -> Extend {
        let finalized = (self.chain.tip().number.0 + blocks).saturating_sub(depth);
        let (world, evidence) = (&mut self.world, Evidence::Receipts);
        let extend = self.chain.grow(world, blocks, Some(finalized), evidence);
        self.store.apply(&Step::Extend(extend.clone())).unwrap();
        extend
    }

    pub(super) fn options(&self) -> SnapshotOptions {
        SnapshotOptions {
            least_free_bytes: 0,
            clock,
            ..SnapshotOptions::of(&self.store.reader())
        }
    }

    pub(super) async fn writer(&self, machine: &str) -> Result<Writer, SyncError> {
        let store = self.store.reader().view().unwrap().identity().unwrap();
        Writer::claim(&self.objects(), &claim(store, machine), clock()).await
    }

    pub(super) async fn snapshots(&self) -> Snapshots {
        let writer = self.writer("a").await.unwrap();
        Snapshots::new(self.store.reader(), self.objects(), writer, self.options())
    }

    pub(super) async fn take(&self) -> SnapshotReport {
        let mut snapshots = self.snapshots().await;
        snapshots.take(ReadBack::New, deaf()).await.unwrap()
    }

    /// Restores into a folder of that name.
    pub(super) async fn restore(&self, name: &str) -> Result<RestoreReport, SyncError> {
        self.restore_by(name, |_| {}).await
    }

    pub(super) async fn restore_by(
        &self,
        name: &str,
        set: impl FnOnce(&mut RestoreOptions),
    ) -> Result<RestoreReport, SyncError> {
        let mut options = restore_options();
        set(&mut options);
        restore(&self.objects(), &self.path(name), &options, deaf()).await
    }

    /// Every object below the place, by key, with its length.
    pub(super) fn listing(&self) -> BTreeMap<String, u64> {
        let root = self.path("place");
        let mut found = BTreeMap::new();
        walk(&root, &mut |path, bytes| {
            let key = path.strip_prefix(&root).unwrap();
            found.insert(key.to_str().unwrap().to_owned(), bytes);
        });
        // The folder's own, which no key can name.
        found.retain(|key, _| !key.split('/').any(|part| part.starts_with('.')));
        found
    }

    /// Those of snapshots' files.
    pub(super) fn files(&self) -> BTreeMap<String, u64> {
        let mut files = self.listing();
        files.retain(|key, _| key.starts_with("snapshots/objects/"));
        files
    }

    /// The objects of the newest snapshot's tables. RocksDB writes each anew once, some time after
    /// views of older states are gone: only then the next snapshot has the same.
    pub(super) fn tables(&self) -> Vec<String> {
        let manifests = self.listing().into_keys();
        let mut manifests = manifests.filter(|key| key.starts_with("snapshots/manifests/"));
        let manifest = manifests.next_back().unwrap();
        let manifest = std::fs::read(self.path("place").join(manifest)).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let files = manifest["files"].as_array().unwrap().iter();
        let tables = files.filter(|file| file["name"].as_str().unwrap().ends_with(".sst"));
        let keys = tables.map(|table| {
            let content = table["sha256"].as_str().unwrap();
            format!("snapshots/objects/{}/{content}", &content[..2])
        });
        keys.collect()
    }

    /// Nothing is left of what was under way.
    pub(super) fn assert_swept(&self) {
        let scratch = self.options().scratch;
        let left = std::fs::read_dir(&scratch).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{} holds something", scratch.display());
    }
}

pub(super) fn claim(store: tidegauge_storage::Identity, machine: &str) -> WriterClaim {
    WriterClaim {
        store,
        machine: machine.to_owned(),
        holder: format!("{machine} process 1"),
        take_over: false,
    }
}

pub(super) fn restore_options() -> RestoreOptions {
    RestoreOptions {
        which: Which::Newest,
        chain: Some(CHAIN),
        allow_older: false,
        drill: false,
        least_free_bytes: 0,
        machine: "b".to_owned(),
        holder: "b (restore)".to_owned(),
        clock,
    }
}

fn walk(folder: &Path, found: &mut impl FnMut(&Path, u64)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), found);
        } else {
            found(&entry.path(), entry.metadata().unwrap().len());
        }
    }
}
