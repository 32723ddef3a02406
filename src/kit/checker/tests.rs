use std::collections::BTreeMap;

use super::*;
use crate::arch::Arch;
use crate::kconfig::Config;

fn configs(all: &[(Arch, &str)]) -> BTreeMap<Arch, Config> {
    let parse = |text: &str| Config::parse(text.replace(' ', "\n").replace('~', " ").as_bytes()).expect("options");
    all.iter().map(|(arch, text)| (*arch, parse(text))).collect()
}

/// The script for `new`, which follows `old`; one architecture.
fn adapted(script: &str, old: (&str, &str), new: (&str, &str)) -> Adapted {
    let [before, after] = [old.1, new.1].map(|text| configs(&[(Arch::X86_64, text)]));
    let kernel = |series: &str| series.parse().expect("a series");
    let old = Kernel { series: kernel(old.0), configs: &before };
    let new = Kernel { series: kernel(new.0), configs: &after };
    let once = adapt(script, old, new);
    // What was done is understood by whoever comes next.
    let twice = adapt(&once.text, old, new);
    assert_eq!((&twice.text, twice.edits.len()), (&once.text, 0));
    once
}

const A: &str = "echo $UNZIPPED_CONFIG | grep -q CONFIG_A=y || fail \"CONFIG_A=y\"\n";
const B: &str = "echo $UNZIPPED_CONFIG | grep -q 'CONFIG_B is not set' || fail \"CONFIG_B is not set\"\n";

#[test]
fn options_that_are_gone_get_an_upper_bound() {
    let script = format!("#!/bin/sh\n{A}{B}echo done\n");
    let made = adapted(&script, ("6.6.x", "CONFIG_A=y #~CONFIG_B~is~not~set"), ("6.12.x", "CONFIG_C=y"));
    let bound = "if [ \"$kernelMajor\" -lt 6 ] || [ \"$kernelMajor\" -eq 6 -a \"$kernelMinor\" -lt 12 ]; then\n";
    assert_eq!(made.text, format!("#!/bin/sh\n# gone in 6.12.x\n{bound}  {A}  {B}fi\necho done\n"));
    assert_eq!((made.edits.len(), made.edits[0].line, made.warnings.len()), (1, 2, 0));

    let made = adapted(A, ("6.6.x", "CONFIG_A=y"), ("7.0.x", "CONFIG_C=y"));
    assert_eq!(made.text, format!("# gone in 7.0.x\nif [ \"$kernelMajor\" -lt 7 ]; then\n  {A}fi\n"));
}

#[test]
fn a_conditional_of_such_options_alone_gets_the_bound_itself() {
    let script = format!("if [ \"$kernelMajor\" -ge 5 ]; then\n\t{A}fi\r\n");
    let made = adapted(&script, ("6.6.x", "CONFIG_A=y"), ("6.12.x", "CONFIG_C=y"));
    let bound = "[ \"$kernelMajor\" -lt 6 -o \"$kernelMajor\" -eq 6 -a \"$kernelMinor\" -lt 12 ]";
    assert_eq!(made.text, format!("if [ \"$kernelMajor\" -ge 5 ] && {bound}; then\n\t{A}fi\r\n"));
    // With an else there, or with others in it, a conditional of their own.
    let script = format!("if [ \"$kernelMajor\" -ge 5 ]; then\n\t{A}else\n\t{B}fi\n");
    let made = adapted(&script, ("6.6.x", "CONFIG_A=y"), ("7.0.x", "CONFIG_C=y"));
    assert_eq!(
        made.text,
        format!(
            "if [ \"$kernelMajor\" -ge 5 ]; then\n\t# gone in 7.0.x\n\tif [ \"$kernelMajor\" -lt 7 ]; then\n\t\t{A}\tfi\nelse\n\t{B}fi\n"
        )
    );
}

#[test]
fn other_values_and_options_that_failed_before_are_told() {
    let made = adapted(A, ("6.6.x", "CONFIG_A=y"), ("6.12.x", "CONFIG_A=m"));
    assert_eq!(made.text, A);
    assert!(made.warnings[0].ends_with("check-kernel-config.sh:1: CONFIG_A has another value in 6.12.x (x86_64)"));
    let made = adapted(A, ("6.6.x", "CONFIG_C=y"), ("6.12.x", "CONFIG_C=y"));
    assert!(made.text == A && made.warnings[0].contains("failed, too"), "{:?}", made.warnings);
    let made = adapted(A, ("6.6.x", "CONFIG_A=y"), ("6.12.x", "CONFIG_A=y"));
    assert_eq!((made.text.as_str(), made.edits, made.warnings), (A, Vec::new(), Vec::new()));
}

