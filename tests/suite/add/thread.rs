//! Postings by their message ids, and what replies say of them.

use std::io::Read as _;

use flate2::Compression;
use flate2::read::GzEncoder;
use kpatch::message::Threaded;
use kpatch::patch::split;

use super::{last, mbox, world};
use crate::support::kit::assert_refusal;
use crate::support::server::{Server, plain, say};

fn reply(to: &str, person: &str, says: &str) -> String {
    let head = format!(
        "From: {person} <{person}@example.org>\nMessage-ID: <{person}@reply.example.org>\nIn-Reply-To: <{to}>\n"
    );
    format!("From mboxrd@z Thu Jan  1 00:00:00 1970\n{head}Subject: Re: x\n\n{says}\n\n")
}

#[test]
fn a_posting_is_named_by_its_id_and_gets_what_replies_say() {
    let world = world();
    let mails = mbox(&world, "v6.6.13..more", &["--cover-letter", "--full-index", "--thread=shallow"]);
    let spans = split(&mails);
    let ids: Vec<String> = spans.iter().map(|span| Threaded::read(&mails[span.clone()]).id.unwrap()).collect();
    assert_eq!(ids.len(), 3, "a letter and two patches");
    let replies = [
        reply(&ids[2], "rita", "Reviewed-by: rita <rita@example.org>"),
        reply(&ids[0], "alan", "Acked-by: alan <alan@example.org>\nTested-by: tina <tina@example.org>"),
    ];
    let mut thread = Vec::new();
    let whole = [mails.as_slice(), replies.concat().as_bytes()].concat();
    GzEncoder::new(whole.as_slice(), Compression::fast()).read_to_end(&mut thread).unwrap();
    let single: Vec<(String, Vec<u8>)> =
        ids.iter().cloned().zip(spans.iter().map(|span| mails[span.clone()].to_vec())).collect();
    let server = Server::start(move |path, stream| {
        let (id, what) = path.strip_prefix("/all/").and_then(|rest| rest.split_once('/')).unwrap_or_default();
        match (single.iter().find(|(known, _)| known.as_str() == id), what) {
            (Some((_, mail)), "raw") => plain(stream, mail),
            (Some(_), "t.mbox.gz") => {
                say(
                    stream,
                    &format!("200 OK\r\nContent-Type: application/gzip\r\nContent-Length: {}", thread.len()),
                    &thread,
                );
            }
            _ => say(stream, "404 Not Found\r\nContent-Length: 0", b""),
        }
    });
    let run = |args: &[&str]| world.command(args).env("KPATCH_ARCHIVE", server.url("/all/")).output().unwrap();
    let patch = |args: &[&str]| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(last(&world).1).unwrap();
        world.sandbox.git(&world.kit, &["reset", "-q", "--hard"]);
        world.sandbox.git(&world.kit, &["clean", "-q", "-d", "-f"]);
        text
    };
    // The posting alone, then with what replies to it and to the letter say.
    let text = patch(&["add", &ids[1]]);
    let origin = format!("Origin: {}\n---\n", server.url(&format!("/all/{}/", ids[1])));
    assert!(text.contains(&format!("Signed-off-by: Ada <ada@example.org>\n{origin}")), "{text}");
    let text = patch(&["add", &ids[1], "--trailers"]);
    let trailers = format!("Signed-off-by: Ada <ada@example.org>\nAcked-by: alan <alan@example.org>\n{origin}");
    assert!(text.contains(&trailers) && !text.contains("rita") && !text.contains("tina"), "{text}");
    // The letter stands for the series.
    let text = patch(&["add", &format!("<{}>", ids[0]), "--trailers"]);
    let trailers = "\nReviewed-by: rita <rita@example.org>\nAcked-by: alan <alan@example.org>\nOrigin: ";
    assert!(text.contains("Subject: panic: thirty five") && text.contains(trailers), "{text}");
    assert!(patch(&["add", &ids[0]]).contains("Subject: panic: thirty five"));
    assert_refusal(&run(&["add", "nobody@example.org"]), &["nobody"], &["404"]);
    assert_refusal(&run(&["--offline", "add", &ids[1]]), &["offline"], &["cannot be fetched with --offline"]);
}
