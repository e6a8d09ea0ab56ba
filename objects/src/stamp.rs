//! What an object holds: its length and its SHA-256.

use crate::{error::ObjectError, failure::Act};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};
use tokio::io::AsyncReadExt as _;

/// What is read from a file at once.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// That of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Sha256 {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let mut digest = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let whole = rest.is_empty() && pairs.len() == digest.len();
        let read = pairs.iter().zip(&mut digest).try_for_each(|(pair, byte)| {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
            Some(())
        });
        read.filter(|()| whole)
            .map(|()| Self(digest))
            .ok_or(ObjectError::NoDigest)
    }
}

impl TryFrom<String> for Sha256 {
    type Error = ObjectError;

    fn try_from(text: String) -> Result<Self, ObjectError> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

/// What an object holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

impl Stamp {
    /// That of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut tally = Tally::default();
        tally.add(bytes);
        tally.stamp()
    }

    /// That of a file.
    ///
    /// # Errors
    /// [`ObjectError::Failed`], where it cannot be read.
    pub async fn of_file(path: &Path) -> Result<Self, ObjectError> {
        let act = Act::local("read");
        let read = async {
            let mut file = tokio::fs::File::open(path).await?;
            let mut tally = Tally::default();
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match file.read(&mut piece).await? {
                    0 => return Ok(tally.stamp()),
                    length => tally.add(&piece[..length]),
                }
            }
        };
        Ok(read.await.map_err(|e| act.io(path, &e))?)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with SHA-256 {}", self.bytes, self.sha256)
    }
}

/// Where content comes from; its [`Stamp`] goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// From memory.
    Bytes(Vec<u8>),
    /// From a file, which nobody changes meanwhile; one that does not fit its stamp is not taken.
    File(PathBuf),
}

/// A stamp in the making.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    bytes: u64,
    digest: sha2::Sha256,
}

impl Tally {
    pub(crate) fn add(&mut self, piece: &[u8]) {
        // No content is as long as 2^64 bytes.
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        self.digest.update(piece);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn stamp(self) -> Stamp {
        Stamp {
            bytes: self.bytes,
            sha256: Sha256(self.digest.finalize().into()),
        }
    }
}
