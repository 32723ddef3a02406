//! A git server of the test's own, which may hang up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Sandbox;

/// A server of one repository on the loopback, by git's own protocol. It ends with the test's process.
pub struct GitServer {
    port: u16,
    /// How many bytes it may still send; then it hangs up on everybody.
    budget: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

impl GitServer {
    /// Serves `repository`, also without blobs.
    pub fn start(sandbox: &Sandbox, repository: &Path) -> Self {
        sandbox.git(repository, &["config", "uploadpack.allowFilter", "true"]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            budget: Arc::new(AtomicUsize::new(usize::MAX)),
            sent: Arc::default(),
        };
        let (budget, sent, path) = (Arc::clone(&server.budget), Arc::clone(&server.sent), repository.to_owned());
        let folder = sandbox.path("");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (budget, sent) = (Arc::clone(&budget), Arc::clone(&sent));
                let (path, folder) = (path.clone(), folder.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &path, &folder, &budget, &sent));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("git://127.0.0.1:{}/linux", self.port)
    }

    /// Hangs up after so many bytes more.
    pub fn cut_after(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// How many bytes were sent since the last question.
    pub fn sent(&self) -> usize {
        self.sent.swap(0, Ordering::SeqCst)
    }
}

/// The first line of the client: its length in hex, and what it wants.
fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = usize::from_str_radix(std::str::from_utf8(&length).ok()?, 16).ok()?;
    let mut line = vec![0; length.checked_sub(4)?];
    stream.read_exact(&mut line).ok()?;
    Some(line)
}

fn upload_pack(repository: &Path, folder: &PathBuf, line: &[u8]) -> Child {
    let path = std::env::var_os("PATH").unwrap();
    let mut command = std::process::Command::new(kpatch::process::find_program("git".as_ref(), &path).unwrap());
    command.env_clear().env("PATH", path).env("HOME", folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    if line.windows(9).any(|word| word == b"version=2") {
        command.env("GIT_PROTOCOL", "version=2");
    }
    let command = command.arg("upload-pack").arg(repository).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).spawn().unwrap()
}

fn serve(mut stream: TcpStream, repository: &Path, folder: &PathBuf, budget: &AtomicUsize, sent: &AtomicUsize) {
    let Some(line) = request(&mut stream) else { return };
    let mut child = upload_pack(repository, folder, &line);
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut from = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if input.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    });
    let mut buffer = [0; 512];
    let mut left = usize::MAX;
    while left > 0 {
        let count = output.read(&mut buffer).unwrap_or(0);
        let before = budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(count)));
        let count = count.min(before.unwrap());
        if count == 0 || stream.write_all(&buffer[..count]).is_err() {
            break;
        }
        sent.fetch_add(count, Ordering::SeqCst);
        left = budget.load(Ordering::SeqCst);
    }
    let _ = stream.shutdown(Shutdown::Both);
    let _ = child.kill();
    let _ = child.wait();
}
