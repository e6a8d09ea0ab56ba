//! The claims, and the places that are held to them.

use crate::{
    places::{bytes, key, s3s_fs, settings},
    support::servers::Server,
};
use std::{future::Future, pin::Pin};
use tempfile::TempDir;
use tidegauge_model::ErrorClass;
use tidegauge_objects::{Content, ObjectError, ObjectTag, Objects, Put, Stamp};
use tokio::task::JoinSet;

type Claim = fn(Objects) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What holds everywhere.
const CLAIMS: [(&str, Claim); 9] = [
    ("an object is written once", |o| Box::pin(written_once(o))),
    ("content fits its stamp", |o| Box::pin(fits_its_stamp(o))),
    ("documents are replaced as read", |o| {
        Box::pin(replaced_as_read(o))
    }),
    ("documents have limits", |o| Box::pin(limits(o))),
    ("a file appears only when right", |o| {
        Box::pin(appears_when_right(o))
    }),
    ("keys of all characters", |o| Box::pin(all_characters(o))),
    ("what is removed is gone", |o| Box::pin(removed(o))),
    ("listings are in order", |o| Box::pin(listed_in_order(o))),
    ("large objects go in parts", |o| Box::pin(in_parts(o))),
];

/// What holds where conditions are atomic.
const RACES: [(&str, Claim); 3] = [
    ("one of 16 writers wins", |o| Box::pin(one_writer_wins(o))),
    ("one of 16 replacers wins", |o| {
        Box::pin(one_replacer_wins(o))
    }),
    ("the probe finds it able", |o| Box::pin(probed(o))),
];

