//! A file that appears whole or not at all.

use crate::error::SyncError;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Written as `NAME.partial`, synced and renamed when it is finished, removed when it is dropped
/// before.
pub struct WholeFile {
    out: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl WholeFile {
    /// Begins; what is there already is refused.
    pub fn create(path: &Path) -> Result<Self, SyncError> {
        if path.symlink_metadata().is_ok() {
            return Err(SyncError::Exists(path.to_owned()));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        // What an earlier, killed run left behind is overwritten.
        let file = File::create(&partial).map_err(|cause| SyncError::Write {
            path: path.to_owned(),
            cause,
        })?;
        Ok(Self {
            out: BufWriter::new(file),
            partial,
            path: path.to_owned(),
            finished: false,
        })
    }

    /// Its name once it is finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends: from now on the file is there under its name.
    pub fn finish(mut self) -> Result<(), SyncError> {
        self.settle().map_err(|cause| SyncError::Write {
            path: self.path.clone(),
            cause,
        })?;
        self.finished = true;
        Ok(())
    }

    fn settle(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        std::fs::rename(&self.partial, &self.path)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to tell; what stays behind has its name that says what it is.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}
