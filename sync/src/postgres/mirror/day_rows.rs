//! Pools' days as rows, and the digest of a day: the same in Rust and in SQL.

use super::position::bigint;
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::copy::{CopyBuffer, CopyRow};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use tidegauge_features::{Cell, Fingerprint, Kind, PoolDay, ROW_COLUMNS, TARGET_COLUMNS};
use tidegauge_model::{Address, B256, Day, Pool, PoolId, PoolVerdict};
use tidegauge_storage::View;

/// The table of the rows.
pub(super) const TABLE: &str = "daily_pool_features";

/// Columns before the features, each with how SQL writes it into a line.
const BEFORE: [(&str, Text); 8] = [
    ("pool_address", Text::Word),
    ("date", Text::Day),
    ("pool_name", Text::Word),
    ("token0_symbol", Text::Word),
    ("token1_symbol", Text::Word),
    ("fee", Text::Plain),
    ("fee_percentage", Text::Float),
    ("pool_type", Text::Word),
];

/// Columns after the targets.
const AFTER: [(&str, Text); 2] = [("status", Text::Word), ("as_of_block", Text::Plain)];

/// Shown as sixteen hex digits.
const FINGERPRINT: &str = "feature_set";

/// Hundredths of a basis point in one.
const PIPS: f64 = 1e6;

/// Decimal places of dollars.
const USD_PLACES: u8 = 9;

/// How a column is written into a line; what is unknown is empty.
#[derive(Clone, Copy)]
enum Text {
    /// After an equals sign, so that empty text is not unknown.
    Word,
    /// As it is.
    Plain,
    /// Without zeros at its end.
    Decimal,
    /// Its eight bytes in hex.
    Float,
    /// Its number since 1970.
    Day,
}

impl Text {
    fn sql(self, name: &str) -> String {
        let text = match self {
            Self::Word => format!("'=' || {name}"),
            Self::Plain => format!("{name}::text"),
            Self::Decimal => format!("trim_scale({name})::text"),
            Self::Float => format!("encode(float8send({name}), 'hex')"),
            Self::Day => format!("({name} - DATE '1970-01-01')::text"),
        };
        format!("coalesce({text}, '')")
    }
}

/// The columns in order, each with how it is written into a line.
fn columns() -> impl Iterator<Item = (&'static str, Text)> {
    let inner = ROW_COLUMNS.iter().chain(TARGET_COLUMNS).map(|column| {
        let text = match column.kind {
            _ if column.name == FINGERPRINT => Text::Word,
            Kind::Int | Kind::Bool => Text::Plain,
            Kind::Float => Text::Float,
            Kind::Usd => Text::Decimal,
            Kind::Word(_) => Text::Word,
        };
        (column.name, text)
    });
    BEFORE.into_iter().chain(inner).chain(AFTER)
}

/// The names of the columns, the chain's first.
pub(in crate::postgres) fn names() -> String {
    let names: Vec<_> = columns().map(|(name, _)| name).collect();
    format!("chain_id, {}", names.join(", "))
}

/// A row as one line, in SQL.
pub(in crate::postgres) fn line_sql() -> String {
    let parts: Vec<_> = columns().map(|(name, text)| text.sql(name)).collect();
    format!("{} || E'\\n'", parts.join(" || '|' || "))
}

/// Fields of a row.
fn fields() -> u16 {
    // 69 today; a table has at most 1,600.
    u16::try_from(columns().count() + 1).unwrap_or(u16::MAX)
}

/// One day of all pools.
pub(in crate::postgres) struct DayRows {
    /// Which.
    pub(in crate::postgres) day: Day,
    /// Its last block.
    pub(in crate::postgres) as_of: i64,
    /// Whether nothing of it changes any more.
    pub(in crate::postgres) settled: bool,
    /// How many pools.
    pub(in crate::postgres) pools: usize,
    /// SHA-256 over its lines.
    pub(in crate::postgres) digest: B256,
    /// Its rows.
    pub(super) rows: CopyBuffer,
    /// Its lines, by pool, as [`line_sql`] gives them.
    pub(in crate::postgres) lines: Vec<(PoolId, String)>,
}

/// A pool with what its tokens call themselves.
struct Named {
    pool: Pool,
    symbols: [Option<String>; 2],
}

/// Makes the rows of one view's days.
pub(in crate::postgres) struct Days<'v> {
    view: &'v View<'v>,
    chain: i32,
    pools: HashMap<PoolId, Named>,
    last_final: Option<Day>,
}

impl<'v> Days<'v> {
    /// Days of a chain.
    pub(in crate::postgres) fn new(view: &'v View<'v>, chain: i32) -> Result<Self, SyncError> {
        Ok(Self {
            view,
            chain,
            pools: HashMap::new(),
            last_final: view.last_final_day()?,
        })
    }

    /// The last closed day whose last block is final.
    pub(in crate::postgres) fn last_final(&self) -> Option<Day> {
        self.last_final
    }

