//! Tables for people: one declaration of columns, written as Parquet, CSV or JSON.

mod line;
mod output;
mod text;

pub(crate) use line::{fields, next_line};
pub(crate) use output::{TableOut, pipe_may_close};
pub(crate) use tidegauge_sync::{Cell, Column, Kind};

use crate::error::Error;
use std::path::Path;

/// As what a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Parquet, typed and compressed.
    Parquet,
    /// CSV with a header; unknown is an empty field.
    Csv,
    /// One JSON array, an object a row and line; unknown is null.
    Json,
}

impl Format {
    /// By the ending of the file's name; `-`, the standard output, is CSV.
    pub(crate) fn of(out: &Path) -> Result<Self, Error> {
        if is_standard_output(out) {
            return Ok(Self::Csv);
        }
        let ending = out.extension().and_then(|ending| ending.to_str());
        match ending {
            Some("parquet") => Ok(Self::Parquet),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            _ => Err(Error::Usage(format!(
                "--out {}: name a file that ends in .parquet, .csv or .json, or `-` for CSV on the standard output",
                out.display()
            ))),
        }
    }
}

/// Whether `-` was given.
pub(crate) fn is_standard_output(out: &Path) -> bool {
    out == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        for (name, format) in [
            ("a.parquet", Some(Format::Parquet)),
            ("b/a.csv", Some(Format::Csv)),
            ("a.json", Some(Format::Json)),
            ("-", Some(Format::Csv)),
            ("a.txt", None),
            ("a.csv.gz", None),
            ("a.CSV", None),
            ("csv", None),
            (".csv", None),
        ] {
            assert_eq!(Format::of(Path::new(name)).ok(), format, "{name}");
        }
    }
}
