//! Tables as everybody here speaks of them: columns with a kind and a meaning, rows of cells.

use std::borrow::Cow;
use tidegauge_model::{Day, UnixSeconds, Usd};

/// What a column holds, and as what it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A count: 64 bits, signed.
    Int,
    /// A statistic: 64-bit float.
    Float,
    /// Dollars, exact to nine places: DECIMAL(38, 9).
    Usd,
    /// Yes or no.
    Bool,
    /// One of a few words: text, by dictionary.
    Word,
    /// Other text that repeats, such as names and addresses: text, by dictionary while that pays.
    Text,
    /// Text that does not repeat: hashes, and the digits of integers beyond 64 bits.
    Unique,
    /// A UTC calendar day: DATE.
    Day,
    /// A moment, to the second: TIMESTAMP in milliseconds, UTC (Parquet has no seconds).
    Moment,
}

/// A column of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means, with its unit, and when it is unknown.
    pub meaning: &'static str,
}

/// One value of a row.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell<'a> {
    /// Unknown.
    Null,
    /// Of a [`Kind::Int`] column.
    Int(i64),
    /// Of a [`Kind::Float`] column.
    Float(f64),
    /// Of a [`Kind::Usd`] column.
    Usd(Usd),
    /// Of a [`Kind::Bool`] column.
    Bool(bool),
    /// Of a [`Kind::Word`], [`Kind::Text`] or [`Kind::Unique`] column.
    Text(Cow<'a, str>),
    /// Of a [`Kind::Day`] column.
    Day(Day),
    /// Of a [`Kind::Moment`] column.
    Moment(UnixSeconds),
}

impl<'a> Cell<'a> {
    /// Text that is made for this cell, or borrowed.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// The cell of a value that may be unknown.
    pub fn or_null<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, cell)
    }
}
