//! How fast a folder's files are uploaded, and come back, beside other programs that do the same.
//!
//! `cargo bench -p tidegauge-objects --bench upload -- ENDPOINT BUCKET FOLDER [back]`, with the
//! environment's credentials; `benches/peers/s3` runs it beside the AWS CLI. The prefix is new each
//! time. Digests are computed within the time.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};
use tidegauge_objects::{BucketSettings, Content, ObjectError, ObjectKey, Objects, Stamp};
use tokio::task::JoinSet;

/// Files on their way at once.
const AT_ONCE: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    // Cargo adds words of its own, such as `--bench`.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (place, folder, back) = match words.as_slice() {
        [endpoint, bucket, folder] => ([*endpoint, *bucket], folder, false),
        [endpoint, bucket, folder, "back"] => ([*endpoint, *bucket], folder, true),
        _ => {
            eprintln!("usage: upload ENDPOINT BUCKET FOLDER [back]");
            return ExitCode::from(2);
        }
    };
    match run(place, Path::new(folder), back).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("upload: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(
    [endpoint, bucket]: [&str; 2],
    folder: &Path,
    back: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let settings = BucketSettings {
        bucket: bucket.to_owned(),
        prefix: format!("bench/{}", std::process::id()),
        endpoint: Some(endpoint.parse()?),
        path_style: true,
        ..BucketSettings::default()
    };
    let place = Objects::bucket(&settings).await?;
    let mut files = Vec::new();
    for (number, entry) in folder.read_dir()?.enumerate() {
        let path = entry?.path();
        if path.is_file() {
            files.push((ObjectKey::new(&format!("files/{number}"))?, path));
        }
    }
    let begun = Instant::now();
    let stamps = all(&files, {
        let place = place.clone();
        move |(key, path): (ObjectKey, PathBuf)| {
            let place = place.clone();
            async move {
                let stamp = Stamp::of_file(&path).await?;
                place.put_new(&key, &Content::File(path), &stamp).await?;
                Ok((key, stamp))
            }
        }
    })
    .await?;
    let bytes: u64 = stamps.iter().map(|(_, stamp)| stamp.bytes).sum();
    say("uploaded", files.len(), (bytes, begun.elapsed()));
    if !back {
        return Ok(());
    }
    let back = tempfile::TempDir::new()?;
    let to = back.path().to_owned();
    let begun = Instant::now();
    all(&stamps, move |(key, stamp): (ObjectKey, Stamp)| {
        let to = to.join(key.as_ref().replace('/', "-"));
        let place = place.clone();
        async move { place.download(&key, &stamp, &to).await }
    })
    .await?;
    say("downloaded", files.len(), (bytes, begun.elapsed()));
    Ok(())
}

/// Does it with all of them, some at once.
async fn all<T, R, F>(
    items: &[T],
    work: impl Fn(T) -> F,
) -> Result<Vec<R>, Box<dyn std::error::Error>>
where
    T: Clone,
    R: Send + 'static,
    F: Future<Output = Result<R, ObjectError>> + Send + 'static,
{
    let mut on_the_way = JoinSet::new();
    let mut done = Vec::new();
    for item in items {
        if on_the_way.len() >= AT_ONCE
            && let Some(result) = on_the_way.join_next().await
        {
            done.push(result??);
        }
        on_the_way.spawn(work(item.clone()));
    }
    while let Some(result) = on_the_way.join_next().await {
        done.push(result??);
    }
    Ok(done)
}

fn say(what: &str, files: usize, (bytes, took): (u64, Duration)) {
    let megabytes = bytes as f64 / 1e6;
    let seconds = took.as_secs_f64();
    println!(
        "{what} {files} files, {megabytes:.1} MB in {seconds:.2} s: {:.1} MB/s",
        megabytes / seconds
    );
}
