//! Damage, kills and what they leave behind.

use crate::{
    places::{bytes, key, s3s_fs, settings},
    support::{
        proxy::{Mode, TcpProxy},
        servers::{BUCKET, Server},
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tidegauge_objects::{Content, Listed, ObjectCause, ObjectError, Objects, Put};

#[tokio::test]
async fn a_flipped_byte_is_not_downloaded() {
    let [folder, served] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (_server, bucket) = s3s_fs(served.path()).await;
    let file = served.path().join(BUCKET).join("below/here/f/a");
    for (place, file) in [
        (
            Objects::folder(folder.path()).unwrap(),
            folder.path().join("f/a"),
        ),
        (bucket, file),
    ] {
        let (content, stamp) = bytes(1, 500_000);
        let at = key("f/a");
        place
            .put_new(&at, &Content::Bytes(content.clone()), &stamp)
            .await
            .unwrap();
        let mut flipped = content;
        flipped[250_000] ^= 1;
        fs::write(&file, &flipped).unwrap();
        let to = TempDir::new().unwrap();
        let error = place
            .download(&at, &stamp, &to.path().join("a"))
            .await
            .unwrap_err();
        assert!(matches!(error, ObjectError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("f/a"), "{error}");
        assert_eq!(to.path().read_dir().unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_document_that_was_altered_is_not_read() {
    let served = TempDir::new().unwrap();
    let (_server, place) = s3s_fs(served.path()).await;
    let at = key("writer.json");
    place.replace(&at, b"mine".to_vec(), None).await.unwrap();
    fs::write(
        served.path().join(BUCKET).join("below/here/writer.json"),
        "his!",
    )
    .unwrap();
    let error = place.get(&at, 100).await.unwrap_err();
    assert!(matches!(error, ObjectError::Corrupt { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_survives_the_death_of_its_server() {
    let folder = TempDir::new().unwrap();
    // One object in one request, and one in parts.
    for (length, moment) in [(8 << 20, 40), (70 << 20, 300)] {
        let (content, stamp) = bytes(2, length);
        let at = key(&format!("killed/{length}"));
        let mut server = Server::s3s_fs(folder.path());
        let port = server.port();
        let place = Objects::bucket(&settings(port)).await.unwrap();
        let upload = tokio::spawn({
            let (place, at, content) = (place.clone(), at.clone(), content.clone());
            async move { place.put_new(&at, &Content::Bytes(content), &stamp).await }
        });
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        server = Server::s3s_fs_at(folder.path(), port);
        // It may have gone on by itself, or given up; once more, and it is there.
        let _ = upload.await.unwrap();
        let put = place.put_new(&at, &Content::Bytes(content), &stamp).await;
        assert!(matches!(put, Ok(Put::Written | Put::Same)), "{put:?}");
        let to = TempDir::new().unwrap();
        place
            .download(&at, &stamp, &to.path().join("back"))
            .await
            .unwrap();
        drop(server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_uploads_are_ended() {
    let Some(server) = Server::moto() else { return };
    let line = TcpProxy::start(server.port());
    let mut given = settings(line.port());
    given.deadlines.operation = Duration::from_secs(1);
    let place = Objects::bucket(&given).await.unwrap();
    let direct = Objects::bucket(&settings(server.port())).await.unwrap();
    let (content, stamp) = bytes(3, 65 << 20);
    // The line is cut for good when the second part passes: nobody can end the upload.
    line.set(Mode::CutBefore(b"partNumber=2".to_vec()));
    let upload = tokio::spawn({
        let (place, content) = (place.clone(), content.clone());
        async move {
            place
                .put_new(&key("stale"), &Content::Bytes(content), &stamp)
                .await
        }
    });
    while line.cuts() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    line.set(Mode::Refuse);
    line.cut();
    let error = upload.await.unwrap().unwrap_err();
    assert!(matches!(error, ObjectError::Failed(_)), "{error}");
    // Whenever an upload begins, moto says that it was in 2010.
    let year_2000 = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
    let now = SystemTime::now();
    assert_eq!(direct.end_stale_uploads(year_2000).await.unwrap(), 0);
    assert_eq!(direct.end_stale_uploads(now).await.unwrap(), 1);
    assert_eq!(direct.end_stale_uploads(now).await.unwrap(), 0);
    assert_eq!(direct.list("").next().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_given_up_is_ended() {
    let Some(server) = Server::moto() else { return };
    let line = TcpProxy::start(server.port());
    let place = Objects::bucket(&settings(line.port())).await.unwrap();
    line.set(Mode::Throttle(4 << 20));
    let (content, stamp) = bytes(4, 65 << 20);
    let at = key("given-up");
    let content = Content::Bytes(content);
    let upload = place.put_new(&at, &content, &stamp);
    let given_up = tokio::time::timeout(Duration::from_secs(2), upload).await;
    assert!(given_up.is_err(), "{given_up:?}");
    line.set(Mode::Forward);
    // It is ended in the background, so that there is none left to end here, soon.
    let later = SystemTime::now() + Duration::from_secs(3_600);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(place.end_stale_uploads(later).await.unwrap(), 0);
}

#[tokio::test]
async fn a_folder_has_only_whole_objects() {
    let folder = TempDir::new().unwrap();
    let place = Objects::folder(folder.path()).unwrap();
    let (content, stamp) = bytes(5, 10);
    place
        .put_new(&key("a/b"), &Content::Bytes(content), &stamp)
        .await
        .unwrap();
    // What a killed writer leaves, what others put there, and links out of the folder.
    fs::write(folder.path().join(".partial/left"), "half").unwrap();
    fs::write(folder.path().join("a/with space"), "").unwrap();
    fs::create_dir(folder.path().join("a/empty")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("a/link")).unwrap();
    let mut listing = place.list("");
    let found: Vec<Listed> = listing.next().await.unwrap().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].key.as_ref(), found[0].bytes), ("a/b", 10));
    assert_eq!(listing.next().await.unwrap(), None);
    assert_eq!(listing.foreign(), 2);
    let hour = Duration::from_secs(3_600);
    let now = SystemTime::now();
    assert_eq!(place.end_stale_uploads(now - hour).await.unwrap(), 0);
    assert_eq!(place.end_stale_uploads(now + hour).await.unwrap(), 1);
    assert!(!folder.path().join(".partial/left").exists());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_made() {
    let folder = TempDir::new().unwrap();
    let absent = folder.path().join("not/mounted");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for (path, words) in [
        (absent.as_path(), "No such file"),
        (file.as_path(), "not a directory"),
    ] {
        let error = Objects::folder(path).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
    assert!(!Path::new(&absent).exists());
}

#[tokio::test]
async fn a_folder_that_is_taken_away_is_refused_and_not_made_anew() {
    let above = TempDir::new().unwrap();
    let [root, aside] = ["root", "aside"].map(|name| above.path().join(name));
    fs::create_dir(&root).unwrap();
    let place = Objects::folder(&root).unwrap();
    let (content, stamp) = bytes(6, 10);
    let (there, absent) = (key("d/there"), key("d/absent"));
    let content = Content::Bytes(content);
    place.put_new(&there, &content, &stamp).await.unwrap();
    let document = key("writer.json");
    let tag = place.replace(&document, b"1".to_vec(), None).await.unwrap();
    let mut listing = place.list("");

    // A folder that is gone; an empty one, as where a disk was mounted; and one in use.
    let beneath: [fn(&Path); 3] = [
        |_| (),
        |root| fs::create_dir(root).unwrap(),
        |root| {
            fs::create_dir(root).unwrap();
            Objects::folder(root).unwrap();
        },
    ];
    for (number, beneath) in beneath.into_iter().enumerate() {
        fs::rename(&root, &aside).unwrap();
        beneath(&root);
        let before = everything(above.path());
        let to = above.path().join("back");
        let refused = [
            (
                "put_new",
                place.put_new(&absent, &content, &stamp).await.err(),
            ),
            (
                "put_new again",
                place.put_new(&there, &content, &stamp).await.err(),
            ),
            (
                "replace",
                place
                    .replace(&document, b"2".to_vec(), tag.as_ref())
                    .await
                    .err(),
            ),
            (
                "replace nothing",
                place.replace(&absent, b"2".to_vec(), None).await.err(),
            ),
            ("get", place.get(&document, 10).await.err()),
            ("stat", place.stat(&there).await.err()),
            ("download", place.download(&there, &stamp, &to).await.err()),
            ("delete", place.delete(&there).await.err()),
            ("list", place.list("").next().await.err()),
            ("list a part", place.list("d/").next().await.err()),
            ("list, begun before", listing.next().await.err()),
            (
                "end_stale_uploads",
                place.end_stale_uploads(SystemTime::now()).await.err(),
            ),
            ("probe", place.probe().await.err()),
        ];
        for (what, error) in refused {
            let error = error.unwrap_or_else(|| panic!("{number}: {what} was done"));
            assert!(
                matches!(&error, ObjectError::Failed(f) if f.cause == ObjectCause::Gone),
                "{number}: {what}: {error}"
            );
            assert_eq!(error.class(), tidegauge_model::ErrorClass::Transient);
            assert!(error.to_string().contains("mount its disk"), "{error}");
        }
        assert_eq!(before, everything(above.path()), "{number}");
        if number > 0 {
            fs::remove_dir_all(&root).unwrap();
        }
        fs::rename(&aside, &root).unwrap();
    }
    // Mounted again, it is used again.
    assert_eq!(
        place.put_new(&absent, &content, &stamp).await.unwrap(),
        Put::Written
    );
    let found: Vec<_> = listing.next().await.unwrap().unwrap();
    let keys: Vec<_> = found.iter().map(|listed| listed.key.as_ref()).collect();
    assert_eq!(keys, ["d/absent", "d/there", "writer.json"]);
    let tag = place.replace(&document, b"2".to_vec(), tag.as_ref()).await;
    assert!(tag.unwrap().is_some());
}

/// All paths below a folder, in order.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_lock_is_waited_for_and_not_for_ever() {
    let folder = TempDir::new().unwrap();
    let place = Objects::folder(folder.path()).unwrap();
    let lock = fs::File::open(folder.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    let at = key("writer.json");
    let waiting = tokio::spawn({
        let (place, at) = (place.clone(), at.clone());
        async move { place.replace(&at, b"1".to_vec(), None).await }
    });
    let error = place.delete(&at).await.unwrap_err();
    assert!(
        error.to_string().contains("holds the folder's lock"),
        "{error}"
    );
    assert_eq!(error.class(), tidegauge_model::ErrorClass::Transient);
    assert!(waiting.await.unwrap().is_err());
    drop(lock);
    assert!(
        place
            .replace(&at, b"1".to_vec(), None)
            .await
            .unwrap()
            .is_some()
    );
}
