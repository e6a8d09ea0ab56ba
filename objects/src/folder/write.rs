//! Writing into the folder: temporary file, sync, a name of its own, sync of the folder.

use super::{
    disk::Disk,
    files::{make_folder, sync_folder_of, temporary_in, there},
    lock::Lock,
    mark::PARTIAL,
    tag,
};
use crate::{
    answer::{ObjectTag, Put},
    error::ObjectError,
    failure::Act,
    key::ObjectKey,
    stamp::{Content, PIECE_BYTES, Sha256, Stamp, Tally},
};
use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    path::Path,
    time::SystemTime,
};
use tempfile::NamedTempFile;

/// Largest document that is replaced, in bytes; what decides who may write is far smaller.
const MOST_DOCUMENT_BYTES: usize = 64 << 20;

pub(super) fn put_new(
    disk: &Disk,
    key: &ObjectKey,
    content: &Content,
    stamp: &Stamp,
) -> Result<Put, ObjectError> {
    let act = Act::new(disk.place(), "write", key.as_ref());
    let path = disk.path(key);
    if let Some(put) = compare(disk, key, stamp)? {
        return Ok(put);
    }
    let (file, found) = match content {
        Content::Bytes(bytes) => temporary(disk, &act, &mut bytes.as_slice())?,
        Content::File(from) => {
            let mut file = File::open(from).map_err(|e| act.io(from, &e))?;
            temporary(disk, &act, &mut file)?
        }
    };
    if found != *stamp {
        return Err(ObjectError::Changed {
            place: disk.place().to_owned(),
            key: key.to_string(),
            expected: stamp.to_string(),
            found: found.to_string(),
        });
    }
    make_folders(disk, &path).map_err(|e| act.io(&path, &e))?;
    match file.persist_noclobber(&path) {
        Ok(_) => {
            sync_folder_of(&path).map_err(|e| act.io(&path, &e))?;
            Ok(Put::Written)
        }
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => {
            let lost = || act.io(&path, &e.error).into();
            compare(disk, key, stamp)?.ok_or_else(lost)
        }
        Err(e) => Err(act.io(&path, &e.error).into()),
    }
}

/// What is there under the key, if anything is: the same, or something else.
fn compare(disk: &Disk, key: &ObjectKey, stamp: &Stamp) -> Result<Option<Put>, ObjectError> {
    let Some(found) = disk.stamp(key)? else {
        return Ok(None);
    };
    if found != *stamp {
        return Err(ObjectError::Different {
            place: disk.place().to_owned(),
            key: key.to_string(),
            expected: stamp.to_string(),
            found: found.to_string(),
        });
    }
    // Whoever gave it its name may have died before syncing that.
    let path = disk.path(key);
    sync_folder_of(&path)
        .map_err(|e| Act::new(disk.place(), "write", key.as_ref()).io(&path, &e))?;
    Ok(Some(Put::Same))
}

pub(super) fn replace(
    disk: &Disk,
    key: &ObjectKey,
    bytes: &[u8],
    expected: Option<&ObjectTag>,
) -> Result<Option<ObjectTag>, ObjectError> {
    let act = Act::new(disk.place(), "replace", key.as_ref());
    let _lock = Lock::take(disk)?;
    let present = disk.read(key, MOST_DOCUMENT_BYTES)?;
    let present = present.map(|bytes| tag(&Sha256::of(&bytes)));
    if present.as_ref() != expected {
        return Ok(None);
    }
    let path = disk.path(key);
    let (file, stamp) = temporary(disk, &act, &mut &*bytes)?;
    make_folders(disk, &path).map_err(|e| act.io(&path, &e))?;
    let named = if present.is_some() {
        file.persist(&path)
    } else {
        // Objects are written without the lock: one of them may have come meanwhile.
        file.persist_noclobber(&path)
    };
    match named {
        Ok(_) => {
            sync_folder_of(&path).map_err(|e| act.io(&path, &e))?;
            Ok(Some(tag(&stamp.sha256)))
        }
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(e) => Err(act.io(&path, &e.error).into()),
    }
}

pub(super) fn delete(disk: &Disk, key: &ObjectKey) -> Result<(), ObjectError> {
    let act = Act::new(disk.place(), "remove", key.as_ref());
    let path = disk.path(key);
    let _lock = Lock::take(disk)?;
    let removed = || -> io::Result<()> {
        match there(fs::remove_file(&path))? {
            Some(()) => sync_folder_of(&path),
            None => Ok(()),
        }
    };
    Ok(removed().map_err(|e| act.io(&path, &e))?)
}

pub(super) fn end_stale(disk: &Disk, before: SystemTime) -> Result<u64, ObjectError> {
    let act = Act::new(disk.place(), "remove", "unfinished files");
    let folder = disk.root().join(PARTIAL);
    disk.present(&act)?;
    let sweep = || -> io::Result<u64> {
        let mut ended = 0;
        for entry in there(fs::read_dir(&folder))?.into_iter().flatten() {
            let entry = entry?;
            // Others may finish theirs, or sweep as well, meanwhile.
            let Some(about) = there(entry.metadata())? else {
                continue;
            };
            if about.modified()? < before && there(fs::remove_file(entry.path()))?.is_some() {
                ended += 1;
            }
        }
        Ok(ended)
    };
    Ok(sweep().map_err(|e| act.io(&folder, &e))?)
}

/// Content in a synced file without a name of its own, and what it holds. It is given up where the
/// folder was taken away meanwhile.
fn temporary(
    disk: &Disk,
    act: &Act<'_>,
    from: &mut dyn Read,
) -> Result<(NamedTempFile, Stamp), ObjectError> {
    let folder = disk.root().join(PARTIAL);
    let mut copy = || -> io::Result<(NamedTempFile, Stamp)> {
        disk.marked()?;
        let mut file = temporary_in(&folder)?;
        let mut tally = Tally::default();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match from.read(&mut piece)? {
                0 => break,
                length => {
                    tally.add(&piece[..length]);
                    file.write_all(&piece[..length])?;
                }
            }
        }
        file.as_file().sync_all()?;
        Ok((file, tally.stamp()))
    };
    let copied = copy().map_err(|e| act.io(&folder, &e));
    disk.present(act)?;
    Ok(copied?)
}

/// Creates the folders that a file needs, each synced in the one above.
fn make_folders(disk: &Disk, path: &Path) -> io::Result<()> {
    let mut missing: Vec<&Path> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != disk.root() && !folder.is_dir())
        .collect();
    while let Some(folder) = missing.pop() {
        make_folder(folder)?;
        sync_folder_of(folder)?;
    }
    Ok(())
}
