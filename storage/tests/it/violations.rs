//! Each invariant's check finds what it is for.

use crate::commits::open;
use crate::world::{Chain, START, World, accepted, pool_id};
use rocksdb::DB;
use tidegauge_model::{BlockNumber, BlockRange, Dispute, Evidence, PoolId, PoolVerdict, Step};
use tidegauge_storage::{Reader, verify};

/// Blocks of the store; starts look at the last 128 only.
const BLOCKS: u64 = 400;
const FINAL: u64 = START + BLOCKS - 10;

/// A name, what is done to the files, and the invariants that then fail.
type Spoiler = (&'static str, fn(&DB), &'static [u8]);

#[test]
fn what_is_spoiled_is_found_by_its_number() {
    let spoilers: &[Spoiler] = &[
        ("nothing", |_| {}, &[]),
        ("identity", |db| delete(db, "meta", b"identity"), &[1]),
        ("coverage", |db| delete_nth(db, "coverage", 0), &[2, 7, 13]),
        ("journal", |db| delete_nth(db, "journal", 3), &[3]),
        ("outbox", |db| delete_nth(db, "outbox", 10), &[4]),
        ("token", |db| delete_nth(db, "tokens", 0), &[5, 12]),
        (
            "block",
            |db| delete(db, "blocks", &(START + 100).to_be_bytes()),
            &[7, 10, 12],
        ),
        ("block order", exchange_blocks, &[6, 8, 9]),
        ("swap", |db| delete_nth(db, "swaps", 0), &[8, 9, 12]),
        ("event", |db| delete_nth(db, "liquidity", 0), &[9, 12]),
        ("swap value", exchange_swaps, &[8]),
        ("stray swap", add_stray_swap, &[10, 12]),
        ("pool", |db| delete_nth(db, "pools", 0), &[11, 12]),
        ("lost dispute", |db| delete_nth(db, "disputes", 0), &[12]),
        (
            "dispute elsewhere",
            |db| move_dispute(db, START - 2, START),
            &[13],
        ),
        (
            "dispute of what is proven",
            |db| move_dispute(db, START + BLOCKS / 2, START + BLOCKS / 2 + 3),
            &[13],
        ),
        ("value", |db| delete_nth(db, "values", 70), &[14]),
        ("value of another", |db| exchange(db, "values", 3, 4), &[14]),
        ("stray value", add_stray_value, &[14]),
        ("old tile", |db| delete_nth(db, "tiles", 0), &[15]),
        (
            "tile of another hour",
            |db| exchange(db, "tiles", 40, 41),
            &[15, 18],
        ),
        ("user", |db| delete_nth(db, "users", 0), &[16]),
        ("price", |db| delete_nth(db, "prices", 0), &[17]),
        ("daily row", |db| delete_nth(db, "features", 0), &[18]),
        (
            "daily row of another",
            |db| exchange(db, "features", 9, 10),
            &[18],
        ),
        ("targets", |db| delete_nth(db, "targets", 0), &[18]),
        ("day", |db| delete_nth(db, "days", 5), &[18]),
        ("what is derived ends early", shorten, &[19]),
    ];
    let mut world = World::new(15, 3, 9).every(4_000);
    let mut chain = Chain::default();
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for n in 0..20 {
        let evidence = Evidence::ALL[usize::from(n >= 10) * 2];
        let mut extend = chain.grow(&mut world, BLOCKS / 20, Some(FINAL), evidence);
        if n == 4 {
            extend.disputes.push(Dispute {
                range: BlockRange {
                    from: BlockNumber(START + 70),
                    to: extend.covered.range.to,
                },
                pool: pool_id(0),
            });
        }
        store.apply(&Step::Extend(extend)).unwrap();
    }
    // More notices than a start looks at.
    for _ in 0..200 {
        let at = chain.blocks.len();
        chain.grow(&mut world, 1, Some(FINAL), Evidence::Bloom);
        let extend = chain.extend_from(at, Some(FINAL), Evidence::Bloom);
        store.apply(&Step::Extend(extend)).unwrap();
    }
    store.close().unwrap();
    for (name, spoil, expected) in spoilers {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let from = entry.unwrap().path();
            std::fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
        let families = DB::list_cf(&rocksdb::Options::default(), copy.path()).unwrap();
        let db = DB::open_cf(&rocksdb::Options::default(), copy.path(), families).unwrap();
        spoil(&db);
        drop(db);
        let scratch = tempfile::tempdir().unwrap();
        let reader = Reader::open_beside(copy.path(), scratch.path(), 32).unwrap();
        let report = verify::all(&reader.view().unwrap(), |_| {}).unwrap();
        let mut numbers: Vec<_> = report
            .violations
            .iter()
            .map(|v| v.invariant.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, *expected, "{name}: {:#?}", report.violations);
        assert_eq!(report.is_clean(), expected.is_empty());
    }
    let covered: std::collections::BTreeSet<_> =
        spoilers.iter().flat_map(|(.., numbers)| *numbers).collect();
    assert!(
        verify::INVARIANTS
            .iter()
            .all(|i| covered.contains(&i.number)),
        "every invariant is met"
    );
}

