//! The places that the claims are held to.

use crate::support::servers::{BUCKET, KEY_ID, SECRET, Server};
use std::{path::Path, time::Duration};
use tidegauge_objects::{AccessKey, BucketSettings, Deadlines, ObjectKey, Objects, Secret, Stamp};

/// Deadlines that tests can wait for.
pub(crate) const SHORT: Deadlines = Deadlines {
    connect: Duration::from_secs(1),
    attempt: Duration::from_secs(1),
    stall: Duration::from_secs(1),
    operation: Duration::from_secs(3),
};

/// A bucket at a port of this machine.
pub(crate) fn settings(port: u16) -> BucketSettings {
    BucketSettings {
        bucket: BUCKET.to_owned(),
        prefix: "below/here".to_owned(),
        endpoint: Some(format!("http://127.0.0.1:{port}").parse().unwrap()),
        path_style: true,
        access_key: Some(AccessKey {
            id: KEY_ID.to_owned(),
            secret: Secret::new(SECRET),
            session: None,
        }),
        ..BucketSettings::default()
    }
}

/// That bucket with deadlines that tests can wait for.
pub(crate) async fn impatient(port: u16) -> Objects {
    let settings = BucketSettings {
        deadlines: SHORT,
        ..settings(port)
    };
    Objects::bucket(&settings).await.unwrap()
}

/// s3s-fs over a folder.
pub(crate) async fn s3s_fs(folder: &Path) -> (Server, Objects) {
    let server = Server::s3s_fs(folder);
    let objects = Objects::bucket(&settings(server.port())).await.unwrap();
    (server, objects)
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

/// Bytes that are nobody else's, and their stamp.
pub(crate) fn bytes(seed: u8, length: usize) -> (Vec<u8>, Stamp) {
    let mut state = u64::from(seed) + 1;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect();
    let stamp = Stamp::of(&bytes);
    (bytes, stamp)
}
