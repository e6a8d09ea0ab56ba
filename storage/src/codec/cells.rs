//! Daily rows and their targets: cells in the order of the columns, words by their place in
//! the column's list.

use super::{Appender, CONFIGURATION};
use crate::codec_error::CodecError;
use crate::keys::parse_pool_day_key;
use bincode::{Decode, Encode};
use tidegauge_features::{Cell, Column, DailyRow, Kind, ROW_COLUMNS, TARGET_COLUMNS, TargetRow};
use tidegauge_model::{Day, PoolId, Usd};

const ROW_VERSION: u8 = 1;
const TARGET_VERSION: u8 = 1;

pub(crate) fn encode_daily_row(row: &DailyRow, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write_cells(ROW_VERSION, ROW_COLUMNS, row.cells(), out)
}

pub(crate) fn decode_daily_row(
    key: &[u8],
    bytes: &[u8],
) -> Result<(PoolId, Day, DailyRow), CodecError> {
    let (pool, day) = parse_pool_day_key(key)?;
    let cells = read_cells(ROW_VERSION, ROW_COLUMNS, bytes)?;
    let row = DailyRow::from_cells(cells).ok_or(CodecError::Impossible("row"))?;
    Ok((pool, day, row))
}

pub(crate) fn encode_target_row(row: &TargetRow, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write_cells(TARGET_VERSION, TARGET_COLUMNS, row.cells(), out)
}

pub(crate) fn decode_target_row(
    key: &[u8],
    bytes: &[u8],
) -> Result<(PoolId, Day, TargetRow), CodecError> {
    let (pool, day) = parse_pool_day_key(key)?;
    let cells = read_cells(TARGET_VERSION, TARGET_COLUMNS, bytes)?;
    let row = TargetRow::from_cells(cells).ok_or(CodecError::Impossible("row"))?;
    Ok((pool, day, row))
}

fn write_cells(
    version: u8,
    columns: &[Column],
    cells: impl Iterator<Item = Cell>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    out.push(version);
    let mut found = 0;
    for (column, cell) in columns.iter().zip(cells) {
        found += 1;
        match (column.kind, cell) {
            (_, Cell::Null) => put(None::<bool>, out)?,
            (Kind::Int, Cell::Int(n)) => put(Some(n), out)?,
            (Kind::Float, Cell::Float(x)) if x.is_finite() => put(Some(x), out)?,
            (Kind::Usd, Cell::Usd(usd)) => put(Some(usd.0), out)?,
            (Kind::Bool, Cell::Bool(is)) => put(Some(is), out)?,
            (Kind::Word(words), Cell::Word(word)) => put(Some(place(words, word)?), out)?,
            _ => return Err(unencodable(column)),
        }
    }
    assert_eq!(found, columns.len(), "a row has a cell for each column");
    Ok(())
}

fn place(words: &[&str], word: &str) -> Result<u8, CodecError> {
    let place = words.iter().position(|w| *w == word);
    place
        .and_then(|place| u8::try_from(place).ok())
        .ok_or_else(|| CodecError::Unencodable(format!("`{word}` is no word of its column")))
}

fn unencodable(column: &Column) -> CodecError {
    CodecError::Unencodable(format!("column `{}` holds something else", column.name))
}

fn put<T: Encode>(value: Option<T>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::encode_into_writer(value, Appender(out), CONFIGURATION)
        .map_err(|e| CodecError::Unencodable(e.to_string()))
}

fn read_cells(version: u8, columns: &[Column], bytes: &[u8]) -> Result<Vec<Cell>, CodecError> {
    let (&found, mut rest) = bytes.split_first().ok_or(CodecError::Empty)?;
    if found != version {
        return Err(CodecError::Version {
            found,
            known: version,
        });
    }
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        let cell = match column.kind {
            Kind::Int => take(&mut rest)?.map(Cell::Int),
            Kind::Float => take(&mut rest)?.map(Cell::Float),
            Kind::Usd => take(&mut rest)?.map(|nano| Cell::Usd(Usd(nano))),
            Kind::Bool => take(&mut rest)?.map(Cell::Bool),
            Kind::Word(words) => take::<u8>(&mut rest)?
                .map(|place| match words.get(usize::from(place)) {
                    Some(word) => Ok(Cell::Word(word)),
                    None => Err(CodecError::Impossible(column.name)),
                })
                .transpose()?,
        };
        let cell = cell.unwrap_or(Cell::Null);
        if matches!(cell, Cell::Float(x) if !x.is_finite()) {
            return Err(CodecError::Impossible(column.name));
        }
        cells.push(cell);
    }
    if !rest.is_empty() {
        return Err(CodecError::Trailing(rest.len()));
    }
    Ok(cells)
}

fn take<T: Decode<()>>(rest: &mut &[u8]) -> Result<Option<T>, CodecError> {
    let (value, used) = bincode::decode_from_slice(rest, CONFIGURATION)
        .map_err(|e| CodecError::Undecodable(e.to_string()))?;
    *rest = &rest[used..];
    Ok(value)
}
