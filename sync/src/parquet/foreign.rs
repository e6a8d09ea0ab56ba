//! Columns of a Parquet file that somebody else wrote, as text.

use crate::error::SyncError;
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use std::sync::Arc;

/// Names and rows of a file, whatever the types of its columns: numbers with all their digits, days
/// as 2024-01-05, unknown as `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ForeignRows {
    /// Of the columns, in the order of the file.
    pub names: Vec<String>,
    /// Their values.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Reads a whole file, of so many rows at most.
///
/// # Errors
/// [`SyncError::Decode`] for what is no such file, has more rows, or has columns of columns.
pub fn foreign_rows(file: &[u8], name: &str, most_rows: usize) -> Result<ForeignRows, SyncError> {
    let refuse = |why: String| SyncError::Decode {
        path: name.into(),
        message: why,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file))
        .map_err(|e| refuse(e.to_string()))?;
    let schema = builder.schema().clone();
    if let Some(field) = schema.fields().iter().find(|f| is_nested(f.data_type())) {
        return Err(refuse(format!(
            "its column {} holds more than one value a row",
            field.name()
        )));
    }
    let count = builder.metadata().file_metadata().num_rows();
    if usize::try_from(count).is_ok_and(|count| count > most_rows) {
        return Err(refuse(format!(
            "it has {count} rows; {most_rows} are the most"
        )));
    }
    let options = FormatOptions::new().with_display_error(false);
    let mut found = ForeignRows {
        names: schema.fields().iter().map(|f| f.name().clone()).collect(),
        rows: Vec::new(),
    };
    let batches = builder
        .with_projection(ProjectionMask::all())
        .build()
        .map_err(|e| refuse(e.to_string()))?;
    for batch in batches {
        let batch = batch.map_err(|e| refuse(e.to_string()))?;
        let columns: Vec<ArrayRef> = batch.columns().iter().map(without_zone).collect();
        let texts: Vec<ArrayFormatter<'_>> = columns
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()
            .map_err(|e| refuse(e.to_string()))?;
        if found.rows.len() + batch.num_rows() > most_rows {
            return Err(refuse(format!("it has more than {most_rows} rows")));
        }
        for at in 0..batch.num_rows() {
            let cells = columns.iter().zip(&texts);
            let row = cells.map(|(column, text)| match column.is_null(at) {
                true => Ok(None),
                false => text.value(at).try_to_string().map(Some),
            });
            let row: Result<Vec<_>, _> = row.collect();
            found.rows.push(row.map_err(|e| refuse(e.to_string()))?);
        }
    }
    Ok(found)
}

/// Moments are those of UTC, whatever zone they are to be shown in.
fn without_zone(column: &ArrayRef) -> ArrayRef {
    fn bare<T: ArrowTimestampType>(column: &ArrayRef) -> ArrayRef {
        let moments = column.as_primitive::<T>().clone();
        Arc::new(moments.with_timezone_opt(None::<Arc<str>>))
    }
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, Some(_)) => bare::<TimestampSecondType>(column),
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            bare::<TimestampMillisecondType>(column)
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            bare::<TimestampMicrosecondType>(column)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => {
            bare::<TimestampNanosecondType>(column)
        }
        _ => column.clone(),
    }
}

fn is_nested(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_nested(value),
        other => other.is_nested(),
    }
}
