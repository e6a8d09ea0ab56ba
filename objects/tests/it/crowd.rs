//! A bucket that holds far more than is ours.

use crate::{
    places::settings,
    support::scripted::{Reply, Request, Scripted},
};
use std::{fmt::Write as _, fs};
use tidegauge_objects::Objects;

const OBJECTS: usize = 1_000_000;
const PAGE: usize = 1_000;
/// Some pages, whatever the bucket holds.
const MOST_GROWTH_KIB: u64 = 48 << 10;

/// A page of the bucket, from the object that its token names.
fn page(request: &Request) -> Reply {
    let token = request.path.split("continuation-token=").nth(1);
    let token = token.map(|rest| rest.split('&').next().unwrap_or(rest));
    let from: usize = token.map_or(0, |token| token.parse().expect("our own token"));
    let to = (from + PAGE).min(OBJECTS);
    let mut body = String::from("<ListBucketResult>");
    for number in from..to {
        write!(
            body,
            "<Contents><Key>below/here/lake/{number:09}.parquet</Key><Size>{number}</Size>\
             <LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
        )
        .expect("a string takes it");
    }
    if to < OBJECTS {
        write!(
            body,
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{to}</NextContinuationToken>"
        )
        .expect("a string takes it");
    }
    Reply::Say(200, Vec::new(), body + "</ListBucketResult>")
}

/// Most memory this process ever had resident, KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.expect("a peak").split_whitespace().nth(1);
    words.expect("a number").parse().expect("a number")
}

#[tokio::test]
async fn a_million_objects_are_listed_page_by_page() {
    let server = Scripted::start(|_, request| page(request));
    let place = Objects::bucket(&settings(server.port())).await.unwrap();
    let mut pages = place.list("lake/");
    let mut seen = 0;
    let mut before = 0;
    while let Some(page) = pages.next().await.unwrap() {
        for listed in &page {
            assert_eq!(listed.key.as_ref(), format!("lake/{seen:09}.parquet"));
            assert_eq!(listed.bytes, seen as u64);
            seen += 1;
        }
        if seen == 20 * PAGE {
            before = peak_kib();
        }
    }
    assert_eq!((seen, pages.foreign()), (OBJECTS, 0));
    let growth = peak_kib() - before;
    assert!(growth < MOST_GROWTH_KIB, "grew by {growth} KiB");
}
