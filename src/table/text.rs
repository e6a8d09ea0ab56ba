//! Cells as text: the same value in CSV and in JSON.

use std::fmt::{self, Write};
use tidegauge_sync::Cell;

/// As a CSV field: nothing where unknown, floats with the fewest digits that read back, days as
/// YYYY-MM-DD, moments as unix seconds, text quoted where it has to be (RFC 4180).
pub(super) fn csv(cell: &Cell<'_>, out: &mut String) -> fmt::Result {
    match cell {
        Cell::Null => Ok(()),
        Cell::Text(text) if text.contains(['"', ',', '\n', '\r']) => {
            write!(out, "\"{}\"", text.replace('"', "\"\""))
        }
        Cell::Text(text) => out.write_str(text),
        Cell::Day(day) => write!(out, "{day}"),
        plain => number(plain, out),
    }
}

/// As a JSON value: dollars are numbers with all their digits, days are texts.
pub(super) fn json(cell: &Cell<'_>, out: &mut String) -> fmt::Result {
    match cell {
        Cell::Null => out.write_str("null"),
        Cell::Text(text) => out.write_str(&serde_json::Value::from(text.as_ref()).to_string()),
        Cell::Day(day) => write!(out, "\"{day}\""),
        plain => number(plain, out),
    }
}

fn number(cell: &Cell<'_>, out: &mut String) -> fmt::Result {
    match cell {
        Cell::Int(value) => write!(out, "{value}"),
        // `1.0`, `0.1`, `1e300`: never less than reads back, and never an integer's form.
        Cell::Float(value) => write!(out, "{value:?}"),
        Cell::Usd(value) => write!(out, "{value}"),
        Cell::Bool(value) => write!(out, "{value}"),
        Cell::Moment(value) => write!(out, "{value}"),
        Cell::Null | Cell::Text(_) | Cell::Day(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{UnixSeconds, Usd};

    #[test]
    fn cells_read_well() {
        let day = Cell::Day("2024-01-05".parse().unwrap());
        for (cell, as_csv, as_json) in [
            (Cell::Null, "", "null"),
            (Cell::Int(-3), "-3", "-3"),
            (Cell::Float(2.0), "2.0", "2.0"),
            (Cell::Float(0.1), "0.1", "0.1"),
            (Cell::Float(1e300), "1e300", "1e300"),
            (Cell::Usd(Usd(1_500_000_000)), "1.5", "1.5"),
            (Cell::Bool(true), "true", "true"),
            (Cell::Moment(UnixSeconds(9)), "9", "9"),
            (day, "2024-01-05", "\"2024-01-05\""),
            (Cell::text("plain"), "plain", "\"plain\""),
            (
                Cell::text("a,\"b\"\n"),
                "\"a,\"\"b\"\"\n\"",
                "\"a,\\\"b\\\"\\n\"",
            ),
        ] {
            let (mut a, mut b) = (String::new(), String::new());
            csv(&cell, &mut a).unwrap();
            json(&cell, &mut b).unwrap();
            assert_eq!((a.as_str(), b.as_str()), (as_csv, as_json), "{cell:?}");
        }
    }
}
