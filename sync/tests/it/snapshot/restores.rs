//! A restored store is the one that was lost, and goes on like it.

use super::stand::{Stand, assert_sound, digest, open, pass};
use tidegauge_model::{ChainId, Evidence, Step};
use tidegauge_storage::FORMAT;
use tidegauge_sync::{SnapshotFault, SyncError, Which};

fn fault(error: SyncError) -> SnapshotFault {
    match error {
        SyncError::Snapshot(fault) => fault,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_restored_store_goes_on_to_the_digest_of_one_never_lost() {
    let mut stand = Stand::new(20);
    stand.grow(60, 12);
    // Not all that a store goes through is growth.
    let to = stand.chain.back(4);
    let at = stand.chain.blocks.len() - 4;
    stand.chain.blocks.truncate(at);
    let (world, evidence) = (&mut stand.world, Evidence::Receipts);
    let then = vec![stand.chain.grow(world, 7, None, evidence)];
    stand.store.apply(&Step::Unwind { to, then }).unwrap();
    let lost = digest(&stand.store);
    let before = stand.store.reader().view().unwrap().identity().unwrap();
    let report = stand.take().await;

    let mut missed = Vec::new();
    for _ in 0..3 {
        missed.push(stand.grow(9, 6));
    }
    let never_lost = digest(&stand.store);

    let restored = stand.restore("restored").await.unwrap();
    assert_eq!(restored.manifest, report.places[0].manifest);
    assert_eq!(restored.tip, report.tip);
    assert_eq!(restored.downloaded_bytes, restored.bytes);
    assert!(restored.rows_checked && restored.passed_over.is_empty());
    assert_eq!(restored.not_fenced, None);
    assert!(!stand.path("restored.restoring").exists());

    let mut store = open(&stand.path("restored"));
    assert_sound(&store);
    assert_eq!(digest(&store), lost);
    let after = store.reader().view().unwrap().identity().unwrap();
    assert_eq!((after.uuid, after.epoch), (before.uuid, before.epoch + 1));
    assert_eq!(restored.epoch, Some(after.epoch));
    for extend in missed {
        store.apply(&Step::Extend(extend)).unwrap();
    }
    assert_eq!(digest(&store), never_lost);
    assert_sound(&store);
}

#[tokio::test]
async fn any_snapshot_that_stays_can_be_asked_for() {
    let mut stand = Stand::new(21);
    let mut taken = Vec::new();
    for _ in 0..3 {
        stand.grow(20, 5);
        taken.push((stand.take().await, digest(&stand.store)));
        pass(3_600);
    }
    for (n, (report, digest_then)) in taken.iter().enumerate() {
        for (by, which) in [
            ("tip", Which::Tip(report.tip.number)),
            (
                "key",
                Which::Manifest(
                    tidegauge_objects::ObjectKey::new(&report.places[0].manifest).unwrap(),
                ),
            ),
        ] {
            let name = format!("{by}-{n}");
            let restored = stand
                .restore_by(&name, |options| options.which = which)
                .await
                .unwrap();
            assert_eq!(restored.tip, report.tip);
            assert_eq!(digest(&open(&stand.path(&name))), *digest_then);
        }
    }
    let refused = stand
        .restore_by("none", |options| {
            options.which = Which::Tip(tidegauge_model::BlockNumber(7));
        })
        .await
        .unwrap_err();
    let words = refused.to_string();
    assert!(
        words.contains("at block 7") && words.contains("there are snapshots/manifests/"),
        "{words}"
    );
    assert!(matches!(fault(refused), SnapshotFault::NoSuch { .. }));
}

#[tokio::test]
async fn a_replica_that_lacks_objects_gives_the_one_before() {
    let mut stand = Stand::new(22);
    stand.grow(40, 5);
    let first = stand.take().await;
    let old: Vec<String> = stand.files().into_keys().collect();
    stand.grow(20, 5);
    pass(60);
    let second = stand.take().await;
    // The manifest came before its objects.
    for key in stand.files().into_keys().filter(|key| !old.contains(key)) {
        std::fs::remove_file(stand.path("place").join(key)).unwrap();
    }
    let restored = stand.restore("replica").await.unwrap();
    assert_eq!(restored.tip, first.tip);
    assert_eq!(restored.passed_over.len(), 1);
    assert!(
        restored.passed_over[0].starts_with(&second.places[0].manifest),
        "{:?}",
        restored.passed_over
    );
    // Who asks for that very one is told what is wrong with it.
    let refused = stand
        .restore_by("exactly", |options| {
            options.which = Which::Tip(second.tip.number)
        })
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("are not there"), "{refused}");
    assert!(!stand.path("exactly").exists());
}

#[tokio::test]
async fn without_its_index_the_manifests_are_enough() {
    let mut stand = Stand::new(23);
    stand.grow(40, 5);
    stand.take().await;
    stand.grow(4, 5);
    pass(60);
    let newest = stand.take().await;
    let index = stand.path("place/snapshots/LATEST-GOOD.json");
    for spoil in ["", "{}", "{\"format\":99,\"good\":[]}"] {
        std::fs::write(&index, spoil).unwrap();
        let name = format!("spoilt-{}", spoil.len());
        let restored = stand.restore(&name).await.unwrap();
        assert_eq!(restored.tip, newest.tip, "{spoil:?}");
    }
    std::fs::remove_file(&index).unwrap();
    let restored = stand.restore("gone").await.unwrap();
    assert_eq!(restored.tip, newest.tip);
}

#[tokio::test]
async fn a_drill_reads_everything_and_changes_nothing() {
    let mut stand = Stand::new(25);
    stand.grow(40, 5);
    let writer = stand.writer("a").await.unwrap();
    stand.take().await;
    assert!(
        writer.renew(super::stand::clock()).await.is_err(),
        "taken over"
    );
    let before = stand.listing();
    let text = |stand: &Stand| std::fs::read(stand.path("place/writer.json")).unwrap();
    let written = text(&stand);
    let drilled = stand
        .restore_by("drill", |options| options.drill = true)
        .await
        .unwrap();
    assert_eq!((drilled.epoch, drilled.tip), (None, stand.chain.tip()));
    assert_eq!(drilled.downloaded_bytes, drilled.bytes);
    assert!(!stand.path("drill").exists() && !stand.path("drill.restoring").exists());
    assert_eq!((stand.listing(), text(&stand)), (before, written));
}

#[tokio::test]
async fn what_cannot_be_restored_says_why_and_what_to_do() {
    let mut stand = Stand::new(24);
    let refused = stand.restore("none").await.unwrap_err();
    assert!(matches!(fault(refused), SnapshotFault::NoSnapshot { .. }));
    stand.grow(30, 5);
    stand.take().await;

    let refused = stand
        .restore_by("chain", |options| options.chain = Some(ChainId(1)))
        .await
        .unwrap_err();
    let words = refused.to_string();
    assert!(
        words.contains("is of chain 11, and chain.id = 1"),
        "{words}"
    );

    // Into the store that is in use, into one that is not, and into somebody's folder.
    let words = stand.restore("store").await.unwrap_err().to_string();
    for part in ["a store of chain 11, up to block 1029", "in use", "--to"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    stand.restore("whole").await.unwrap();
    drop(open(&stand.path("whole")));
    let words = stand.restore("whole").await.unwrap_err().to_string();
    assert!(
        words.contains("a store of chain 11") && !words.contains("in use"),
        "{words}"
    );
    std::fs::create_dir(stand.path("photos")).unwrap();
    std::fs::write(stand.path("photos/cat.png"), "meow").unwrap();
    let words = stand.restore("photos").await.unwrap_err().to_string();
    assert!(words.contains("`cat.png`"), "{words}");
    std::fs::write(stand.path("file"), "text").unwrap();
    let words = stand.restore("file").await.unwrap_err().to_string();
    assert!(words.contains("a file or a link"), "{words}");
    std::fs::create_dir(stand.path("beside.restoring")).unwrap();
    std::fs::write(stand.path("beside.restoring/mine"), "text").unwrap();
    let words = stand.restore("beside").await.unwrap_err().to_string();
    assert!(words.contains("is in the way"), "{words}");
    assert_eq!(
        std::fs::read(stand.path("beside.restoring/mine")).unwrap(),
        b"text"
    );
    // An empty folder is as good as none.
    std::fs::create_dir(stand.path("empty")).unwrap();
    let restored = stand.restore("empty").await.unwrap();
    assert_eq!(restored.tip, stand.chain.tip());

    // A newer program took it.
    let (key, _) = stand
        .listing()
        .into_iter()
        .find(|(key, _)| key.starts_with("snapshots/manifests/"))
        .unwrap();
    let path = stand.path("place").join(key);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(stand.path("place/snapshots/LATEST-GOOD.json")).unwrap();
    std::fs::write(
        &path,
        text.replace(
            &format!("\"store_format\": {FORMAT}"),
            &format!("\"store_format\": {}", FORMAT + 1),
        ),
    )
    .unwrap();
    let words = stand.restore("newer").await.unwrap_err().to_string();
    assert!(
        words.contains(&format!(
            "store format {}; this one knows formats up to {FORMAT}",
            FORMAT + 1
        )),
        "{words}"
    );
    std::fs::write(&path, text.replacen("\"format\": 1", "\"format\": 2", 1)).unwrap();
    let words = stand.restore("newer").await.unwrap_err().to_string();
    assert!(words.contains("it has format 2"), "{words}");
    assert!(!stand.path("newer").exists());
}
