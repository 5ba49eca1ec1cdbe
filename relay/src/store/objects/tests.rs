use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use super::place::is_here;
use super::*;
use crate::store::testing::each_kind;
use crate::store::{UNLISTED_SECONDS, inspect};

const OSAKA: AuthorityId = AuthorityId([1; 16]);

fn works_elsewhere(inner: &Arc<dyn Store>, place: &SegmentsPlace, held: &dyn Fn() -> Vec<String>) {
    let store = SegmentsElsewhere::new(Arc::clone(inner), place, &crate::log::none()).unwrap();
    let file: Vec<u8> = (0..600_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let hash = sha256(&file);
    store.check().unwrap();
    assert_eq!(store.put_segment(OSAKA, &hash, &file, 0, 1_000_000), Ok(Put::New));
    assert_eq!(store.put_segment(OSAKA, &hash, &file, 5, 1_000_000), Ok(Put::Present));
    let over = vec![1; 500_000];
    assert_eq!(
        store.put_segment(OSAKA, &sha256(&over), &over, 0, 1_000_000),
        Ok(Put::OverQuota)
    );
    assert_eq!(
        held(),
        [format!("v1/segments/{}", hex::encode(hash))],
        "as the relay's own address is, and nothing else"
    );
    assert_eq!(inner.segment_part(&hash, 0), Ok(None), "not in the database");
    let mut read = Vec::new();
    for part in 0.. {
        let Some(content) = store.segment_part(&hash, part).unwrap() else {
            break;
        };
        read.extend(content);
    }
    assert_eq!(read, file);
    assert_eq!(inspect(&store, &mut |fault| panic!("{fault}")).unwrap().segments, 1);
    // What was in the database before is given from there.
    assert_eq!(inner.put_segment(OSAKA, &sha256(b"old"), b"old", 0, 1_000_000), Ok(Put::New));
    assert_eq!(store.segment_part(&sha256(b"old"), 0).unwrap().as_deref(), Some(&b"old"[..]));
    assert_eq!(store.segment_fault(&sha256(b"old")), Ok(false));

    assert_eq!(store.forget(5 + UNLISTED_SECONDS - 1).unwrap().segments, 1, "the old one");
    assert_eq!(held().len(), 1);
    assert_eq!(store.forget(5 + UNLISTED_SECONDS).unwrap().segments, 1);
    assert_eq!(held(), Vec::<String>::new());
    assert_eq!(store.segment_part(&hash, 0), Ok(None));
}

#[test]
fn segments_are_in_a_folder() {
    each_kind(|database| {
        let folder = tempfile::TempDir::new().unwrap();
        let segments = folder.path().join("segments");
        let held = || match std::fs::read_dir(segments.join("v1/segments")) {
            Ok(files) => files
                .map(|file| format!("v1/segments/{}", file.unwrap().file_name().to_str().unwrap()))
                .collect(),
            Err(_) => vec![],
        };
        works_elsewhere(&database.open(), &SegmentsPlace::Folder(segments.clone()), &held);
    });
}

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// As much of S3 as is asked here: objects of one bucket, by their path.
fn fake_s3() -> (String, Objects) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let objects = Objects::default();
    let shared = Arc::clone(&objects);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (Ok(connection), objects) = (connection, Arc::clone(&shared)) else {
                return;
            };
            std::thread::spawn(move || while answer(&mut BufReader::new(&connection), &objects).is_some() {});
        }
    });
    (address, objects)
}

fn answer(connection: &mut BufReader<&std::net::TcpStream>, objects: &Objects) -> Option<()> {
    let mut line = String::new();
    connection.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut range, mut signed) = (0, None, false);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        let Some((name, value)) = line.split_once(": ") else { break };
        match name {
            "content-length" => length = value.parse().ok()?,
            "range" => {
                range = value
                    .strip_prefix("bytes=")
                    .and_then(|range| range.split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())));
            }
            "authorization" => signed = value.starts_with("aws4-hmac-sha256 credential=the-key/"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    assert!(signed, "each request is signed");
    let key = path.strip_prefix("/the-bucket/")?.to_owned();
    let mut objects = objects.lock().unwrap();
    let (status, headers, content) = match (method.as_str(), objects.get(&key)) {
        ("PUT", _) => {
            objects.insert(key, body);
            ("200 OK", "ETag: \"x\"\r\n".to_owned(), vec![])
        }
        ("DELETE", _) => {
            objects.remove(&key);
            ("204 No Content", String::new(), vec![])
        }
        (_, None) => ("404 Not Found", String::new(), vec![]),
        (_, Some(object)) => {
            let all = object.len();
            let (from, to) = range.map_or((0, all), |(from, to)| {
                (from.parse().unwrap(), to.parse::<usize>().map_or(all, |to| (to + 1).min(all)))
            });
            let status = if to - from < all { "206 Partial Content" } else { "200 OK" };
            let last = to.saturating_sub(1);
            let headers = format!(
                "ETag: \"x\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Range: bytes {from}-{last}/{all}\r\n"
            );
            (status, headers, object[from..to].to_vec())
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", content.len());
    let mut stream = *connection.get_ref();
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&content).ok()?;
    }
    Some(())
}

#[test]
fn segments_are_in_a_bucket() {
    let (address, objects) = fake_s3();
    let settings = S3Settings {
        bucket: "the-bucket".to_owned(),
        environment: vec![
            ("aws_endpoint".to_owned(), address),
            ("aws_region".to_owned(), "us-east-1".to_owned()),
            ("aws_access_key_id".to_owned(), "the-key".to_owned()),
            ("aws_secret_access_key".to_owned(), "the-secret".to_owned()),
        ],
    };
    each_kind(|database| {
        let place = SegmentsPlace::S3 {
            settings: settings.clone(),
            prefix: "lists/of/osaka".to_owned(),
        };
        let held = || {
            let objects = objects.lock().unwrap();
            objects
                .keys()
                .map(|key| key.strip_prefix("lists/of/osaka/").unwrap().to_owned())
                .collect()
        };
        works_elsewhere(&database.open(), &place, &held);
    });
}

#[test]
fn a_place_that_does_not_answer_is_said_and_nothing_is_noted() {
    each_kind(|database| {
        let settings = S3Settings {
            bucket: "b".to_owned(),
            environment: vec![
                ("aws_endpoint".to_owned(), "http://127.0.0.1:9".to_owned()),
                ("aws_access_key_id".to_owned(), "k".to_owned()),
                ("aws_secret_access_key".to_owned(), "s".to_owned()),
            ],
        };
        let place = SegmentsPlace::S3 {
            settings,
            prefix: String::new(),
        };
        let inner = database.open();
        let store = SegmentsElsewhere::new(Arc::clone(&inner), &place, &crate::log::none()).unwrap();
        assert_eq!(store.put_segment(OSAKA, &sha256(b"x"), b"x", 0, 10), Err(StoreError::Failed));
        assert_eq!(inner.segment(&sha256(b"x")), Ok(None));
        assert_eq!(store.check(), Err(StoreError::Failed));
    });
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let allows = |endpoint: &str| is_here(endpoint);
    assert!(allows("http://127.0.0.1:9000") && allows("http://localhost/x"));
    assert!(!allows("http://127.0.0.1.example.com") && !allows("http://10.0.0.1") && !allows("http://localhost@evil.example"));
}
