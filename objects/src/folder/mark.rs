//! What a folder is known by, so that the empty place of a disk that was unmounted is not taken
//! for it.

use super::files::{sync_folder_of, temporary_in, there};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
};
use uuid::Uuid;

/// Where things are written before they appear; on the same file system as the rest.
pub(super) const PARTIAL: &str = ".partial";

/// The file that holds the mark, and is locked while a document is replaced.
pub(super) const LOCK: &str = ".lock";

/// Longest mark that is read, in bytes: a UUID has 36.
const MOST_BYTES: u64 = 64;

/// A text that no other folder has. Numbers of devices and files would be no good: over a network
/// they change by themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mark(String);

impl Mark {
    /// That of a folder, which gets one if it has none; nothing where we may not write and nobody
    /// did before.
    pub(super) fn make(root: &Path) -> io::Result<Option<Self>> {
        if let Some(mark) = Self::read(root)? {
            return Ok(Some(mark));
        }
        match Self::write(root) {
            // By us, or by another process at the same moment.
            Ok(()) => Self::read(root),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Self::read(root),
            Err(e) if is_forbidden(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// That of a folder as it is now; nothing, if it has none or is not there.
    pub(super) fn read(root: &Path) -> io::Result<Option<Self>> {
        match there(File::open(root.join(LOCK)))? {
            Some(file) => Self::of(&file).map(Some),
            None => Ok(None),
        }
    }

    /// The one that an open file holds.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text)?;
        Ok(Self(text))
    }

    /// It appears whole, so that nobody reads half of one.
    fn write(root: &Path) -> io::Result<()> {
        let path = root.join(LOCK);
        let mut file = temporary_in(&root.join(PARTIAL))?;
        writeln!(file, "{}", Uuid::new_v4())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&path)?;
        sync_folder_of(&path)
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}