    /// A closed day's rows.
    pub(in crate::postgres) fn rows(
        &mut self,
        closed: tidegauge_storage::ClosedDay,
    ) -> Result<DayRows, SyncError> {
        let view = self.view;
        let mut hasher = Sha256::new();
        let mut made = DayRows {
            day: closed.day,
            as_of: bigint(closed.last_block)?,
            settled: self
                .last_final
                .is_some_and(|last| closed.day.plus_days(tidegauge_features::HORIZON_DAYS) <= last),
            pools: 0,
            digest: B256::ZERO,
            rows: CopyBuffer::new(fields()),
            lines: Vec::new(),
        };
        for day in view.daily_rows(closed.day, closed.day, None)? {
            let day = day?;
            let chain = self.chain;
            let named = self.named(&day)?;
            let mut row = Row {
                copy: made.rows.row(),
                line: String::new(),
            };
            row.copy.i32(chain);
            row.put(named, &day)?;
            let line = row.line;
            hasher.update(line.as_bytes());
            made.pools += 1;
            made.lines.push((day.pool, line));
        }
        let digest: [u8; 32] = hasher.finalize().into();
        made.digest = B256::new(digest);
        Ok(made)
    }

    fn named(&mut self, day: &PoolDay) -> Result<&Named, SyncError> {
        let id = day.pool;
        if !self.pools.contains_key(&id) {
            let unknown = |message: String| MirrorFault::Contradiction {
                block: day.as_of_block,
                message,
            };
            let Some(PoolVerdict::Accepted(pool)) = self.view.pool(id)? else {
                return Err(unknown(format!("pool {id} has a row and is not accepted")).into());
            };
            let symbol = |token: Address| -> Result<Option<String>, SyncError> {
                let known = self.view.token(token)?;
                let known = known.ok_or_else(|| unknown(format!("token {token:#x} is missing")))?;
                Ok(known.symbol.map(|text| storable(&text)))
            };
            let symbols = [symbol(pool.token0)?, symbol(pool.token1)?];
            self.pools.insert(id, Named { pool, symbols });
        }
        Ok(&self.pools[&id])
    }
}

/// Text as Postgres holds it, which has no NUL.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A row and its line, column by column.
struct Row<'b> {
    copy: CopyRow<'b>,
    line: String,
}

impl Row<'_> {
    fn put(&mut self, named: &Named, day: &PoolDay) -> Result<(), SyncError> {
        let fee = named.pool.fee_pips;
        let name = match &named.symbols {
            [Some(a), Some(b)] => Some(format!("{a}/{b}")),
            _ => None,
        };
        self.word(Some(&day.pool.to_string()));
        self.copy.date(day.day);
        self.field(|line| write!(line, "{}", day.day.number()));
        self.word(name.as_deref());
        self.word(named.symbols[0].as_deref());
        self.word(named.symbols[1].as_deref());
        self.int(fee.into());
        self.float(f64::from(fee) / PIPS);
        self.word(Some(day.row.pool_class));
        let inner = ROW_COLUMNS.iter().zip(day.row.cells());
        for (column, cell) in inner.chain(TARGET_COLUMNS.iter().zip(day.targets.cells())) {
            match cell {
                Cell::Int(bits) if column.name == FINGERPRINT => {
                    self.word(Some(&Fingerprint(bits.cast_unsigned()).to_string()));
                }
                Cell::Null => {
                    self.copy.null();
                    self.field(|_| Ok(()));
                }
                Cell::Int(value) => self.int(value),
                Cell::Float(value) => self.float(value),
                Cell::Usd(value) => {
                    self.copy.numeric_i128(value.0, USD_PLACES);
                    self.field(|line| write!(line, "{value}"));
                }
                Cell::Bool(value) => {
                    self.copy.bool(value);
                    self.field(|line| write!(line, "{value}"));
                }
                Cell::Word(value) => self.word(Some(value)),
            }
        }
        self.word(Some(day.status.name()));
        self.int(bigint(day.as_of_block)?);
        self.line.pop();
        self.line.push('\n');
        Ok(())
    }

    fn word(&mut self, value: Option<&str>) {
        match value {
            Some(value) => {
                self.copy.text(value);
                self.field(|line| write!(line, "={value}"));
            }
            None => {
                self.copy.null();
                self.field(|_| Ok(()));
            }
        }
    }

    fn int(&mut self, value: i64) {
        self.copy.i64(value);
        self.field(|line| write!(line, "{value}"));
    }

    fn float(&mut self, value: f64) {
        self.copy.f64(value);
        self.field(|line| write!(line, "{:016x}", value.to_bits()));
    }

    fn field(&mut self, text: impl FnOnce(&mut String) -> std::fmt::Result) {
        // Writing to a string cannot fail.
        let _ = text(&mut self.line);
        self.line.push('|');
    }
}
