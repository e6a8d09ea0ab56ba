//! The manifest's documents: which objects count, as of one version. `docs/lake.md` is their page.

use super::rows_digest::RowsDigest;
use super::table::LakeTable;
use crate::error::SyncError;
use crate::lake_fault::LakeFault;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidegauge_model::{B256, BlockNumber, BlockRef, ChainId, Day, UnixSeconds};
use tidegauge_objects::{ObjectError, ObjectKey, Sha256, Stamp};
use uuid::Uuid;

/// The documents' format; raised when a reader of an older one would go wrong.
const FORMAT: u32 = 1;

/// Where all of the lake is.
pub(super) const LAKE: &str = "lake/";
/// Where the manifests are.
pub(super) const MANIFESTS: &str = "lake/_manifests/";
/// Where the lists of objects are that manifests name.
pub(super) const PARTS: &str = "lake/_manifests/parts/";
/// Where objects of days are that are not final.
pub(super) const HOT: &str = "lake/hot/";
/// A copy of the newest manifest.
pub(super) const LATEST: &str = "lake/_manifests/latest.json";

/// Digits of a version in a key, so that keys sort by it.
const VERSION_DIGITS: usize = 12;

/// Longest manifest: a month's part is 250 bytes in it, a hot object 600.
pub(super) const MAX_ROOT_BYTES: usize = 16 << 20;
/// Longest part: 31 objects of 600 bytes.
pub(super) const MAX_PART_BYTES: usize = 1 << 20;

/// One object of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LakeObject {
    /// Of which table.
    pub table: LakeTable,
    /// The UTC day of its rows.
    pub date: Day,
    /// Its key below the prefix.
    pub key: ObjectKey,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Sha256,
    /// Its rows.
    pub rows: u64,
    /// Their digest.
    pub rows_digest: RowsDigest,
    /// The day's first block.
    pub from_block: BlockNumber,
    /// The day's last block; before the first where it has none.
    pub to_block: BlockNumber,
    /// Its hash, or that of the last one known below it.
    pub to_hash: B256,
    /// Whether every block of the day is known; not so on the day on which collection began.
    pub whole: bool,
    /// Of forecasts: the digest of the runs that they are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<RowsDigest>,
}

impl LakeObject {
    /// What the object holds.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            bytes: self.bytes,
            sha256: self.sha256,
        }
    }

    /// The day's last block.
    pub(super) fn last_block(&self) -> BlockRef {
        BlockRef {
            number: self.to_block,
            hash: self.to_hash,
        }
    }
}

/// A manifest: one version of the lake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Root {
    pub(super) format: u32,
    /// SHA-256 of the document with this left empty: a damaged one is never believed.
    pub(super) check: String,
    /// Counts up by one.
    pub(super) version: u64,
    /// Of the writer.
    pub(super) epoch: u64,
    pub(super) chain_id: ChainId,
    /// Which store it was made from, and in which of its lives.
    pub(super) store: StoreLife,
    pub(super) made_at: UnixSeconds,
    pub(super) made_by: String,
    /// The last notice of the store of which every repair is in it; zero: none is sure to be.
    pub(super) notice: u64,
    /// The last block of its final days.
    #[serde(rename = "final")]
    pub(super) final_block: Option<BlockRef>,
    /// The last block of its rows.
    pub(super) tip: Option<BlockRef>,
    /// Fingerprint of the definitions in force.
    pub(super) feature_set: Option<String>,
    /// Lists of the objects of final days, one for each table and month.
    pub(super) parts: Vec<PartRef>,
    /// Objects of days that are not final.
    pub(super) hot: Vec<LakeObject>,
}

/// A store, in one of its lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct StoreLife {
    pub(super) id: Uuid,
    pub(super) epoch: u64,
}

/// Where a list of objects is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct PartRef {
    pub(super) table: LakeTable,
    /// `YYYY-MM`.
    pub(super) month: String,
    pub(super) key: ObjectKey,
    pub(super) bytes: u64,
    pub(super) sha256: Sha256,
    pub(super) objects: u64,
    pub(super) rows: u64,
}

/// The objects of a table and month.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) format: u32,
    pub(super) chain_id: ChainId,
    pub(super) table: LakeTable,
    pub(super) month: String,
    /// By date.
    pub(super) objects: Vec<LakeObject>,
}

impl Part {
    /// Its bytes, the same for the same objects, and where they go.
    pub(super) fn written(
        chain_id: ChainId,
        (table, month): (LakeTable, &str),
        objects: Vec<LakeObject>,
    ) -> Result<(PartRef, Vec<u8>), SyncError> {
        let part = Self {
            format: FORMAT,
            chain_id,
            table,
            month: month.to_owned(),
            objects,
        };
        let bytes = to_bytes(&part);
        let sha256 = Sha256::of(&bytes);
        let part_ref = PartRef {
            table,
            month: part.month,
            key: ObjectKey::new(&format!("{PARTS}{sha256}.json"))?,
            bytes: bytes.len() as u64,
            sha256,
            objects: part.objects.len() as u64,
            rows: part.objects.iter().map(|object| object.rows).sum(),
        };
        Ok((part_ref, bytes))
    }
}

impl Root {
    /// The format that is written here.
    pub(super) const FORMAT: u32 = FORMAT;

    /// Where a version is.
    pub(super) fn key(version: u64) -> Result<ObjectKey, ObjectError> {
        ObjectKey::new(&format!("{MANIFESTS}{version:0VERSION_DIGITS$}.json"))
    }

