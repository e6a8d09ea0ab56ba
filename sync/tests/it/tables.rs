//! What is written as Parquet reads back by an ordinary reader, value by value.

use parquet::basic::{Compression, LogicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::path::Path;
use tidegauge_model::{Day, UnixSeconds, Usd};
use tidegauge_sync::{Cell, Column, Kind, SyncError, TableWriter};

const COLUMNS: &[Column] = &[
    column("count", Kind::Int),
    column("share", Kind::Float),
    column("volume_usd", Kind::Usd),
    column("priced", Kind::Bool),
    column("class", Kind::Word),
    column("pool", Kind::Text),
    column("raw", Kind::Unique),
    column("date", Kind::Day),
    column("timestamp", Kind::Moment),
];

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        meaning: "what it means",
    }
}

fn row(n: i64) -> [Cell<'static>; 9] {
    let day: Day = "2024-01-05".parse().unwrap();
    [
        Cell::Int(n),
        Cell::Float(0.1 + n as f64),
        Cell::Usd(Usd(i128::from(n) * 10_000_000_000_000_000_000_001)),
        Cell::Bool(n % 2 == 0),
        Cell::text(["increasing", "stable"][usize::from(n % 2 == 0)]),
        Cell::text(format!("0x{:040x}", n.rem_euclid(7))),
        Cell::text(format!("-1157920892373161954235709850086879078532699{n}")),
        Cell::Day(day.plus_days(u32::try_from(n.rem_euclid(400)).unwrap())),
        Cell::Moment(UnixSeconds(1_704_412_800 + n.unsigned_abs())),
    ]
}

fn expected(n: i64) -> Vec<String> {
    let day: Day = "2024-01-05".parse().unwrap();
    row(n)
        .into_iter()
        .map(|cell| match cell {
            Cell::Null => "null".to_owned(),
            Cell::Int(v) => v.to_string(),
            Cell::Float(v) => v.to_bits().to_string(),
            Cell::Usd(v) => v.0.to_string(),
            Cell::Bool(v) => v.to_string(),
            Cell::Text(v) => v.into_owned(),
            Cell::Day(v) => (v.number() - day.number()).to_string(),
            Cell::Moment(v) => (v.0 * 1_000).to_string(),
        })
        .collect()
}

fn read(path: &Path) -> Vec<Vec<String>> {
    let day: Day = "2024-01-05".parse().unwrap();
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            row.get_column_iter()
                .map(|(_, field)| match field {
                    Field::Null => "null".to_owned(),
                    Field::Long(v) => v.to_string(),
                    Field::Double(v) => v.to_bits().to_string(),
                    Field::Bool(v) => v.to_string(),
                    Field::Str(v) => v.clone(),
                    Field::Date(v) => (v - i32::try_from(day.number()).unwrap()).to_string(),
                    Field::TimestampMillis(v) => v.to_string(),
                    Field::Decimal(v) => {
                        assert_eq!((v.precision(), v.scale()), (38, 9));
                        let mut bytes = [if v.data()[0] & 0x80 == 0 { 0 } else { 0xff }; 16];
                        let from = 16 - v.data().len();
                        bytes[from..].copy_from_slice(v.data());
                        i128::from_be_bytes(bytes).to_string()
                    }
                    other => panic!("{other:?}"),
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_kind_reads_back_over_many_batches_and_row_groups() {
    const ROWS: i64 = 140_001;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let facts = [("tidegauge.feature_set", "00ff".to_owned())];
    let mut writer = TableWriter::create(&path, COLUMNS, &facts).unwrap();
    for n in 0..ROWS {
        writer.push(&row(n - 70_000)).unwrap();
        assert!(!path.exists());
    }
    assert_eq!(writer.finish().unwrap(), u64::try_from(ROWS).unwrap());
    let rows = read(&path);
    assert_eq!(rows.len(), usize::try_from(ROWS).unwrap());
    for (n, found) in rows.iter().enumerate() {
        assert_eq!(*found, expected(i64::try_from(n).unwrap() - 70_000));
    }
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.num_row_groups(), 2);
    let said = metadata.file_metadata().key_value_metadata().unwrap();
    assert!(
        said.iter().any(
            |fact| fact.key == "tidegauge.feature_set" && fact.value.as_deref() == Some("00ff")
        )
    );
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            assert!(matches!(chunk.compression(), Compression::ZSTD(_)));
            assert!(
                chunk
                    .statistics()
                    .is_some_and(|s| s.min_bytes_opt().is_some())
            );
        }
    }
    let schema = metadata.file_metadata().schema_descr();
    let moment = schema.column(8);
    assert!(
        matches!(moment.logical_type_ref(), Some(LogicalType::Timestamp(_))),
        "{:?}",
        moment.logical_type_ref()
    );
}

#[test]
fn unknown_reads_back_as_null() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let mut writer = TableWriter::create(&path, COLUMNS, &[]).unwrap();
    writer.push(&[const { Cell::Null }; 9]).unwrap();
    assert_eq!(writer.finish().unwrap(), 1);
    assert_eq!(read(&path), [["null"; 9]]);
}

#[test]
fn what_does_not_fit_is_refused_by_row_and_column() {
    let with = |at: usize, cell: Cell<'static>| {
        let mut row = row(1).to_vec();
        row[at] = cell;
        row
    };
    let cases: [(Vec<Cell<'_>>, &str); 6] = [
        (
            with(0, Cell::Float(1.0)),
            "row 2 of rows.parquet does not fit column count",
        ),
        (
            with(1, Cell::Float(f64::NAN)),
            "row 2 of rows.parquet: column share cannot hold NaN",
        ),
        (
            with(1, Cell::Float(f64::INFINITY)),
            "column share cannot hold inf",
        ),
        (
            with(2, Cell::Usd(Usd(i128::MAX))),
            "column volume_usd cannot hold 170141183460469231731687303715.884105727",
        ),
        (
            with(8, Cell::Moment(UnixSeconds(u64::MAX))),
            "column timestamp cannot hold",
        ),
        (row(1)[..8].to_vec(), "count: 8 for 9"),
    ];
    for (row_given, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let mut writer = TableWriter::create(&path, COLUMNS, &[]).unwrap();
        writer.push(&row(0)).unwrap();
        let error = writer.push(&row_given).unwrap_err();
        let said = error
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "");
        assert!(said.contains(words), "{said}");
        assert!(matches!(
            error,
            SyncError::Misfit { .. } | SyncError::Beyond { .. }
        ));
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
