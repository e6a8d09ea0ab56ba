//! Reading their file: gzipped or not, whoever wrote it.

use super::columns::{KEY, Shared};
use super::rows::{DayRows, Numbers};
use crate::error::Error;
use crate::progress::group;
use crate::table::{fields, next_line};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use tidegauge_features::hermetik::HEADER;
use tidegauge_model::{Address, Day, PoolId};

/// A row takes some 300 bytes of memory.
const MOST_ROWS: usize = 4_000_000;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads all rows.
pub(crate) fn read(path: &Path, shared: &[Shared]) -> Result<DayRows, Error> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(Error::io(format!("read {name}")))?;
    let mut plain = BufReader::new(file);
    let start = plain
        .fill_buf()
        .map_err(Error::io(format!("read {name}")))?;
    let from: Box<dyn Read> = if start.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(plain))
    } else {
        Box::new(plain)
    };
    read_lines(&mut BufReader::new(from), &name, shared)
}

/// Where a column stands in their lines.
struct Places {
    key: [usize; 2],
    shared: Vec<usize>,
    count: usize,
}

fn read_lines(from: &mut impl BufRead, name: &str, shared: &[Shared]) -> Result<DayRows, Error> {
    let header = next_line(from, name, 1)?
        .ok_or_else(|| Error::Usage(format!("{name} is empty: a header is expected, {HEADER}")))?;
    let places = places(&header, name, shared)?;
    let mut theirs = DayRows::default();
    for number in 2.. {
        let Some(line) = next_line(from, name, number)? else {
            break;
        };
        if line.is_empty() {
            continue;
        }
        if theirs.rows.len() == MOST_ROWS {
            return Err(Error::Usage(format!(
                "{name} has more than {} rows: split it by days",
                group(MOST_ROWS as u64)
            )));
        }
        let (pool, day, row) = row(&line, &places, shared).map_err(|(column, why)| {
            Error::Usage(format!("line {number} of {name}, {column}: {why}"))
        })?;
        if !theirs.put(pool, day, row) {
            return Err(Error::Usage(format!(
                "line {number} of {name}: a second row of pool {pool} on {day}"
            )));
        }
    }
    if theirs.rows.is_empty() {
        return Err(Error::Usage(format!("{name} has a header and no rows")));
    }
    Ok(theirs)
}

fn places(header: &str, name: &str, shared: &[Shared]) -> Result<Places, Error> {
    let found = fields(header.trim_start_matches('\u{feff}')).unwrap_or_default();
    let place = |column: &str| found.iter().position(|f| f.trim() == column);
    let missing: Vec<&str> = KEY
        .into_iter()
        .chain(shared.iter().map(|s| s.theirs))
        .filter(|column| place(column).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(Error::Usage(format!(
            "the header of {name} lacks the columns {}; expected is {HEADER}",
            missing.join(", ")
        )));
    }
    let at = |column: &str| place(column).unwrap_or_default();
    Ok(Places {
        key: KEY.map(at),
        shared: shared.iter().map(|s| at(s.theirs)).collect(),
        count: found.len(),
    })
}

/// A line's row, or the column that does not hold and why.
fn row(
    line: &str,
    places: &Places,
    shared: &[Shared],
) -> Result<(PoolId, Day, Numbers), (&'static str, String)> {
    let fields = fields(line).ok_or(("the line", "a quote is not closed".to_owned()))?;
    if fields.len() != places.count {
        return Err((
            "the line",
            format!(
                "{} fields, and the header has {}",
                fields.len(),
                places.count
            ),
        ));
    }
    let [pool, date] = places.key.map(|at| fields[at].trim());
    let pool: Address = pool
        .parse()
        .map_err(|_| (KEY[0], format!("`{}` is no address", clipped(pool))))?;
    let day: Day = date
        .parse()
        .map_err(|_| (KEY[1], format!("`{}` is no day", clipped(date))))?;
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for (column, at) in shared.iter().zip(&places.shared) {
        let text = fields[*at].trim();
        if column.is_number {
            numbers.push(number(text).map_err(|why| (column.theirs, why))?);
        } else {
            texts.push((!text.is_empty()).then(|| text.into()));
        }
    }
    let row = Numbers {
        numbers: numbers.into(),
        texts: texts.into(),
    };
    Ok((PoolId(pool), day, row))
}

/// Blank is unknown; what is not a finite number is refused.
fn number(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() || text.eq_ignore_ascii_case("nan") {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(format!("`{}` is no number", clipped(text))),
    }
}

/// Somebody else's text, fit for one line of ours.
fn clipped(text: &str) -> String {
    const SHOWN: usize = 60;
    text.chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::columns::shared;
    use super::*;

    const ROW: &str = "0x0002e63328169d7feea121f1e32e4f620abf0352,2025-10-27,wNXM/ICHI,wNXM,ICHI,3000.0,0.003,other,2,1,2.6666666666666665,2.1666666666666665,0.983192080250175,13,25,-0.5,6,,,2.0,";

    fn read_text(text: &str) -> Result<DayRows, Error> {
        let shared = shared(&crate::days::columns());
        read_lines(&mut text.as_bytes(), "f.csv", &shared)
    }

    #[test]
    fn their_rows_are_read() {
        let theirs = read_text(&format!("{HEADER}\n{ROW}\n\n")).unwrap();
        let ((_, day), row) = theirs.rows.first_key_value().unwrap();
        assert_eq!(day.to_string(), "2025-10-27");
        assert_eq!(row.texts[0].as_deref(), Some("wNXM/ICHI"));
        assert_eq!(row.numbers[2], Some(2.0));
        assert_eq!(row.numbers.last(), Some(&None));
    }

    #[test]
    fn what_is_no_such_file_is_refused_by_line_and_column() {
        let with =
            |from: &str, to: &str| format!("{HEADER}\n{ROW}\n{}\n", ROW.replacen(from, to, 1));
        for (text, words) in [
            (String::new(), "is empty"),
            (format!("{HEADER}\n"), "no rows"),
            (
                format!(
                    "{}\n{ROW}",
                    HEADER
                        .replace("poolType", "type")
                        .replace("day_number", "n")
                ),
                "lacks the columns poolType, day_number",
            ),
            ("\"unclosed\nx".to_owned(), "lacks the columns poolAddress"),
            (
                with("0x0002", "0xzz02"),
                "line 3 of f.csv, poolAddress: `0xzz02",
            ),
            (
                with("2025-10-27", "27.10.2025"),
                "line 3 of f.csv, date: `27.10.2025` is no day",
            ),
            (
                with(",13,", ",thirteen,"),
                "line 3 of f.csv, tx_count_cumulative: `thirteen`",
            ),
            (
                with(",13,", ",inf,"),
                "tx_count_cumulative: `inf` is no number",
            ),
            (with(",13,", ","), "20 fields, and the header has 21"),
            (with("wNXM/ICHI", "\"wNXM"), "a quote is not closed"),
            (with("x", "x"), "a second row of pool 0x0002"),
        ] {
            let said = read_text(&text).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
