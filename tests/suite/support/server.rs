//! A web server of the test's own, with all that servers do.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server on the loopback that answers each path as a function says. It ends with the test's process.
pub struct Server {
    root: String,
    /// How many requests came.
    pub requests: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::with_headers(move |path, _, stream| answer(path, stream))
    }

    /// A server that looks at the whole head of each request.
    pub fn with_headers(answer: impl Fn(&str, &str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (answer, counter) = (Arc::new(answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (answer, counter) = (Arc::clone(&answer), Arc::clone(&counter));
                std::thread::spawn(move || {
                    let head = request(&mut stream);
                    counter.fetch_add(1, Ordering::SeqCst);
                    answer(head.split(' ').nth(1).unwrap_or_default(), &head, &mut stream);
                });
            }
        });
        Self { root, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }
}

/// Reads a request up to its empty line.
fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// An answer with a header; the reader may go away in the middle of it.
pub fn say(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let _ = stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes());
    let _ = stream.write_all(body);
}

/// An answer with a text.
pub fn plain(stream: &mut TcpStream, body: &[u8]) {
    say(stream, &format!("200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}", body.len()), body);
}
