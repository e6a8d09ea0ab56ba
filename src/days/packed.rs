//! Computed rows in few bytes, until they are read in their order: a row and what followed it
//! take about a third of what they take as structs, and those beyond a bound lie in a file.

use crate::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use tidegauge_features::{Cell, Column, DailyRow, Kind, ROW_COLUMNS, TARGET_COLUMNS, TargetRow};
use tidegauge_model::{Day, PoolId, Usd};

/// What the first byte of a cell says: its kind, with the number of bytes that follow it where
/// that varies, or the value itself.
const NULL: u8 = 0x00;
const FLOAT: u8 = 0x01;
const BOOL: u8 = 0x02;
const INT: u8 = 0x10;
const USD: u8 = 0x20;
const WORD: u8 = 0x40;

/// Bytes of rows that are held in memory; what comes after them lies in a file.
const HELD_BYTES: usize = 192 << 20;

/// The rows of some pools' days.
pub(super) struct PackedRows {
    pools: Vec<(PoolId, Bytes)>,
    places: Vec<Place>,
    held: usize,
    most_held: usize,
    spill: Option<Spill>,
}

/// Where a pool's rows are.
enum Bytes {
    Here(Box<[u8]>),
    /// In the file, from there on.
    Spilled(u64),
}

/// Where a row is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: Day,
    pool: u32,
    offset: u32,
    length: u32,
}

/// A file without a name: it goes with the process.
struct Spill {
    file: File,
    length: u64,
}

impl Spill {
    fn create() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Self::failed())?;
        Ok(Self { file, length: 0 })
    }

    /// Where the bytes begin.
    fn append(&mut self, bytes: &[u8]) -> Result<u64, Error> {
        let start = self.length;
        self.file
            .write_all_at(bytes, start)
            .map_err(Self::failed())?;
        self.length += bytes.len() as u64;
        Ok(start)
    }

    fn failed() -> impl FnOnce(std::io::Error) -> Error {
        Error::io(format!(
            "keep computed rows in {} (TMPDIR says where)",
            std::env::temp_dir().display()
        ))
    }
}

/// One pool's rows, packed by the thread that computed them.
pub(super) struct PackedPool {
    pool: PoolId,
    /// Each with where it begins and its length.
    rows: Vec<(Day, u32, u32)>,
    bytes: Box<[u8]>,
}

impl PackedPool {
    pub(super) fn new(
        pool: PoolId,
        rows: impl IntoIterator<Item = (Day, DailyRow, TargetRow)>,
    ) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        let short = |length: usize| {
            u32::try_from(length)
                .map_err(|_| Error::Failed(format!("pool {pool} has too many rows")))
        };
        for (day, row, targets) in rows {
            let start = bytes.len();
            pack(ROW_COLUMNS, row.cells(), &mut bytes)?;
            pack(TARGET_COLUMNS, targets.cells(), &mut bytes)?;
            places.push((day, short(start)?, short(bytes.len() - start)?));
        }
        Ok(Self {
            pool,
            rows: places,
            bytes: bytes.into_boxed_slice(),
        })
    }
}

