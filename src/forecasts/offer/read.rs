//! CSV, JSON or Parquet as names and texts.

use super::{MOST_ROWS, Refused};
use crate::table::{fields, next_line};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tidegauge_sync::{ForeignRows, foreign_rows};

/// As what rows are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// With a header; unknown is an empty field.
    Csv,
    /// An array of objects, or an object whose `rows` is one; unknown is null or left out.
    Json,
    /// Of any types that say what is meant.
    Parquet,
}

impl Shape {
    /// By the ending of a file's name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// By the type that a request names; JSON where it names none.
    pub(crate) fn of_type(named: Option<&str>) -> Option<Self> {
        let named = named.map(|named| named.split(';').next().unwrap_or_default().trim());
        match named {
            None | Some("application/json") => Some(Self::Json),
            Some("text/csv") => Some(Self::Csv),
            Some("application/vnd.apache.parquet" | "application/octet-stream") => {
                Some(Self::Parquet)
            }
            Some(_) => None,
        }
    }
}

/// Names and texts of what is offered.
pub(super) fn read(shape: Shape, bytes: &[u8]) -> Result<ForeignRows, Refused> {
    let found = match shape {
        Shape::Csv => csv(bytes)?,
        Shape::Json => json(bytes)?,
        Shape::Parquet => {
            foreign_rows(bytes, "the file", MOST_ROWS).map_err(|e| Refused::all(e.to_string()))?
        }
    };
    if found.rows.is_empty() {
        return Err(Refused::all("there is no row"));
    }
    Ok(found)
}

fn too_many() -> Refused {
    Refused::all(format!("more than {MOST_ROWS} rows: offer them day by day"))
}

fn csv(mut bytes: &[u8]) -> Result<ForeignRows, Refused> {
    let line = |bytes: &mut &[u8], number: usize| {
        let line = next_line(bytes, "the file", number as u64);
        line.map_err(|e| Refused::all(e.to_string()))
    };
    let header = line(&mut bytes, 1)?.ok_or_else(|| Refused::all("it is empty"))?;
    let open = |number| Refused::row(number, "a quote is not closed");
    let names = fields(header.trim_start_matches('\u{feff}'))
        .ok_or_else(|| Refused::all("in the header a quote is not closed"))?;
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for number in 1.. {
        let Some(text) = line(&mut bytes, number + 1)? else {
            break;
        };
        if text.is_empty() {
            continue;
        }
        if rows.len() == MOST_ROWS {
            return Err(too_many());
        }
        let values = fields(&text).ok_or_else(|| open(number))?;
        if values.len() != names.len() {
            let why = format!(
                "{} fields, and the header has {}",
                values.len(),
                names.len()
            );
            return Err(Refused::row(number, why));
        }
        let values = values.into_iter().map(|value| {
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        });
        rows.push(values.collect());
    }
    Ok(ForeignRows { names, rows })
}

/// Values as they are written: a number keeps all its digits.
type Object<'a> = BTreeMap<String, &'a RawValue>;

fn json(bytes: &[u8]) -> Result<ForeignRows, Refused> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        rows: Vec<Object<'a>>,
    }
    let no_json = |e: serde_json::Error| {
        Refused::all(format!("it is no JSON array of objects, a row each: {e}"))
    };
    let is_wrapped = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let rows: Vec<Object<'_>> = match is_wrapped {
        true => {
            serde_json::from_slice::<Wrapped<'_>>(bytes)
                .map_err(no_json)?
                .rows
        }
        false => serde_json::from_slice(bytes).map_err(no_json)?,
    };
    if rows.len() > MOST_ROWS {
        return Err(too_many());
    }
    let mut found = ForeignRows::default();
    for (number, row) in (1..).zip(rows) {
        let row = object(row, &mut found.names).map_err(|why| Refused::row(number, why))?;
        found.rows.push(row);
    }
    // Those that are first named by later rows.
    for row in &mut found.rows {
        row.resize(found.names.len(), None);
    }
    Ok(found)
}

fn object(row: Object<'_>, names: &mut Vec<String>) -> Result<Vec<Option<String>>, String> {
    const MOST_NAMES: usize = 64;
    let mut values = vec![None; names.len()];
    for (name, value) in row {
        let text = match value.get().as_bytes().first() {
            Some(b'n') => None,
            Some(b'"') => serde_json::from_str(value.get()).map_err(|e| e.to_string())?,
            Some(b'[' | b'{') => return Err(format!("`{name}` is no single value")),
            _ => Some(value.get().to_owned()),
        };
        let place = match names.iter().position(|known| *known == name) {
            Some(place) => place,
            None if names.len() == MOST_NAMES => {
                return Err("too many different names".to_owned());
            }
            None => {
                names.push(name);
                values.push(None);
                names.len() - 1
            }
        };
        values[place] = text;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&[&str]]) -> Vec<Vec<Option<String>>> {
        let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
        texts
            .iter()
            .map(|row| row.iter().map(cell).collect())
            .collect()
    }

    #[test]
    fn csv_and_json_give_the_same() {
        let csv = b"date, value ,pool\r\n2024-01-05,1.5,\"a,b\"\n\n2024-01-06,,c\n";
        let json = br#"[{"date": "2024-01-05", "value": 1.5, "pool": "a,b"},
            {"pool": "c", "date": "2024-01-06", "value": null}]"#;
        let from_csv = read(Shape::Csv, csv).unwrap();
        assert_eq!(from_csv.names, ["date", "value", "pool"]);
        let expected = rows(&[&["2024-01-05", "1.5", "a,b"], &["2024-01-06", "", "c"]]);
        assert_eq!(from_csv.rows, expected);
        let from_json = read(Shape::Json, json).unwrap();
        let place = |name| from_json.names.iter().position(|n| n == name).unwrap();
        for (row, expected) in from_json.rows.iter().zip(&expected) {
            let found = ["date", "value", "pool"].map(|name| row[place(name)].clone());
            assert_eq!(found.as_slice(), expected.as_slice());
        }
        let wrapped = [b"{\"rows\": ".as_slice(), json, b"}"].concat();
        assert_eq!(read(Shape::Json, &wrapped).unwrap(), from_json);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (shape, bytes, word) in [
            (Shape::Csv, b"".as_slice(), "empty"),
            (Shape::Csv, b"a,b\n", "no row"),
            (
                Shape::Csv,
                b"a,b\n1\n",
                "row 1: 1 fields, and the header has 2",
            ),
            (Shape::Csv, b"a\n\"1\n", "quote"),
            (Shape::Csv, b"a\n\xff\n", "UTF-8"),
            (Shape::Json, b"", "no JSON"),
            (Shape::Json, b"{}", "rows"),
            (Shape::Json, b"[1]", "array of objects"),
            (Shape::Json, b"[{\"a\": [1]}]", "single value"),
            (Shape::Json, b"[]", "no row"),
            (Shape::Parquet, b"PAR1", "the file"),
        ] {
            let refused = read(shape, bytes).unwrap_err().to_string();
            assert!(refused.contains(word), "{shape:?}: {refused}");
        }
    }
}
