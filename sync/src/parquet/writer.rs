//! Rows into a file, a bounded number of them in memory.

use super::builder::{Builder, Unfit};
use super::row_group::{EndedGroup, RowGroup};
use super::schema::{BATCH_ROWS, Layout, key_value, properties, schema};
use crate::cell::{Cell, Column};
use crate::error::SyncError;
use crate::whole_file::WholeFile;
use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use ::parquet::errors::ParquetError;
use ::parquet::file::writer::SerializedFileWriter;
use arrow_array::ArrayRef;
use arrow_schema::Schema;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes a table: zstd, statistics, row groups of a bounded size, columns encoded side by side.
pub struct TableWriter {
    columns: Vec<Column>,
    schema: Arc<Schema>,
    builders: Vec<Builder>,
    waiting: usize,
    rows: u64,
    /// The open row group with its number of batches.
    group: Option<(RowGroup, usize)>,
    /// The one before, whose last batches are encoded while this one is filled.
    ending: Option<EndedGroup>,
    factory: ArrowRowGroupWriterFactory,
    file: SerializedFileWriter<WholeFile>,
    batches_per_group: usize,
    path: PathBuf,
}

impl TableWriter {
    /// Begins a file, which appears when it is finished. The facts are said of it as a whole.
    pub fn create(
        path: &Path,
        columns: &[Column],
        facts: &[(&'static str, String)],
    ) -> Result<Self, SyncError> {
        Self::laid_out(path, columns, facts, Layout::default())
    }

    /// The same with rows that lie in a certain way.
    pub fn laid_out(
        path: &Path,
        columns: &[Column],
        facts: &[(&'static str, String)],
        layout: Layout,
    ) -> Result<Self, SyncError> {
        let encode = |message: String| SyncError::Encode {
            path: path.to_owned(),
            message,
        };
        let properties = properties(columns, facts, layout).map_err(|e| encode(e.to_string()))?;
        let builders = columns
            .iter()
            .map(|column| Builder::new(column.kind))
            .collect::<Result<_, _>>()
            .map_err(|e| encode(e.to_string()))?;
        let file = WholeFile::create(path)?;
        let schema = schema(columns);
        let (file, factory) = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(|e| encode(e.to_string()))?;
        Ok(Self {
            columns: columns.to_vec(),
            schema,
            builders,
            waiting: 0,
            rows: 0,
            group: None,
            ending: None,
            factory,
            file,
            batches_per_group: layout.batches_per_group.max(1),
            path: path.to_owned(),
        })
    }

    /// Adds a row: a cell for each column, in their order.
    pub fn push(&mut self, row: &[Cell<'_>]) -> Result<(), SyncError> {
        self.rows += 1;
        if row.len() != self.columns.len() {
            return Err(SyncError::Misfit {
                path: self.path.clone(),
                row: self.rows,
                column: format!("count: {} for {}", row.len(), self.columns.len()),
            });
        }
        for ((builder, column), cell) in self.builders.iter_mut().zip(&self.columns).zip(row) {
            builder.push(cell).map_err(|unfit| match unfit {
                Unfit::Kind => SyncError::Misfit {
                    path: self.path.clone(),
                    row: self.rows,
                    column: column.name.to_owned(),
                },
                Unfit::Beyond(value) => SyncError::Beyond {
                    path: self.path.clone(),
                    row: self.rows,
                    column: column.name,
                    value,
                },
            })?;
        }
        self.waiting += 1;
        if self.waiting == BATCH_ROWS {
            self.pass_on()?;
        }
        Ok(())
    }

    /// Ends the file; gives its number of rows.
    pub fn finish(self) -> Result<u64, SyncError> {
        self.finish_with(&[])
    }

    /// The same with more facts, which only the rows told.
    pub fn finish_with(mut self, facts: &[(&'static str, String)]) -> Result<u64, SyncError> {
        for fact in facts {
            self.file.append_key_value_metadata(key_value(fact));
        }
        self.pass_on()?;
        self.end_group()
            .and_then(|()| self.write_ending())
            .map_err(|e| failed(&self.path, e))?;
        let rows = self.rows;
        let path = self.path;
        let file = self.file.into_inner().map_err(|e| failed(&path, e))?;
        file.finish()?;
        Ok(rows)
    }

    fn pass_on(&mut self) -> Result<(), SyncError> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        let arrays: Vec<_> = self.builders.iter_mut().map(Builder::take).collect();
        self.put(&arrays).map_err(|e| failed(&self.path, e))
    }

    fn put(&mut self, arrays: &[ArrayRef]) -> Result<(), ParquetError> {
        let (mut group, batches) = match self.group.take() {
            Some(open) => open,
            None => {
                let before = usize::from(self.ending.is_some());
                let number = self.file.flushed_row_groups().len() + before;
                (RowGroup::begin(&self.factory, &self.schema, number)?, 0)
            }
        };
        group.put(arrays)?;
        self.group = Some((group, batches + 1));
        if batches + 1 == self.batches_per_group {
            self.end_group()?;
        }
        Ok(())
    }

    /// No more batches for the open group; the one before it goes to the file.
    fn end_group(&mut self) -> Result<(), ParquetError> {
        let Some((group, _)) = self.group.take() else {
            return Ok(());
        };
        self.write_ending()?;
        self.ending = Some(group.ended());
        Ok(())
    }

    fn write_ending(&mut self) -> Result<(), ParquetError> {
        match self.ending.take() {
            Some(group) => group.write(&mut self.file),
            None => Ok(()),
        }
    }
}

/// What the encoder says; where the file system is behind it, what that says.
fn failed(path: &Path, error: ParquetError) -> SyncError {
    let path = path.to_owned();
    if let ParquetError::External(cause) = error {
        return match cause.downcast::<std::io::Error>() {
            Ok(cause) => SyncError::Write {
                path,
                cause: *cause,
            },
            Err(other) => SyncError::Encode {
                path,
                message: other.to_string(),
            },
        };
    }
    SyncError::Encode {
        path,
        message: error.to_string(),
    }
}
