//! Images of an OCI layout, as far as handing them to an engine needs it: OCI image specification 1.1, "Image Layout".

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::arch::Arch;
use crate::build::BuildError;
use crate::build::error::cannot;

/// The annotation that names an image.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

#[derive(Debug, Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// An image of a layout, for one architecture.
#[derive(Debug)]
pub(super) struct LayoutImage {
    dir: PathBuf,
    manifest: Manifest,
    /// Its annotation.
    name: Option<String>,
    /// The digest of its manifest.
    pub(super) digest: String,
}

impl LayoutImage {
    /// Finds the image that `tag` names, or the only one, for `arch`.
    ///
    /// # Errors
    /// Says which images there are, where none or several would do.
    pub(super) fn find(dir: &Path, tag: Option<&str>, arch: Arch) -> Result<Self, BuildError> {
        let index: Index = read_json(&dir.join("index.json"))?;
        let named = |descriptor: &&Descriptor| {
            tag.is_none_or(|tag| {
                let name = descriptor.annotations.get(REF_NAME).map_or("", String::as_str);
                name == tag || name.rsplit_once(':').is_some_and(|(_, last)| last == tag)
            })
        };
        let found: Vec<&Descriptor> = index.manifests.iter().filter(named).collect();
        let [image] = found[..] else {
            let known: Vec<&str> = index
                .manifests
                .iter()
                .filter_map(|image| image.annotations.get(REF_NAME))
                .map(String::as_str)
                .collect();
            let what = if found.is_empty() { "has no such image" } else { "has several images" };
            let hint = format!("name one: oci:{}:TAG, of {}", dir.display(), known.join(", "));
            return Err(BuildError::Input(format!("the layout '{}' {what}", dir.display()), Some(hint)));
        };
        let mut image = image.clone();
        let name = image.annotations.get(REF_NAME).cloned();
        if image.media_type.ends_with(".index.v1+json") || image.media_type.ends_with(".list.v2+json") {
            let index: Index = read_json(&blob(dir, &image.digest)?)?;
            let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == arch.oci();
            let found = index.manifests.into_iter().find(|one| one.platform.as_ref().is_some_and(fits));
            image = found.ok_or_else(|| {
                let hint =
                    format!("a builder image has to run on the machine that compiles, which is linux/{}", arch.oci());
                BuildError::Input(
                    format!("the image in '{}' is not for linux/{}", dir.display(), arch.oci()),
                    Some(hint),
                )
            })?;
        }
        let manifest = read_json(&blob(dir, &image.digest)?)?;
        Ok(Self { dir: dir.to_owned(), manifest, name, digest: image.digest })
    }

    /// The image as `containers-transports(5)` names it, for a program that runs in the directory `from`. Buildah makes a name of the
    /// path that it is given, and a name has neither capitals nor most other signs: so it is given a link in that directory.
    pub(super) fn source(&self, from: &Path) -> Result<String, BuildError> {
        let (dir, link) = (fs::canonicalize(&self.dir).map_err(cannot("open", &self.dir))?, from.join("layout"));
        symlink(&dir, &link).map_err(cannot("make the link", &link))?;
        Ok(match &self.name {
            Some(name) => format!("oci:layout:{name}"),
            None => "oci:layout".to_owned(),
        })
    }

