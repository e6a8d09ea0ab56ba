//! A folder that appears whole or not at all.

use crate::error::Error;
use std::path::{Path, PathBuf};
use tidegauge_sync::SyncError;

/// Filled as `NAME.partial`, renamed when it is finished, removed when it is dropped before.
pub(crate) struct Folder {
    partial: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl Folder {
    /// Begins; what is there already is refused, and so is what a killed run left behind: it is
    /// not ours to remove a folder that we did not make.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        for taken in [path, &partial] {
            if taken.symlink_metadata().is_ok() {
                return Err(SyncError::Exists(taken.to_owned()).into());
            }
        }
        std::fs::create_dir(&partial).map_err(Error::io(format!("make {}", partial.display())))?;
        Ok(Self {
            partial,
            path: path.to_owned(),
            finished: false,
        })
    }

    /// The path of a file in it while it is being filled; folders on the way are made.
    pub(crate) fn file(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.partial.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(Error::io(format!("make {}", parent.display())))?;
        }
        Ok(path)
    }

    /// Ends: from now on the folder is there under its name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        std::fs::rename(&self.partial, &self.path)
            .map_err(Error::io(format!("make {}", self.path.display())))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to tell; what stays behind has its name that says what it is.
            let _ = std::fs::remove_dir_all(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_when_it_is_finished() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("set");
        let folder = Folder::create(&path).unwrap();
        std::fs::write(folder.file("fold-1/train.csv").unwrap(), "x").unwrap();
        assert!(!path.exists());
        folder.finish().unwrap();
        assert!(path.join("fold-1/train.csv").exists());
        assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 1);
        assert!(matches!(
            Folder::create(&path),
            Err(Error::Sync(SyncError::Exists(_)))
        ));
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::create(&base.path().join("set")).unwrap();
        std::fs::write(folder.file("train.csv").unwrap(), "x").unwrap();
        drop(folder);
        assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0);
    }
}
