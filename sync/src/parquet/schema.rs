//! How a table's columns are declared in a file.

use crate::cell::{Column, Kind};
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::metadata::{KeyValue, SortingColumn};
use ::parquet::file::properties::WriterProperties;
use ::parquet::schema::types::ColumnPath;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// Digits of a dollar amount, as many as 128 bits hold.
pub(super) const USD_DIGITS: u8 = 38;
/// Of these, behind the point.
pub(super) const USD_PLACES: i8 = 9;
/// Rows handed to the encoder at once: enough to be quick, few enough to be small.
pub(super) const BATCH_ROWS: usize = 8_192;
/// Batches of a row group, 131,072 rows: what a reader skips by statistics, and what is held
/// encoded in memory.
const BATCHES_PER_GROUP: usize = 16;
/// Beyond this one gains a few per cent for several times the work.
const ZSTD_LEVEL: i32 = 3;

/// How a file's rows lie.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The columns by which its rows ascend, first things first; none: in no order.
    pub order: &'static [&'static str],
    /// Batches of 8,192 rows in a row group.
    pub batches_per_group: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            order: &[],
            batches_per_group: BATCHES_PER_GROUP,
        }
    }
}

pub(super) fn schema(columns: &[Column]) -> Arc<Schema> {
    let fields = columns.iter().map(|column| {
        let meaning = HashMap::from([("description".to_owned(), column.meaning.to_owned())]);
        Field::new(column.name, data_type(column.kind), true).with_metadata(meaning)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Usd => DataType::Decimal128(USD_DIGITS, USD_PLACES),
        Kind::Bool => DataType::Boolean,
        Kind::Word | Kind::Text | Kind::Unique => DataType::Utf8,
        Kind::Day => DataType::Date32,
        Kind::Moment => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    }
}

/// Compression, statistics (on by default, by page), dictionaries where values repeat, and what
/// is said of the file as a whole.
pub(super) fn properties(
    columns: &[Column],
    facts: &[(&'static str, String)],
    layout: Layout,
) -> Result<WriterProperties, ::parquet::errors::ParquetError> {
    let facts = facts.iter().map(key_value).collect();
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tidegauge ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_key_value_metadata(Some(facts))
        .set_sorting_columns(sorting(columns, layout.order));
    for column in columns {
        let repeats = matches!(
            column.kind,
            Kind::Word | Kind::Text | Kind::Int | Kind::Bool | Kind::Day | Kind::Moment
        );
        properties =
            properties.set_column_dictionary_enabled(ColumnPath::from(column.name), repeats);
    }
    Ok(properties.build())
}

/// A fact as the file holds it.
pub(super) fn key_value((name, value): &(&'static str, String)) -> KeyValue {
    KeyValue::new((*name).to_owned(), value.clone())
}

/// The order, where there is one.
fn sorting(columns: &[Column], order: &[&str]) -> Option<Vec<SortingColumn>> {
    let place = |name: &&str| columns.iter().position(|column| column.name == *name);
    let sorted: Vec<_> = order
        .iter()
        .filter_map(place)
        .filter_map(|at| i32::try_from(at).ok())
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect();
    (!sorted.is_empty()).then_some(sorted)
}
