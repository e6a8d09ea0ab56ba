//! `export`: raw rows are the same in every format.

use super::{Collected, table};
use crate::support::{assert_same, exits_with_one_error, parquet};

#[test]
fn raw_rows_are_the_same_in_every_format() {
    let collected = Collected::new();
    for rows in ["swaps", "liquidity"] {
        let csv = table(&collected.write(&format!("{rows}.csv"), &["export", rows]));
        assert!(csv.len() > 100, "{rows}");
        let (names, found) =
            parquet(&collected.write(&format!("{rows}.parquet"), &["export", rows]));
        assert_eq!(names, csv.names());
        assert_same(found.iter(), csv.rows(), rows);
        let json = collected.write(&format!("{rows}.json"), &["export", rows]);
        let json: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        let texts = json.iter().map(|row| {
            let text = |name: &String| match &row[name] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            names.iter().map(text).collect::<Vec<_>>()
        });
        assert_same(texts, csv.rows().to_vec(), rows);
    }
    let taken = collected.path("swaps.parquet").display().to_string();
    let again = collected
        .program(&["export", "swaps", "--out", &taken])
        .run();
    exits_with_one_error(&again, 2, &["swaps.parquet exists"]);
    let odd = collected.path("swaps.xlsx").display().to_string();
    let odd = collected.program(&["export", "swaps", "--out", &odd]).run();
    exits_with_one_error(&odd, 2, &["swaps.xlsx", ".parquet"]);
}