#[test]
fn a_conditional_that_the_first_number_leaves_gets_wider() {
    let with = |condition: &str| format!("# of five\nif {condition}; then\n  {A}fi\n");
    for (old, new) in [
        (
            "[ \"$kernelMajor\" -eq 5 ] || [ \"$kernelMajor\" -eq 4 -a \"$kernelMinor\" -ge 7 ]",
            "[ \"$kernelMajor\" -ge 5 ] || [ \"$kernelMajor\" -eq 4 -a \"$kernelMinor\" -ge 7 ]",
        ),
        (
            "[ \"$kernelMajor\" -ge 5 -a \"$kernelMinor\" -ge 10 ]",
            "[ \"$kernelMajor\" -ge 6 ] || [ \"$kernelMajor\" -ge 5 -a \"$kernelMinor\" -ge 10 ]",
        ),
        // Bounded by its minor number, or for others.
        (
            "[ \"$kernelMajor\" -eq 5 -a \"$kernelMinor\" -lt 20 ]",
            "[ \"$kernelMajor\" -eq 5 -a \"$kernelMinor\" -lt 20 ]",
        ),
        ("[ \"$kernelMajor\" -le 4 ]", "[ \"$kernelMajor\" -le 4 ]"),
    ] {
        let made = adapted(&with(old), ("5.15.x", "CONFIG_A=y"), ("6.6.x", "CONFIG_A=y"));
        assert_eq!(made.text, with(new));
        assert_eq!(made.warnings, Vec::<String>::new());
    }
    // What does not hold is no reason to make it wider.
    let script = with("[ \"$kernelMajor\" -eq 5 ]");
    assert_eq!(adapted(&script, ("5.15.x", "CONFIG_A=y"), ("6.6.x", "CONFIG_A=m")).text, script);
    let both = format!("if [ \"$kernelMajor\" -eq 5 ] && [ \"$kernelMinor\" -ge 2 ]; then\n  {A}fi\n");
    let made = adapted(&both, ("5.15.x", "CONFIG_A=y"), ("6.1.x", "CONFIG_A=y"));
    assert!(made.text == both && made.warnings[0].contains(":1: is not for 6.1.x"), "{:?}", made.warnings);
}

#[test]
fn architectures_count_each_for_itself() {
    let script = format!("if [ \"$arch\" = \"x86_64\" ]; then\n  {A}fi\n{B}");
    let before =
        configs(&[(Arch::X86_64, "CONFIG_A=y #~CONFIG_B~is~not~set"), (Arch::Aarch64, "#~CONFIG_B~is~not~set")]);
    let after = configs(&[(Arch::X86_64, "CONFIG_C=y"), (Arch::Aarch64, "#~CONFIG_B~is~not~set")]);
    let kernel = |series: &str, configs| Kernel { series: series.parse().expect("a series"), configs };
    let made = adapt(&script, kernel("6.6.x", &before), kernel("7.0.x", &after));
    assert_eq!(
        made.text,
        format!(
            "if [ \"$arch\" = \"x86_64\" ]; then\n  # gone in 7.0.x\n  if [ \"$kernelMajor\" -lt 7 ]; then\n    {A}  fi\nfi\n{B}"
        )
    );
    assert_eq!(made.warnings.len(), 1);
    assert!(made.warnings[0].contains("no CONFIG_B for x86_64"), "{:?}", made.warnings);
}

#[test]
fn what_is_not_understood_is_told_and_left() {
    let strange = [
        format!("if uname -r | grep -q 5; then\n  {A}fi\n"),
        format!("if [ \"$kernelMajor\" -eq 5 ]\nthen\n  {A}fi\n"),
        "zcat x | grep -q \"$UNZIPPED_CONFIG\" || fail x\n".to_owned(),
        "echo $UNZIPPED_CONFIG | grep -q CONFIG_A || fail x\n".to_owned(),
        format!("if [ \"$kernelMajor\" -eq 5 ]; then\n{A}"),
    ];
    for script in strange {
        let made = adapted(&script, ("5.15.x", "CONFIG_A=y"), ("6.6.x", "CONFIG_C=y"));
        assert_eq!(made.text, script);
        assert_eq!(made.warnings.len(), 1, "{script}: {:?}", made.warnings);
    }
    let quiet = "if [ -n \"$1\" ]; then\n  UNZIPPED_CONFIG=$(cat \"$1\")\nelse\n  UNZIPPED_CONFIG=$(zcat /proc/config.gz)\nfi\n# echo $UNZIPPED_CONFIG | grep\n";
    assert_eq!(adapted(quiet, ("5.15.x", ""), ("6.6.x", "")).warnings, Vec::<String>::new());
}