    /// Writes the image as `docker load` takes it, under the name `tag`. Every docker knows this form; only those since 25.0 know layouts.
    pub(super) fn save_for_docker(&self, tag: &str, to: &Path) -> Result<(), BuildError> {
        let file = File::create(to).map_err(cannot("write", to))?;
        let mut archive = tar::Builder::new(file);
        let mut layers = Vec::new();
        for layer in &self.manifest.layers {
            let name = format!("{}.tar", layer.digest.rsplit(':').next().unwrap_or(&layer.digest));
            archive.append_path_with_name(blob(&self.dir, &layer.digest)?, &name).map_err(cannot("write", to))?;
            layers.push(name);
        }
        let config = format!("{}.json", self.manifest.config.digest.rsplit(':').next().unwrap_or("config"));
        let path = blob(&self.dir, &self.manifest.config.digest)?;
        archive.append_path_with_name(path, &config).map_err(cannot("write", to))?;
        let list = serde_json::json!([{ "Config": config, "RepoTags": [tag], "Layers": layers }]).to_string();
        let mut header = tar::Header::new_ustar();
        header.set_size(list.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "manifest.json", list.as_bytes()).map_err(cannot("write", to))?;
        archive.into_inner().and_then(|mut file| file.flush()).map_err(cannot("write", to))
    }
}

/// The file of a blob; a digest that is none names no path.
fn blob(dir: &Path, digest: &str) -> Result<PathBuf, BuildError> {
    match digest.split_once(':') {
        Some((algorithm, hex))
            if !hex.is_empty() && digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':') =>
        {
            Ok(dir.join("blobs").join(algorithm).join(hex))
        }
        _ => Err(BuildError::Input(
            format!("'{}' in the layout '{}' is no digest", digest.escape_debug(), dir.display()),
            None,
        )),
    }
}

fn read_json<T: for<'d> Deserialize<'d>>(path: &Path) -> Result<T, BuildError> {
    let bytes = fs::read(path).map_err(cannot("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| BuildError::Input(format!("'{}' is not as OCI layouts are: {error}", path.display()), None))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn layout(index: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let blobs = dir.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(dir.path().join("index.json"), index).unwrap();
        let manifest = r#"{"config":{"digest":"sha256:cc"},"layers":[{"digest":"sha256:11"}]}"#;
        fs::write(blobs.join("aa"), manifest).unwrap();
        fs::write(
            blobs.join("bb"),
            r#"{"manifests":[{"digest":"sha256:aa","platform":{"os":"linux","architecture":"amd64"}}]}"#,
        )
        .unwrap();
        fs::write(blobs.join("cc"), "{}").unwrap();
        fs::write(blobs.join("11"), "layer").unwrap();
        dir
    }

    #[test]
    fn an_image_is_found_by_name_and_platform() {
        let dir = layout(
            r#"{"manifests":[
                {"digest":"sha256:aa","annotations":{"org.opencontainers.image.ref.name":"one"}},
                {"digest":"sha256:bb","mediaType":"application/vnd.oci.image.index.v1+json",
                 "annotations":{"org.opencontainers.image.ref.name":"example/builder:two"}}]}"#,
        );
        let find = |tag, arch| LayoutImage::find(dir.path(), tag, arch).map(|image| image.digest);
        assert_eq!(find(Some("one"), Arch::Aarch64).unwrap(), "sha256:aa");
        assert_eq!(find(Some("two"), Arch::X86_64).unwrap(), "sha256:aa");
        assert!(find(Some("two"), Arch::Aarch64).unwrap_err().to_string().ends_with("is not for linux/arm64"));
        assert!(find(None, Arch::X86_64).unwrap_err().hints()[0].ends_with("of one, example/builder:two"));
        assert!(find(Some("three"), Arch::X86_64).unwrap_err().to_string().ends_with("has no such image"));
    }

    #[test]
    fn docker_gets_what_it_reads() {
        let dir = layout(r#"{"manifests":[{"digest":"sha256:aa"}]}"#);
        let to = dir.path().join("saved.tar");
        LayoutImage::find(dir.path(), None, Arch::X86_64).unwrap().save_for_docker("k:1", &to).unwrap();
        let mut archive = tar::Archive::new(File::open(&to).unwrap());
        let names: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(names, ["11.tar", "cc.json", "manifest.json"]);
    }

    #[test]
    fn no_digest_leaves_the_layout() {
        assert!(blob(Path::new("/l"), "sha256:../../x").is_err());
        assert!(blob(Path::new("/l"), "x").is_err());
    }
}
