//! Files that may not be there, and ones that are synced with the folder that names them.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};
use tempfile::NamedTempFile;

/// As other programs create files; what the user masks is taken away.
const MODE: u32 = 0o666;

/// Makes what is not there a nothing; every other error stays one.
pub(super) fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Creates a folder in one that is there.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        // Another writer needs it, too.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// A file that is removed when it is dropped without a name of its own; its folder is made, where
/// that is missing in one that is there.
pub(super) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    make_folder(folder)?;
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)
}

/// Makes a file's name as lasting as its content.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
