//! Parquet as text, by an ordinary reader: each cell as CSV writes it.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::path::Path;
use tidegauge_model::{Day, UnixSeconds, Usd};

/// The names of the columns and the rows of a file.
pub(crate) fn parquet(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names = schema.columns().iter();
    let names = names.map(|column| column.name().to_owned()).collect();
    let rows = reader.get_row_iter(None).expect("rows").map(|row| {
        let row = row.expect("a row");
        row.get_column_iter()
            .map(|(_, field)| text(field))
            .collect()
    });
    (names, rows.collect())
}

fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Long(value) => value.to_string(),
        Field::Double(value) => format!("{value:?}"),
        Field::Bool(value) => value.to_string(),
        Field::Str(value) => value.clone(),
        Field::Date(value) => {
            let day = u32::try_from(*value).expect("a day since 1970");
            Day::of(UnixSeconds(0)).plus_days(day).to_string()
        }
        Field::TimestampMillis(value) => (value / 1_000).to_string(),
        Field::Decimal(value) => {
            assert_eq!((value.precision(), value.scale()), (38, 9));
            let bytes = value.data();
            let mut all = [if bytes[0] & 0x80 == 0 { 0 } else { 0xff }; 16];
            all[16 - bytes.len()..].copy_from_slice(bytes);
            Usd(i128::from_be_bytes(all)).to_string()
        }
        other => panic!("{other:?}"),
    }
}
