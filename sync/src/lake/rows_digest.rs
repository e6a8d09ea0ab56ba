//! The digest of some rows, whatever their order: of the store's as of a file's.
//!
//! Each row is hashed by SHA-256, and the hashes are added up modulo 2²⁵⁶. A row is its cells in
//! the order of the columns, each a byte that says its kind and then its value, big-endian:
//!
//! ```text
//! 0 unknown   1 integer, i64   2 float, the bits of an f64   3 dollars, i128 of 1e-9
//! 4 yes or no, u8   5 text, its length in bytes as u32, then UTF-8   6 day since 1970, u32
//! 7 moment, unix seconds as u64
//! ```

use crate::cell::Cell;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use tidegauge_model::{B256, U256};

/// The digest of some rows; shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RowsDigest(B256);

impl fmt::Display for RowsDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for RowsDigest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let digest = text.parse().ok().filter(|_| is_plain);
        digest
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not 64 hex digits"))
    }
}

impl Serialize for RowsDigest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RowsDigest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Adds up rows.
#[derive(Default)]
pub(super) struct RowsDigester {
    sum: U256,
    rows: u64,
    bytes: Vec<u8>,
}

impl RowsDigester {
    /// One more row.
    pub(super) fn add(&mut self, row: &[Cell<'_>]) {
        self.bytes.clear();
        for cell in row {
            put(cell, &mut self.bytes);
        }
        let hash: [u8; 32] = Sha256::digest(&self.bytes).into();
        self.sum = self.sum.wrapping_add(U256::from_be_bytes(hash));
        self.rows += 1;
    }

    /// How many there were, and their digest.
    pub(super) fn finish(&self) -> (u64, RowsDigest) {
        (self.rows, RowsDigest(B256::new(self.sum.to_be_bytes())))
    }
}

fn put(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.push(0),
        Cell::Int(value) => tagged(1, &value.to_be_bytes(), out),
        Cell::Float(value) => tagged(2, &value.to_bits().to_be_bytes(), out),
        Cell::Usd(value) => tagged(3, &value.0.to_be_bytes(), out),
        Cell::Bool(value) => tagged(4, &[u8::from(*value)], out),
        Cell::Text(text) => {
            // A cell is far shorter than 4 GiB.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            tagged(5, &length.to_be_bytes(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Cell::Day(value) => tagged(6, &value.number().to_be_bytes(), out),
        Cell::Moment(value) => tagged(7, &value.0.to_be_bytes(), out),
    }
}

fn tagged(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{Day, UnixSeconds, Usd};

    fn digest(rows: &[Vec<Cell<'_>>]) -> RowsDigest {
        let mut digester = RowsDigester::default();
        for row in rows {
            digester.add(row);
        }
        let (count, digest) = digester.finish();
        assert_eq!(count, rows.len() as u64);
        digest
    }

    #[test]
    fn order_does_not_count_and_everything_else_does() {
        let day = Day::of(UnixSeconds(86_400 * 9));
        let rows = [
            vec![Cell::Int(1), Cell::text("a"), Cell::text("b")],
            vec![Cell::Int(1), Cell::text("ab"), Cell::text("")],
            vec![Cell::Int(-1), Cell::Null, Cell::text("b")],
            vec![Cell::Int(0), Cell::Float(0.0), Cell::Bool(false)],
            vec![Cell::Int(0), Cell::Float(-0.0), Cell::Bool(false)],
            vec![
                Cell::Usd(Usd(9)),
                Cell::Day(day),
                Cell::Moment(UnixSeconds(9)),
            ],
        ];
        let all = digest(&rows);
        let mut turned = rows.clone();
        turned.reverse();
        assert_eq!(digest(&turned), all);
        let single: std::collections::BTreeSet<String> = rows
            .iter()
            .map(|row| digest(std::slice::from_ref(row)).to_string())
            .collect();
        assert_eq!(single.len(), rows.len());
        assert_ne!(digest(&rows[1..]), all);
        assert_ne!(digest(&[&rows[..], &rows[..1]].concat()), all);
    }

    /// What a reader in another language has to come to.
    #[test]
    fn golden_digests_hold() {
        let rows = [
            vec![Cell::Int(-2), Cell::text("0xab"), Cell::Null],
            vec![
                Cell::Usd(Usd(1_500_000_000)),
                Cell::Float(0.5),
                Cell::Bool(true),
            ],
        ];
        assert_eq!(digest(&[]).to_string(), "0".repeat(64));
        assert_eq!(digest(&rows).to_string(), GOLDEN);
        assert_eq!(GOLDEN.parse(), Ok(digest(&rows)));
        for wrong in ["", "0x00", &GOLDEN[1..], &format!("0x{}", &GOLDEN[2..])] {
            assert!(wrong.parse::<RowsDigest>().is_err(), "{wrong}");
        }
    }

    const GOLDEN: &str = "78cf671174cfca238f87078201bc9c7ed0a5bb96ac6308bf5e1f18b1a1fcc255";
}
