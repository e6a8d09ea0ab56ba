//! What a snapshot uploads, reads back and says.

use super::stand::{Stand, deaf, pass};
use std::sync::{Arc, Mutex};
use tidegauge_objects::Objects;
use tidegauge_sync::{ReadBack, SnapshotFault, SnapshotPhase, Snapshots, SyncError, Writer};

#[tokio::test]
async fn a_second_snapshot_uploads_only_what_is_new() {
    let mut stand = Stand::new(1);
    for _ in 0..6 {
        stand.grow(40, 10);
    }
    let first = stand.take().await;
    assert_eq!(first.places.len(), 1);
    let place = &first.places[0];
    let before = stand.files();
    assert_eq!(place.uploaded_files, before.len() as u64);
    assert_eq!(place.uploaded_bytes, before.values().sum::<u64>());
    assert_eq!(place.verified_bytes, place.uploaded_bytes);
    assert_eq!(first.tip, stand.chain.tip());

    stand.grow(11, 5);
    pass(1);
    let second = stand.take().await;
    let place = &second.places[0];
    let after = stand.files();
    let new: Vec<u64> = after
        .iter()
        .filter(|(key, _)| !before.contains_key(*key))
        .map(|(_, bytes)| *bytes)
        .collect();
    assert_eq!(place.uploaded_files, new.len() as u64);
    assert_eq!(place.uploaded_bytes, new.iter().sum::<u64>());
    assert_eq!(place.verified_bytes, place.uploaded_bytes);
    // So small a store is compacted all the time, and still not all of it is new.
    assert!(
        place.uploaded_files < place.files && place.uploaded_bytes < place.bytes,
        "{place:?}"
    );
    assert!(
        before
            .iter()
            .all(|(key, bytes)| after.get(key) == Some(bytes))
    );
    stand.assert_swept();
}

/// More tries than RocksDB has reasons to write a table anew.
const TRIES: u32 = 20;

#[tokio::test]
async fn nothing_new_is_hardly_anything() {
    let mut stand = Stand::new(2);
    stand.grow(50, 10);
    for _ in 0..TRIES {
        stand.take().await;
        let tables = stand.tables();
        pass(1);
        let again = stand.take().await;
        pass(1);
        if stand.tables() != tables {
            continue;
        }
        let place = &again.places[0];
        // The manifest of RocksDB and the log's head, no table.
        assert!(place.uploaded_files <= 3, "{place:?}");
        let restored = stand.restore("again").await.unwrap();
        assert_eq!(restored.tip, stand.chain.tip());
        return;
    }
    panic!("the tables change for ever");
}

#[tokio::test]
async fn a_second_place_gets_the_same_snapshot() {
    let mut stand = Stand::new(3);
    stand.grow(50, 10);
    let second = Objects::folder(&stand.path("second")).unwrap();
    let store = stand.store.reader().view().unwrap().identity().unwrap();
    let claim = super::stand::claim(store, "a");
    let writer = Writer::claim(&second, &claim, super::stand::clock())
        .await
        .unwrap();
    let mut snapshots = stand.snapshots().await.and_to(second, writer);
    let report = snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    let [first, second] = report.places.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(first.uploaded_bytes, second.uploaded_bytes);
    let status = snapshots.status().borrow().clone();
    assert_eq!(status.last, Some(report));
    assert_eq!((status.under_way, status.error), (None, None));

    // The second is gone: the first has its snapshot all the same, and the report says so.
    std::fs::remove_dir_all(stand.path("second")).unwrap();
    std::fs::write(stand.path("second"), "no folder").unwrap();
    pass(1);
    let report = snapshots.take(ReadBack::New, deaf()).await.unwrap();
    assert!(!report.is_whole());
    assert!(report.places[0].error.is_none());
    assert!(report.places[1].error.is_some());
    assert!(snapshots.status().borrow().error.is_some());
}

#[tokio::test]
async fn full_verification_reads_everything_and_mends_the_place() {
    let mut stand = Stand::new(4);
    stand.grow(80, 10);
    for _ in 0..TRIES {
        stand.take().await;
        // One object is damaged, one is gone; nobody notices until somebody looks.
        let tables = stand.tables();
        let damaged = stand.path("place").join(&tables[0]);
        let mut bytes = std::fs::read(&damaged).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&damaged, bytes).unwrap();
        std::fs::remove_file(stand.path("place").join(&tables[1])).unwrap();
        pass(1);
        let heard: Arc<Mutex<Vec<SnapshotPhase>>> = Arc::default();
        let phases = heard.clone();
        let mut snapshots = stand.snapshots().await;
        let report = snapshots
            .take(
                ReadBack::Full,
                Arc::new(move |now| phases.lock().unwrap().push(now.phase)),
            )
            .await
            .unwrap();
        pass(1);
        if stand.tables() != tables {
            continue;
        }
        let place = &report.places[0];
        assert_eq!(place.verified_files, place.files, "{place:?}");
        assert_eq!(place.mended_files, 1, "{place:?}");
        assert!(heard.lock().unwrap().contains(&SnapshotPhase::Reading));
        let restored = stand.restore("mended").await.unwrap();
        assert_eq!(restored.tip, stand.chain.tip());
        return;
    }
    panic!("the tables change for ever");
}

#[tokio::test]
async fn an_empty_store_has_no_snapshot() {
    let stand = Stand::new(5);
    let mut snapshots = stand.snapshots().await;
    let refused = snapshots.take(ReadBack::New, deaf()).await.unwrap_err();
    assert!(
        matches!(refused, SyncError::Snapshot(SnapshotFault::Empty)),
        "{refused}"
    );
    stand.assert_swept();
    assert_eq!(stand.listing().len(), 1, "writer.json alone");
}

#[tokio::test]
async fn the_collector_takes_them_by_itself_and_stops_when_told() {
    let mut stand = Stand::new(6);
    stand.grow(30, 10);
    let mut snapshots: Snapshots = stand.snapshots().await;
    let mut status = snapshots.status();
    let every = std::time::Duration::from_millis(20);
    let stop = async {
        let third =
            |s: &tidegauge_sync::SnapshotStatus| s.last_at.is_some() && s.failures_total == 0;
        status.wait_for(third).await.unwrap();
        for _ in 0..40 {
            status.changed().await.unwrap();
        }
    };
    snapshots.run(stop, every).await.unwrap();
    let restored = stand.restore("running").await.unwrap();
    assert_eq!(restored.tip, stand.chain.tip());
}
