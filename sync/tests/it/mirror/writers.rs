//! Who may write: one at a time, and never one whom another has followed.

use super::bench::{Bench, assert_audited, options};
use tidegauge_sync::{Mirror, MirrorFault, MirrorOptions, SyncError};

fn fault(error: SyncError) -> MirrorFault {
    match error {
        SyncError::Mirror(fault) => fault,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_second_collector_is_refused_until_the_first_is_silent_or_taken_over() {
    let Some(mut bench) = Bench::new(10) else {
        return;
    };
    bench.grow(30, 5);
    let mut first = bench.mirror();
    let status = first.status();
    let running = tokio::spawn(async move { first.run(std::future::pending()).await });
    let mut seen = status.clone();
    seen.wait_for(|status| status.at.is_some()).await.unwrap();
    let mut second = bench.mirror();
    let refused = fault(second.once().await.unwrap_err());
    assert!(
        matches!(refused, MirrorFault::LeaseHeld { ref holder, .. } if holder.starts_with("test ")),
        "{refused}"
    );
    let over = MirrorOptions {
        take_over: true,
        ..options("third")
    };
    let mut third = Mirror::new(bench.store.reader(), bench.database(), over).unwrap();
    third.once().await.unwrap();
    let before = bench.sql("SELECT count(*) FROM daily_transactions");
    // The first notices with its next write, writes nothing, and ends.
    bench.grow(5, 5);
    let ended = fault(running.await.unwrap().unwrap_err());
    assert!(
        matches!(ended, MirrorFault::Fenced { ours, theirs, .. } if ours < theirs),
        "{ended}"
    );
    assert_eq!(bench.sql("SELECT count(*) FROM daily_transactions"), before);
    // A holder that was silent for half a minute is no holder.
    bench.sql(
        "UPDATE mirror_position SET holder = 'dead', heartbeat = clock_timestamp() - interval '29 s'",
    );
    let refused = fault(second.once().await.unwrap_err());
    assert!(
        matches!(refused, MirrorFault::LeaseHeld { .. }),
        "{refused}"
    );
    bench.sql("UPDATE mirror_position SET heartbeat = clock_timestamp() - interval '31 s'");
    second.once().await.unwrap();
    bench.assert_equal();
}

#[tokio::test]
async fn a_lease_of_one_that_cannot_live_is_not_waited_for() {
    let Some(mut bench) = Bench::new(14) else {
        return;
    };
    bench.grow(10, 5);
    bench.mirror().once().await.unwrap();
    let hold = |holder: &str| {
        bench.sql(&format!(
            "UPDATE mirror_position SET holder = '{holder}', heartbeat = clock_timestamp()"
        ));
    };
    let heir = || {
        let heir = MirrorOptions {
            gone: Some("here in /data process ".to_owned()),
            ..options("here in /data process 2")
        };
        Mirror::new(bench.store.reader(), bench.database(), heir).unwrap()
    };
    for other in [
        "there in /data process 1",
        "here in /data2 process 1",
        "here",
    ] {
        hold(other);
        let refused = fault(heir().once().await.unwrap_err());
        assert!(
            matches!(refused, MirrorFault::LeaseHeld { .. }),
            "{refused}"
        );
    }
    hold("here in /data process 1");
    heir().once().await.unwrap();
    bench.assert_equal();
}

#[tokio::test]
async fn writers_that_take_turns_by_force_leave_no_row_of_the_other() {
    let Some(mut bench) = Bench::new(11) else {
        return;
    };
    bench.grow(50, 5);
    let over = |holder| MirrorOptions {
        take_over: true,
        ..options(holder)
    };
    for round in 0..40 {
        let blocks = 1 + bench.world.below(30);
        bench.grow(blocks, 5);
        if round % 3 == 0 {
            bench.reorganise(3, 4);
        }
        let [mut a, mut b] = [over("a"), over("b")]
            .map(|over| Mirror::new(bench.store.reader(), bench.database(), over).unwrap());
        let (a, b) = tokio::join!(a.once(), b.once());
        // One of them at least came through; the other was told why not.
        assert!(a.is_ok() || b.is_ok());
        for error in [a.err(), b.err()].into_iter().flatten() {
            let fault = fault(error);
            assert!(matches!(fault, MirrorFault::Fenced { .. }), "{fault}");
        }
        bench.assert_equal();
    }
}

#[tokio::test]
async fn another_store_is_refused_unless_it_takes_over() {
    let Some(mut bench) = Bench::new(12) else {
        return;
    };
    bench.grow(40, 5);
    bench.mirror().once().await.unwrap();
    let Some(mut other) = Bench::new(13) else {
        return;
    };
    other.schema.clone_from(&bench.schema);
    other.grow(70, 5);
    let refused = fault(other.mirror().once().await.unwrap_err());
    assert!(
        matches!(refused, MirrorFault::OtherStore { .. }) && refused.to_string().contains("schema"),
        "{refused}"
    );
    bench.assert_equal();
    let over = MirrorOptions {
        take_over: true,
        ..options("other")
    };
    let mut mirror = Mirror::new(other.store.reader(), other.database(), over).unwrap();
    mirror.once().await.unwrap();
    other.assert_equal();
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_restored_store_takes_the_mirror_and_the_lost_machine_is_refused() {
    let Some(mut bench) = Bench::new(13) else {
        return;
    };
    bench.grow(40, 5);
    let mut lost = bench.mirror();
    let status = lost.status();
    let running = tokio::spawn(async move { lost.run(std::future::pending()).await });
    let mut seen = status.clone();
    seen.wait_for(|status| status.at.is_some()).await.unwrap();

    // What a restore makes of a snapshot: the same store, in a later life.
    let folder = tempfile::tempdir().unwrap();
    let life = folder.path().join("life");
    let checkpoint = bench.store.reader().checkpoint(&life, 0);
    drop(checkpoint.unwrap());
    tidegauge_storage::revive(&life, 2).unwrap();
    let restored = super::bench::open_at(&life);
    let mut mirror = Mirror::new(restored.reader(), bench.database(), options("new")).unwrap();
    // At once, although the lost machine is not silent.
    mirror.once().await.unwrap();
    bench.assert_equal();
    bench.grow(5, 5);
    let ended = fault(running.await.unwrap().unwrap_err());
    assert!(matches!(ended, MirrorFault::Fenced { .. }), "{ended}");
    // It is started again, when the new one has been silent for long.
    bench.sql("UPDATE mirror_position SET heartbeat = clock_timestamp() - interval '1 day'");
    let before = bench.sql("SELECT count(*) FROM daily_transactions");
    let refused = fault(bench.mirror().once().await.unwrap_err());
    assert!(
        matches!(
            refused,
            MirrorFault::Superseded {
                ours: 1,
                theirs: 2,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(bench.sql("SELECT count(*) FROM daily_transactions"), before);
}
