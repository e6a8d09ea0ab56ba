//! Scans: rows in key order; a scan that ends early for damage says so.

use crate::codec_error::CodecError;
use crate::database::{damaged, unreadable};
use crate::error::StoreError;
use crate::families::Family;
use rocksdb::{DBRawIterator, ReadOptions};

/// Turns a key and a value into a record.
pub(crate) type Decode<T> = fn(&[u8], &[u8]) -> Result<T, CodecError>;

/// A key and its value.
pub(crate) type Pair<'r> = (&'r [u8], &'r [u8]);

/// Where to look.
#[derive(Default)]
pub(crate) struct Bounds {
    pub(crate) lower: Option<Vec<u8>>,
    /// Excluded.
    pub(crate) upper: Option<Vec<u8>>,
}

impl Bounds {
    pub(crate) fn all() -> Self {
        Self::default()
    }

    pub(crate) fn from(lower: Vec<u8>) -> Self {
        Self {
            lower: Some(lower),
            upper: None,
        }
    }

    pub(crate) fn between((lower, upper): (Vec<u8>, Vec<u8>)) -> Self {
        Self {
            lower: Some(lower),
            upper: Some(upper),
        }
    }

    /// Long scans leave the cache to others.
    pub(crate) fn read_options(self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.fill_cache(self.lower.is_some());
        if let Some(lower) = self.lower {
            options.set_iterate_lower_bound(lower);
        }
        if let Some(upper) = self.upper {
            options.set_iterate_upper_bound(upper);
        }
        options
    }
}

/// Records in key order.
///
/// Yields an error once, and nothing after it, where bytes are damaged or a
/// file cannot be read: a short answer never looks like a whole one.
pub struct Scan<'v, T> {
    rows: RawScan<'v>,
    decode: Decode<T>,
}

impl<'v, T> Scan<'v, T> {
    pub(crate) fn new(rows: RawScan<'v>, decode: Decode<T>) -> Self {
        Self { rows, decode }
    }
}

impl<T> Iterator for Scan<'_, T> {
    type Item = Result<T, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let decode = self.decode;
        self.rows.next_with(decode)
    }
}

/// Keys and values in key order, ascending or descending.
pub(crate) struct RawScan<'v> {
    family: Family,
    rows: DBRawIterator<'v>,
    backwards: bool,
    state: State,
}

enum State {
    Before,
    On,
    Ended,
}

impl<'v> RawScan<'v> {
    pub(crate) fn ascending(family: Family, rows: DBRawIterator<'v>) -> Self {
        Self {
            family,
            rows,
            backwards: false,
            state: State::Before,
        }
    }

    pub(crate) fn descending(family: Family, rows: DBRawIterator<'v>) -> Self {
        Self {
            backwards: true,
            ..Self::ascending(family, rows)
        }
    }

    /// The next record, made from its bytes where they lie.
    pub(crate) fn next_with<T>(
        &mut self,
        decode: impl FnOnce(&[u8], &[u8]) -> Result<T, CodecError>,
    ) -> Option<Result<T, StoreError>> {
        match (&self.state, self.backwards) {
            (State::Ended, _) => return None,
            (State::Before, false) => self.rows.seek_to_first(),
            (State::Before, true) => self.rows.seek_to_last(),
            (State::On, false) => self.rows.next(),
            (State::On, true) => self.rows.prev(),
        }
        self.state = State::On;
        let answer = match self.rows.item() {
            Some((key, value)) => {
                Some(decode(key, value).map_err(|e| damaged(self.family, key, e)))
            }
            // The end of the rows, or of what could be read.
            None => self
                .rows
                .status()
                .err()
                .map(|e| Err(unreadable(self.family, &e))),
        };
        if !matches!(answer, Some(Ok(_))) {
            self.state = State::Ended;
        }
        answer
    }

    /// Jumps to the first key not below `key`; the next record is that one.
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.rows.seek(key);
        self.state = State::On;
        self.rows.status().map_err(|e| unreadable(self.family, &e))
    }

    /// The key and value stood on after [`RawScan::seek`] or [`RawScan::step`].
    pub(crate) fn here(&self) -> Result<Option<Pair<'_>>, StoreError> {
        match self.rows.item() {
            Some(item) => Ok(Some(item)),
            None => match self.rows.status() {
                Ok(()) => Ok(None),
                Err(e) => Err(unreadable(self.family, &e)),
            },
        }
    }

    /// One row on.
    pub(crate) fn step(&mut self) {
        self.rows.next();
    }
}
