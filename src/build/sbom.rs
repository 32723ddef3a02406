//! What an image is made of, as SPDX 2.3 writes it: the kernel, its patches, and who compiled it.

use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::NamedFile;
use crate::arch::Arch;
use crate::text::hex;

/// The media type of the document, by which it is found beside an image.
pub const SBOM_TYPE: &str = "application/spdx+json";
/// The licence of the kernel.
const LICENCE: &str = "GPL-2.0-only WITH Linux-syscall-note";

/// What is known of an image's contents. Equal ones give equal documents.
#[derive(Debug, Clone)]
pub struct Sbom<'a> {
    /// The kernel's version: `6.6.13`.
    pub version: &'a str,
    /// For which architecture.
    pub arch: Arch,
    /// Where its sources came from: a URL.
    pub source: &'a str,
    /// The patches, in the order in which they are applied.
    pub patches: &'a [NamedFile],
    /// Who compiled it: the reference of a builder image, or the versions of the tools.
    pub compiler: &'a str,
    /// The moment that the document says it was made at, in seconds since 1970.
    pub epoch: i64,
}

impl Sbom<'_> {
    /// The document as JSON.
    pub fn document(&self) -> Vec<u8> {
        let body = json!({
            "packages": [self.kernel(), self.builder()],
            "files": self.patches.iter().enumerate().map(|(at, patch)| file(at, patch)).collect::<Vec<_>>(),
            "relationships": self.relationships(),
        });
        // A document's namespace has to be its own: it follows from what it says.
        let id = hex(&Sha256::digest(body.to_string()));
        let name = format!("linux-{}-{}", self.version, self.arch.oci());
        let mut document = json!({
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": name,
            "documentNamespace": format!("https://spdx.org/spdxdocs/{name}-{id}"),
            "creationInfo": {
                "created": time(self.epoch),
                "creators": [concat!("Tool: kpatch-", env!("CARGO_PKG_VERSION"))],
            },
        });
        if let (Value::Object(document), Value::Object(body)) = (&mut document, body) {
            document.extend(body);
        }
        let mut text = format!("{document:#}").into_bytes();
        text.push(b'\n');
        text
    }

    fn kernel(&self) -> Value {
        let is_url = self.source.contains("://");
        json!({
            "SPDXID": "SPDXRef-linux",
            "name": "linux",
            "versionInfo": self.version,
            "supplier": "NOASSERTION",
            "downloadLocation": if is_url { self.source } else { "NOASSERTION" },
            "sourceInfo": format!("compiled for {} from {} with {} patches", self.arch.oci(), self.source, self.patches.len()),
            "filesAnalyzed": false,
            "licenseConcluded": LICENCE,
            "licenseDeclared": LICENCE,
            "copyrightText": "NOASSERTION",
            "primaryPackagePurpose": "OPERATING-SYSTEM",
            "externalRefs": [
                {
                    "referenceCategory": "SECURITY",
                    "referenceType": "cpe23Type",
                    "referenceLocator": format!("cpe:2.3:o:linux:linux_kernel:{}:*:*:*:*:*:*:*", self.version),
                },
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": format!("pkg:generic/linux@{}?arch={}", self.version, self.arch.oci()),
                },
            ],
        })
    }

    fn builder(&self) -> Value {
        json!({
            "SPDXID": "SPDXRef-compiler",
            "name": self.compiler,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION",
        })
    }

    fn relationships(&self) -> Vec<Value> {
        let relation = |from: &str, kind: &str, to: &str| json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to });
        let patches = (0..self.patches.len()).map(|at| relation(&patch_id(at), "PATCH_FOR", "SPDXRef-linux"));
        [
            relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-linux"),
            relation("SPDXRef-compiler", "BUILD_TOOL_OF", "SPDXRef-linux"),
        ]
        .into_iter()
        .chain(patches)
        .collect()
    }
}

fn patch_id(at: usize) -> String {
    format!("SPDXRef-patch-{}", at + 1)
}

fn file(at: usize, patch: &NamedFile) -> Value {
    json!({
        "SPDXID": patch_id(at),
        "fileName": format!("./patches/{}", crate::text::visible(patch.name.as_bytes())),
        "fileTypes": ["SOURCE"],
        // The format wants SHA-1 of every file; SHA-256 is the one to trust.
        "checksums": [
            { "algorithm": "SHA1", "checksumValue": hex(&Sha1::digest(&patch.bytes)) },
            { "algorithm": "SHA256", "checksumValue": hex(&Sha256::digest(&patch.bytes)) },
        ],
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    })
}

fn time(epoch: i64) -> String {
    let time = chrono::DateTime::from_timestamp(epoch, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_kernel_patches_and_compiler() {
        let patches = [NamedFile { name: "0001-a.patch".into(), bytes: b"abc".to_vec() }];
        let sbom = Sbom {
            version: "6.6.13",
            arch: Arch::X86_64,
            source: "https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-6.6.13.tar.xz",
            patches: &patches,
            compiler: "debian-12/gcc-12.2.0-14/binutils-2.40",
            epoch: 1_700_000_000,
        };
        let text = sbom.document();
        assert_eq!(text, sbom.document());
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(value["spdxVersion"], "SPDX-2.3");
        assert_eq!(value["creationInfo"]["created"], "2023-11-14T22:13:20Z");
        assert_eq!(value["packages"][0]["versionInfo"], "6.6.13");
        assert_eq!(value["packages"][0]["licenseDeclared"], LICENCE);
        assert_eq!(value["packages"][1]["name"], "debian-12/gcc-12.2.0-14/binutils-2.40");
        let sum = &value["files"][0]["checksums"][1]["checksumValue"];
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let related: Vec<&str> = value["relationships"]
            .as_array()
            .expect("relationships")
            .iter()
            .filter_map(|relation| relation["relationshipType"].as_str())
            .collect();
        assert_eq!(related, ["DESCRIBES", "BUILD_TOOL_OF", "PATCH_FOR"]);
        let other = Sbom { version: "6.6.14", ..sbom };
        let other: Value = serde_json::from_slice(&other.document()).expect("JSON");
        assert_ne!(other["documentNamespace"], value["documentNamespace"]);
    }
}
