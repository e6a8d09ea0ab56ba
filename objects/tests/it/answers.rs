//! What servers say: none is believed on its word.

use crate::{
    places::{bytes, key, settings},
    support::scripted::{Reply, Scripted},
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};
use tidegauge_objects::{Content, ObjectError, Objects, Put, Sha256, Stamp};

/// The SHA-256 of `abc`, as S3 writes it.
pub(crate) const ABC: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

#[tokio::test]
async fn whatever_a_server_says_of_parts_what_is_there_decides() {
    let (content, stamp) = bytes(1, (64 << 20) + 1);
    let content = Content::Bytes(content);
    let there = |sha256: Sha256| {
        let headers = vec![
            ("ETag", "\"t-5\"".to_owned()),
            ("Content-Length", stamp.bytes.to_string()),
            ("x-amz-meta-sha256", sha256.to_string()),
        ];
        Reply::Say(200, headers, String::new())
    };
    let say = |body: &str| Reply::Say(200, Vec::new(), body.to_owned());
    let done = say("<CompleteMultipartUploadResult><ETag>t</ETag></CompleteMultipartUploadResult>");
    // Another root than S3's, as some servers have it.
    let other = say("<CompleteMultipartUploadResponse></CompleteMultipartUploadResponse>");
    // As S3 says it when it fails after its 200 is on the way.
    let failed = say("<Error><Code>InternalError</Code><Message>later</Message></Error>");
    let gone = Reply::error(404, "NoSuchUpload", "ended");
    let (ours, theirs) = (there(stamp.sha256), there(Sha256::of(b"theirs")));
    let absent = Reply::status(404);
    for (number, (answers, after, expected)) in [
        ([&done, &done], &absent, "Ok(Written)"),
        ([&failed, &done], &absent, "Ok(Written)"),
        ([&other, &other], &ours, "Ok(Written)"),
        ([&other, &other], &theirs, "Err(Different"),
        ([&other, &other], &absent, "invalid XML root"),
        ([&failed, &gone], &ours, "Ok(Same)"),
        ([&failed, &gone], &theirs, "Err(Different"),
    ]
    .into_iter()
    .enumerate()
    {
        let (answers, after) = (answers.map(Reply::clone), after.clone());
        let completed = AtomicUsize::new(0);
        let server = Scripted::start(move |_, request| {
            match (request.method.as_str(), request.path.contains("uploads")) {
                ("POST", true) => Reply::Say(
                    200,
                    Vec::new(),
                    "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"
                        .to_owned(),
                ),
                ("POST", false) => answers[completed.fetch_add(1, Ordering::SeqCst).min(1)].clone(),
                ("PUT", _) => Reply::written(),
                ("DELETE", _) => Reply::status(204),
                // What is there is there after the completion.
                _ if completed.load(Ordering::SeqCst) > 0 => after.clone(),
                _ => Reply::status(404),
            }
        });
        let place = Objects::bucket(&settings(server.port())).await.unwrap();
        let put = place.put_new(&key("l"), &content, &stamp).await;
        assert!(format!("{put:?}").contains(expected), "{number}: {put:?}");
    }
}

