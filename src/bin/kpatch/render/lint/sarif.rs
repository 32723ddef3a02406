//! Findings in SARIF 2.1.0, as far as code scanning services read it.

use std::fmt::Write as _;

use serde::Serialize;

use kpatch::finding::{About, Finding, Severity};
use kpatch::ops::OpError;
use kpatch::ops::lint::report::LintRun;

use super::super::about::anchor;
use super::super::{json, safe};
use super::{Tool as Verb, complaint, findings, not_checked};

/// Where the schema of the format is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What relative paths are relative to.
const ROOT: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: &'static str,
    short_description: Message,
    full_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// That the run came to its end, and what it did not look at.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_configuration_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "kpatchFingerprint/v1")]
    kpatch: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

/// All that was found; services filter for themselves.
pub(crate) fn sarif(run: &LintRun) -> Result<String, OpError> {
    of(&Verb::lint(), run)
}

/// All that a verb found.
pub(crate) fn of(verb: &Verb, run: &LintRun) -> Result<String, OpError> {
    json::pretty(&log(verb, run))
}

fn log(verb: &Verb, run: &LintRun) -> Log {
    let rules = verb.rules.iter().map(descriptor).collect();
    let unchecked = not_checked(run).into_iter().map(|(reason, rules)| Notification {
        level: "note",
        message: message(&format!("not checked: {}: {reason}", rules.join(", "))),
    });
    let waivers = run.waivers.iter().map(|waiver| Notification {
        level: "warning",
        message: message(&format!("{} (line {} of kpatch.toml)", complaint(waiver), waiver.line)),
    });
    let invocation =
        Invocation { execution_successful: true, tool_configuration_notifications: unchecked.chain(waivers).collect() };
    Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: Driver { name: "kpatch", version: env!("CARGO_PKG_VERSION"), rules } },
            column_kind: "unicodeCodePoints",
            invocations: [invocation],
            results: findings(run).map(|finding| outcome(verb, finding)).collect(),
        }],
    }
}

fn message(text: &str) -> Message {
    Message { text: safe(text) }
}

fn level(severity: Severity) -> &'static str {
    super::word(severity)
}

fn descriptor(rule: &About) -> Descriptor {
    Descriptor {
        id: rule.id,
        name: rule.name,
        short_description: message(rule.summary),
        full_description: message(rule.why),
        help_uri: help_uri(env!("CARGO_PKG_REPOSITORY"), rule),
        help: message(&format!("{} {} Source: {}.", rule.summary, rule.why, rule.source)),
        default_configuration: Configuration { level: level(rule.severity) },
    }
}

/// The section of `docs/rules.md` on the web; a link must be absolute, so there is none without a home.
fn help_uri(repository: &str, rule: &About) -> Option<String> {
    let home = repository.trim_end_matches('/');
    (!home.is_empty()).then(|| format!("{home}/blob/HEAD/docs/rules.md#{}", anchor(rule)))
}

fn outcome(verb: &Verb, finding: &Finding) -> Outcome {
    let words = match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    let waived = finding.waived.iter();
    Outcome {
        rule_id: safe(&finding.rule),
        rule_index: verb.rules.iter().position(|rule| rule.id == finding.rule),
        level: level(finding.severity),
        message: message(&words),
        locations: [Location {
            physical_location: Physical { artifact_location: artifact(&finding.path), region: region(finding) },
        }],
        partial_fingerprints: Fingerprints { kpatch: finding.fingerprint.clone() },
        // Where one result says whether it counts, all have to.
        suppressions: waived.map(|why| Suppression { kind: "external", justification: safe(why) }).collect(),
    }
}

fn region(finding: &Finding) -> Option<Region> {
    // Lines and columns begin with 1, or the format does not have them.
    let start_line = finding.line.filter(|line| *line > 0)?;
    let start_column = finding.column.filter(|column| *column > 0);
    let end_column = finding.end_column.filter(|end| start_column.is_some_and(|start| start <= *end));
    Some(Region { start_line, start_column, end_column })
}

fn artifact(path: &str) -> Artifact {
    if path.starts_with('/') {
        return Artifact { uri: format!("file://{}", encoded(path)), uri_base_id: None };
    }
    Artifact { uri: encoded(path.trim_start_matches("./")), uri_base_id: Some(ROOT) }
}

/// A path in a URI: all but unreserved characters and slashes as `%XX`. A colon too, or it would end a scheme.
fn encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
#[path = "sarif_tests.rs"]
mod tests;