async fn hold(place: &Objects, claims: &[(&str, Claim)]) {
    for (claim, check) in claims {
        eprintln!("{}: {claim}", place.place());
        check(place.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_claims_hold_in_a_folder() {
    let folder = TempDir::new().unwrap();
    let place = Objects::folder(folder.path()).unwrap();
    assert_eq!(place.place(), folder.path().display().to_string());
    hold(&place, &CLAIMS).await;
    hold(&place, &RACES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_claims_hold_in_s3s_fs() {
    let folder = TempDir::new().unwrap();
    let (_server, place) = s3s_fs(folder.path()).await;
    assert_eq!(place.place(), "s3://claims/below/here");
    hold(&place, &CLAIMS).await;
    // Its conditions are honoured, though not atomically.
    hold(&place, &RACES[2..]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_claims_hold_in_moto() {
    let Some(server) = Server::moto() else { return };
    let place = Objects::bucket(&settings(server.port())).await.unwrap();
    hold(&place, &CLAIMS).await;
    hold(&place, &RACES).await;
}

async fn written_once(place: Objects) {
    for length in [0, 1, 300_000] {
        let at = key(&format!("once/{length}"));
        let (content, stamp) = bytes(1, length);
        assert_eq!(place.stat(&at).await.unwrap(), None);
        let content = Content::Bytes(content);
        assert_eq!(
            place.put_new(&at, &content, &stamp).await.unwrap(),
            Put::Written
        );
        assert_eq!(
            place.put_new(&at, &content, &stamp).await.unwrap(),
            Put::Same
        );
        let stat = place.stat(&at).await.unwrap().unwrap();
        assert_eq!((stat.bytes, stat.sha256), (stamp.bytes, Some(stamp.sha256)));
        // Of another length, and of the same.
        for other in [length + 1, length.max(1)] {
            let (other, other_stamp) = bytes(2, other);
            let error = place
                .put_new(&at, &Content::Bytes(other), &other_stamp)
                .await
                .unwrap_err();
            assert!(matches!(error, ObjectError::Different { .. }), "{error}");
            assert_eq!(error.class(), ErrorClass::Refused);
            for words in [at.as_ref(), &place.place(), &other_stamp.to_string()] {
                assert!(error.to_string().contains(words), "{error}");
            }
        }
        let (read, tag) = place.get(&at, 300_000).await.unwrap().unwrap();
        assert_eq!((Stamp::of(&read), tag), (stamp, stat.tag));
    }
}

async fn fits_its_stamp(place: Objects) {
    let folder = TempDir::new().unwrap();
    let (content, stamp) = bytes(1, 600_000);
    let (longer, longer_stamp) = bytes(1, 600_001);
    let (_, other_stamp) = bytes(2, 600_000);
    let (_, none_stamp) = bytes(1, 0);
    let path = folder.path().join("content");
    std::fs::write(&path, &content).unwrap();
    let longer_path = folder.path().join("longer");
    std::fs::write(&longer_path, &longer).unwrap();
    for (number, (content, wrong)) in [
        (Content::Bytes(content.clone()), other_stamp),
        (Content::Bytes(content), longer_stamp),
        (Content::File(path.clone()), other_stamp),
        (Content::File(path.clone()), longer_stamp),
        (Content::File(path.clone()), none_stamp),
        (Content::File(longer_path), stamp),
    ]
    .into_iter()
    .enumerate()
    {
        let at = key(&format!("fits/{number}"));
        let error = place.put_new(&at, &content, &wrong).await.unwrap_err();
        assert!(
            matches!(error, ObjectError::Changed { .. }),
            "{number}: {error}"
        );
        assert_eq!(error.class(), ErrorClass::Corrupt);
        assert_eq!(place.stat(&at).await.unwrap(), None, "{number}");
    }
    let at = key("fits/indeed");
    let put = place.put_new(&at, &Content::File(path), &stamp).await;
    assert_eq!(put.unwrap(), Put::Written);
    let absent = Content::File(folder.path().join("absent"));
    let error = place.put_new(&key("fits/no"), &absent, &stamp).await;
    assert!(matches!(error, Err(ObjectError::Failed(_))), "{error:?}");
}

async fn replaced_as_read(place: Objects) {
    let at = key("documents/writer.json");
    let write = async |text: &str, expected: Option<&ObjectTag>| {
        place
            .replace(&at, text.as_bytes().to_vec(), expected)
            .await
            .unwrap()
    };
    let read = async || {
        let (bytes, tag) = place.get(&at, 100).await.unwrap().unwrap();
        (String::from_utf8(bytes).unwrap(), tag)
    };
    assert_eq!(place.get(&at, 100).await.unwrap(), None);
    let stranger = ObjectTag::clone(&{
        let other = key("documents/other");
        let tag = place.replace(&other, b"o".to_vec(), None).await.unwrap();
        tag.unwrap()
    });
    assert_eq!(write("1", Some(&stranger)).await, None, "it is not there");
    let first = write("1", None).await.unwrap();
    assert_eq!(write("2", None).await, None, "it is there");
    assert_eq!(read().await, ("1".to_owned(), first.clone()));
    let second = write("2", Some(&first)).await.unwrap();
    assert_ne!(first, second);
    // The one who has read the first knows nothing of the second.
    assert_eq!(write("3", Some(&first)).await, None);
    assert_eq!(read().await, ("2".to_owned(), second.clone()));
    let third = write("3", Some(&second)).await.unwrap();
    assert_eq!(read().await, ("3".to_owned(), third));
}

async fn limits(place: Objects) {
    let at = key("documents/of-ten");
    let (content, stamp) = bytes(7, 10);
    place
        .put_new(&at, &Content::Bytes(content.clone()), &stamp)
        .await
        .unwrap();
    assert_eq!(place.get(&at, 10).await.unwrap().unwrap().0, content);
    let error = place.get(&at, 9).await.unwrap_err();
    assert!(
        matches!(
            error,
            ObjectError::TooLarge {
                bytes: 10,
                most_bytes: 9,
                ..
            }
        ),
        "{error}"
    );
}

async fn appears_when_right(place: Objects) {
    let folder = TempDir::new().unwrap();
    let at = key("files/a");
    let (content, stamp) = bytes(3, 1_000_000);
    place
        .put_new(&at, &Content::Bytes(content.clone()), &stamp)
        .await
        .unwrap();
    let to = folder.path().join("a");
    let (_, other) = bytes(4, 1_000_000);
    let (_, shorter) = bytes(3, 999_999);
    for wrong in [other, shorter] {
        let error = place.download(&at, &wrong, &to).await.unwrap_err();
        assert!(matches!(error, ObjectError::Corrupt { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::Corrupt);
        for words in [at.as_ref(), &wrong.to_string()] {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
    let error = place.download(&key("files/b"), &stamp, &to).await;
    assert!(
        matches!(error, Err(ObjectError::Missing { .. })),
        "{error:?}"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    place.download(&at, &stamp, &to).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), content);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

async fn all_characters(place: Objects) {
    let graphic: String = ('!'..='~').filter(|c| *c != '/').collect();
    let at = key(&format!("strange/chain_id=1/{graphic}/part-1"));
    let (content, stamp) = bytes(5, 100);
    let put = place
        .put_new(&at, &Content::Bytes(content.clone()), &stamp)
        .await;
    assert_eq!(put.unwrap(), Put::Written);
    assert_eq!(place.get(&at, 100).await.unwrap().unwrap().0, content);
    let page = place
        .list("strange/chain_id=")
        .next()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.iter().map(|l| &l.key).collect::<Vec<_>>(), [&at]);
    place.delete(&at).await.unwrap();
    assert_eq!(place.stat(&at).await.unwrap(), None);
}

async fn removed(place: Objects) {
    let at = key("removed/a");
    let (content, stamp) = bytes(6, 100);
    let content = Content::Bytes(content);
    place.put_new(&at, &content, &stamp).await.unwrap();
    for _ in 0..2 {
        place.delete(&at).await.unwrap();
        assert_eq!(place.stat(&at).await.unwrap(), None);
        assert_eq!(place.list("removed/").next().await.unwrap(), None);
    }
    assert_eq!(
        place.put_new(&at, &content, &stamp).await.unwrap(),
        Put::Written
    );
}

async fn listed_in_order(place: Objects) {
    // Whole keys are compared: `-` and `.` come before `/`, digits after it.
    let mut keys: Vec<_> = ["l/a-b", "l/a.b", "l/a/b", "l/a/b-c/d", "l/a0", "l/ab/c"]
        .into_iter()
        .map(key)
        .chain((0..2_500).map(|n| key(&format!("l/n/{}/{n}", n % 7))))
        .collect();
    let (content, stamp) = bytes(8, 3);
    let mut writers = JoinSet::new();
    for slice in keys.chunks(keys.len().div_ceil(8)) {
        let (place, slice, content) = (place.clone(), slice.to_vec(), content.clone());
        writers.spawn(async move {
            for at in slice {
                let content = Content::Bytes(content.clone());
                place.put_new(&at, &content, &stamp).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    keys.sort();
    for (prefix, least_pages) in [("l/", 3), ("l/n/3", 1), ("l/a", 1), ("l/a/", 1), ("l/x", 0)] {
        let mut listing = place.list(prefix);
        let (mut found, mut pages) = (Vec::new(), 0);
        while let Some(page) = listing.next().await.unwrap() {
            assert!((1..=1_000).contains(&page.len()));
            assert!(page.iter().all(|listed| listed.bytes == 3));
            let age = page[0].modified.elapsed().unwrap_or_default();
            assert!(age.as_secs() < 600, "{age:?}");
            found.extend(page.into_iter().map(|listed| listed.key));
            pages += 1;
        }
        let expected: Vec<_> = keys
            .iter()
            .filter(|k| k.as_ref().starts_with(prefix))
            .cloned()
            .collect();
        assert_eq!(found, expected, "{prefix}");
        assert!(pages >= least_pages, "{prefix}: {pages} pages");
        assert_eq!(listing.next().await.unwrap(), None);
        assert_eq!(listing.foreign(), 0);
    }
}

async fn in_parts(place: Objects) {
    let folder = TempDir::new().unwrap();
    // Four parts of 16 MiB, and one of 6 MiB and a byte.
    let (content, stamp) = bytes(9, (70 << 20) + 1);
    let path = folder.path().join("large");
    std::fs::write(&path, &content).unwrap();
    let (at, content) = (key("large/a"), Content::File(path.clone()));
    assert_eq!(
        place.put_new(&at, &content, &stamp).await.unwrap(),
        Put::Written
    );
    assert_eq!(
        place.put_new(&at, &content, &stamp).await.unwrap(),
        Put::Same
    );
    let stat = place.stat(&at).await.unwrap().unwrap();
    assert_eq!((stat.bytes, stat.sha256), (stamp.bytes, Some(stamp.sha256)));
    let back = folder.path().join("back");
    place.download(&at, &stamp, &back).await.unwrap();
    assert_eq!(Stamp::of_file(&back).await.unwrap(), stamp);
    // Parts that are not what their stamp says never become an object.
    let wrong = Stamp {
        sha256: Stamp::of(b"x").sha256,
        ..stamp
    };
    let other = key("large/b");
    let error = place.put_new(&other, &content, &wrong).await.unwrap_err();
    assert!(matches!(error, ObjectError::Changed { .. }), "{error}");
    assert_eq!(place.stat(&other).await.unwrap(), None);
    place.delete(&at).await.unwrap();
}

async fn one_writer_wins(place: Objects) {
    for round in 0..4 {
        let at = key(&format!("race/{round}"));
        let mut writers = JoinSet::new();
        for seed in 0..16 {
            let (place, at) = (place.clone(), at.clone());
            writers.spawn(async move {
                let (content, stamp) = bytes(seed, 2_000);
                let put = place.put_new(&at, &Content::Bytes(content), &stamp).await;
                match put {
                    Ok(put) => (stamp, put == Put::Written),
                    Err(ObjectError::Different { .. }) => (stamp, false),
                    Err(error) => panic!("{error}"),
                }
            });
        }
        let winners: Vec<Stamp> = writers
            .join_all()
            .await
            .into_iter()
            .filter_map(|(stamp, won)| won.then_some(stamp))
            .collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let (read, _) = place.get(&at, 2_000).await.unwrap().unwrap();
        assert_eq!(Stamp::of(&read), winners[0]);
    }
}

async fn one_replacer_wins(place: Objects) {
    let at = key("race/writer.json");
    let mut expected = None;
    for round in 0..4 {
        let mut writers = JoinSet::new();
        for holder in 0..16 {
            let (place, at, expected) = (place.clone(), at.clone(), expected.clone());
            writers.spawn(async move {
                let text = format!("{round} {holder}");
                let tag = place.replace(&at, text.clone().into_bytes(), expected.as_ref());
                tag.await.unwrap().map(|tag| (text, tag))
            });
        }
        let winners: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
        let [(text, tag)] = winners.as_slice() else {
            panic!("round {round}: {winners:?}")
        };
        let (read, now) = place.get(&at, 100).await.unwrap().unwrap();
        assert_eq!(
            (String::from_utf8(read).unwrap(), &now),
            (text.clone(), tag)
        );
        expected = Some(now);
    }
}

async fn probed(place: Objects) {
    let able = place.probe().await.unwrap();
    assert!(able.conditional_put && able.delete, "{able:?}");
    assert_eq!(place.list("probe/").next().await.unwrap(), None);
}
