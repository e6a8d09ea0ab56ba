//! The store's folder: what it holds before RocksDB touches it, who uses it, what room is left.

use crate::error::StoreError;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Says that the folder is ours; written before anything else.
const MARKER: &str = "tidegauge.store";
const MARKER_TEXT: &str = "A Tidegauge store: RocksDB files, written by `tidegauge` alone.\n";

/// Names the process that writes.
const PID_NOTE: &str = "tidegauge.pid";

/// Made and removed at once, to learn whether the folder can be written.
const PROBE: &str = "tidegauge.probe";

/// RocksDB's pointer to its manifest: where it is, there is a database.
const CURRENT: &str = "CURRENT";

/// What a folder holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// Nothing, or a creation that did not come to its end.
    Nothing,
    /// A database in a folder that we marked.
    Marked,
    /// A database without our mark: ours only if its families are.
    Unmarked,
}

/// Looks, and writes nothing.
pub(crate) fn content(path: &Path) -> Result<Content, StoreError> {
    let not_a_store = |why: &str| StoreError::NotAStore {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Content::Nothing),
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            return Err(not_a_store("it is not a folder"));
        }
        Err(e) => return Err(not_a_store(&format!("it cannot be read: {e}"))),
    };
    let (mut any, mut marked, mut database) = (false, false, false);
    for entry in entries {
        let entry = entry.map_err(|e| not_a_store(&format!("it cannot be read: {e}")))?;
        any = true;
        marked |= entry.file_name() == MARKER;
        database |= entry.file_name() == CURRENT;
    }
    match (any, marked, database) {
        (false, ..) | (_, true, false) => Ok(Content::Nothing),
        (_, true, true) => Ok(Content::Marked),
        (_, false, true) => Ok(Content::Unmarked),
        (_, false, false) => Err(not_a_store("it holds other files")),
    }
}

/// Makes the folder and marks it.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|e| not_writable(path, e))?;
    let marker = path.join(MARKER);
    write_synced(&marker, MARKER_TEXT).map_err(|e| not_writable(&marker, e))
}

/// Fails where the folder cannot be written.
pub(crate) fn probe(path: &Path) -> Result<(), StoreError> {
    let probe = path.join(PROBE);
    write_synced(&probe, "")
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|e| not_writable(path, e))
}

/// Notes this process as the writer; the note goes when the guard does.
pub(crate) fn note_pid(path: &Path) -> Result<PidNote, StoreError> {
    let note = path.join(PID_NOTE);
    write_synced(&note, &format!("{}\n", std::process::id()))
        .map_err(|e| not_writable(&note, e))?;
    Ok(PidNote(note))
}

/// The writer, where it left a note.
pub(crate) fn noted_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path.join(PID_NOTE))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Removes the note when the writer is done.
pub(crate) struct PidNote(PathBuf);

impl Drop for PidNote {
    fn drop(&mut self) {
        // A note left behind does no harm: the lock decides, the note only names.
        let _ = fs::remove_file(&self.0);
    }
}

/// Fails where less than `least` bytes are free.
pub fn require_space(path: &Path, least: u64) -> Result<(), StoreError> {
    let stat = rustix::fs::statvfs(path).map_err(|e| not_writable(path, e.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if free < least {
        return Err(StoreError::DiskLow {
            path: path.to_owned(),
            free_mib: free >> 20,
            needed_mib: least >> 20,
        });
    }
    Ok(())
}

/// Bytes of all files in the folder; files that vanish while it looks count nothing.
pub(crate) fn disk_bytes(path: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        match entry?.metadata() {
            Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(bytes)
}

fn write_synced(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn not_writable(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::NotWritable {
        path: path.to_owned(),
        source,
    }
}
