//! Given up or killed anywhere: what counts is whole, and the next try comes through.

use super::stand::{Stand, assert_sound, deaf, digest, open, pass, restore_options};
use std::future::Future;
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::task::{Context, Poll};
use tidegauge_objects::Objects;
use tidegauge_sync::{ReadBack, SnapshotFault, SyncError, restore};

/// A future that is dropped after so many polls; `None` then.
struct GivenUp<'a, T>(Pin<&'a mut (dyn Future<Output = T> + 'a)>, u64);

impl<T> Future for GivenUp<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.1 == 0 {
            return Poll::Ready(None);
        }
        self.1 -= 1;
        let polled = self.0.as_mut().poll(context).map(Some);
        if self.1 == 0 && polled.is_pending() {
            return Poll::Ready(None);
        }
        polled
    }
}

async fn give_up_after<T>(polls: u64, work: impl Future<Output = T>) -> Option<T> {
    GivenUp(pin!(work), polls).await
}

#[tokio::test]
async fn a_snapshot_that_is_given_up_anywhere_counts_for_nothing() {
    let mut stand = Stand::new(40);
    stand.grow(40, 10);
    stand.take().await;
    let mut good = digest(&stand.store);
    let mut given_up = 0;
    for round in 0..12 {
        stand.grow(3, 5);
        pass(60);
        let mut snapshots = stand.snapshots().await;
        let polls = stand.world.below(160);
        let taken = give_up_after(polls, snapshots.take(ReadBack::New, deaf())).await;
        match taken {
            Some(taken) => {
                taken.unwrap();
                good = digest(&stand.store);
            }
            None => given_up += 1,
        }
        // It may have come to its end before it was heard of.
        let name = format!("round-{round}");
        stand.restore(&name).await.unwrap();
        let restored = open(&stand.path(&name));
        let found = digest(&restored);
        assert!(
            found == good || found == digest(&stand.store),
            "round {round}"
        );
        good = found;
        assert_sound(&restored);
        // That restore took the place; here it is a look, and no new life.
        std::fs::remove_file(stand.path("place/writer.json")).unwrap();
        drop(restored);
        std::fs::remove_dir_all(stand.path(&name)).unwrap();
    }
    assert!(given_up > 3, "only {given_up} were given up");
    pass(60);
    stand.take().await;
    stand.assert_swept();
    stand.restore("last").await.unwrap();
    assert_eq!(digest(&open(&stand.path("last"))), digest(&stand.store));
}

#[tokio::test]
async fn a_restore_that_is_given_up_anywhere_leaves_no_half_store() {
    let mut stand = Stand::new(41);
    stand.grow(80, 10);
    stand.take().await;
    let mut given_up = 0;
    for round in 0..12 {
        let into = stand.path(&format!("round-{round}"));
        let (objects, options) = (stand.objects(), restore_options());
        // Several in a row, until one comes through.
        for attempt in 0.. {
            let polls = stand.world.below(120) + 20 * attempt;
            let work = restore(&objects, &into, &options, deaf());
            let done = give_up_after(polls, work).await;
            match done {
                Some(Ok(_)) => break,
                // What was given up may still hold the folder, on a thread that nobody waits for;
                // or it came to its end all the same.
                Some(Err(SyncError::Snapshot(SnapshotFault::Busy(_)))) => {}
                Some(Err(SyncError::Snapshot(SnapshotFault::NotEmpty { .. }))) => break,
                Some(Err(error)) => panic!("round {round}: {error}"),
                None => given_up += 1,
            }
            if into.exists() {
                break;
            }
        }
        let restored = open(&into);
        assert_eq!(digest(&restored), digest(&stand.store), "round {round}");
        assert_sound(&restored);
    }
    assert!(given_up > 6, "only {given_up} were given up");
}

/// Set for the child, to the folder of the stand, and to what it does.
const CHILD: &str = "TIDEGAUGE_SNAPSHOT_CHILD";
const CHILD_WORK: &str = "TIDEGAUGE_SNAPSHOT_WORK";

/// Not a test of its own: what the parent starts, and kills.
#[tokio::test]
async fn child() {
    let (Ok(folder), Ok(work)) = (std::env::var(CHILD), std::env::var(CHILD_WORK)) else {
        return;
    };
    let folder = std::path::Path::new(&folder);
    let objects = Objects::folder(&folder.join("place")).unwrap();
    println!("begins");
    if work == "restore" {
        let into = folder.join("restored");
        restore(&objects, &into, &restore_options(), deaf())
            .await
            .unwrap();
    } else {
        let store = open(&folder.join("store"));
        let identity = store.reader().view().unwrap().identity().unwrap();
        let claim = super::stand::claim(identity, "a");
        let now = super::stand::clock();
        let writer = tidegauge_sync::Writer::claim(&objects, &claim, now)
            .await
            .unwrap();
        let mut options = tidegauge_sync::SnapshotOptions::of(&store.reader());
        options.least_free_bytes = 0;
        let mut snapshots =
            tidegauge_sync::Snapshots::new(store.reader(), objects, writer, options);
        snapshots.take(ReadBack::New, deaf()).await.unwrap();
    }
    println!("ends");
}

/// Starts the child and kills it after so many microseconds; whether it came to its end before.
fn kill_after(folder: &std::path::Path, work: &str, microseconds: u64) -> bool {
    use std::io::{BufRead, BufReader};
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["snapshot::kills::child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .env(CHILD_WORK, work)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "begins" {}
    std::thread::sleep(std::time::Duration::from_micros(microseconds));
    child.kill().unwrap();
    let ended = lines.map_while(Result::ok).any(|line| line == "ends");
    child.wait().unwrap();
    ended
}

#[tokio::test]
async fn killed_processes_leave_what_counts_whole() {
    let mut stand = Stand::new(42);
    stand.grow(60, 10);
    stand.take().await;
    let mut moments = crate::world::World::new(43, 1, 1);
    let mut killed = 0;
    for _ in 0..8 {
        stand.grow(2, 5);
        let Stand {
            folder,
            store,
            world,
            chain,
        } = stand;
        let now = digest(&store);
        drop(store);
        killed += u64::from(!kill_after(folder.path(), "take", moments.below(200_000)));
        // As often as it takes: each try has a little more time.
        for attempt in 0.. {
            let moment = moments.below(50_000 + 50_000 * attempt);
            if kill_after(folder.path(), "restore", moment) {
                break;
            }
            killed += 1;
            // It may have been in place already.
            if folder.path().join("restored").exists() {
                break;
            }
        }
        let restored = open(&folder.path().join("restored"));
        assert_sound(&restored);
        drop(restored);
        std::fs::remove_dir_all(folder.path().join("restored")).unwrap();
        // Those restores took the place; here they are looks, and no new lives.
        std::fs::remove_file(folder.path().join("place/writer.json")).unwrap();
        let store = open(&folder.path().join("store"));
        assert_eq!(digest(&store), now);
        stand = Stand {
            folder,
            store,
            world,
            chain,
        };
    }
    assert!(killed > 5, "only {killed} were killed");
    stand.take().await;
    stand.restore("last").await.unwrap();
    assert_eq!(digest(&open(&stand.path("last"))), digest(&stand.store));
}
