//! What a set of files is: enough to make it again, and to notice that it was changed.

use crate::error::Error;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tidegauge_model::{BlockRef, Day, Evidence};

/// Read at once when a file is hashed.
const CHUNK_BYTES: usize = 1 << 20;

/// The manifest of a folder.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Manifest {
    pub(crate) program: &'static str,
    pub(crate) format: &'static str,
    pub(crate) chain_id: u64,
    pub(crate) store: String,
    /// The definitions in force at the tip.
    pub(crate) feature_set: String,
    /// The tip of the store that it was made from.
    pub(crate) tip: Option<BlockRef>,
    /// The weakest evidence behind any block from the store's first to the last of these days.
    pub(crate) evidence: Option<Evidence>,
    pub(crate) horizon_days: u32,
    pub(crate) embargo_days: u32,
    /// Which pools a day has.
    pub(crate) universe: &'static str,
    pub(crate) sets: Vec<SetEntry>,
    /// Rows of which it was proven that nothing of the future is in them.
    pub(crate) leak_checked_rows: u64,
    pub(crate) files: Vec<FileEntry>,
}

/// One set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SetEntry {
    pub(crate) name: String,
    pub(crate) first_day: Day,
    pub(crate) last_day: Day,
    /// Days at its end that were left out, because their labels would reach the next set.
    pub(crate) purged_days: u32,
    pub(crate) rows: u64,
    /// Rows with at least one label.
    pub(crate) labelled_rows: u64,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl FileEntry {
    /// Reads a finished file.
    pub(crate) fn of(name: &str, path: &Path) -> Result<Self, Error> {
        let attempt = || format!("read {}", path.display());
        let mut file = File::open(path).map_err(Error::io(attempt()))?;
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut chunk).map_err(Error::io(attempt()))?;
            if read == 0 {
                break;
            }
            digest.update(&chunk[..read]);
            bytes += read as u64;
        }
        let sha256 = digest
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256,
        })
    }
}

impl Manifest {
    /// As it stands in the file.
    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Failed(format!("cannot write the manifest: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(
            FileEntry::of("abc", &path).unwrap(),
            FileEntry {
                name: "abc".to_owned(),
                bytes: 3,
                // FIPS 180-2, appendix B.1.
                sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                    .to_owned(),
            }
        );
        assert!(FileEntry::of("none", &folder.path().join("none")).is_err());
    }
}
