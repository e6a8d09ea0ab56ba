//! The folder beside, in which a restore works; nobody takes it for a store.

use crate::snapshot_fault::SnapshotFault;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Says that the folder is a restore's, and of which manifest; locked while one works.
const NOTE: &str = "tidegauge.restore";

/// A manifest's digest, and not much more.
const MOST_NOTE_BYTES: u64 = 4_096;

/// A workplace that is ours alone while this lives.
pub(super) struct Workplace {
    into: PathBuf,
    folder: PathBuf,
    note: File,
}

impl Workplace {
    /// Opens the one for a folder, where nothing is in the way; an earlier, killed restore's is
    /// gone on with.
    pub(super) fn open(into: &Path) -> Result<Self, SnapshotFault> {
        let into = std::path::absolute(into).map_err(SnapshotFault::disk("find", into))?;
        require_empty(&into)?;
        let mut name = into.file_name().unwrap_or_default().to_owned();
        name.push(".restoring");
        let folder = into.with_file_name(name);
        fs::create_dir_all(&folder).map_err(SnapshotFault::disk("make", &folder))?;
        let path = folder.join(NOTE);
        if !path.exists() && names(&folder)?.next().is_some() {
            return Err(SnapshotFault::InTheWay(folder));
        }
        let note = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(SnapshotFault::disk("write", &path))?;
        match note.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SnapshotFault::Busy(folder)),
            Err(TryLockError::Error(cause)) => {
                return Err(SnapshotFault::disk("lock", path)(cause));
            }
        }
        Ok(Self { into, folder, note })
    }

    /// Where the files go.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes it one of this snapshot, with no other files than these: what is left of another
    /// snapshot goes.
    pub(super) fn prepare(
        &mut self,
        snapshot: &str,
        files: &HashSet<&str>,
    ) -> Result<(), SnapshotFault> {
        let path = self.folder.join(NOTE);
        let mut noted = String::new();
        let mut look = || {
            self.note.rewind()?;
            let mut note = (&self.note).take(MOST_NOTE_BYTES);
            note.read_to_string(&mut noted)
        };
        // One that was cut off says nothing, and so do bytes that are no text.
        let same = look().is_ok() && noted == snapshot;
        for name in names(&self.folder)? {
            if name != NOTE && !(same && name.to_str().is_some_and(|name| files.contains(name))) {
                let path = self.folder.join(name);
                let removed = if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                removed.map_err(SnapshotFault::disk("remove", path))?;
            }
        }
        let mut write = || {
            self.note.set_len(0)?;
            self.note.rewind()?;
            self.note.write_all(snapshot.as_bytes())?;
            self.note.sync_all()
        };
        write().map_err(SnapshotFault::disk("write", path))
    }

    /// Removes all of it: it was only tried out.
    pub(super) fn discard(self) -> Result<(), SnapshotFault> {
        fs::remove_dir_all(&self.folder).map_err(SnapshotFault::disk("remove", &self.folder))
    }

    /// Puts the folder into its place, whole and durable.
    pub(super) fn finish(self) -> Result<(), SnapshotFault> {
        // What came into place meanwhile is not overwritten.
        require_empty(&self.into)?;
        for name in names(&self.folder)? {
            sync(&self.folder.join(name))?;
        }
        sync(&self.folder)?;
        fs::rename(&self.folder, &self.into)
            .map_err(SnapshotFault::disk("put into place", &self.into))?;
        if let Some(parent) = self.into.parent() {
            sync(parent)?;
        }
        // Last, so that a folder beside always says whose it is; in a store it is in nobody's way.
        let note = self.into.join(NOTE);
        fs::remove_file(&note).map_err(SnapshotFault::disk("remove", &note))
    }
}

/// The folder is not there, or empty, and can be replaced by another.
fn require_empty(into: &Path) -> Result<(), SnapshotFault> {
    let not_empty = |holds: String| SnapshotFault::NotEmpty {
        into: into.to_owned(),
        holds,
    };
    let metadata = match fs::symlink_metadata(into) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SnapshotFault::disk("look at", into)(error)),
    };
    if !metadata.is_dir() {
        return Err(not_empty("a file or a link of that name".to_owned()));
    }
    let mut found: Vec<_> = names(into)?.collect();
    found.sort();
    if found.iter().any(|name| name == "CURRENT") {
        return Err(not_empty(store_in(into)));
    }
    if let Some(name) = found.first() {
        return Err(not_empty(format!("`{}` and more", name.to_string_lossy())));
    }
    let parent = into.parent().map(fs::metadata).transpose();
    if let Ok(Some(parent)) = parent
        && parent.dev() != metadata.dev()
    {
        return Err(not_empty(
            "the root of a file system, which cannot be put into place whole: name a folder in it"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What store that is, as far as it can be told without touching it.
fn store_in(folder: &Path) -> String {
    let described = || {
        let scratch = std::env::temp_dir().join(format!("tidegauge-look-{}", std::process::id()));
        let reader = tidegauge_storage::Reader::open_beside(folder, &scratch, LOOK_MEMORY_MIB);
        let described = reader.and_then(|reader| {
            let view = reader.view()?;
            let tip = view.tip()?.map(|tip| tip.block.number);
            Ok((view.identity()?, tip))
        });
        // Nobody reads the log of this look.
        let _ = fs::remove_dir_all(&scratch);
        described
    };
    match described() {
        Ok((identity, tip)) => format!(
            "a store of chain {}, {}{}",
            identity.chain_id,
            tip.map_or("still empty".to_owned(), |tip| format!("up to block {tip}")),
            if folder.join("tidegauge.pid").exists() {
                ", in use or not closed"
            } else {
                ""
            }
        ),
        Err(_) => "a store that cannot be opened".to_owned(),
    }
}

/// A look at the tip of a store needs hardly any.
const LOOK_MEMORY_MIB: usize = 32;

fn names(folder: &Path) -> Result<impl Iterator<Item = std::ffi::OsString>, SnapshotFault> {
    let entries = fs::read_dir(folder).map_err(SnapshotFault::disk("read", folder))?;
    let names = entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(SnapshotFault::disk("read", folder))?;
    Ok(names.into_iter())
}

fn sync(path: &Path) -> Result<(), SnapshotFault> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(SnapshotFault::disk("sync", path))
}
