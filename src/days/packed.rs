//! Computed rows in few bytes, until they are read in their order: a row and what followed it
//! take about a third of what they take as structs.

use crate::error::Error;
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

/// The rows of some pools' days.
#[derive(Default)]
pub(super) struct PackedRows {
    pools: Vec<(PoolId, Box<[u8]>)>,
    places: Vec<Place>,
}

/// Where a row begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: Day,
    pool: u32,
    offset: u32,
}

/// One pool's rows, packed by the thread that computed them.
pub(super) struct PackedPool {
    pool: PoolId,
    rows: Vec<(Day, u32)>,
    bytes: Box<[u8]>,
}

impl PackedPool {
    pub(super) fn new(
        pool: PoolId,
        rows: impl IntoIterator<Item = (Day, DailyRow, TargetRow)>,
    ) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        for (day, row, targets) in rows {
            let offset = u32::try_from(bytes.len())
                .map_err(|_| Error::Failed(format!("pool {pool} has too many rows")))?;
            places.push((day, offset));
            pack(ROW_COLUMNS, row.cells(), &mut bytes)?;
            pack(TARGET_COLUMNS, targets.cells(), &mut bytes)?;
        }
        Ok(Self {
            pool,
            rows: places,
            bytes: bytes.into_boxed_slice(),
        })
    }
}

impl PackedRows {
    /// All rows, by day and pool.
    pub(super) fn of(mut pools: Vec<PackedPool>) -> Self {
        pools.sort_unstable_by_key(|pool| pool.pool);
        let mut all = Self::default();
        for (number, pool) in (0..).zip(pools) {
            let places = pool.rows.into_iter().map(|(day, offset)| Place {
                day,
                pool: number,
                offset,
            });
            all.places.extend(places);
            all.pools.push((pool.pool, pool.bytes));
        }
        all.places.sort_unstable();
        all
    }

    /// Each once, in their order.
    pub(super) fn into_rows(
        self,
    ) -> impl Iterator<Item = Result<(Day, PoolId, DailyRow, TargetRow), Error>> {
        let Self { pools, places } = self;
        places.into_iter().map(move |place| {
            let found = pools.get(place.pool as usize);
            let row = found.and_then(|(pool, bytes)| {
                let mut rest = bytes.get(place.offset as usize..)?;
                let row = DailyRow::from_cells(unpack(ROW_COLUMNS, &mut rest)?)?;
                let targets = TargetRow::from_cells(unpack(TARGET_COLUMNS, &mut rest)?)?;
                Some((place.day, *pool, row, targets))
            });
            row.ok_or_else(|| Error::Failed(format!("a row of {} was packed wrongly", place.day)))
        })
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

/// The cells of these columns, and what comes after them.
fn unpack(columns: &[Column], rest: &mut &[u8]) -> Option<Vec<Cell>> {
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        let first = *rest.split_off_first()?;
        let cell = match (first, column.kind) {
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
        };
        cells.push(cell);
    }
    Some(cells)
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
        let packed = PackedRows::of(vec![of(2, 0..3), of(3, 0..0), of(1, 1..300)]);
        let found: Vec<_> = packed.into_rows().map(Result::unwrap).collect();
        assert_eq!(found.len(), 302);
        assert!(found.is_sorted_by_key(|(day, pool, ..)| (*day, *pool)));
        for (on, of, found_row, found_targets) in found {
            let n = i64::from(on.number() - day(0).number());
            assert!(of == pool(1) && n > 0 || of == pool(2) && n < 3);
            assert_eq!((found_row, found_targets), (row(n), targets(n)));
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
