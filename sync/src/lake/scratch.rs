//! Where files are made: a folder of this process alone, which the next sweeps if we cannot.

use crate::error::SyncError;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// What our folders' names begin with.
const PREFIX: &str = "lake-";
/// The file beside a folder that its process holds a lock on.
const LOCK: &str = "lock";
/// Folders tried before it is given up: one is lost only to a sweep of the same moment.
const MAX_TRIES: u32 = 8;

/// A folder of ours, removed with all that is in it when nobody uses it any more.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    lock_path: PathBuf,
    /// Held until the end: whoever can take it knows that we are gone.
    _lock: File,
    files: AtomicU64,
}

impl Scratch {
    /// Sweeps what killed processes left in a folder, and makes one of our own in it.
    pub(super) fn begin(parent: &Path) -> Result<Arc<Self>, SyncError> {
        let failed = |cause| SyncError::Write {
            path: parent.to_owned(),
            cause,
        };
        std::fs::create_dir_all(parent).map_err(failed)?;
        sweep(parent).map_err(failed)?;
        for _ in 0..MAX_TRIES {
            let folder = parent.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
            let lock_path = folder.with_extension(LOCK);
            let lock = File::create_new(&lock_path).map_err(failed)?;
            // A sweep may have come between: then the name is not ours any more.
            if lock.try_lock().is_err() || !lock_path.exists() {
                continue;
            }
            std::fs::create_dir(&folder).map_err(failed)?;
            return Ok(Arc::new(Self {
                folder,
                lock_path,
                _lock: lock,
                files: AtomicU64::new(0),
            }));
        }
        Err(failed(io::ErrorKind::WouldBlock.into()))
    }

    /// A name that nothing has yet.
    pub(super) fn file(self: &Arc<Self>) -> ScratchFile {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        ScratchFile {
            path: self.folder.join(format!("{number}.parquet")),
            _scratch: Arc::clone(self),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind, the next one sweeps.
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_file(&self.lock_path);
    }
}

/// A file in a folder of ours, removed when nobody uses it any more.
#[derive(Debug)]
pub(super) struct ScratchFile {
    path: PathBuf,
    _scratch: Arc<Scratch>,
}

impl ScratchFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes folders whose process is gone.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(parent)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_lock = path.extension().is_some_and(|ending| ending == LOCK);
        if !name.starts_with(PREFIX) || !is_lock {
            continue;
        }
        // Somebody else may sweep too.
        let Ok(lock) = File::open(&path) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(path.with_extension(""));
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let names = || {
            let mut names: Vec<_> = std::fs::read_dir(parent.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        std::fs::write(parent.path().join("mine.lock"), "").unwrap();
        let first = Scratch::begin(parent.path()).unwrap();
        std::fs::write(first.file().path(), "gone with its handle").unwrap();
        let kept = first.file();
        std::fs::write(kept.path(), "in use").unwrap();
        // As a kill leaves it: folder and lock file, and nobody who holds the lock.
        let left = parent.path().join("lake-0123");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("7.parquet.partial"), "half").unwrap();
        std::fs::write(left.with_extension(LOCK), "").unwrap();
        let second = Scratch::begin(parent.path()).unwrap();
        assert_eq!(names().len(), 5, "{:?}", names());
        assert!(!left.exists());
        assert_eq!(std::fs::read_dir(&first.folder).unwrap().count(), 1);
        drop((first, second));
        assert!(kept.path().exists());
        drop(kept);
        assert_eq!(names(), ["mine.lock"]);
    }
}
