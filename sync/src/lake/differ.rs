//! The first rows in which a file and the store differ.

use super::days::DaySpan;
use super::rows::each_row;
use super::rows_digest::{RowsDigest, RowsDigester};
use super::table::{LakeTable, Shape};
use crate::cell::{Cell, Column};
use crate::error::SyncError;
use crate::parquet::{TableBatch, TableReader};
use crate::postgres::Difference;
use std::cmp::Ordering;
use std::path::Path;
use tidegauge_storage::View;

/// How many rows a file has, and their digest.
pub(super) fn digest_of_file(
    table: LakeTable,
    path: &Path,
) -> Result<(u64, RowsDigest), SyncError> {
    let shape = Shape::of(table);
    let mut reader = TableReader::open(path, &shape.columns)?;
    let mut digester = RowsDigester::default();
    while let Some(batch) = reader.next_batch()? {
        for at in 0..batch.rows() {
            digester.add(&row(&batch, at, path)?);
        }
    }
    Ok(digester.finish())
}

/// The first rows that differ, side by side.
pub(super) fn differences(
    view: &View<'_>,
    (table, span): (LakeTable, &DaySpan),
    path: &Path,
    most: usize,
) -> Result<Vec<Difference>, SyncError> {
    let shape = Shape::of(table);
    let mut merge = Merge {
        order: order(&shape.columns, table),
        columns: &shape.columns,
        file: Rows {
            reader: TableReader::open(path, &shape.columns)?,
            batch: None,
            path,
        },
        found: Vec::new(),
        most,
    };
    each_row(view, (table, &shape), span, &mut |ours| merge.meet(ours))?;
    merge.rest()?;
    Ok(merge.found)
}

/// Places of the columns that tell rows apart.
fn order(columns: &[Column], table: LakeTable) -> Vec<usize> {
    let place = |name: &&str| columns.iter().position(|column| column.name == *name);
    table.layout().order.iter().filter_map(place).collect()
}

/// The rows of a file, one after the other.
struct Rows<'p> {
    reader: TableReader,
    /// Rows, and how many of them were taken.
    batch: Option<(TableBatch, usize)>,
    path: &'p Path,
}

impl Rows<'_> {
    /// The first that was not taken.
    fn here(&mut self) -> Result<Option<Vec<Cell<'_>>>, SyncError> {
        while self
            .batch
            .as_ref()
            .is_none_or(|(batch, at)| *at >= batch.rows())
        {
            match self.reader.next_batch()? {
                Some(batch) => self.batch = Some((batch, 0)),
                None => return Ok(None),
            }
        }
        let here = self.batch.as_ref();
        here.map(|(batch, at)| row(batch, *at, self.path))
            .transpose()
    }

    fn take(&mut self) {
        if let Some((_, at)) = &mut self.batch {
            *at += 1;
        }
    }
}

/// Both in their common order.
struct Merge<'c> {
    order: Vec<usize>,
    columns: &'c [Column],
    file: Rows<'c>,
    found: Vec<Difference>,
    most: usize,
}

impl Merge<'_> {
    /// The store's next row.
    fn meet(&mut self, ours: &[Cell<'_>]) -> Result<(), SyncError> {
        loop {
            if self.found.len() >= self.most {
                return Ok(());
            }
            let Some(theirs) = self.file.here()? else {
                let found = difference(self.columns, &self.order, Some(ours), None);
                self.found.push(found);
                return Ok(());
            };
            match compare(&self.order, ours, &theirs) {
                Ordering::Less => {
                    let found = difference(self.columns, &self.order, Some(ours), None);
                    self.found.push(found);
                    return Ok(());
                }
                Ordering::Equal => {
                    if ours != theirs.as_slice() {
                        let both = (Some(ours), Some(theirs.as_slice()));
                        let found = difference(self.columns, &self.order, both.0, both.1);
                        self.found.push(found);
                    }
                    self.file.take();
                    return Ok(());
                }
                Ordering::Greater => {
                    let found = difference(self.columns, &self.order, None, Some(&theirs));
                    self.found.push(found);
                    self.file.take();
                }
            }
        }
    }

    /// What the file has beyond the store's last row.
    fn rest(&mut self) -> Result<(), SyncError> {
        while self.found.len() < self.most
            && let Some(theirs) = self.file.here()?
        {
            let found = difference(self.columns, &self.order, None, Some(&theirs));
            self.found.push(found);
            self.file.take();
        }
        Ok(())
    }
}

fn row<'b>(batch: &'b TableBatch, at: usize, path: &Path) -> Result<Vec<Cell<'b>>, SyncError> {
    batch.row(at).ok_or_else(|| SyncError::Decode {
        path: path.to_owned(),
        message: format!("row {at} of a batch holds a value that no such table has"),
    })
}

fn compare(order: &[usize], a: &[Cell<'_>], b: &[Cell<'_>]) -> Ordering {
    let pairs = order.iter().map(|at| (a.get(*at), b.get(*at)));
    pairs
        .map(|pair| match pair {
            (Some(Cell::Int(a)), Some(Cell::Int(b))) => a.cmp(b),
            (Some(Cell::Text(a)), Some(Cell::Text(b))) => a.cmp(b),
            _ => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Where the row is, and the columns that differ.
fn difference(
    columns: &[Column],
    order: &[usize],
    ours: Option<&[Cell<'_>]>,
    theirs: Option<&[Cell<'_>]>,
) -> Difference {
    let named = |row: &[Cell<'_>], at: usize| match (columns.get(at), row.get(at)) {
        (Some(column), Some(cell)) => format!("{} {}", column.name, text(cell)),
        _ => String::new(),
    };
    let line = |row: Option<&[Cell<'_>]>, other: Option<&[Cell<'_>]>| {
        let row = row?;
        let differs = |at: &usize| other.is_none_or(|other| other.get(*at) != row.get(*at));
        let cells = (0..row.len()).filter(differs).map(|at| named(row, at));
        Some(cells.collect::<Vec<_>>().join(", "))
    };
    let place = ours.or(theirs).unwrap_or_default();
    let place: Vec<_> = order.iter().map(|at| named(place, *at)).collect();
    Difference {
        place: place.join(", "),
        store: line(ours, theirs),
        mirror: line(theirs, ours),
    }
}

fn text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => format!("{value:?}"),
        Cell::Usd(value) => value.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Text(value) => value.to_string(),
        Cell::Day(value) => value.to_string(),
        Cell::Moment(value) => value.to_string(),
    }
}