#[tokio::test]
async fn a_digest_of_digests_is_not_taken_for_that_of_the_content() {
    let small = Sha256::of(b"abc").to_string();
    for (bytes, checksum, metadata, expected) in [
        (3, Some(ABC), None, Some("Some(ba7816bf")),
        (3, Some(ABC), Some(small.as_str()), Some("Some(ba7816bf")),
        (3, None, None, Some("None")),
        (3, None, Some("no digest"), None),
        (3, Some(ABC), Some(&"0".repeat(64)), None),
        // In parts, marked as AWS does it, and not marked.
        (3, Some(&format!("{ABC}-1")), None, Some("None")),
        ((64 << 20) + 1, Some(ABC), None, Some("None")),
        (
            (64 << 20) + 1,
            Some(ABC),
            Some(&"0".repeat(64)),
            Some("Some(000000"),
        ),
    ] {
        let mut headers = vec![
            ("ETag", "\"t\"".to_owned()),
            ("Content-Length", format!("{bytes}")),
        ];
        headers.extend(checksum.map(|sum| ("x-amz-checksum-sha256", sum.to_owned())));
        headers.extend(metadata.map(|digest| ("x-amz-meta-sha256", digest.to_owned())));
        let reply = Reply::Say(200, headers, String::new());
        let server = Scripted::start(move |_, _| reply.clone());
        let place = Objects::bucket(&settings(server.port())).await.unwrap();
        match (place.stat(&key("a")).await, expected) {
            (Ok(Some(stat)), Some(expected)) => {
                let found = format!("{:?}", stat.sha256);
                assert!(found.starts_with(expected), "{bytes}: {found}");
            }
            (Err(_), None) => {}
            (other, _) => panic!("{bytes}, {checksum:?}, {metadata:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn only_uploads_begun_before_are_ended() {
    let upload = |key: &str, id: &str, begun: &str| {
        format!(
            "<Upload><Key>below/here/{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>"
        )
    };
    let page = move |more: bool, next: &str, uploads: &str| {
        let body = format!(
            "<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated>{next}{uploads}</ListMultipartUploadsResult>"
        );
        Reply::Say(200, Vec::new(), body)
    };
    let first = upload("a", "old", "2024-01-05T10:59:59.000Z")
        + &upload("b", "new", "2024-01-05T11:00:01.000Z");
    let second = upload("c", "older", "2023-12-31T00:00:00.000Z");
    let next =
        "<NextKeyMarker>below/here/b</NextKeyMarker><NextUploadIdMarker>new</NextUploadIdMarker>";
    let server = Scripted::start(move |_, request| match request.method.as_str() {
        "DELETE" => Reply::status(204),
        _ if request.path.contains("key-marker") => page(false, "", &second),
        _ => page(true, next, &first),
    });
    let place = Objects::bucket(&settings(server.port())).await.unwrap();
    let eleven = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_452_400);
    assert_eq!(place.end_stale_uploads(eleven).await.unwrap(), 2);
    let ended: Vec<_> = server
        .heard()
        .into_iter()
        .filter(|r| r.method == "DELETE")
        .map(|r| r.path)
        .collect();
    let [a, c] = ended.as_slice() else {
        panic!("{ended:?}")
    };
    assert!(
        a.starts_with("/claims/below/here/a?") && a.contains("uploadId=old"),
        "{a}"
    );
    assert!(
        c.starts_with("/claims/below/here/c?") && c.contains("uploadId=older"),
        "{c}"
    );
}

#[tokio::test]
async fn a_server_that_ignores_conditions_is_found_out() {
    // All conditions, and only If-Match.
    for (heeds_none_match, heeds_match) in [(false, false), (true, false), (false, true)] {
        let server = Scripted::start(move |before, request| {
            let unmet = before > 2
                && (heeds_none_match && request.header("if-none-match").is_some()
                    || heeds_match && request.header("if-match").is_some());
            match request.method.as_str() {
                "GET" => Reply::Say(
                    200,
                    Vec::new(),
                    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
                        .to_owned(),
                ),
                "PUT" if unmet => Reply::error(412, "PreconditionFailed", "unmet"),
                "PUT" => Reply::written(),
                "DELETE" => Reply::error(403, "AccessDenied", "not removed"),
                _ => Reply::status(404),
            }
        });
        let place = Objects::bucket(&settings(server.port())).await.unwrap();
        let able = place.probe().await.unwrap();
        assert!(!able.conditional_put, "{heeds_none_match} {heeds_match}");
        assert!(!able.delete);
    }
}

#[tokio::test]
async fn an_object_by_somebody_else_is_read_before_it_counts_as_the_same() {
    // It has no digest beside it: neither metadata nor a checksum.
    for (theirs, same) in [("abc", true), ("abd", false)] {
        let server = Scripted::start(move |_, request| match request.method.as_str() {
            "PUT" => Reply::error(412, "PreconditionFailed", "there"),
            _ => Reply::Say(
                200,
                vec![
                    ("ETag", "\"t\"".to_owned()),
                    ("Content-Length", "3".to_owned()),
                ],
                theirs.to_owned(),
            ),
        });
        let place = Objects::bucket(&settings(server.port())).await.unwrap();
        let put = place
            .put_new(
                &key("a"),
                &Content::Bytes(b"abc".to_vec()),
                &Stamp::of(b"abc"),
            )
            .await;
        match put {
            Ok(Put::Same) => assert!(same),
            Err(ObjectError::Different { .. }) => assert!(!same),
            other => panic!("{other:?}"),
        }
    }
}
