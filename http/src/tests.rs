use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;

/// A server that answers one request with fixed bytes and gives back what it was asked.
fn answering(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(answer).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (relay, asked)
}

#[test]
fn a_request_is_its_url_alone() {
    let (relay, asked) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nset-cookie: a=b\r\netag: \"x\"\r\n\r\nok");
    assert_eq!(
        Http::new().unwrap().get(&relay, "/v1/segments/00", 10),
        Ok(Some(b"ok".to_vec()))
    );
    let asked = asked.join().unwrap().to_ascii_lowercase();
    let headers: Vec<&str> = asked
        .lines()
        .skip(1)
        .filter_map(|line| line.split(':').next())
        .filter(|h| !h.is_empty())
        .collect();
    assert_eq!(headers, ["accept", "host"]);
}

#[test]
fn an_answer_without_end_is_cut() {
    let (relay, _) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n0123456789012345678901234567890123456789");
    assert_eq!(Http::new().unwrap().get(&relay, "/", 10), Err(HttpError::TooLarge));
}

#[test]
fn an_answer_that_breaks_off_is_damaged() {
    let (relay, asked) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n01234");
    let answer = Http::new().unwrap().get(&relay, "/", 1_000);
    asked.join().unwrap();
    assert_eq!(answer, Err(HttpError::AnswerDamaged));
}

#[test]
fn a_problem_keeps_its_code() {
    let (relay, _) = answering(
        b"HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n{\"type\":\"about:blank\",\"title\":\"Older.\",\"status\":409,\"code\":\"manifest.replayed\",\"detail\":\"Use the newest one.\"}",
    );
    let expected = HttpError::Problem {
        status: 409,
        code: "manifest.replayed".into(),
        title: "Older.".into(),
    };
    assert_eq!(Http::new().unwrap().put(&relay, "/", vec![1]), Err(expected));
}

#[test]
fn a_redirect_is_not_followed() {
    let (relay, _) = answering(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(
        Http::new().unwrap().get(&relay, "/", 10),
        Err(HttpError::Refused { status: 302 })
    );
}

#[test]
fn nobody_there_says_so() {
    assert_eq!(
        Http::new().unwrap().get("http://127.0.0.1:9", "/", 10),
        Err(HttpError::Unreachable)
    );
}

#[test]
fn plain_http_is_for_this_machine() {
    for (relay, good) in [
        ("https://relay.example", true),
        ("http://127.0.0.1:80", true),
        ("http://[::1]:80", true),
        ("http://localhost", true),
        ("http://relay.example", false),
        ("http://127.0.0.1.example", false),
        ("ftp://127.0.0.1", false),
        ("nonsense", false),
    ] {
        assert_eq!(address(relay, "/v1").is_ok(), good, "{relay}");
    }
}
