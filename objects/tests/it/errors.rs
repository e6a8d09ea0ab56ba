//! What goes wrong, in words that say what to do; and never a secret.

use crate::{
    places::{impatient, key, s3s_fs, settings},
    support::{
        certificates::{self, Certificate},
        scripted::{Reply, Scripted},
        servers::{SECRET, Server},
    },
};
use std::num::NonZeroU64;
use tempfile::TempDir;
use tidegauge_model::ErrorClass;
use tidegauge_objects::{BucketSettings, ObjectCause, ObjectError, Objects, Secret};

#[tokio::test]
async fn errors_say_what_to_do() {
    let redirect = Reply::Say(
        301,
        vec![("x-amz-bucket-region", "eu-west-3".to_owned())],
        "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>".to_owned(),
    );
    let malformed = "the region 'us-east-1' is wrong; expecting 'eu-west-3'";
    let e = Reply::error;
    use ErrorClass::{Refused, Transient};
    for (reply, cause, class, words) in [
        (
            e(404, "NoSuchBucket", "none"),
            ObjectCause::NoBucket,
            Refused,
            "create it",
        ),
        (
            e(403, "AccessDenied", "no"),
            ObjectCause::Denied,
            Refused,
            "s3:ListBucket",
        ),
        (
            redirect,
            ObjectCause::WrongRegion,
            Refused,
            "it is in eu-west-3",
        ),
        (
            e(400, "AuthorizationHeaderMalformed", malformed),
            ObjectCause::WrongRegion,
            Refused,
            "expecting 'eu-west-3'",
        ),
        (
            e(400, "ExpiredToken", "over"),
            ObjectCause::ExpiredCredentials,
            Transient,
            "renew them",
        ),
        (
            e(403, "RequestTimeTooSkewed", "15 min"),
            ObjectCause::ClockSkew,
            Transient,
            "set the clock",
        ),
        (
            e(403, "InvalidAccessKeyId", "who"),
            ObjectCause::UnknownKey,
            Refused,
            "check the access key",
        ),
        (
            e(403, "SignatureDoesNotMatch", "no"),
            ObjectCause::WrongSecret,
            Refused,
            "check the secret",
        ),
        (
            e(507, "InsufficientStorage", "full"),
            ObjectCause::ServerFull,
            Transient,
            "make room",
        ),
        (
            e(400, "KMS.DisabledException", "off"),
            ObjectCause::EncryptionKey,
            Refused,
            "kms:Decrypt",
        ),
        (
            e(403, "InvalidObjectState", "cold"),
            ObjectCause::Archived,
            Refused,
            "restore it",
        ),
        (
            e(501, "NotImplemented", "what"),
            ObjectCause::Unsupported,
            Refused,
            "does not know",
        ),
        (
            e(400, "InvalidStorageClass", "what class"),
            ObjectCause::Other,
            Refused,
            "InvalidStorageClass",
        ),
        (
            e(400, "BadDigest", "sum"),
            ObjectCause::Garbled,
            Transient,
            "not what was sent",
        ),
        (
            Reply::status(502),
            ObjectCause::Server,
            Transient,
            "HTTP 502",
        ),
        (
            Reply::Say(200, vec![], "<html>".to_owned()),
            ObjectCause::Other,
            Refused,
            "HTTP 200",
        ),
        (
            Reply::Silence,
            ObjectCause::Deadline,
            Transient,
            "no answer for 1s",
        ),
        (
            Reply::Cut,
            ObjectCause::Lost,
            Transient,
            "the connection was lost",
        ),
    ] {
        let server = Scripted::start(move |_, _| reply.clone());
        let place = impatient(server.port()).await;
        let error = place.list("tables/").next().await.unwrap_err();
        let ObjectError::Failed(failure) = &error else {
            panic!("{error}")
        };
        let text = error.to_string();
        assert_eq!((failure.cause, error.class()), (cause, class), "{text}");
        assert!(text.contains(words), "{words}: {text}");
        assert!(
            text.starts_with("s3://claims/below/here: cannot list tables/: "),
            "{text}"
        );
        assert!(!text.contains(SECRET) && !text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_object() {
    let server = Scripted::start(|_, _| Reply::status(404));
    let place = Objects::bucket(&settings(server.port())).await.unwrap();
    let error = place.stat(&key("a")).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no such bucket"),
        "{error}"
    );
    let Some(moto) = Server::moto() else { return };
    let nowhere = BucketSettings {
        bucket: "nowhere".to_owned(),
        ..settings(moto.port())
    };
    let place = Objects::bucket(&nowhere).await.unwrap();
    for error in [
        place.probe().await.map(drop).unwrap_err(),
        place.stat(&key("a")).await.map(drop).unwrap_err(),
        place.get(&key("a"), 1).await.map(drop).unwrap_err(),
        place
            .replace(&key("a"), vec![], None)
            .await
            .map(drop)
            .unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("there is no such bucket"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn wrong_keys_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let (server, _) = s3s_fs(folder.path()).await;
    let mut wrong_secret = settings(server.port());
    let mut unknown = settings(server.port());
    wrong_secret.access_key.as_mut().unwrap().secret = Secret::new("another secret");
    unknown.access_key.as_mut().unwrap().id = "AKIDNOBODY".to_owned();
    for (settings, cause) in [
        (wrong_secret, ObjectCause::WrongSecret),
        (unknown, ObjectCause::UnknownKey),
    ] {
        let place = Objects::bucket(&settings).await.unwrap();
        let error = place.probe().await.unwrap_err();
        assert!(
            matches!(&error, ObjectError::Failed(f) if f.cause == cause),
            "{cause:?}: {error}"
        );
        assert!(!error.to_string().contains("another secret"), "{error}");
        assert!(!format!("{settings:?}").contains("secret for tests"));
    }
}

#[tokio::test]
async fn only_a_certificate_that_is_right_is_spoken_to() {
    for (kind, trusted, cause) in [
        // There is no bucket behind it: who says so has been spoken to.
        (Certificate::Good, true, ObjectCause::NoBucket),
        (Certificate::Good, false, ObjectCause::Tls),
        (Certificate::Expired, true, ObjectCause::Tls),
        (Certificate::WrongName, true, ObjectCause::Tls),
        (Certificate::Foreign, true, ObjectCause::Tls),
    ] {
        let pems = certificates::make(kind);
        let folder = TempDir::new().unwrap();
        let [ca, certificate, key] = ["ca", "certificate", "key"].map(|f| folder.path().join(f));
        std::fs::write(&ca, &pems.authority).unwrap();
        std::fs::write(&certificate, &pems.certificate).unwrap();
        std::fs::write(&key, &pems.key).unwrap();
        let Some(server) = Server::moto_tls(&certificate, &key) else {
            return;
        };
        let port = server.port();
        let settings = BucketSettings {
            endpoint: Some(format!("https://localhost:{port}").parse().unwrap()),
            ca_file: trusted.then_some(ca),
            ..settings(port)
        };
        let place = Objects::bucket(&settings).await.unwrap();
        let error = place.list("").next().await.unwrap_err();
        assert!(
            matches!(&error, ObjectError::Failed(f) if f.cause == cause),
            "{kind:?}, {trusted}: {error}"
        );
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_tried() {
    let with = |change: fn(&mut BucketSettings)| {
        let mut settings = settings(9);
        change(&mut settings);
        settings
    };
    let url = |text: &str| Some(text.parse().unwrap());
    let endpoint = |text: &str| BucketSettings {
        endpoint: url(text),
        ..settings(9)
    };
    for (settings, words) in [
        (
            with(|s| s.bucket = "s3://b/p".to_owned()),
            "no bucket's name",
        ),
        (with(|s| s.bucket = String::new()), "no bucket's name"),
        (with(|s| s.prefix = "/a".to_owned()), "prefix"),
        (with(|s| s.prefix = "a/".to_owned()), "prefix"),
        (
            with(|s| s.prefix = "p/".repeat(150) + "p"),
            "longer than 256",
        ),
        (
            with(|s| s.upload_bytes_per_second = NonZeroU64::new(1)),
            "65536 is the least",
        ),
        (
            with(|s| s.ca_file = Some("/absent.pem".into())),
            "/absent.pem",
        ),
        (with(|s| s.ca_file = Some("/etc/hostname".into())), "in PEM"),
        (
            endpoint("http://storage.example:9000"),
            "plain HTTP to another machine",
        ),
        (
            endpoint("http://127.0.0.1.example"),
            "plain HTTP to another machine",
        ),
        (endpoint("ftp://127.0.0.1"), "neither https:// nor http://"),
        (
            endpoint("https://user:hunter2@storage.example"),
            "give an access key instead",
        ),
        (endpoint("https://storage.example/?x=1"), "more than a host"),
    ] {
        let error = Objects::bucket(&settings).await.unwrap_err();
        assert!(matches!(error, ObjectError::Settings(_)), "{error}");
        assert_eq!(error.class(), ErrorClass::Refused);
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for fine in [
        "http://localhost:1",
        "http://[::1]:1",
        "https://storage.example",
        "http://127.8.8.8",
    ] {
        Objects::bucket(&endpoint(fine)).await.unwrap();
    }
    let allowed = BucketSettings {
        allow_plain_http: true,
        ..endpoint("http://storage.example")
    };
    Objects::bucket(&allowed).await.unwrap();
}
