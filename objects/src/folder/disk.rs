//! The folder itself: where things lie, and reading them.

use super::{files::there, mark::Mark};
use crate::{
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::{PIECE_BYTES, Stamp, Tally},
};
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// An open folder.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    place: String,
    /// None: it had none, and we were not permitted to write.
    mark: Option<Mark>,
}

impl Disk {
    pub(super) fn open(root: &Path) -> Result<Self, ObjectError> {
        let act = Act::new("", "open", "the folder of the objects");
        let root = root.canonicalize().map_err(|e| act.io(root, &e))?;
        if !root.is_dir() {
            return Err(act
                .io(&root, &io::Error::from(io::ErrorKind::NotADirectory))
                .into());
        }
        Ok(Self {
            place: root.display().to_string(),
            mark: Mark::make(&root).map_err(|e| act.io(&root, &e))?,
            root,
        })
    }

    /// Refuses, where this is not the folder any more that was opened.
    pub(super) fn present(&self, act: &Act<'_>) -> Result<(), ObjectError> {
        let found = Mark::read(&self.root).map_err(|e| act.io(&self.root, &e))?;
        if found == self.mark && self.root.is_dir() {
            Ok(())
        } else {
            Err(act.failed(ObjectCause::Gone, "").into())
        }
    }

    /// Refuses to write where nothing would show that the folder was taken away.
    pub(super) fn marked(&self) -> io::Result<&Mark> {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        self.mark.as_ref().ok_or_else(refused)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_ref())
    }

    /// A whole document; nothing, if it is not there.
    pub(super) fn read(
        &self,
        key: &ObjectKey,
        most_bytes: usize,
    ) -> Result<Option<Vec<u8>>, ObjectError> {
        let act = Act::new(&self.place, "read", key.as_ref());
        let path = self.path(key);
        let Some(file) = self.open_file(&act, &path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let most = most_bytes as u64;
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| act.io(&path, &e))?;
        if bytes.len() > most_bytes {
            let length = path.metadata().map_err(|e| act.io(&path, &e))?.len();
            return Err(ObjectError::TooLarge {
                place: self.place.clone(),
                key: key.to_string(),
                bytes: length,
                most_bytes,
            });
        }
        Ok(Some(bytes))
    }

    /// What an object holds, read from its first byte to its last.
    pub(super) fn stamp(&self, key: &ObjectKey) -> Result<Option<Stamp>, ObjectError> {
        let act = Act::new(&self.place, "read", key.as_ref());
        let path = self.path(key);
        let Some(mut file) = self.open_file(&act, &path)? else {
            return Ok(None);
        };
        let mut tally = Tally::default();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece).map_err(|e| act.io(&path, &e))? {
                0 => return Ok(Some(tally.stamp())),
                length => tally.add(&piece[..length]),
            }
        }
    }

    /// A file to read; that it is not there is believed of a folder that is.
    pub(super) fn open_file(
        &self,
        act: &Act<'_>,
        path: &Path,
    ) -> Result<Option<File>, ObjectError> {
        let file = there(File::open(path)).map_err(|e| act.io(path, &e))?;
        if file.is_none() {
            self.present(act)?;
        }
        Ok(file)
    }
}
