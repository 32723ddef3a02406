//! The image for changing configurations: a shell beside the patched sources of all kernels.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::context::{empty_dir, place_tarball, write_file};
use super::produce::{Call, Settings, Wanted, fresh_log, import, in_stage};
use super::progress::Progress;
use super::template::fill;
use super::{Engine, session};
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::image::Reference;

const BEGIN: &str = include_str!("../../../templates/build/Dockerfile.kconfig");
const KERNEL: &str = include_str!("../../../templates/build/Dockerfile.kconfig-kernel");
/// What `docker run` starts.
const END: &str = "ENTRYPOINT [\"/bin/sh\"]\nWORKDIR /\n";
const SCRIPTS: [(&str, &str); 2] = [
    ("toolchain.sh", include_str!("../../../templates/build/toolchain.sh")),
    ("unpack.sh", include_str!("../../../templates/build/unpack.sh")),
];

/// One kernel in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KconfigKernel {
    /// What follows `/linux-` in the name of its directory: `6.6.13`, `6.6.13-rt`.
    pub name: String,
    /// The patched sources, unpacked.
    pub tree: PathBuf,
    /// The same as a tarball, if there is one.
    pub tarball: Option<PathBuf>,
    /// The configurations, each for its architecture, with what a variant appends to it.
    pub configs: Vec<(Arch, Vec<u8>)>,
}

/// The image to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KconfigImage {
    /// Its name and tag: `linuxkit/kconfig:6.6`.
    pub reference: String,
    /// What it runs on.
    pub arch: Arch,
    /// The kernels.
    pub kernels: Vec<KconfigKernel>,
}

/// Makes the image and leaves it in the engine. It is never pushed. The result says where it is, in words.
///
/// # Errors
/// Names the stage and the log.
pub fn build_kconfig_image(
    engine: Engine,
    builder: Option<&str>,
    settings: &Settings,
    image: &KconfigImage,
    watch: Watch<'_>,
) -> Result<String, BuildError> {
    Reference::parse(&image.reference).map_err(|error| BuildError::Input(error.to_string(), None))?;
    let session = session(engine, builder, image.arch, &settings.work, watch)?;
    if session.machine() != image.arch {
        let what = format!(
            "{engine} runs on {}, and cannot make an image that runs on {}",
            session.machine().oci(),
            image.arch.oci()
        );
        let hint =
            "the image has the configurations of every architecture; name another builder for another machine: BUILDER";
        return Err(BuildError::Input(what, Some(hint.to_owned())));
    }
    let log = fresh_log(&settings.logs, &format!("kconfig-{}-{engine}", image.arch.oci()))?;
    watch.observer.event(&Event::Note(format!("{engine} builds on {}; the log is {}", session.said(), log.display())));
    watch.observer.event(&Event::Stage { name: "preparing the builder image".into(), total: None });
    fs::create_dir_all(&settings.work).map_err(cannot("create", &settings.work))?;
    let base = import(session.as_ref(), &settings.image, &settings.work, watch)?;
    let context = settings.work.join("context").join(format!("kconfig-{engine}"));
    write_context(&context, &base, image, watch)?;
    watch.observer.event(&Event::Stage { name: format!("making {}", image.reference).into(), total: None });
    let arguments = [("ARCH".to_owned(), image.arch.kernel().to_owned())];
    let call = Call {
        context: &context,
        dockerfile: "Dockerfile",
        target: None,
        arguments: &arguments,
        sources: None,
        network: true,
        wanted: Wanted::Image(&image.reference),
        log: &log,
    };
    let mut progress = Progress::new(watch.observer);
    let built = session.build(&call, watch, &mut |line| progress.line(line));
    built.map_err(|error| in_stage(error, &format!("making {}", image.reference)))?;
    // The sources are in the image now; a copy of them would only take space.
    let _ = fs::remove_dir_all(&context);
    Ok(format!("{engine}, on {}", session.said()))
}

/// Writes the Dockerfile and what it reads.
fn write_context(dir: &Path, base: &str, image: &KconfigImage, watch: Watch<'_>) -> Result<(), BuildError> {
    fs::create_dir_all(dir).map_err(cannot("create", dir))?;
    for (name, text) in SCRIPTS {
        write_file(&dir.join(name), text.as_bytes())?;
    }
    for kernel in &image.kernels {
        let own = empty_dir(dir, &kernel.name)?;
        place_tarball(&own.join("linux.tar"), kernel.tarball.as_deref(), &kernel.tree, watch)?;
        let configs = empty_dir(&own, "configs")?;
        for (arch, bytes) in &kernel.configs {
            let path = configs.join(arch.defconfig());
            let above = path.parent().unwrap_or(&configs);
            fs::create_dir_all(above).map_err(cannot("create", above))?;
            write_file(&path, bytes)?;
        }
    }
    write_file(&dir.join("Dockerfile"), dockerfile(base, image)?.as_bytes())
}

fn dockerfile(base: &str, image: &KconfigImage) -> Result<String, BuildError> {
    let bad = |reason: String| BuildError::Input(reason, None);
    let mut text = fill(BEGIN, &[("builder", base)]).map_err(bad)?;
    for kernel in &image.kernels {
        let _ = write!(text, "{}", fill(KERNEL, &[("kernel", &kernel.name)]).map_err(bad)?);
    }
    text.push_str(END);
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::event::{Interrupt, Silent};

    #[test]
    fn every_kernel_gets_its_sources_and_configurations() {
        let dir = tempfile::tempdir().unwrap();
        let tarball = dir.path().join("linux.tar.xz");
        fs::write(&tarball, "sources").unwrap();
        let kernel = |name: &str| KconfigKernel {
            name: name.into(),
            tree: dir.path().into(),
            tarball: Some(tarball.clone()),
            configs: vec![(Arch::X86_64, b"CONFIG_X=y\n".to_vec()), (Arch::Riscv64, b"CONFIG_R=y\n".to_vec())],
        };
        let image = KconfigImage {
            reference: "linuxkit/kconfig".into(),
            arch: Arch::X86_64,
            kernels: vec![kernel("6.6.13"), kernel("6.12.59-rt")],
        };
        let interrupt = Interrupt::new();
        let context = dir.path().join("context");
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        write_context(&context, "builder:1", &image, watch).unwrap();
        let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
        assert!(text.contains("\nFROM builder:1 AS kconfig\n") && !text.contains("{{"), "{text}");
        assert!(text.contains("/linux-6.6.13 /kpatch") && text.contains("/linux-6.12.59-rt /kpatch"), "{text}");
        assert!(text.ends_with("ENTRYPOINT [\"/bin/sh\"]\nWORKDIR /\n"));
        let config = context.join("6.12.59-rt/configs/arch/riscv/configs/defconfig");
        assert_eq!(fs::read_to_string(config).unwrap(), "CONFIG_R=y\n");
        assert!(context.join("6.6.13/configs/arch/x86/configs/x86_64_defconfig").is_file());
    }
}
