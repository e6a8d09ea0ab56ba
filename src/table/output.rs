//! Where rows go: a file of one of the formats, or the standard output.

use super::{Format, is_standard_output, text};
use crate::error::Error;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;
use tidegauge_sync::{Cell, Column, TableWriter, WholeFile};

/// A table being written.
pub(crate) struct TableOut {
    columns: Vec<Column>,
    sink: Sink,
    rows: u64,
    line: String,
}

enum Sink {
    Parquet(Box<TableWriter>),
    Csv(Place),
    Json(Place),
}

enum Place {
    File(WholeFile),
    Standard(BufWriter<Stdout>),
}

impl TableOut {
    /// Begins it; a file appears when it is finished, and one that is there is refused. Facts are
    /// said of the table as a whole where the format has a place for them.
    pub(crate) fn create(
        out: &Path,
        columns: &[Column],
        facts: &[(&'static str, String)],
    ) -> Result<Self, Error> {
        let place = || {
            Ok::<_, Error>(if is_standard_output(out) {
                Place::Standard(BufWriter::new(io::stdout()))
            } else {
                Place::File(WholeFile::create(out)?)
            })
        };
        let sink = match Format::of(out)? {
            Format::Parquet => Sink::Parquet(Box::new(TableWriter::create(out, columns, facts)?)),
            Format::Csv => Sink::Csv(place()?),
            Format::Json => Sink::Json(place()?),
        };
        let mut table = Self {
            columns: columns.to_vec(),
            sink,
            rows: 0,
            line: String::new(),
        };
        if let Sink::Csv(place) = &mut table.sink {
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            place.write(&format!("{}\n", names.join(",")))?;
        }
        Ok(table)
    }

    /// Adds a row: a cell for each column, in their order.
    pub(crate) fn push(&mut self, row: &[Cell<'_>]) -> Result<(), Error> {
        assert_eq!(row.len(), self.columns.len(), "a cell for each column");
        self.rows += 1;
        self.line.clear();
        match &mut self.sink {
            Sink::Parquet(writer) => Ok(writer.push(row)?),
            Sink::Csv(place) => {
                for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                    if at > 0 {
                        self.line.push(',');
                    }
                    finite(cell, column)?;
                    text::csv(cell, &mut self.line).map_err(unprintable)?;
                }
                self.line.push('\n');
                place.write(&self.line)
            }
            Sink::Json(place) => {
                self.line
                    .push_str(if self.rows == 1 { "[\n" } else { ",\n" });
                for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                    self.line.push_str(if at == 0 { "{\"" } else { ",\"" });
                    self.line.push_str(column.name);
                    self.line.push_str("\":");
                    finite(cell, column)?;
                    text::json(cell, &mut self.line).map_err(unprintable)?;
                }
                self.line.push('}');
                place.write(&self.line)
            }
        }
    }

    /// Ends it; gives its number of rows.
    pub(crate) fn finish(self) -> Result<u64, Error> {
        match self.sink {
            Sink::Parquet(writer) => Ok(writer.finish()?),
            Sink::Csv(place) => {
                place.finish()?;
                Ok(self.rows)
            }
            Sink::Json(mut place) => {
                place.write(if self.rows == 0 { "[]\n" } else { "\n]\n" })?;
                place.finish()?;
                Ok(self.rows)
            }
        }
    }
}

impl Place {
    fn write(&mut self, text: &str) -> Result<(), Error> {
        match self {
            Self::File(file) => file
                .write_all(text.as_bytes())
                .map_err(Error::io(format!("write {}", file.path().display()))),
            Self::Standard(out) => out
                .write_all(text.as_bytes())
                .map_err(Error::io("write to standard output")),
        }
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Self::File(file) => Ok(file.finish()?),
            Self::Standard(mut out) => out.flush().map_err(Error::io("write to standard output")),
        }
    }
}

/// Unknown is NULL: what is not a number means that something of ours is wrong.
fn finite(cell: &Cell<'_>, column: &Column) -> Result<(), Error> {
    match cell {
        Cell::Float(value) if !value.is_finite() => Err(Error::Failed(format!(
            "column {} came out as {value}, which is no number: nothing was written",
            column.name
        ))),
        _ => Ok(()),
    }
}

fn unprintable(cause: std::fmt::Error) -> Error {
    Error::Failed(format!("cannot write a cell as text: {cause}"))
}

/// The reader of a pipe may have seen enough: then all is well.
pub(crate) fn pipe_may_close(out: &Path, written: Result<u64, Error>) -> Result<u64, Error> {
    match written {
        Err(Error::Io { cause, .. })
            if is_standard_output(out) && cause.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(0)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_sync::Kind;

    const COLUMNS: [Column; 2] = [
        Column {
            name: "n",
            kind: Kind::Int,
            meaning: "a number",
        },
        Column {
            name: "x",
            kind: Kind::Float,
            meaning: "a float",
        },
    ];

    fn written(name: &str, rows: &[[Cell<'_>; 2]]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut table = TableOut::create(&path, &COLUMNS, &[]).unwrap();
        for row in rows {
            table.push(row).unwrap();
        }
        assert_eq!(table.finish().unwrap(), rows.len() as u64);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn tables_are_whole_documents() {
        let rows = [[Cell::Int(1), Cell::Null], [Cell::Int(2), Cell::Float(0.5)]];
        for (name, count, text) in [
            ("a.csv", 0, "n,x\n"),
            ("a.csv", 2, "n,x\n1,\n2,0.5\n"),
            ("a.json", 0, "[]\n"),
            ("a.json", 1, "[\n{\"n\":1,\"x\":null}\n]\n"),
            (
                "a.json",
                2,
                "[\n{\"n\":1,\"x\":null},\n{\"n\":2,\"x\":0.5}\n]\n",
            ),
        ] {
            assert_eq!(written(name, &rows[..count]), text);
        }
    }

    #[test]
    fn what_is_no_number_is_never_written() {
        for name in ["a.csv", "a.json", "a.parquet"] {
            let folder = tempfile::tempdir().unwrap();
            let mut table = TableOut::create(&folder.path().join(name), &COLUMNS, &[]).unwrap();
            let error = table
                .push(&[Cell::Int(1), Cell::Float(f64::NAN)])
                .unwrap_err();
            assert!(error.to_string().contains("column x"), "{error}");
            drop(table);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
