//! A file that appears under its name only when it is what its stamp says.

use crate::{
    error::ObjectError,
    failure::Act,
    stamp::{Stamp, Tally},
};
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{fs::File, io::AsyncWriteExt as _};

/// Written as `NAME.partial`, synced and renamed when it is right, removed when it is dropped
/// before.
pub(crate) struct Arrival<'a> {
    act: Act<'a>,
    stamp: Stamp,
    to: PathBuf,
    partial: PathBuf,
    file: File,
    tally: Tally,
    arrived: bool,
}

impl<'a> Arrival<'a> {
    pub(crate) async fn begin(act: Act<'a>, stamp: &Stamp, to: &Path) -> Result<Self, ObjectError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        // What an earlier, killed run left behind is overwritten.
        let file = File::create(&partial)
            .await
            .map_err(|e| act.io(&partial, &e))?;
        Ok(Self {
            act,
            stamp: *stamp,
            to: to.to_owned(),
            partial,
            file,
            tally: Tally::default(),
            arrived: false,
        })
    }

    /// Takes a piece; more than the stamp says is not written.
    pub(crate) async fn add(&mut self, piece: &[u8]) -> Result<(), ObjectError> {
        self.tally.add(piece);
        if self.tally.bytes() > self.stamp.bytes {
            return Err(self.wrong(format!("more than {} bytes", self.stamp.bytes)));
        }
        let written = self.file.write_all(piece).await;
        Ok(written.map_err(|e| self.act.io(&self.partial, &e))?)
    }

    /// Lets it appear, if it is right.
    pub(crate) async fn finish(mut self) -> Result<(), ObjectError> {
        let found = std::mem::take(&mut self.tally).stamp();
        if found != self.stamp {
            return Err(self.wrong(found.to_string()));
        }
        let settled = self.settle().await;
        settled.map_err(|e| self.act.io(&self.to, &e))?;
        self.arrived = true;
        Ok(())
    }

    async fn settle(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        tokio::fs::rename(&self.partial, &self.to).await?;
        let folder = match self.to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder).await?.sync_all().await
    }

    fn wrong(&self, found: String) -> ObjectError {
        ObjectError::Corrupt {
            place: self.act.place.to_owned(),
            key: self.act.key.to_owned(),
            expected: self.stamp.to_string(),
            found,
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            // Nobody is left to tell; what stays behind has its name that says what it is.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}
