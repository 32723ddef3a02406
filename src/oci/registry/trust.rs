//! Authorities that are trusted besides the system's: in the places where docker and its like look for them.

use std::fs;
use std::path::{Path, PathBuf};

use oci_client::client::{Certificate, CertificateEncoding};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::super::Error;
use super::super::error::cannot;

/// The file with more authorities to trust, in PEM, for everything that kpatch fetches.
const CA_FILE: &str = "KPATCH_CA_FILE";

/// A certificate that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root(Vec<u8>);

impl Root {
    pub(super) fn for_oci_client(&self) -> Certificate {
        Certificate { encoding: CertificateEncoding::Der, data: self.0.clone() }
    }

    pub(super) fn for_web(&self) -> Result<reqwest::Certificate, reqwest::Error> {
        reqwest::Certificate::from_der(&self.0)
    }
}

/// The certificates in the directories for `host`, and in the file that `KPATCH_CA_FILE` names. Those of the system, of `SSL_CERT_FILE`
/// and of `SSL_CERT_DIR` are trusted without.
pub(super) fn extra_roots(host: &str) -> Result<Vec<Root>, Error> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let below_home = [".config/containers/certs.d", ".config/docker/certs.d", ".docker/certs.d"];
    let mut dirs: Vec<PathBuf> = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(PathBuf::from).into();
    dirs.extend(home.iter().flat_map(|home| below_home.map(|dir| home.join(dir))));
    let mut roots = Vec::new();
    for dir in dirs {
        roots.extend(in_dir(&dir.join(host))?);
    }
    if let Some(file) = std::env::var_os(CA_FILE).filter(|file| !file.is_empty()) {
        roots.extend(in_file(Path::new(&file))?);
    }
    Ok(roots)
}

/// The certificates of all files of a directory whose names end in `.crt`; none where there is no directory.
fn in_dir(dir: &Path) -> Result<Vec<Root>, Error> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    files.sort();
    let mut roots = Vec::new();
    for file in files {
        roots.extend(in_file(&file)?);
    }
    Ok(roots)
}

fn in_file(path: &Path) -> Result<Vec<Root>, Error> {
    let text = fs::read(path).map_err(cannot("read", path))?;
    let bad = || Error::Entry { path: path.to_owned(), why: "holds no certificates in PEM" };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|_| bad())?;
    if found.is_empty() {
        return Err(bad());
    }
    Ok(found.into_iter().map(|certificate| Root(certificate.as_ref().to_vec())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_from_files_that_end_in_crt() {
        let dir = tempfile::tempdir().expect("a directory");
        let pem = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        fs::write(dir.path().join("b.crt"), [pem("AAEC"), pem("AwQF")].concat()).expect("written");
        fs::write(dir.path().join("client.cert"), "nothing").expect("written");
        let roots = in_dir(dir.path()).expect("certificates");
        assert_eq!(roots, [Root(vec![0, 1, 2]), Root(vec![3, 4, 5])]);
        fs::write(dir.path().join("a.crt"), "nothing").expect("written");
        let error = in_dir(dir.path()).expect_err("refused");
        assert!(error.to_string().ends_with("a.crt' holds no certificates in PEM"), "{error}");
        assert!(in_dir(&dir.path().join("none")).expect("nothing").is_empty());
    }
}
