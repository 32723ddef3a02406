use super::*;
use crate::arch::Arch;
use crate::version::KernelVersion;

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn digest() -> String {
    format!("sha256:{HASH}{}", &HASH[..24])
}

/// What the scanner finds, as texts.
fn found(text: &str) -> Vec<String> {
    references(text.as_bytes())
        .map(|(place, reference)| {
            assert_eq!(reference.to_string(), text[place.clone()], "the place is that of the reference");
            if let Some(tag) = reference.tag_place() {
                assert_eq!(reference.tag, Some(&text[place.start + tag.start..place.start + tag.end]));
            }
            reference.to_string()
        })
        .filter(|reference| reference.contains("kernel:"))
        .collect()
}

#[test]
fn references_read_and_print_the_same() {
    let with_digest = format!("linuxkit/kernel:6.6.13@{}", digest());
    for (text, registry, path, tag) in [
        ("linuxkit/kernel:6.6.13", None, "linuxkit/kernel", Some("6.6.13")),
        ("kernel", None, "kernel", None),
        ("localhost/kernel:a", Some("localhost"), "kernel", Some("a")),
        (
            "registry.example.org:5000/a/b__c/d-e--f.g:6.6.13-rt_X",
            Some("registry.example.org:5000"),
            "a/b__c/d-e--f.g",
            Some("6.6.13-rt_X"),
        ),
        ("Host/kernel:1", Some("Host"), "kernel", Some("1")),
        (with_digest.as_str(), None, "linuxkit/kernel", Some("6.6.13")),
    ] {
        let reference = Reference::parse(text).expect(text);
        assert_eq!((reference.registry, reference.path, reference.tag), (registry, path, tag));
        assert_eq!(reference.to_string(), text);
    }
    let reference = Reference::parse(&with_digest).expect("good");
    assert_eq!(reference.digest, Some(digest().as_str()));
    assert_eq!(reference.with_tag("6.6.14").to_string(), format!("linuxkit/kernel:6.6.14@{}", digest()));
}

#[test]
fn what_is_no_reference_is_refused() {
    let long = format!("a/{}", "b".repeat(254));
    let long_tag = format!("a:{}", "b".repeat(129));
    for text in [
        "",
        ":",
        "a:",
        ":a",
        "a/",
        "/a",
        "a//b",
        "A",
        "a/B",
        "a_",
        "-a",
        "a___b",
        "a..b",
        "a._b",
        "a:b:c",
        "a:.b",
        "a:-b",
        "a:b/c",
        "a@b",
        "a@sha256:0",
        "a@",
        "host.x:/a",
        "host.x:y/a",
        "-host.x/a",
        "docker://linuxkit/kernel:6.6.13",
        &long,
        &long_tag,
    ] {
        assert!(Reference::parse(text).is_err(), "{text}");
    }
    assert!(Reference::parse(&long[1..]).is_err() && Reference::parse(&long[..255]).is_ok());
    assert!(Reference::parse(&long_tag[..130]).is_ok());
    let upper = format!("a@{}", digest().to_uppercase());
    assert!(Reference::parse(&upper).is_err());
    assert!(Reference::parse(&format!("a@sha512:{}", "0".repeat(128))).is_ok());
    assert!(Reference::parse(&format!("a@md5+b64:{}==", "A".repeat(30))).is_ok());
}

