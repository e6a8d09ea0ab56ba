//! One writer at a time: the lost machine that comes back writes nothing.

use super::stand::{Stand, claim, clock, deaf, open, pass};
use tidegauge_storage::Identity;
use tidegauge_sync::{ReadBack, Snapshots, SyncError, Writer, WriterClaim, WriterFault};

fn fault(error: SyncError) -> WriterFault {
    match error {
        SyncError::Writer(fault) => fault,
        other => panic!("{other}"),
    }
}

fn refused(claimed: Result<Writer, SyncError>) -> WriterFault {
    match claimed {
        Ok(_) => panic!("it was not refused"),
        Err(error) => fault(error),
    }
}

#[tokio::test]
async fn the_lost_machine_that_comes_back_writes_nothing() {
    let mut stand = Stand::new(60);
    stand.grow(40, 10);
    let mut lost: Snapshots = stand.snapshots().await;
    let lost_writer = stand.writer("a").await.unwrap();
    // Claimed once more by the same process: the claim before is void.
    let void = fault(lost.take(ReadBack::New, deaf()).await.unwrap_err());
    assert!(matches!(void, WriterFault::Fenced { .. }), "{void}");
    let mut lost = Snapshots::new(
        stand.store.reader(),
        stand.objects(),
        lost_writer.clone(),
        stand.options(),
    );
    lost.take(ReadBack::New, deaf()).await.unwrap();

    let restored = stand.restore("restored").await.unwrap();
    let store = open(&stand.path("restored"));
    let identity = store.reader().view().unwrap().identity().unwrap();
    assert_eq!(Some(identity.epoch), restored.epoch);
    let new = Writer::claim(&stand.objects(), &claim(identity, "b"), clock())
        .await
        .unwrap();
    assert_eq!(new.epoch(), identity.epoch);

    // It was only asleep: what it does is refused, and nothing of it is there.
    let before = stand.listing();
    stand.grow(5, 5);
    pass(60);
    let fenced = fault(lost.take(ReadBack::New, deaf()).await.unwrap_err());
    assert!(
        matches!(&fenced, WriterFault::Fenced { ours: 1, theirs: 2, holder, .. } if holder == "b process 1"),
        "{fenced}"
    );
    assert!(matches!(
        fault(lost_writer.renew(clock()).await.unwrap_err()),
        WriterFault::Fenced { .. }
    ));
    // It is started again, however long after.
    pass(1_000_000);
    let superseded = refused(stand.writer("a").await);
    assert!(
        matches!(
            superseded,
            WriterFault::Superseded {
                ours: 1,
                theirs: 2,
                ..
            }
        ),
        "{superseded}"
    );
    assert_eq!(stand.listing(), before);
    new.renew(clock()).await.unwrap();
}

#[tokio::test]
async fn whoever_asks_is_told_who_is_in_the_way() {
    let stand = Stand::new(61);
    let first = stand.writer("a").await.unwrap();
    assert_eq!(first.epoch(), 1);
    // The same store again, on this machine at once, elsewhere only when the first is silent.
    let again = stand.writer("a").await.unwrap();
    assert_eq!(again.epoch(), 1);
    let held = refused(stand.writer("copy").await);
    assert!(matches!(held, WriterFault::Held { .. }), "{held}");
    let other = Identity {
        uuid: uuid::Uuid::from_u128(9),
        epoch: 4,
        chain_id: super::stand::CHAIN,
        format: 3,
    };
    let objects = stand.objects();
    let ask = async |claim: &WriterClaim| Writer::claim(&objects, claim, clock()).await;
    let held = refused(ask(&claim(other, "c")).await);
    assert!(
        matches!(&held, WriterFault::Held { holder, seconds, .. } if holder == "a process 1" && (59..=60).contains(seconds)),
        "{held}"
    );
    again.renew(clock()).await.unwrap();
    pass(61);
    let second = ask(&claim(other, "c")).await.unwrap();
    assert_eq!(second.epoch(), 5);
    assert!(matches!(
        fault(again.renew(clock()).await.unwrap_err()),
        WriterFault::Fenced {
            ours: 1,
            theirs: 5,
            ..
        }
    ));
    let over = WriterClaim {
        take_over: true,
        ..claim(
            stand.store.reader().view().unwrap().identity().unwrap(),
            "a",
        )
    };
    let third = ask(&over).await.unwrap();
    assert_eq!(third.epoch(), 6);
    let elsewhere = Identity {
        chain_id: tidegauge_model::ChainId(10),
        ..other
    };
    let refused_chain = refused(ask(&claim(elsewhere, "d")).await);
    assert!(
        matches!(refused_chain, WriterFault::OtherChain { .. }),
        "{refused_chain}"
    );
    // Nobody knows what this says: it is left alone.
    std::fs::write(stand.path("place/writer.json"), "{\"format\": 2}").unwrap();
    let unreadable = refused(ask(&over).await);
    assert!(
        matches!(&unreadable, WriterFault::Unreadable { problem, .. } if problem == "format 2, not 1"),
        "{unreadable}"
    );
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_writes() {
    let stand = Stand::new(62);
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..12u128 {
        let objects = stand.objects();
        let store = Identity {
            uuid: uuid::Uuid::from_u128(n),
            epoch: 1,
            chain_id: super::stand::CHAIN,
            format: 3,
        };
        let claim = WriterClaim {
            take_over: n % 3 == 0,
            ..claim(store, &format!("m{n}"))
        };
        asking.spawn(async move { Writer::claim(&objects, &claim, clock()).await });
    }
    let granted: Vec<Writer> = asking.join_all().await.into_iter().flatten().collect();
    assert!(!granted.is_empty());
    let mut epochs: Vec<u64> = granted.iter().map(Writer::epoch).collect();
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), granted.len(), "an epoch was given twice");
    let mut writing = 0;
    for writer in &granted {
        match writer.renew(clock()).await {
            Ok(()) => {
                writing += 1;
                assert_eq!(Some(&writer.epoch()), epochs.last());
            }
            Err(error) => assert!(matches!(fault(error), WriterFault::Fenced { .. })),
        }
    }
    assert_eq!(writing, 1);
}
