//! What is said to the server, header by header.

use crate::{
    answers::ABC,
    places::{bytes, key, settings},
    support::scripted::{Reply, Request, Scripted},
};
use tidegauge_objects::{
    BucketSettings, Content, Encryption, ObjectCause, ObjectError, Objects, Put, Sha256, Stamp,
};

/// Takes every write, has nothing.
fn taker() -> Scripted {
    Scripted::start(|_, request| match request.method.as_str() {
        "PUT" => Reply::written(),
        _ => Reply::status(404),
    })
}

async fn written(settings: BucketSettings, server: &Scripted) -> Request {
    let place = Objects::bucket(&settings).await.unwrap();
    let put = place
        .put_new(
            &key("a"),
            &Content::Bytes(b"abc".to_vec()),
            &Stamp::of(b"abc"),
        )
        .await;
    assert_eq!(put.unwrap(), Put::Written);
    server
        .heard()
        .into_iter()
        .find(|r| r.method == "PUT")
        .unwrap()
}

#[tokio::test]
async fn a_write_says_what_it_is_and_that_it_is_the_first() {
    let server = taker();
    let request = written(settings(server.port()), &server).await;
    assert_eq!(request.path.split('?').next(), Some("/claims/below/here/a"));
    assert_eq!(request.body, b"abc");
    let digest = Sha256::of(b"abc").to_string();
    for (name, value) in [
        ("if-none-match", Some("*")),
        ("content-length", Some("3")),
        ("x-amz-checksum-sha256", Some(ABC)),
        ("x-amz-meta-sha256", Some(digest.as_str())),
        ("x-amz-server-side-encryption", None),
        ("x-amz-storage-class", None),
        ("x-amz-trailer", None),
        ("content-encoding", None),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    let signature = request.header("authorization").unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/"));
    assert!(signature.contains("if-none-match") && signature.contains("x-amz-checksum-sha256"));
}

#[tokio::test]
async fn encryption_and_storage_class_are_said() {
    let kms = |key_id: Option<&str>| Encryption::Kms {
        key_id: key_id.map(str::to_owned),
    };
    for (encryption, kind, key_id, bucket_key) in [
        (Encryption::S3, "AES256", None, None),
        (kms(None), "aws:kms", None, Some("true")),
        (
            kms(Some("alias/t")),
            "aws:kms",
            Some("alias/t"),
            Some("true"),
        ),
    ] {
        let server = taker();
        let settings = BucketSettings {
            encryption: Some(encryption),
            storage_class: Some("STANDARD_IA".to_owned()),
            ..settings(server.port())
        };
        let request = written(settings.clone(), &server).await;
        for (name, value) in [
            ("x-amz-server-side-encryption", Some(kind)),
            ("x-amz-server-side-encryption-aws-kms-key-id", key_id),
            (
                "x-amz-server-side-encryption-bucket-key-enabled",
                bucket_key,
            ),
            ("x-amz-storage-class", Some("STANDARD_IA")),
        ] {
            assert_eq!(request.header(name), value, "{name}");
        }
        // Documents are encrypted as well, and stay where they are read at once.
        let place = Objects::bucket(&settings).await.unwrap();
        let tag = place.replace(&key("d"), b"1".to_vec(), None).await.unwrap();
        let heard = server.heard();
        let request = heard.last().unwrap();
        assert_eq!(request.header("x-amz-server-side-encryption"), Some(kind));
        assert_eq!(request.header("x-amz-storage-class"), None);
        assert_eq!(request.header("if-none-match"), Some("*"));
        place
            .replace(&key("d"), b"2".to_vec(), tag.as_ref())
            .await
            .unwrap();
        let heard = server.heard();
        assert_eq!(heard.last().unwrap().header("if-match"), Some("\"tag\""));
    }
}

#[tokio::test]
async fn parts_say_what_they_are_and_so_does_the_whole() {
    let server = Scripted::start(|_, request| {
        let upload =
            "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>";
        let done = "<CompleteMultipartUploadResult><ETag>t</ETag></CompleteMultipartUploadResult>";
        match (request.method.as_str(), request.path.contains("uploads")) {
            ("POST", true) => Reply::Say(200, Vec::new(), upload.to_owned()),
            ("POST", false) => Reply::Say(200, Vec::new(), done.to_owned()),
            ("PUT", _) => Reply::written(),
            _ => Reply::status(404),
        }
    });
    let settings = BucketSettings {
        encryption: Some(Encryption::Kms { key_id: None }),
        storage_class: Some("STANDARD_IA".to_owned()),
        ..settings(server.port())
    };
    let place = Objects::bucket(&settings).await.unwrap();
    let (content, stamp) = bytes(1, (64 << 20) + 1);
    let whole = Content::Bytes(content.clone());
    assert_eq!(
        place.put_new(&key("l"), &whole, &stamp).await.unwrap(),
        Put::Written
    );
    let heard = server.heard();
    let posts: Vec<_> = heard.iter().filter(|r| r.method == "POST").collect();
    let [begin, complete] = posts.as_slice() else {
        panic!("{} posts", posts.len())
    };
    assert_eq!(begin.header("x-amz-checksum-algorithm"), Some("SHA256"));
    assert_eq!(
        begin.header("x-amz-server-side-encryption"),
        Some("aws:kms")
    );
    assert_eq!(begin.header("x-amz-storage-class"), Some("STANDARD_IA"));
    let digest = stamp.sha256.to_string();
    assert_eq!(begin.header("x-amz-meta-sha256"), Some(digest.as_str()));
    assert_eq!(complete.header("if-none-match"), Some("*"));
    let mut parts: Vec<_> = heard.iter().filter(|r| r.method == "PUT").collect();
    parts.sort_by_key(|part| part.path.split("partNumber=").nth(1).map(str::to_owned));
    assert_eq!(parts.len(), 5);
    let order = String::from_utf8(complete.body.clone()).unwrap();
    let mut at = 0;
    for part in &parts {
        let sum = part.header("x-amz-checksum-sha256").unwrap();
        let found = order[at..].find(sum).expect("each part, in order");
        at += found + sum.len();
    }
    assert_eq!(
        parts
            .iter()
            .flat_map(|p| p.body.clone())
            .collect::<Vec<_>>(),
        content
    );
}

#[tokio::test]
async fn an_upload_that_fails_is_ended() {
    let server = Scripted::start(|_, request| match request.method.as_str() {
        "POST" => Reply::Say(
            200,
            Vec::new(),
            "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"
                .to_owned(),
        ),
        "PUT" => Reply::error(403, "AccessDenied", "no parts"),
        "DELETE" => Reply::status(204),
        _ => Reply::status(404),
    });
    let place = Objects::bucket(&settings(server.port())).await.unwrap();
    let (content, stamp) = bytes(1, (64 << 20) + 1);
    let error = place
        .put_new(&key("l"), &Content::Bytes(content), &stamp)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ObjectError::Failed(f) if f.cause == ObjectCause::Denied),
        "{error}"
    );
    let heard = server.heard();
    let last = heard.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.contains("uploadId=U")),
        ("DELETE", true)
    );
}
