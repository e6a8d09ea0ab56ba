//! What a file looks like to its readers: order, row groups, statistics, what it says of itself.

use super::bench::{Bench, read};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use tidegauge_model::{Evidence, Step};

/// What a file says of itself.
fn facts(path: &Path) -> BTreeMap<String, String> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let facts = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned();
    let facts = facts.unwrap_or_default().into_iter();
    facts
        .map(|fact| (fact.key, fact.value.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn files_say_what_is_in_them() {
    let mut bench = Bench::new(201);
    bench.grow(150, 5);
    bench.lake().await.once().await.unwrap();
    let first_day = bench.chain.blocks[0].timestamp;
    for entry in bench.entries(false) {
        let key = entry["key"].as_str().unwrap();
        let said = facts(&bench.path(key));
        let same = |name: &str, field: &str| {
            let expected = entry[field].to_string();
            assert_eq!(said[name], expected.trim_matches('"'), "{key}: {name}");
        };
        same("tidegauge.table", "table");
        same("tidegauge.date", "date");
        same("tidegauge.rows", "rows");
        same("tidegauge.rows_digest", "rows_digest");
        same("tidegauge.first_block", "from_block");
        same("tidegauge.last_block", "to_block");
        same("tidegauge.last_block_hash", "to_hash");
        assert_eq!(said["tidegauge.chain_id"], "11");
        let has_set = said.contains_key("tidegauge.feature_set");
        assert_eq!(has_set, entry["table"] != "liquidity", "{key}");
        // Hive gives them.
        assert!(!said["ARROW:schema"].is_empty());
        let reader = SerializedFileReader::new(File::open(bench.path(key)).unwrap()).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        for column in schema.columns() {
            assert!(!["chain_id", "date"].contains(&column.name()), "{key}");
        }
        // Collection began in the middle of the first day.
        let date: tidegauge_model::Day = entry["date"].as_str().unwrap().parse().unwrap();
        let begins_inside = date == tidegauge_model::Day::of(first_day);
        assert_eq!(entry["whole"], !begins_inside, "{key}");
    }
}

#[tokio::test]
async fn a_reader_of_one_pool_skips_the_rest_of_a_large_day() {
    const SWAPS: u32 = 14_000;
    let mut bench = Bench::new(202);
    bench.grow(12, 1);
    let at = bench.chain.blocks.len();
    for _ in 0..6 {
        let tip = bench.chain.tip();
        let block = bench.world.full_block(tip.number.0 + 1, tip.hash, SWAPS);
        bench.chain.blocks.push(block);
    }
    for at in at..bench.chain.blocks.len() {
        let mut shorter = bench.chain.clone();
        shorter.blocks.truncate(at + 1);
        let extend = shorter.extend_from(at, None, Evidence::Receipts);
        bench.store.apply(&Step::Extend(extend)).unwrap();
    }
    bench.grow(22, 1);
    bench.lake().await.once().await.unwrap();
    bench.assert_equal();
    let entries = bench.entries(false);
    let largest = entries
        .iter()
        .max_by_key(|entry| entry["rows"].as_u64())
        .unwrap();
    let path = bench.path(largest["key"].as_str().unwrap());
    let rows = read(&path, &["pool_address"]);
    assert!(rows.len() > 40_000, "{} rows", rows.len());
    let pools: std::collections::BTreeSet<_> = rows.iter().collect();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let groups = reader.metadata().row_groups();
    assert!(groups.len() >= 2);
    let mut reading = 0;
    for group in groups {
        assert!(group.num_rows() <= 32_768);
        let order = group.sorting_columns().unwrap();
        let order: Vec<_> = order
            .iter()
            .map(|sorted| {
                group
                    .column(sorted.column_idx as usize)
                    .column_path()
                    .string()
            })
            .collect();
        assert_eq!(order, ["pool_address", "block_number", "log_index"]);
        for column in group.columns() {
            assert!(column.statistics().is_some(), "{}", column.column_path());
        }
        let pool = group
            .columns()
            .iter()
            .find(|c| c.column_path().string() == "pool_address");
        let Some(Statistics::ByteArray(bounds)) = pool.unwrap().statistics() else {
            panic!("no statistics of text")
        };
        let (Some(least), Some(most)) = (bounds.min_opt(), bounds.max_opt()) else {
            panic!("no bounds")
        };
        let wanted = pools.first().unwrap().as_bytes();
        reading += usize::from(least.data() <= wanted && wanted <= most.data());
    }
    assert!(
        reading < groups.len(),
        "all {reading} row groups hold the first pool"
    );
}
