//! Makes an image of a directory with the library alone: for `tests/registry` and `benches/images`, and as an example of how it is called.
//!
//! ```text
//! assemble LAYOUT NAME VERSION HASH ARCH DIR BUILDER
//! ```
//!
//! `DIR` is an output directory, with the files of the image in `DIR/root` and what tarballs are made of in `DIR/trees`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for scripts")]

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use kpatch::arch::Arch;
use kpatch::build::assemble::{Assembly, Contents, ImageName, assemble};
use kpatch::build::pack::pack;
use kpatch::build::{NamedFile, Output, Sbom, Watch};
use kpatch::event::{Interrupt, Silent};
use kpatch::oci::{Compression, Layout};

const EPOCH: i64 = 1_700_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("assemble: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [layout, name, version, hash, arch, dir, builder] = arguments else {
        return Err("usage: assemble LAYOUT NAME VERSION HASH ARCH DIR BUILDER".into());
    };
    let arch: Arch = arch.parse()?;
    let interrupt = Interrupt::new();
    let watch = Watch { observer: &Silent, interrupt: &interrupt };
    let layout = Layout::create(layout)?;
    let output = Output::new(dir);
    let hashed = format!("{name}:{version}-{hash}");
    let of_arch = |tag: &str| ImageName { reference: format!("{tag}-{}", arch.oci()), index: false };
    let all = |tag: &str| ImageName { reference: tag.to_owned(), index: true };
    let plain = format!("{name}:{version}");
    let names = [of_arch(&hashed), all(&hashed), of_arch(&plain), all(&plain)];
    let labels = BTreeMap::from([("org.mobyproject.linuxkit.kernel.buildimage".to_owned(), builder.clone())]);
    let patches = [NamedFile { name: "0001-example.patch".into(), bytes: b"an example\n".to_vec() }];
    let sbom =
        Sbom { version, arch, source: "https://example.org/linux", patches: &patches, compiler: builder, epoch: EPOCH };
    let compression = match std::env::var("COMPRESSION").as_deref() {
        Ok("zstd") => Compression::Zstd,
        _ => Compression::Gzip,
    };
    let start = Instant::now();
    pack(&output, EPOCH, watch)?;
    let packed = start.elapsed();
    let assembly = Assembly {
        contents: Contents::Kernel(&output),
        arch,
        epoch: EPOCH,
        labels: &labels,
        names: &names,
        compression,
        sbom: Some(sbom),
    };
    let assembled = assemble(&layout, &assembly, watch)?;
    println!("{}", assembled.digest);
    let assembling = start.elapsed().saturating_sub(packed);
    eprintln!("packed in {:.2} s, assembled in {:.2} s", packed.as_secs_f64(), assembling.as_secs_f64());
    Ok(())
}
