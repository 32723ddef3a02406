//! The reports of `module` as text.

use std::fmt::Write as _;

use kpatch::ops::module::{ModuleBuildReport, ModuleNewReport};

use super::table::wrap;
use super::{Detail, Style, View, safe};

/// The files of a new module, and what comes next.
pub(crate) fn scaffold(reports: &[ModuleNewReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        warn(&mut text, &report.warnings, view);
        let dir = safe(&report.dir);
        let _ = writeln!(text, "{}: a module for {}", view.paint.paint(Style::Strong, &dir), safe(&report.kernel));
        if view.detail > Detail::Head {
            for file in &report.files {
                let _ = writeln!(text, "  {}", safe(file));
            }
            let _ = writeln!(
                text,
                "next: kpatch module build {dir}, then kpatch boot --module {dir}/{}.ko",
                safe(&report.name)
            );
        }
    }
    text
}

/// The modules that were compiled; their files are the last lines.
pub(crate) fn build(reports: &[ModuleBuildReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        warn(&mut text, &report.warnings, view);
        if view.detail > Detail::Head {
            let _ = writeln!(
                text,
                "compiled for {} ({}) by {}",
                safe(&report.release),
                report.arch,
                safe(&report.compiler)
            );
            for module in &report.modules {
                let needs = if module.depends.is_empty() {
                    String::new()
                } else {
                    format!(", needs {}", safe(&module.depends.join(", ")))
                };
                let _ = writeln!(text, "  {}: {}{needs}", safe(&module.name), safe(&module.vermagic));
            }
            if let (Some(image), Some(digest)) = (&report.image, &report.digest) {
                let _ = writeln!(text, "  in the image {} ({})", safe(image), safe(digest));
            }
        }
        for module in &report.modules {
            let _ = writeln!(text, "{}", safe(&module.path));
        }
    }
    text
}

fn warn(text: &mut String, warnings: &[String], view: &View) {
    for warning in warnings {
        *text += &view.paint.paint(Style::Warn, "warning: ");
        *text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
}

#[cfg(test)]
mod tests {
    use kpatch::ops::module::ModuleFile;

    use super::super::Paint;
    use super::*;

    #[test]
    fn modules_read_so() {
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        let new = ModuleNewReport {
            name: "hello".into(),
            dir: "modules/hello".into(),
            files: vec!["Dockerfile".into()],
            kernel: "linuxkit/kernel:6.6.13".into(),
            builder: "linuxkit/kernel:6.6.13-builder".into(),
            warnings: Vec::new(),
        };
        assert_eq!(
            scaffold(&[new], &view),
            "modules/hello: a module for linuxkit/kernel:6.6.13
  Dockerfile
next: kpatch module build modules/hello, then kpatch boot --module modules/hello/hello.ko
"
        );
        let module = ModuleFile {
            name: "hello".into(),
            path: "hello/hello.ko".into(),
            vermagic: "6.6.13-linuxkit SMP".into(),
            depends: vec!["crc7".into()],
        };
        let built = ModuleBuildReport {
            kernel: "k".into(),
            release: "6.6.13-linuxkit".into(),
            arch: "arm64",
            modules: vec![module],
            compiler: "gcc 12\x1b".into(),
            kernel_compiler: None,
            builder: None,
            image: Some("example/hello:1".into()),
            digest: Some("sha256:0".into()),
            log: "log".into(),
            warnings: vec!["another compiler".into()],
        };
        assert_eq!(
            build(&[built], &view),
            "warning: another compiler
compiled for 6.6.13-linuxkit (arm64) by gcc 12\\u{1b}
  hello: 6.6.13-linuxkit SMP, needs crc7
  in the image example/hello:1 (sha256:0)
hello/hello.ko
"
        );
    }
}