/// Every tag that the parts can make is read as these parts, and no other tag is.
#[test]
fn tags_read_and_print_the_same() {
    let mut count = 0;
    for version in ["6.6.13", "6.7", "6.7-rc1", "5.11.4-rt", "6.6.13-foo-bar_1.2", "6.7-rc2-rt"] {
        for debug in [false, true] {
            for arch in std::iter::once(None).chain(Arch::ALL.map(Some)) {
                for (builder, hash, dirty, id) in [
                    (false, None, false, None),
                    (true, None, false, None),
                    (false, Some(HASH), false, None),
                    (false, Some(HASH), true, None),
                    (false, Some(HASH), true, Some("1d75567")),
                ] {
                    let tag = KernelTag {
                        version: version.parse().expect("a version"),
                        debug,
                        hash: hash.map(str::to_owned),
                        dirty,
                        dirty_id: id.map(str::to_owned),
                        arch,
                        builder,
                    };
                    let text = tag.to_string();
                    assert_eq!(text.parse(), Ok(tag), "{text}");
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 6 * 2 * 5 * 5);
    let full = format!("5.11.4-rt-dbg-{HASH}-dirty-1d75567-arm64");
    assert_eq!(full.parse::<KernelTag>().expect("a tag").version, "5.11.4-rt".parse::<KernelVersion>().expect("one"));
}

/// Words of a tag in any order: what is read prints as it was, whatever it is read as.
#[test]
fn what_is_read_prints_as_it_was() {
    let words = ["6.6.13", "rt", "dbg", "builder", HASH, OTHER, "dirty", "1d75567", "amd64", "rc1", "x86_64", ""];
    let mut read = 0;
    for a in words {
        for b in words {
            for c in words {
                for d in words {
                    let text = [a, b, c, d].join("-");
                    for text in [text.trim_end_matches('-'), &format!("6.6.1-{text}")] {
                        if let Ok(tag) = text.parse::<KernelTag>() {
                            assert_eq!(tag.to_string(), text);
                            read += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn what_is_no_tag_of_a_kernel_is_refused() {
    for text in [
        "",
        "latest",
        "6.6.x",
        "6.6.13.",
        "v6.6.13",
        "6.6.13-dirty",
        "6.6.13-dbg-rt",
        "6.6.13-dbg-dbg",
        "6.6.13-amd64-dbg",
        "6.6.13-builder-dbg",
        "6.6.0",
        "6.6.013",
        HASH,
    ] {
        assert!(text.parse::<KernelTag>().is_err(), "{text}");
    }
    for tail in
        ["-builder", "-dbg", &format!("-{OTHER}"), "-amd64-amd64", "-dirty-1d7556", "-dirty-1D75567", "-dirty-dirty"]
    {
        let text = format!("6.6.13-{HASH}{tail}");
        assert!(text.parse::<KernelTag>().is_err(), "{text}");
    }
    let error = "6.6.13-\u{1b}".parse::<KernelTag>().expect_err("no tag");
    assert_eq!(error.to_string(), "'6.6.13-\\u{1b}' is not the tag of a kernel image such as 6.6.13");
}

#[test]
fn tags_go_over_to_another_kernel() {
    let version = "6.6.14".parse().expect("a version");
    let read = |text: &str| text.parse::<KernelTag>().expect(text);
    assert_eq!(
        read(&format!("6.6.13-dbg-{HASH}-dirty-1d75567-amd64")).of_kernel(&version, Some(OTHER)).to_string(),
        format!("6.6.14-dbg-{OTHER}-amd64")
    );
    assert_eq!(read("6.6.13-builder-arm64").of_kernel(&version, None).to_string(), "6.6.14-builder-arm64");
    assert_eq!(KernelTag::plain(version).to_string(), "6.6.14");
}

#[test]
fn images_of_a_kit_are_told_from_those_of_others() {
    let images = Images::new("linuxkit", "kernel").expect("names");
    let kind = |text: &str| images.kind(&Reference::parse(text).expect(text));
    assert_eq!(kind("linuxkit/kernel:6.6.13"), Some(ImageKind::Kernel));
    assert_eq!(kind("registry.example.org/linuxkit/kernel:6.6.13"), Some(ImageKind::Kernel));
    assert_eq!(kind("linuxkit/kernel-perf:6.6.13"), Some(ImageKind::Tool));
    assert_eq!(kind("linuxkit/zfs-kmod:6.6.13"), Some(ImageKind::Zfs));
    for other in [
        "kernel:6.6.13",
        "other/kernel:6.6.13",
        "linuxkit/kernels:1",
        "linuxkit/kernel/x:1",
        "a/linuxkit/kernel:1",
        "linuxkit/kernel-a/b:1",
    ] {
        assert_eq!(kind(other), None, "{other}");
    }
    let own = Images::new("registry.example.org/acme", "linux").expect("names");
    let kind = |text: &str| own.kind(&Reference::parse(text).expect(text));
    assert_eq!(kind("registry.example.org/acme/linux:6.6.13"), Some(ImageKind::Kernel));
    assert_eq!(kind("acme/linux:6.6.13"), None);
    for (org, name) in [("", "kernel"), ("a", ""), ("A b", "kernel"), ("a", "kernel:1"), ("a", "-x")] {
        assert!(Images::new(org, name).is_err(), "{org} {name}");
    }
}

#[test]
fn references_are_found_in_yaml_dockerfiles_and_scripts() {
    let one = |text: &str| assert_eq!(found(text), ["linuxkit/kernel:6.6.13"], "{text}");
    for text in [
        "linuxkit/kernel:6.6.13",
        "kernel:\n  image: linuxkit/kernel:6.6.13\n",
        "kernel:\r\n  image: linuxkit/kernel:6.6.13\r\n",
        "image: \"linuxkit/kernel:6.6.13\" # why",
        "image: 'linuxkit/kernel:6.6.13'",
        "kernel: {image: linuxkit/kernel:6.6.13}",
        "kernel: {cmdline: x, image: linuxkit/kernel:6.6.13, tar: none}",
        "{linuxkit/kernel:6.6.13}",
        "images: [linuxkit/kernel:6.6.13, a:b]",
        "[\"linuxkit/kernel:6.6.13\"]",
        "- linuxkit/kernel:6.6.13",
        "# see linuxkit/kernel:6.6.13.",
        "#linuxkit/kernel:6.6.13: it is new",
        "FROM linuxkit/kernel:6.6.13 AS ksrc",
        "FROM --platform=linux/amd64 linuxkit/kernel:6.6.13 AS ksrc",
        "COPY --from=linuxkit/kernel:6.6.13 /kernel-dev.tar /",
        "ARG KERNEL=linuxkit/kernel:6.6.13",
        "ARG KERNEL=\"linuxkit/kernel:6.6.13\"",
        "KERNEL=linuxkit/kernel:6.6.13\n",
        "docker pull linuxkit/kernel:6.6.13",
        "docker pull linuxkit/kernel:6.6.13\\\n && x",
        "X=$(docker create linuxkit/kernel:6.6.13)",
        "X=`docker create linuxkit/kernel:6.6.13`",
        "printf 'FROM linuxkit/kernel:6.6.13\\n'",
        "docker run -v $PWD:/x linuxkit/kernel:6.6.13;",
        "\u{feff}linuxkit/kernel:6.6.13",
        "„linuxkit/kernel:6.6.13“",
        "sh -c '\"linuxkit/kernel:6.6.13\"'",
    ] {
        one(text);
    }
    assert_eq!(
        found("a linuxkit/kernel:6.6.13,linuxkit/kernel:6.6.14"),
        ["linuxkit/kernel:6.6.13", "linuxkit/kernel:6.6.14"]
    );
}

#[test]
fn nothing_is_found_inside_of_something_else() {
    for text in [
        "linuxkit/kernel:6.6.${PATCH}",
        "linuxkit/kernel:6.6$PATCH",
        "linuxkit/kernel:6.6\"$PATCH\"",
        "\"linuxkit/kernel:6.6.\"$PATCH",
        "'linuxkit/kernel:6.6'\"$PATCH\"x",
        "linuxkit/kernel:6.6.{{.Patch}}",
        "linuxkit/kernel:6.6%PATCH%",
        "linuxkit/kernel:6.6*",
        "linuxkit/kernel:6.6[.]13",
        "linuxkit/kernel:6\\.6",
        "linuxkit/kernel:6.6<patch>",
        "${REGISTRY}linuxkit/kernel:6.6.13",
        "${REGISTRY}/linuxkit/kernel:6.6.13",
        "{{linuxkit/kernel:6.6.13}}",
        "${KERNEL:-linuxkit/kernel:6.6.13}",
        "$linuxkit/kernel:6.6.13",
        "https://example.org/linuxkit/kernel:6.6.13",
        "docker://linuxkit/kernel:6.6.13",
        "oci:linuxkit/kernel:6.6.13",
        "/linuxkit/kernel:6.6.13",
        "./linuxkit/kernel:6.6.13",
        "élinuxkit/kernel:6.6.13",
        "linuxkit/kernel:6.6.13é",
        "linuxkit/kernel:6.6.13:/kernel",
        "linuxkit/kernel:6.6.13/kernel",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
    // Never out of range, whatever the bytes are.
    for text in [&b""[..], b".", b":", b"\xff", b"a\xff", b"}", b"a}", b"{", b"\\", b"a\\", b"a\"", b"a'.", b"\xc3"] {
        assert!(references(text).count() <= 1);
    }
}