    /// The version that is there; `None`: no manifest's key.
    pub(super) fn version_of(key: &ObjectKey) -> Option<u64> {
        let name = key.as_ref().strip_prefix(MANIFESTS)?;
        let digits = name.strip_suffix(".json")?;
        let is_plain = digits.len() == VERSION_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| is_plain)
    }

    /// The same with its check.
    pub(super) fn checked(mut self) -> Self {
        self.check.clear();
        self.check = Sha256::of(&self.bytes()).to_string();
        self
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }
}

/// Where an object of a table goes.
pub(super) fn object_key(
    is_hot: bool,
    (chain, epoch): (ChainId, u64),
    object: &Unnamed,
    sha256: &Sha256,
) -> Result<ObjectKey, ObjectError> {
    let Unnamed {
        table,
        date,
        from_block,
        to_block,
        ..
    } = object;
    let root = if is_hot {
        format!("{HOT}{table}/e{epoch}")
    } else {
        format!("{LAKE}{table}")
    };
    let short = &sha256.to_string()[..16];
    ObjectKey::new(&format!(
        "{root}/chain_id={chain}/date={date}/{from_block}-{to_block}-{short}-e{epoch}.parquet"
    ))
}

/// An object that has no key yet, as its bytes are not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unnamed {
    pub(super) table: LakeTable,
    pub(super) date: Day,
    pub(super) rows: u64,
    pub(super) rows_digest: RowsDigest,
    pub(super) from_block: BlockNumber,
    pub(super) to_block: BlockNumber,
    pub(super) to_hash: B256,
    pub(super) whole: bool,
    pub(super) runs: Option<RowsDigest>,
}

impl Unnamed {
    /// The object of these bytes.
    pub(super) fn named(self, key: ObjectKey, stamp: Stamp) -> LakeObject {
        LakeObject {
            table: self.table,
            date: self.date,
            key,
            bytes: stamp.bytes,
            sha256: stamp.sha256,
            rows: self.rows,
            rows_digest: self.rows_digest,
            from_block: self.from_block,
            to_block: self.to_block,
            to_hash: self.to_hash,
            whole: self.whole,
            runs: self.runs,
        }
    }
}

/// A document from its bytes: the format first, so that a newer one is called that.
pub(super) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    key: &ObjectKey,
    place: &str,
) -> Result<T, LakeFault> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } =
        serde_json::from_slice(bytes).map_err(|e| damaged(place, key, format!("({e})")))?;
    if format > FORMAT {
        return Err(LakeFault::Newer {
            place: place.to_owned(),
            key: key.to_string(),
            found: format,
            known: FORMAT,
        });
    }
    serde_json::from_slice(bytes).map_err(|e| damaged(place, key, format!("({e})")))
}

/// A document that is not as it was written.
pub(super) fn damaged(place: &str, key: &ObjectKey, how: impl AsRef<str>) -> LakeFault {
    LakeFault::Damaged {
        place: place.to_owned(),
        key: key.to_string(),
        problem: format!("is not as it was written {}", how.as_ref())
            .trim_end()
            .to_owned(),
    }
}

/// A document that is not there.
pub(super) fn missing(place: &str, key: &ObjectKey) -> LakeFault {
    LakeFault::Damaged {
        place: place.to_owned(),
        key: key.to_string(),
        problem: "is not there".to_owned(),
    }
}

/// People read it too.
fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    // Strings, numbers and lists alone: there is nothing that could fail.
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_off_their_keys() {
        for version in [1, 17, 999_999_999_999] {
            let key = Root::key(version).unwrap();
            assert_eq!(Root::version_of(&key), Some(version), "{key}");
        }
        for other in [
            LATEST,
            "lake/_manifests/17.json",
            "lake/_manifests/+00000000017.json",
            "lake/_manifests/000000000017.txt",
            "lake/_manifests/parts/000000000017.json",
        ] {
            assert_eq!(
                Root::version_of(&ObjectKey::new(other).unwrap()),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn keys_say_what_is_in_them() {
        let object = Unnamed {
            table: LakeTable::Swaps,
            date: "2024-01-05".parse().unwrap(),
            rows: 3,
            rows_digest: RowsDigest::default(),
            from_block: BlockNumber(7),
            to_block: BlockNumber(9),
            to_hash: B256::ZERO,
            whole: true,
            runs: None,
        };
        let sha256 = Sha256::of(b"");
        for (is_hot, expected) in [
            (
                false,
                "lake/swaps/chain_id=1/date=2024-01-05/7-9-e3b0c44298fc1c14-e2.parquet",
            ),
            (
                true,
                "lake/hot/swaps/e2/chain_id=1/date=2024-01-05/7-9-e3b0c44298fc1c14-e2.parquet",
            ),
        ] {
            let key = object_key(is_hot, (ChainId(1), 2), &object, &sha256).unwrap();
            assert_eq!(key.as_ref(), expected);
        }
    }

    #[test]
    fn what_is_no_document_is_told_from_a_newer_one() {
        let key = Root::key(1).unwrap();
        let read = |bytes: &[u8]| read::<Part>(bytes, &key, "here").unwrap_err();
        assert!(matches!(
            read(b"{\"format\": 2}"),
            LakeFault::Newer { found: 2, .. }
        ));
        for bytes in [&b""[..], b"{}", b"{\"format\": 1}", b"[1]", b"\xff"] {
            assert!(
                matches!(read(bytes), LakeFault::Damaged { .. }),
                "{bytes:?}"
            );
        }
        let part = Part {
            format: FORMAT,
            chain_id: ChainId(1),
            table: LakeTable::Targets,
            month: "2024-01".to_owned(),
            objects: Vec::new(),
        };
        let bytes = to_bytes(&part);
        assert_eq!(super::read::<Part>(&bytes, &key, "here"), Ok(part));
    }
}
