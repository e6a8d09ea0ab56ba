//! Rows as `COPY … FROM STDIN (FORMAT binary)` takes them.
//!
//! The format is PostgreSQL's, version 9.0 to today: a header, per row a count of fields and per
//! field a length and its bytes (big-endian, as the type's `recv` function reads them), a trailer.

mod numeric;

use numeric::Decimal;
use tidegauge_model::text::push_hex;
use tidegauge_model::{Day, I256, SECONDS_PER_DAY, U256, UnixSeconds};

/// What a binary COPY begins with: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Where a count of fields is expected: there are no more rows.
const TRAILER: i16 = -1;

/// In place of a length: there is no value.
const NULL: i32 = -1;

/// 2000-01-01, from which Postgres counts, in seconds since 1970-01-01.
const EPOCH: i64 = 946_684_800;

/// The latest second that a `timestamptz` holds: 294276-12-31 23:59:59 UTC, counted from 1970.
const LAST_SECOND: i64 = 9_224_318_015_999;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Postgres refuses a field of 1 GiB.
const MAX_FIELD_BYTES: usize = (1 << 30) - 1;

/// Rows of one table, to be sent as they are.
#[derive(Debug)]
pub struct CopyBuffer {
    bytes: Vec<u8>,
    columns: i16,
    rows: usize,
}

impl CopyBuffer {
    /// No rows yet, of so many columns each.
    ///
    /// # Panics
    /// Beyond the 1,600 columns that a table can have.
    pub fn new(columns: u16) -> Self {
        assert!(columns <= 1_600, "a table has no {columns} columns");
        Self {
            bytes: HEADER.to_vec(),
            columns: columns.cast_signed(),
            rows: 0,
        }
    }

    /// Begins a row. It ends where the returned value is dropped.
    pub fn row(&mut self) -> CopyRow<'_> {
        self.rows += 1;
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        CopyRow {
            left: self.columns,
            bytes: &mut self.bytes,
        }
    }

    /// Makes room for so many bytes more, so that they are not moved as they come.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes so far: the header and the rows.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// All of it, with its trailer.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&TRAILER.to_be_bytes());
        self.bytes
    }
}

/// One row: its fields in the order of the table's columns.
///
/// # Panics
/// Where it ends with more or fewer fields than the table has columns: a fault of ours, which the
/// server would report as garbage somewhere in the stream.
#[derive(Debug)]
pub struct CopyRow<'a> {
    bytes: &'a mut Vec<u8>,
    left: i16,
}

impl CopyRow<'_> {
    /// No value.
    pub fn null(&mut self) -> &mut Self {
        self.left -= 1;
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
        self
    }

    /// `text`. Postgres holds no NUL: each becomes U+FFFD, the sign for what cannot be shown.
    pub fn text(&mut self, value: &str) -> &mut Self {
        if value.contains('\0') {
            self.bytes(value.replace('\0', "\u{fffd}").as_bytes())
        } else {
            self.bytes(value.as_bytes())
        }
    }

    /// `text`: bytes as lower-case hex after `0x`, as addresses and hashes are written.
    pub fn hex(&mut self, value: &[u8]) -> &mut Self {
        self.left -= 1;
        // Addresses and hashes are far below 1 GiB.
        let length = 2 + 2 * value.len();
        self.bytes.extend_from_slice(&(length as u32).to_be_bytes());
        push_hex(self.bytes, value);
        self
    }

    /// `bytea`.
    ///
    /// # Panics
    /// From 1 GiB on, which Postgres cannot hold.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        assert!(
            value.len() <= MAX_FIELD_BYTES,
            "no field holds {} bytes",
            value.len()
        );
        self.left -= 1;
        self.bytes
            .extend_from_slice(&(value.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    /// `smallint`.
    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// `integer`.
    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// `bigint`.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// `boolean`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.fixed([u8::from(value)])
    }

    /// `double precision`, bit by bit.
    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// `timestamptz`; what lies beyond its range (the year 294276) is `infinity`.
    pub fn timestamp(&mut self, value: UnixSeconds) -> &mut Self {
        let micros = match i64::try_from(value.0) {
            Ok(seconds) if seconds <= LAST_SECOND => (seconds - EPOCH) * MICROS_PER_SECOND,
            _ => i64::MAX,
        };
        self.fixed(micros.to_be_bytes())
    }

    /// `date`.
    pub fn date(&mut self, value: Day) -> &mut Self {
        // A day lies between 1970 and 9999: both fit.
        const EPOCH_DAY: i32 = (EPOCH as u64 / SECONDS_PER_DAY) as i32;
        self.fixed((value.number().cast_signed() - EPOCH_DAY).to_be_bytes())
    }

    /// `numeric`: `value` / 10^`scale`, exact, shown with `scale` decimal places.
    pub fn numeric_i256(&mut self, value: I256, scale: u8) -> &mut Self {
        let (negative, magnitude) = (value.is_negative(), value.unsigned_abs());
        self.decimal(&Decimal::of(magnitude.into_limbs(), negative, scale))
    }

    /// `numeric`: `value` / 10^`scale`, exact, shown with `scale` decimal places.
    pub fn numeric_u256(&mut self, value: U256, scale: u8) -> &mut Self {
        self.decimal(&Decimal::of(value.into_limbs(), false, scale))
    }

    /// `numeric`: `value` / 10^`scale`, exact, shown with `scale` decimal places.
    pub fn numeric_i128(&mut self, value: i128, scale: u8) -> &mut Self {
        let magnitude = value.unsigned_abs();
        let limbs = [magnitude as u64, (magnitude >> 64) as u64, 0, 0];
        self.decimal(&Decimal::of(limbs, value < 0, scale))
    }

    fn decimal(&mut self, value: &Decimal) -> &mut Self {
        self.left -= 1;
        value.write(self.bytes);
        self
    }

    fn fixed<const N: usize>(&mut self, value: [u8; N]) -> &mut Self {
        self.left -= 1;
        self.bytes.extend_from_slice(&(N as i32).to_be_bytes());
        self.bytes.extend_from_slice(&value);
        self
    }
}

impl Drop for CopyRow<'_> {
    fn drop(&mut self) {
        // A panic on its way out has left the row as it is, for a reason of its own.
        if !std::thread::panicking() {
            assert_eq!(self.left, 0, "fields that a row lacks (or has too many)");
        }
    }
}
