//! Rows out of a file that a table was written to.

use super::schema::schema;
use crate::cell::{Cell, Column, Kind};
use crate::error::SyncError;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMillisecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use std::fs::File;
use std::path::{Path, PathBuf};
use tidegauge_model::{Day, UnixSeconds, Usd};

const MILLIS_PER_SECOND: i64 = 1_000;

/// Reads a table, a batch of rows in memory.
pub(crate) struct TableReader {
    columns: Vec<Column>,
    batches: ParquetRecordBatchReader,
    path: PathBuf,
}

/// Some rows of a table.
pub(crate) struct TableBatch {
    columns: Vec<Values>,
    rows: usize,
}

/// The values of a column.
enum Values {
    Int(PrimitiveArray<Int64Type>),
    Float(PrimitiveArray<Float64Type>),
    Usd(PrimitiveArray<Decimal128Type>),
    Bool(BooleanArray),
    Text(StringArray),
    Day(PrimitiveArray<Date32Type>),
    Moment(PrimitiveArray<TimestampMillisecondType>),
}

impl TableReader {
    /// Opens a file that has to hold these columns.
    pub(crate) fn open(path: &Path, columns: &[Column]) -> Result<Self, SyncError> {
        let file = File::open(path).map_err(|e| unreadable(path, e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| unreadable(path, e))?;
        let expected = schema(columns);
        let found = builder.schema();
        let agree = found.fields().len() == expected.fields().len()
            && found
                .fields()
                .iter()
                .zip(expected.fields())
                .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
        if !agree {
            return Err(unreadable(path, "its columns are not the table's"));
        }
        Ok(Self {
            columns: columns.to_vec(),
            batches: builder.build().map_err(|e| unreadable(path, e))?,
            path: path.to_owned(),
        })
    }

    /// The next rows; `None` behind the last.
    pub(crate) fn next_batch(&mut self) -> Result<Option<TableBatch>, SyncError> {
        let Some(batch) = self.batches.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|e| unreadable(&self.path, e))?;
        TableBatch::of(&self.columns, &batch)
            .map(Some)
            .ok_or_else(|| unreadable(&self.path, "a column is of another type"))
    }
}

impl TableBatch {
    fn of(columns: &[Column], batch: &RecordBatch) -> Option<Self> {
        let columns = columns.iter().zip(batch.columns());
        Some(Self {
            columns: columns
                .map(|(column, array)| Values::of(column.kind, array))
                .collect::<Option<_>>()?,
            rows: batch.num_rows(),
        })
    }

    /// How many.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// One of them; `None` for a value that no such table holds.
    pub(crate) fn row(&self, at: usize) -> Option<Vec<Cell<'_>>> {
        self.columns.iter().map(|values| values.cell(at)).collect()
    }
}

impl Values {
    fn of(kind: Kind, array: &ArrayRef) -> Option<Self> {
        let array = array.as_any();
        Some(match kind {
            Kind::Int => Self::Int(array.downcast_ref().cloned()?),
            Kind::Float => Self::Float(array.downcast_ref().cloned()?),
            Kind::Usd => Self::Usd(array.downcast_ref().cloned()?),
            Kind::Bool => Self::Bool(array.downcast_ref().cloned()?),
            Kind::Word | Kind::Text | Kind::Unique => Self::Text(array.downcast_ref().cloned()?),
            Kind::Day => Self::Day(array.downcast_ref().cloned()?),
            Kind::Moment => Self::Moment(array.downcast_ref().cloned()?),
        })
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Int(array) => array,
            Self::Float(array) => array,
            Self::Usd(array) => array,
            Self::Bool(array) => array,
            Self::Text(array) => array,
            Self::Day(array) => array,
            Self::Moment(array) => array,
        }
    }

    fn cell(&self, at: usize) -> Option<Cell<'_>> {
        if self.array().is_null(at) {
            return Some(Cell::Null);
        }
        Some(match self {
            Self::Int(array) => Cell::Int(array.value(at)),
            Self::Float(array) => Cell::Float(array.value(at)),
            Self::Usd(array) => Cell::Usd(Usd(array.value(at))),
            Self::Bool(array) => Cell::Bool(array.value(at)),
            Self::Text(array) => Cell::text(array.value(at)),
            Self::Day(array) => {
                let days = u32::try_from(array.value(at)).ok()?;
                Cell::Day(Day::of(UnixSeconds(0)).plus_days(days))
            }
            Self::Moment(array) => {
                let millis = array.value(at);
                if millis % MILLIS_PER_SECOND != 0 {
                    return None;
                }
                let seconds = u64::try_from(millis / MILLIS_PER_SECOND).ok()?;
                Cell::Moment(UnixSeconds(seconds))
            }
        })
    }
}

fn unreadable(path: &Path, problem: impl ToString) -> SyncError {
    SyncError::Decode {
        path: path.to_owned(),
        message: problem.to_string(),
    }
}