impl PackedRows {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::holding(HELD_BYTES)
    }

    fn holding(most_held: usize) -> Self {
        Self {
            pools: Vec::new(),
            places: Vec::new(),
            held: 0,
            most_held,
            spill: None,
        }
    }

    /// Adds those of a pool.
    ///
    /// # Errors
    /// What the file that takes them cannot.
    pub(super) fn add(&mut self, pool: PackedPool) -> Result<(), Error> {
        let number = self.pools.len() as u32;
        let place = |(day, offset, length)| Place {
            day,
            pool: number,
            offset,
            length,
        };
        self.places.extend(pool.rows.into_iter().map(place));
        let bytes = if self.held + pool.bytes.len() <= self.most_held {
            self.held += pool.bytes.len();
            Bytes::Here(pool.bytes)
        } else {
            let spill = match &mut self.spill {
                Some(spill) => spill,
                none => none.insert(Spill::create()?),
            };
            Bytes::Spilled(spill.append(&pool.bytes)?)
        };
        self.pools.push((pool.pool, bytes));
        Ok(())
    }

    /// Each once, by day and pool.
    pub(super) fn into_rows(
        mut self,
    ) -> impl Iterator<Item = Result<(Day, PoolId, DailyRow, TargetRow), Error>> {
        let mut order: Vec<_> = (0u32..).zip(self.pools.iter().map(|(id, _)| *id)).collect();
        order.sort_unstable_by_key(|(_, id)| *id);
        let mut ranks = vec![0; order.len()];
        for (rank, (number, _)) in (0u32..).zip(&order) {
            ranks[*number as usize] = rank;
        }
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by_key(|place| (place.day, ranks[place.pool as usize]));
        let mut buffer = Vec::new();
        places.into_iter().map(move |place| {
            let (pool, row) = self.bytes(place, &mut buffer)?;
            let read = || {
                let mut rest = row;
                let row = DailyRow::from_cells(unpacked(ROW_COLUMNS, &mut rest))?;
                let targets = TargetRow::from_cells(unpacked(TARGET_COLUMNS, &mut rest))?;
                Some((place.day, pool, row, targets))
            };
            read()
                .ok_or_else(|| Error::Failed(format!("a row of {} was packed wrongly", place.day)))
        })
    }

    /// A row's pool and bytes.
    fn bytes<'a>(
        &'a self,
        place: Place,
        buffer: &'a mut Vec<u8>,
    ) -> Result<(PoolId, &'a [u8]), Error> {
        let (pool, bytes) = &self.pools[place.pool as usize];
        let length = place.length as usize;
        match bytes {
            Bytes::Here(bytes) => Ok((*pool, &bytes[place.offset as usize..][..length])),
            Bytes::Spilled(start) => {
                buffer.resize(length, 0);
                let spill = self.spill.as_ref();
                let file = spill.map(|spill| &spill.file).ok_or_else(|| {
                    Error::Failed("rows were put into a file that is not there".to_owned())
                })?;
                file.read_exact_at(buffer, start + u64::from(place.offset))
                    .map_err(Spill::failed())?;
                Ok((*pool, buffer))
            }
        }
    }
}

fn pack(
    columns: &[Column],
    cells: impl Iterator<Item = Cell>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    for (column, cell) in columns.iter().zip(cells) {
        match (column.kind, cell) {
            (_, Cell::Null) => out.push(NULL),
            (_, Cell::Int(value)) => trimmed(INT, value.into(), out),
            (_, Cell::Usd(value)) => trimmed(USD, value.0, out),
            (_, Cell::Float(value)) => {
                out.push(FLOAT);
                out.extend_from_slice(&value.to_le_bytes());
            }
            (_, Cell::Bool(value)) => out.push(BOOL | u8::from(value)),
            (Kind::Word(words), Cell::Word(word)) => {
                let place = words.iter().position(|known| *known == word);
                let place = place.and_then(|place| u8::try_from(place).ok());
                let place = place.filter(|place| *place < WORD).ok_or_else(|| {
                    Error::Failed(format!("`{word}` is no word of column {}", column.name))
                })?;
                out.push(WORD | place);
            }
            (_, Cell::Word(word)) => {
                return Err(Error::Failed(format!(
                    "column {} holds `{word}`",
                    column.name
                )));
            }
        }
    }
    Ok(())
}

/// An integer without the bytes that say nothing: its sign is moved to the lowest bit.
fn trimmed(kind: u8, value: i128, out: &mut Vec<u8>) {
    let moved = ((value << 1) ^ (value >> 127)).cast_unsigned();
    let bytes = (128 - moved.leading_zeros()).div_ceil(8);
    // At most sixteen, less one: zero and one-byte integers share a length.
    let bytes = bytes.max(1);
    out.push(kind | (bytes - 1) as u8);
    out.extend_from_slice(&moved.to_le_bytes()[..bytes as usize]);
}

/// The cells of these columns, taken from the front; it ends before a damaged one.
fn unpacked(columns: &[Column], rest: &mut &[u8]) -> impl Iterator<Item = Cell> {
    columns.iter().map_while(|column| unpack(column.kind, rest))
}