fn delete(db: &DB, family: &str, key: &[u8]) {
    db.delete_cf(db.cf_handle(family).unwrap(), key).unwrap();
}

fn nth(db: &DB, family: &str, n: usize) -> (Vec<u8>, Vec<u8>) {
    let mut rows = db.raw_iterator_cf(db.cf_handle(family).unwrap());
    rows.seek_to_first();
    for _ in 0..n {
        rows.next();
    }
    let (key, value) = rows.item().unwrap();
    (key.to_vec(), value.to_vec())
}

fn delete_nth(db: &DB, family: &str, n: usize) {
    let (key, _) = nth(db, family, n);
    delete(db, family, &key);
}

/// Two rows take each other's place: the counts still hold.
fn exchange(db: &DB, family: &str, a: usize, b: usize) {
    let ((key_a, value_a), (key_b, value_b)) = (nth(db, family, a), nth(db, family, b));
    let handle = db.cf_handle(family).unwrap();
    db.put_cf(handle, key_a, value_b).unwrap();
    db.put_cf(handle, key_b, value_a).unwrap();
}

fn exchange_blocks(db: &DB) {
    exchange(db, "blocks", 20, 25);
}

fn exchange_swaps(db: &DB) {
    exchange(db, "swaps", 3, 4);
}

/// The dispute over other blocks: the count still holds.
fn move_dispute(db: &DB, from: u64, to: u64) {
    let (mut key, value) = nth(db, "disputes", 0);
    delete(db, "disputes", &key);
    key[..8].copy_from_slice(&from.to_be_bytes());
    key[8..16].copy_from_slice(&to.to_be_bytes());
    db.put_cf(db.cf_handle("disputes").unwrap(), key, value)
        .unwrap();
}

/// A row that no block knows, of an accepted pool.
fn add_stray_swap(db: &DB) {
    let (_, value) = nth(db, "swaps", 0);
    let (pool, _) = nth(db, "pools", 0);
    let PoolVerdict::Accepted(known) = accepted(PoolId(pool.as_slice().try_into().unwrap())) else {
        panic!("accepted");
    };
    let mut key = known.id.0.to_vec();
    key.extend((START - 500).to_be_bytes());
    key.extend(1u32.to_be_bytes());
    db.put_cf(db.cf_handle("swaps").unwrap(), key, value)
        .unwrap();
}

/// A value of a swap that nobody knows.
fn add_stray_value(db: &DB) {
    let (mut key, value) = nth(db, "values", 0);
    key[20..28].copy_from_slice(&(START - 500).to_be_bytes());
    db.put_cf(db.cf_handle("values").unwrap(), key, value)
        .unwrap();
}

/// The head says that the tip is not folded: the last but one block as the last.
fn shorten(db: &DB) {
    let meta = db.cf_handle("meta").unwrap();
    let mut head = db.get_cf(meta, b"head").unwrap().unwrap();
    let tip = u16::try_from(START + BLOCKS + 199).unwrap();
    let [low, high] = tip.to_le_bytes();
    let needle = [1, 0xfb, low, high];
    let at = head.windows(4).rposition(|w| w == needle).unwrap();
    head[at + 2] = low - 1;
    db.put_cf(meta, b"head", head).unwrap();
}
