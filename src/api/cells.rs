//! Rows of columns as JSON objects: every digit that is known, nothing where nothing is.

use super::schema;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::marker::PhantomData;
use tidegauge_features::{
    Cell, Column, DailyRow, Fingerprint, ROW_COLUMNS, TARGET_COLUMNS, TargetRow,
};
use tidegauge_sync::{Cell as TableCell, Column as TableColumn, FORECAST_COLUMNS, SWAP_COLUMNS};

/// A list of columns.
pub(super) trait Listed {
    /// What its rows are called.
    const NAME: &'static str;
    /// Its columns.
    const COLUMNS: &'static [Column];
}

/// What is known of a pool's day, or of the 24 hours before a moment.
pub(super) struct Features;
/// What came after a day.
pub(super) struct Targets;

impl Listed for Features {
    const NAME: &'static str = "Features";
    const COLUMNS: &'static [Column] = ROW_COLUMNS;
}

impl Listed for Targets {
    const NAME: &'static str = "Targets";
    const COLUMNS: &'static [Column] = TARGET_COLUMNS;
}

/// Values by column.
pub(super) struct Cells<L>(Vec<Cell>, PhantomData<L>);

impl Cells<Features> {
    /// Of a row.
    pub(super) fn features(row: &DailyRow) -> Self {
        Self(row.cells().collect(), PhantomData)
    }
}

impl Cells<Targets> {
    /// Of a row.
    pub(super) fn targets(row: &TargetRow) -> Self {
        Self(row.cells().collect(), PhantomData)
    }
}

impl<L: Listed> Serialize for Cells<L> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (column, cell) in L::COLUMNS.iter().zip(&self.0) {
            let name = column.name;
            match *cell {
                Cell::Null => map.serialize_entry(name, &())?,
                Cell::Int(value) if name == "feature_set" => {
                    map.serialize_entry(name, &Fingerprint(value as u64).to_string())?;
                }
                Cell::Int(value) => map.serialize_entry(name, &value)?,
                Cell::Float(value) => {
                    map.serialize_entry(name, &digits::<S>(format!("{value:?}"))?)?
                }
                Cell::Usd(value) => map.serialize_entry(name, &digits::<S>(value.to_string())?)?,
                Cell::Bool(value) => map.serialize_entry(name, &value)?,
                Cell::Word(value) => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

/// A number with these digits: dollars with all of them, statistics with those that files have.
fn digits<S: Serializer>(text: String) -> Result<Box<RawValue>, S::Error> {
    RawValue::from_string(text).map_err(S::Error::custom)
}

impl<L: Listed> JsonSchema for Cells<L> {
    fn schema_name() -> Cow<'static, str> {
        L::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::of_columns(L::COLUMNS)
    }
}

/// A table that the mirrors have.
pub(super) trait Tabled {
    /// What its rows are called.
    const NAME: &'static str;
    /// Its columns.
    const COLUMNS: &'static [TableColumn];
}

/// A swap.
pub(super) struct Swap;
/// One model's forecast of one target of a pool.
pub(super) struct Forecast;

impl Tabled for Swap {
    const NAME: &'static str = "Swap";
    const COLUMNS: &'static [TableColumn] = SWAP_COLUMNS;
}

impl Tabled for Forecast {
    const NAME: &'static str = "Forecast";
    const COLUMNS: &'static [TableColumn] = &FORECAST_COLUMNS;
}

/// A row by the columns of a table.
pub(super) struct TableRow<T>(Vec<TableCell<'static>>, PhantomData<T>);

impl<T> TableRow<T> {
    /// A value for each column, in their order.
    pub(super) fn of(cells: impl Into<Vec<TableCell<'static>>>) -> Self {
        Self(cells.into(), PhantomData)
    }
}

impl<T: Tabled> Serialize for TableRow<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (column, cell) in T::COLUMNS.iter().zip(&self.0) {
            let name = column.name;
            match cell {
                TableCell::Null => map.serialize_entry(name, &())?,
                TableCell::Int(value) => map.serialize_entry(name, value)?,
                TableCell::Float(value) => {
                    map.serialize_entry(name, &digits::<S>(format!("{value:?}"))?)?
                }
                TableCell::Usd(value) => {
                    map.serialize_entry(name, &digits::<S>(value.to_string())?)?
                }
                TableCell::Bool(value) => map.serialize_entry(name, value)?,
                TableCell::Text(value) => map.serialize_entry(name, value)?,
                TableCell::Day(value) => map.serialize_entry(name, value)?,
                TableCell::Moment(value) => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

impl<T: Tabled> JsonSchema for TableRow<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::of_table(T::COLUMNS)
    }
}
