//! A row group in the making: its columns are dealt out to threads, which encode side by side.

use crate::whole_file::WholeFile;
use ::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use ::parquet::errors::ParquetError;
use ::parquet::file::writer::SerializedFileWriter;
use arrow_array::ArrayRef;
use arrow_schema::{Field, Schema};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Threads that encode; beyond these the one that gathers the rows is the slowest.
const MOST_LANES: usize = 8;
/// Batches that may wait for a thread: one while it encodes another.
const MOST_WAITING: usize = 1;

/// A column, encoded; columns are dealt out, so each says which it is.
type Encoded = Vec<(usize, ArrowColumnChunk)>;

/// One thread with its share of the columns.
struct Lane {
    batches: SyncSender<Vec<ArrayRef>>,
    thread: JoinHandle<Result<Encoded, ParquetError>>,
}

/// A row group that takes batches.
pub(super) struct RowGroup {
    lanes: Vec<Lane>,
}

/// A row group that takes no more of them.
pub(super) struct EndedGroup {
    threads: Vec<JoinHandle<Result<Encoded, ParquetError>>>,
}

impl RowGroup {
    /// Begins the group of this number in the file.
    pub(super) fn begin(
        factory: &ArrowRowGroupWriterFactory,
        schema: &Schema,
        number: usize,
    ) -> Result<Self, ParquetError> {
        let writers = factory.create_column_writers(number)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let lanes = cores.min(MOST_LANES).min(writers.len()).max(1);
        let mut shares: Vec<Vec<Share>> = (0..lanes).map(|_| Vec::new()).collect();
        for (column, writer) in writers.into_iter().enumerate() {
            shares[column % lanes].push(Share {
                column,
                field: schema.field(column).clone(),
                writer,
            });
        }
        let lanes = shares.into_iter().map(Lane::begin);
        Ok(Self {
            lanes: lanes.collect::<Result<_, _>>()?,
        })
    }

    /// Hands over a batch: an array for each column.
    pub(super) fn put(&mut self, arrays: &[ArrayRef]) -> Result<(), ParquetError> {
        let lanes = self.lanes.len();
        for (number, lane) in self.lanes.iter().enumerate() {
            let share = arrays.iter().skip(number).step_by(lanes).cloned().collect();
            if lane.batches.send(share).is_err() {
                // It has ended before its time, and says why.
                return Err(match self.lanes.swap_remove(number).end() {
                    Err(error) => error,
                    Ok(_) => ParquetError::General("an encoder ended early".to_owned()),
                });
            }
        }
        Ok(())
    }

    /// Ends the group: what waits is encoded.
    pub(super) fn ended(self) -> EndedGroup {
        let threads = self.lanes.into_iter().map(|lane| lane.thread);
        EndedGroup {
            threads: threads.collect(),
        }
    }
}

impl EndedGroup {
    /// Its columns go to the file, in their order, once they are encoded.
    pub(super) fn write(
        self,
        file: &mut SerializedFileWriter<WholeFile>,
    ) -> Result<(), ParquetError> {
        let mut chunks = Vec::new();
        for thread in self.threads {
            chunks.extend(joined(thread)?);
        }
        chunks.sort_unstable_by_key(|(column, _)| *column);
        let mut group = file.next_row_group()?;
        for (_, chunk) in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close().map(drop)
    }
}

/// A column with what encodes it.
struct Share {
    column: usize,
    field: Field,
    writer: ArrowColumnWriter,
}

impl Lane {
    fn begin(shares: Vec<Share>) -> Result<Self, ParquetError> {
        let (batches, waiting) = sync_channel(MOST_WAITING);
        let thread = std::thread::Builder::new()
            .name("encode".to_owned())
            .spawn(move || encode(shares, &waiting))
            .map_err(|cause| ParquetError::External(Box::new(cause)))?;
        Ok(Self { batches, thread })
    }

    fn end(self) -> Result<Encoded, ParquetError> {
        drop(self.batches);
        joined(self.thread)
    }
}

fn joined(thread: JoinHandle<Result<Encoded, ParquetError>>) -> Result<Encoded, ParquetError> {
    thread
        .join()
        .map_err(|_| ParquetError::General("an encoder panicked".to_owned()))?
}

fn encode(
    mut shares: Vec<Share>,
    waiting: &Receiver<Vec<ArrayRef>>,
) -> Result<Encoded, ParquetError> {
    for arrays in waiting {
        for (share, array) in shares.iter_mut().zip(&arrays) {
            for leaf in compute_leaves(&share.field, array)? {
                share.writer.write(&leaf)?;
            }
        }
    }
    shares
        .into_iter()
        .map(|share| Ok((share.column, share.writer.close()?)))
        .collect()
}