fn unpack(kind: Kind, rest: &mut &[u8]) -> Option<Cell> {
    let first = *rest.split_off_first()?;
    Some(match (first, kind) {
        (NULL, _) => Cell::Null,
        (FLOAT, _) => {
            let bytes = rest.split_off(..8)?;
            Cell::Float(f64::from_le_bytes(bytes.try_into().ok()?))
        }
        (first, Kind::Word(words)) if first & WORD == WORD => {
            Cell::Word(words.get(usize::from(first & !WORD))?)
        }
        (first, _) if first & USD == USD => Cell::Usd(Usd(integer(first & !USD, rest)?)),
        (first, _) if first & INT == INT => {
            Cell::Int(integer(first & !INT, rest)?.try_into().ok()?)
        }
        (first, _) if first & !1 == BOOL => Cell::Bool(first & 1 == 1),
        _ => return None,
    })
}

/// The inverse of [`trimmed`].
fn integer(less_one: u8, rest: &mut &[u8]) -> Option<i128> {
    let given = rest.split_off(..usize::from(less_one) + 1)?;
    let mut bytes = [0; 16];
    bytes.get_mut(..given.len())?.copy_from_slice(given);
    let moved = u128::from_le_bytes(bytes);
    Some((moved >> 1).cast_signed() ^ -((moved & 1).cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::Address;

    fn day(number: u32) -> Day {
        "2024-01-01".parse::<Day>().unwrap().plus_days(number)
    }

    #[test]
    fn rows_come_back_by_day_and_pool() {
        let row = |n: i64| DailyRow {
            tx_count: n,
            tx_count_cumulative: -n,
            days_since_start: i64::MIN,
            day_number: i64::MAX,
            unique_users: Some(0),
            volume_usd_24h: Some(Usd(i128::MIN + 1)),
            fees_usd_24h: Some(Usd(i128::MAX)),
            max_swap_usd: Some(Usd(-1)),
            price_close: Some(f64::MIN_POSITIVE),
            tx_count_3d_avg: -0.1,
            priced: true,
            trend_3d: Some("decreasing"),
            pool_class: "other",
            pool_subclass: "btc_btc",
            user_key: "sender",
            feature_set: -5,
            ..DailyRow::default()
        };
        let targets = |n: i64| TargetRow {
            target_tx_3d_ahead: Some(n * 255),
            target_volume_usd_7d: Some(Usd(i128::from(n) << 60)),
            ..TargetRow::default()
        };
        let pool = |n: u8| PoolId(Address::repeat_byte(n));
        let of = |n: u8, days: std::ops::Range<u32>| {
            let rows = days.map(|d| (day(d), row(d.into()), targets(d.into())));
            PackedPool::new(pool(n), rows).unwrap()
        };
        // All in memory, some in a file, all in it.
        for (most_held, spills) in [(HELD_BYTES, false), (2_000, true), (0, true)] {
            let mut packed = PackedRows::holding(most_held);
            for pool in [of(2, 0..3), of(3, 0..0), of(1, 1..300), of(4, 5..6)] {
                packed.add(pool).unwrap();
            }
            assert!(packed.held <= most_held);
            assert_eq!(packed.spill.is_some(), spills);
            let found: Vec<_> = packed.into_rows().map(Result::unwrap).collect();
            assert_eq!(found.len(), 303);
            assert!(found.is_sorted_by_key(|(day, pool, ..)| (*day, *pool)));
            for (on, of, found_row, found_targets) in found {
                let n = i64::from(on.number() - day(0).number());
                assert!(
                    of == pool(1) && n > 0 || of == pool(2) && n < 3 || of == pool(4) && n == 5
                );
                assert_eq!((found_row, found_targets), (row(n), targets(n)));
            }
        }
    }

    #[test]
    fn a_word_of_no_list_is_refused() {
        let row = DailyRow::default();
        let rows = [(day(0), row, TargetRow::default())];
        // The default of a word is no word.
        assert!(PackedPool::new(PoolId(Address::ZERO), rows).is_err());
    }
}
