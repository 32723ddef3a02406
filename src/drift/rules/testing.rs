//! References and releases planted in facts: each is claimed by the one rule that it is for.

use super::super::{Facts, Levels, RULES, ReferenceFacts, ReferenceKind, ReleaseFacts, SeriesFacts, Versioned, run};
use crate::finding::{Level, Severity};

fn state(name: &str, version: &str, deprecated: bool) -> SeriesFacts {
    let version: crate::version::KernelVersion = version.parse().expect("a version");
    SeriesFacts {
        name: name.into(),
        series: version.series(),
        variant: version.variant().into(),
        versions: vec![Versioned { version, path: "kernel/build-args".into(), line: Some(1) }],
        is_listed: true,
        is_partial: true,
        deprecated,
        configs: vec![crate::drift::ConfigFacts {
            path: "kernel/config".into(),
            arch: "x86_64".into(),
            header: None,
            local_version: None,
        }],
        patches: None,
        build_args: None,
    }
}

fn facts() -> Facts {
    let series =
        vec![state("5.11.x", "5.11.4", true), state("5.11.x-rt", "5.11.4-rt", true), state("6.6.x", "6.6.13", false)];
    let release = |series: &str, newest: &str| ReleaseFacts {
        series: series.parse().expect("a series"),
        newest: newest.parse().ok(),
        is_eol: false,
    };
    Facts { series, releases: Some(vec![release("6.6.x", "6.6.13")]), ..Facts::default() }
}

fn reference(text: &str, version: &str, kind: ReferenceKind) -> ReferenceFacts {
    ReferenceFacts {
        path: "examples/x.yml".into(),
        line: 2,
        text: text.into(),
        version: version.parse().ok(),
        kind,
        ..ReferenceFacts::default()
    }
}

fn ids(facts: &Facts) -> Vec<String> {
    run(facts, &Levels::default(), None).into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn each_reference_that_is_wrong_has_one_rule() {
    use ReferenceKind::{Builder, Checker, Kernel, Tool};
    let good = [
        reference("kernel:6.6.13", "6.6.13", Kernel),
        reference("kernel:6.6.13-builder", "6.6.13", Builder),
        reference("kernel-perf:6.6.13", "6.6.13", Tool),
        reference("kernel-config:abc", "", Checker),
    ];
    assert_eq!(ids(&Facts { references: good.to_vec(), ..facts() }), Vec::<String>::new());
    let now = Some("new".to_owned());
    let wrong = [
        ("K201", ReferenceFacts { now: now.clone(), ..reference("kernel:6.6.12", "6.6.12", Kernel) }),
        ("K202", reference("kernel:4.9.38", "4.9.38", Kernel)),
        ("K202", reference("kernel:4.9.38-rt", "4.9.38-rt", Kernel)),
        (
            "K203",
            ReferenceFacts {
                is_dirty: true,
                now: now.clone(),
                ..reference("kernel:6.6.13-c0-dirty", "6.6.13", Kernel)
            },
        ),
        ("K204", ReferenceFacts { now: now.clone(), ..reference("kernel:6.6.13-rt", "6.6.13-rt", Kernel) }),
        ("K205", reference("kernel:5.11.4-builder", "5.11.4", Builder)),
        ("K206", ReferenceFacts { now: now.clone(), ..reference("kernel-bcc:5.11.4", "5.11.4", Tool) }),
        ("K207", ReferenceFacts { now, ..reference("kernel-config:old", "", Checker) }),
    ];
    for (id, planted) in wrong {
        let references = [good.to_vec(), vec![planted.clone()]].concat();
        assert_eq!(ids(&Facts { references, ..facts() }), [id], "{planted:?}");
    }
    // Alone in its file a builder follows the kit.
    let alone = ReferenceFacts { now: Some("new".into()), ..reference("kernel:6.6.12-builder", "6.6.12", Builder) };
    assert_eq!(ids(&Facts { references: vec![alone], ..facts() }), ["K205"]);
}

#[test]
fn levels_and_series_say_what_counts() {
    let mut facts = facts();
    facts.releases.as_mut().expect("some")[0].is_eol = true;
    facts.strays.push(("kernel/x.orig".into(), "what patch left behind"));
    assert_eq!(ids(&facts), ["K301", "K007"]);
    let series = |name: &str| run(&facts, &Levels::default(), Some(&[name.to_owned()])).len();
    assert_eq!((series("6.6.x"), series("5.11.x")), (1, 0));
    let mut levels = Levels::default();
    for (id, level) in [("K301", Level::At(Severity::Info)), ("K007", Level::Off)] {
        levels.set(crate::drift::rule(id).expect("a rule"), level);
    }
    let found = run(&facts, &levels, None);
    assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Info]);
}

#[test]
fn rules_are_well_made() {
    for (at, rule) in RULES.iter().enumerate() {
        let about = &rule.about;
        assert!(
            RULES[at + 1..].iter().all(|other| other.about.id > about.id && other.about.name != about.name),
            "{}",
            about.id
        );
        let id = about.id.strip_prefix('K').expect("a letter");
        assert!(id.len() == 3 && id.bytes().all(|b| b.is_ascii_digit()));
        for text in [about.summary, about.why] {
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{}: {text}", about.id);
        }
        assert!(!rule.help.ends_with('.') && !rule.good.is_empty() && !rule.bad.is_empty(), "{}", about.id);
    }
    assert_eq!(crate::drift::rules_of("k2").len(), 7);
    assert!(crate::drift::rules_of("x").is_empty() && crate::drift::rules_of("").is_empty());
    assert!(crate::drift::rules_of("stale-config-header").len() == 1);
}
