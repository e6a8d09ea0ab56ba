//! Bad lines: cut, stalled, slow and limited ones.

use crate::{
    places::{SHORT, bytes, impatient, key, s3s_fs, settings},
    support::{
        proxy::{Mode, TcpProxy},
        scripted::{Reply, Scripted},
        servers::{Server, free_port},
    },
};
use std::{
    num::NonZeroU64,
    pin::Pin,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tidegauge_model::ErrorClass;
use tidegauge_objects::{BucketSettings, Content, ObjectCause, ObjectError, Objects, Put, Stamp};

type Operation<'a> = Pin<Box<dyn Future<Output = Result<(), ObjectError>> + 'a>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_line_is_mended() {
    let folder = TempDir::new().unwrap();
    let server = Server::s3s_fs(folder.path());
    let line = TcpProxy::start(server.port());
    let place = Objects::bucket(&settings(line.port())).await.unwrap();
    let (content, stamp) = bytes(1, 3_000_000);
    let at = |n: usize| key(&format!("cut/{n}"));
    let put = |n: usize| {
        let (place, content) = (place.clone(), Content::Bytes(content.clone()));
        async move { place.put_new(&at(n), &content, &stamp).await.unwrap() }
    };
    // Before the server has the request; and after, so that only the answer is lost: then it is
    // found to be there.
    line.set(Mode::CutBefore(b"PUT /".to_vec()));
    assert_eq!(put(0).await, Put::Written);
    let small = async |n: usize| {
        let content = Content::Bytes(b"small".to_vec());
        place.put_new(&at(n), &content, &Stamp::of(b"small")).await
    };
    line.set(Mode::CutAfter(b"small".to_vec()));
    assert_eq!(small(1).await.unwrap(), Put::Same);
    assert_eq!(line.cuts(), 2);
    let document = key("cut/document");
    let first = place.replace(&document, b"one".to_vec(), None).await;
    let first = first.unwrap().unwrap();
    line.set(Mode::CutAfter(b"two".to_vec()));
    let second = place
        .replace(&document, b"two".to_vec(), Some(&first))
        .await
        .unwrap()
        .expect("the bytes that are there are ours");
    assert_eq!(place.get(&document, 10).await.unwrap().unwrap().1, second);
    assert_eq!(line.cuts(), 3);
    line.set(Mode::CutBefore(b"GET /".to_vec()));
    let to = folder.path().join("back");
    place.download(&at(0), &stamp, &to).await.unwrap();
    assert_eq!(Stamp::of_file(&to).await.unwrap(), stamp);
    assert_eq!(line.cuts(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_cut_begins_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::s3s_fs(folder.path());
    let line = TcpProxy::start(server.port());
    let place = Objects::bucket(&settings(line.port())).await.unwrap();
    let (content, stamp) = bytes(2, 8 << 20);
    let at = key("cut/later");
    place
        .put_new(&at, &Content::Bytes(content), &stamp)
        .await
        .unwrap();
    line.set(Mode::Throttle(16 << 20));
    let to = folder.path().join("back");
    let download = tokio::spawn({
        let (place, to) = (place.clone(), to.clone());
        async move { place.download(&key("cut/later"), &stamp, &to).await }
    });
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(!download.is_finished() && !to.exists());
    line.cut();
    line.set(Mode::Forward);
    download.await.unwrap().unwrap();
    assert_eq!(Stamp::of_file(&to).await.unwrap(), stamp);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_line_ends_within_its_deadlines() {
    let folder = TempDir::new().unwrap();
    let server = Server::s3s_fs(folder.path());
    let line = TcpProxy::start(server.port());
    let place = impatient(line.port()).await;
    let at = key("half/open");
    let (content, stamp) = bytes(3, 20 << 20);
    let content = Content::Bytes(content);
    place.put_new(&at, &content, &stamp).await.unwrap();
    line.set(Mode::HalfOpen);
    let to = folder.path().join("back");
    let other = key("half/other");
    let operations: [(&str, Operation<'_>); 7] = [
        ("stat", Box::pin(async { place.stat(&at).await.map(drop) })),
        (
            "get",
            Box::pin(async { place.get(&at, 10).await.map(drop) }),
        ),
        (
            "list",
            Box::pin(async { place.list("").next().await.map(drop) }),
        ),
        ("delete", Box::pin(place.delete(&at))),
        ("download", Box::pin(place.download(&at, &stamp, &to))),
        (
            "replace",
            Box::pin(async { place.replace(&other, vec![1], None).await.map(drop) }),
        ),
        (
            "put_new",
            Box::pin(async { place.put_new(&other, &content, &stamp).await.map(drop) }),
        ),
    ];
    for (what, operation) in operations {
        let begun = Instant::now();
        let error = operation.await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Transient, "{what}: {error}");
        assert!(
            error.to_string().contains("does not answer in time"),
            "{what}: {error}"
        );
        // Six attempts of a second each, and the pauses between them.
        let most = 6 * SHORT.attempt + Duration::from_secs(4);
        assert!(begun.elapsed() < most, "{what}: {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_that_stalls_ends_within_its_deadline() {
    // A server that takes the head of a request and nothing of its content, and one that begins an
    // answer and does not end it.
    let server = Scripted::start(|_, request| match request.method.as_str() {
        "HEAD" => Reply::status(404),
        _ => Reply::Say(
            200,
            vec![
                ("ETag", "\"t\"".to_owned()),
                ("Content-Length", "1000".to_owned()),
            ],
            "begun".to_owned(),
        ),
    });
    let place = impatient(server.port()).await;
    let begun = Instant::now();
    let error = place.get(&key("begun"), 10_000).await.unwrap_err();
    assert!(error.to_string().contains("too little came"), "{error}");
    assert!(
        begun.elapsed() < SHORT.operation + Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );

    let folder = TempDir::new().unwrap();
    let (through, _) = s3s_fs(folder.path()).await;
    let line = TcpProxy::start(through.port());
    let place = impatient(line.port()).await;
    // 40 KB a second: a piece of 256 KiB would take six seconds.
    line.set(Mode::Throttle(40_000));
    let (content, stamp) = bytes(4, 30 << 20);
    let begun = Instant::now();
    let error = place
        .put_new(&key("slow"), &Content::Bytes(content), &stamp)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("nothing taken"), "{error}");
    // What the kernels' buffers take counts as taken.
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn what_passes_is_tried_again_and_not_for_ever() {
    for (status, code, cause) in [
        (503, "SlowDown", ObjectCause::SlowDown),
        (500, "InternalError", ObjectCause::Server),
        (409, "ConditionalRequestConflict", ObjectCause::Conflict),
        (400, "RequestTimeout", ObjectCause::Deadline),
    ] {
        // Refused twice, then taken.
        let server = Scripted::start(move |before, request| match request.method.as_str() {
            "HEAD" => Reply::status(404),
            _ if before < 4 => Reply::error(status, code, "later"),
            _ => Reply::written(),
        });
        let place = Objects::bucket(&settings(server.port())).await.unwrap();
        let content = Content::Bytes(b"x".to_vec());
        let put = place.put_new(&key("a"), &content, &Stamp::of(b"x")).await;
        assert_eq!(put.unwrap(), Put::Written, "{code}");
        assert_eq!(
            server.heard().iter().filter(|r| r.method == "PUT").count(),
            3
        );
        // Always refused.
        let server = Scripted::start(move |_, _| Reply::error(status, code, "never"));
        let place = impatient(server.port()).await;
        let begun = Instant::now();
        let error = place.list("").next().await.unwrap_err();
        let ObjectError::Failed(failure) = &error else {
            panic!("{error}")
        };
        assert_eq!(
            (failure.cause, error.class()),
            (cause, ErrorClass::Transient)
        );
        assert!(
            error.to_string().contains(code) && error.to_string().contains("never"),
            "{error}"
        );
        let heard = server.heard().len();
        assert!((2..=6).contains(&heard), "{heard}");
        assert!(
            begun.elapsed() < SHORT.operation + SHORT.attempt,
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_keep_to_their_limit() {
    let folder = TempDir::new().unwrap();
    let server = Server::s3s_fs(folder.path());
    let limited = BucketSettings {
        upload_bytes_per_second: NonZeroU64::new(2 << 20),
        ..settings(server.port())
    };
    let place = Objects::bucket(&limited).await.unwrap();
    let begun = Instant::now();
    let uploads: Vec<_> = (0..3)
        .map(|n| {
            let place = place.clone();
            tokio::spawn(async move {
                let (content, stamp) = bytes(n, 2 << 20);
                let at = key(&format!("limited/{n}"));
                place.put_new(&at, &Content::Bytes(content), &stamp).await
            })
        })
        .collect();
    for upload in uploads {
        upload.await.unwrap().unwrap();
    }
    // 6 MiB at 2 MiB a second.
    let took = begun.elapsed().as_secs_f64();
    assert!((2.25..=3.75).contains(&took), "{took} s instead of 3");
}

#[tokio::test]
async fn a_port_without_a_server_says_so() {
    let place = impatient(free_port()).await;
    let error = place.probe().await.unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
}
