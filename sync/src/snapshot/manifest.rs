//! The manifest of one snapshot, and where its parts lie. It is written once.

use super::facts::Facts;
use crate::error::SyncError;
use crate::snapshot_fault::SnapshotFault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegauge_model::BlockNumber;
use tidegauge_objects::{ObjectKey, Objects, Sha256, Stamp};

/// The format of manifests that this program writes.
const FORMAT: u32 = 1;

/// A hundred thousand files, far beyond any store.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Below it lie the files, by what they hold.
pub(super) const OBJECTS: &str = "snapshots/objects";

/// Below it lie the manifests.
pub(super) const MANIFESTS: &str = "snapshots/manifests";

/// One snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Epoch of the writer that took it.
    pub(super) epoch: u64,
    /// Unix seconds.
    pub(super) made_at: u64,
    /// Which version of this program took it.
    pub(super) program: String,
    /// What the store holds.
    pub(super) facts: Facts,
    /// SHA-256 of the manifest before.
    pub(super) previous: Option<Sha256>,
    /// Its files.
    pub(super) files: Vec<FileEntry>,
}

/// One file of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    /// Its name in the store's folder.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// Its content, and where it lies.
    pub(super) sha256: Sha256,
    /// SHA-256 of a table's end, where RocksDB keeps an id of its own for every file: what has the
    /// same name, length and end is the same file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end_sha256: Option<Sha256>,
}

impl FileEntry {
    /// What the object holds.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            bytes: self.bytes,
            sha256: self.sha256,
        }
    }
}

impl Manifest {
    /// Of these files, in order of their names.
    pub(super) fn new(
        facts: Facts,
        epoch: u64,
        made_at: u64,
        previous: Option<Sha256>,
        files: Vec<FileEntry>,
    ) -> Self {
        Self {
            format: FORMAT,
            epoch,
            made_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            facts,
            previous,
            files,
        }
    }

    /// Where it lies: newer ones later in the order of keys, within an epoch. Its own digest keeps
    /// apart what was begun within one second.
    pub(super) fn key(&self) -> Result<ObjectKey, SyncError> {
        let Facts { tip, .. } = &self.facts;
        let hash = format!("{:x}", tip.hash);
        let content = Sha256::of(&self.bytes()).to_string();
        let name = format!(
            "{MANIFESTS}/{:012}-{}-e{}-{}-{}.json",
            tip.number.0,
            &hash[..8],
            self.epoch,
            self.made_at,
            &content[..8]
        );
        Ok(ObjectKey::new(&name)?)
    }

    /// The height in a manifest's key.
    pub(super) fn height(key: &ObjectKey) -> Option<BlockNumber> {
        let name = key.as_ref().strip_prefix(MANIFESTS)?.strip_prefix('/')?;
        let (height, _) = name.split_once('-')?;
        height.parse().ok().map(BlockNumber)
    }

    /// As bytes; people read it too.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // Strings, integers and digests alone: there is nothing that could fail.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// From its bytes, which came from outside.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if format != FORMAT {
            return Err(format!(
                "it has format {format}, this program knows {FORMAT}: use the version that took it"
            ));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let mut names = BTreeSet::new();
        for file in &manifest.files {
            if !is_plain(&file.name) {
                return Err(format!("`{}` is no file name", file.name.escape_debug()));
            }
            if !names.insert(file.name.as_str()) {
                return Err(format!("it names {} twice", file.name));
            }
        }
        if !names.contains("CURRENT") {
            return Err("it lacks the file CURRENT".to_owned());
        }
        Ok(manifest)
    }

    /// Fetches one; `expected` is what an index says of it. `None`: it is not there.
    pub(super) async fn fetch(
        objects: &Objects,
        key: &ObjectKey,
        expected: Option<Sha256>,
    ) -> Result<Option<Self>, SyncError> {
        let unreadable = |problem: String| SnapshotFault::Unreadable {
            place: objects.place(),
            key: key.to_string(),
            problem,
        };
        let Some((bytes, _)) = objects.get(key, MAX_BYTES).await? else {
            return Ok(None);
        };
        let found = Sha256::of(&bytes);
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let problem = format!("its SHA-256 is {found}, and {expected} was expected");
            return Err(unreadable(problem).into());
        }
        Ok(Some(Self::read(&bytes).map_err(unreadable)?))
    }
}

/// Letters, digits, dashes and underscores, with dots inside: as RocksDB names its files, and
/// never a way out of the folder.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(plain)
}

/// Where content lies.
pub(super) fn object_key(sha256: Sha256) -> Result<ObjectKey, SyncError> {
    let name = sha256.to_string();
    Ok(ObjectKey::new(&format!("{OBJECTS}/{}/{name}", &name[..2]))?)
}

/// What content lies there; `None` for another key.
pub(super) fn content_of(key: &ObjectKey) -> Option<Sha256> {
    let (_, name) = key.as_ref().rsplit_once('/')?;
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{B256, BlockRef};
    use uuid::Uuid;

    fn manifest(names: &[&str]) -> Manifest {
        let facts = Facts {
            store_format: 3,
            chain_id: 1,
            store_id: Uuid::from_u128(7),
            store_epoch: 2,
            start: BlockNumber(10),
            tip: BlockRef {
                number: BlockNumber(20_000_000),
                hash: B256::repeat_byte(0xab),
            },
            finalized: Some(BlockNumber(19_999_936)),
            blocks: 3,
            swaps: 4,
            liquidity: 5,
            recent: B256::repeat_byte(1),
        };
        let file = |name: &&str| FileEntry {
            name: (*name).to_owned(),
            bytes: 7,
            sha256: Sha256::of(name.as_bytes()),
            end_sha256: None,
        };
        Manifest::new(
            facts,
            2,
            1_700_000_000,
            None,
            names.iter().map(file).collect(),
        )
    }

    #[test]
    fn a_manifest_reads_back_and_its_key_says_what_it_is() {
        let manifest = manifest(&["000010.sst", "CURRENT", "MANIFEST-000004"]);
        assert_eq!(Manifest::read(&manifest.bytes()), Ok(manifest.clone()));
        let key = manifest.key().unwrap();
        let name = key
            .as_ref()
            .strip_prefix("snapshots/manifests/000020000000-abababab-e2-1700000000-")
            .and_then(|rest| rest.strip_suffix(".json"))
            .unwrap();
        assert_eq!(*name, Sha256::of(&manifest.bytes()).to_string()[..8]);
        assert_eq!(Manifest::height(&key), Some(BlockNumber(20_000_000)));
        let key = object_key(Sha256::of(b"x")).unwrap();
        assert_eq!(content_of(&key), Some(Sha256::of(b"x")));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for (names, problem) in [
            (&["../CURRENT", "CURRENT"][..], "is no file name"),
            (&["/etc/passwd", "CURRENT"], "is no file name"),
            (&["a/b", "CURRENT"], "is no file name"),
            (&["", "CURRENT"], "is no file name"),
            (&["..", "CURRENT"], "is no file name"),
            (&["a\nb", "CURRENT"], "is no file name"),
            (&["CURRENT", "CURRENT"], "twice"),
            (&["000010.sst"], "lacks the file CURRENT"),
        ] {
            let refused = Manifest::read(&manifest(names).bytes()).unwrap_err();
            assert!(refused.contains(problem), "{names:?}: {refused}");
        }
        let newer = r#"{"format":2,"what":"ever"}"#;
        assert!(
            Manifest::read(newer.as_bytes())
                .unwrap_err()
                .contains("format 2")
        );
    }
}
