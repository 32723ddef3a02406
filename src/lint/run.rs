//! Runs the rules, and makes findings of what they say.

use std::collections::HashMap;
use std::ops::Range;

use bstr::ByteSlice as _;

use super::facts::{PatchFacts, SetFacts};
use super::line_index::LineIndex;
use super::mail::Mail;
use super::member::{Group, Member};
use super::note::{Fix, Note, Notes, Place};
use super::rule::{Check, Rule};
use super::rules::RULES;
use super::settings::Settings;
use crate::diff::id::patch_id;
use crate::finding::{self, Finding, hex, number_equals};
use crate::message::trim_line_end;
use crate::patch::{Draft, PatchError, examine};
use crate::text::visible;

/// Lines are shown up to this many characters.
const SHOWN: usize = 400;

/// A file as the rules for files see it.
#[derive(Debug)]
pub struct PatchFile<'a> {
    /// Its name, without directories.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The patches in it, or why there are none.
    pub drafts: Result<&'a [Draft], &'a PatchError>,
    /// What the rules are to hold to.
    pub settings: &'a Settings,
}

/// The names of a file that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name, without directories.
    pub name: &'a str,
    /// Its path, for display.
    pub path: &'a str,
}

/// A finding with what the fixer needs.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Which patch of its file it is about, from 0.
    pub part: usize,
    /// How to mend it.
    pub fix: Option<Fix>,
    /// Where what the edits of the fix count in begins in the file, in bytes.
    pub base: usize,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileLint {
    /// What was found, by line.
    pub judged: Vec<Judged>,
    /// What the rules for sets need of it.
    pub members: Vec<Member>,
    /// The patches, for whoever applies them.
    pub drafts: Vec<Draft>,
}

/// Runs the rules for files and patches on one file.
pub fn file(subject: Subject<'_>, bytes: &[u8], settings: &Settings) -> FileLint {
    let read = examine(subject.name, bytes);
    let whole = PatchFile { name: subject.name, bytes, drafts: read.as_deref(), settings };
    let mut judge = Judge { subject, settings, bytes, indexes: HashMap::new(), judged: Vec::new() };
    for rule in on(settings) {
        if let Check::File(check) = rule.check {
            judge.say(rule, None, |notes| check(&whole, notes));
        }
    }
    let drafts = read.unwrap_or_default();
    let mut members = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let mail = Mail::new(draft, settings);
        let member = Member::new(&mail, subject.name, subject.path);
        for rule in on(settings) {
            if let Check::Patch(check) = rule.check {
                judge.say(rule, Some((draft, member.patch_id)), |notes| check(&mail, notes));
            }
        }
        members.push(member);
    }
    FileLint { judged: judge.finish(), members, drafts }
}

/// Runs the rules that look at one patch in a linux tree.
pub fn tree(subject: Subject<'_>, mail: &Mail<'_>, facts: &PatchFacts) -> Vec<Judged> {
    let (draft, settings) = (mail.draft, mail.settings);
    let id = mail.draft.diff.as_deref().ok().map(patch_id);
    let mut judge = Judge { subject, settings, bytes: &draft.bytes, indexes: HashMap::new(), judged: Vec::new() };
    for rule in on(settings) {
        match rule.check {
            Check::Tree(check) => judge.say(rule, Some((draft, id)), |notes| check(mail, facts, notes)),
            Check::History(check) if facts.upstream.is_some() => {
                judge.say(rule, Some((draft, id)), |notes| check(mail, facts, notes));
            }
            _ => {}
        }
    }
    judge.finish()
}

/// Runs the rules for one set; `facts` are those of the linux tree.
pub fn set(group: &Group<'_>, facts: Option<&SetFacts>) -> Vec<Judged> {
    let mut judged = Vec::new();
    for rule in on(group.settings) {
        let mut notes = Notes::default();
        match (rule.check, facts) {
            (Check::Set(check), _) => check(group, &mut notes),
            (Check::TreeSet(check), Some(facts)) => check(group, facts, &mut notes),
            _ => continue,
        }
        judged.extend(notes.into_inner().into_iter().map(|note| of_group(rule, group, note)));
    }
    number_equals(judged.iter_mut().map(|judged| &mut judged.finding));
    judged
}

/// Runs the rules that compare sets; each finding with the index of its group.
pub fn sets(groups: &[Group<'_>]) -> Vec<(usize, Judged)> {
    let mut judged = Vec::new();
    for rule in RULES.iter().copied() {
        let Check::Sets(check) = rule.check else { continue };
        let mut notes = Notes::default();
        check(groups, &mut notes);
        let notes = notes.into_inner().into_iter().filter(|note| groups[note.group].settings.is_on(rule));
        judged.extend(notes.map(|note| (note.group, of_group(rule, &groups[note.group], note))));
    }
    judged
}

fn on(settings: &Settings) -> impl Iterator<Item = &'static Rule> + '_ {
    RULES.iter().copied().filter(|rule| settings.is_on(rule))
}

/// Collects what is said of one file.
struct Judge<'a> {
    subject: Subject<'a>,
    settings: &'a Settings,
    bytes: &'a [u8],
    /// The lines of the texts of the drafts, by part, and of the file.
    indexes: HashMap<Option<usize>, LineIndex<'a>>,
    judged: Vec<Judged>,
}

impl<'a> Judge<'a> {
    fn say(
        &mut self,
        rule: &'static Rule,
        about: Option<(&'a Draft, Option<[u8; 20]>)>,
        check: impl FnOnce(&mut Notes),
    ) {
        let mut notes = Notes::default();
        check(&mut notes);
        for note in notes.into_inner() {
            let judged = self.judge(rule, about, note);
            self.judged.push(judged);
        }
    }

    fn judge(&mut self, rule: &'static Rule, about: Option<(&'a Draft, Option<[u8; 20]>)>, note: Note) -> Judged {
        let draft = about.map(|(draft, _)| draft);
        let shown = self.shown(&note.place, draft);
        let id = about.and_then(|(_, id)| id).map(|id| hex(&id));
        let subject = draft.and_then(|draft| draft.message.subject.as_ref().ok()).map(|subject| visible(subject));
        let anchor = shown.source.as_deref().map_or("", str::trim);
        // Offsets of a mail that came encoded are not those of its file.
        let fix = note.fix.filter(|_| draft.is_none_or(|draft| draft.message.decoded.is_none()));
        Judged {
            base: draft.map_or(0, |draft| draft.span.start),
            part: draft.map_or(0, |draft| draft.part),
            finding: Finding {
                rule: rule.about.id.to_owned(),
                name: rule.about.name.to_owned(),
                severity: self.settings.severity(rule, note.severity),
                path: self.subject.path.to_owned(),
                line: shown.line,
                column: shown.columns.map(|(first, _)| first),
                end_column: shown.columns.map(|(_, end)| end),
                fingerprint: fingerprint(rule, id.as_deref().unwrap_or_else(|| stem(self.subject.name)), anchor),
                source: shown.source,
                message: note.message,
                help: note.help,
                fix: fix.as_ref().map(|fix| fix.class),
                patch_id: id,
                subject,
                waived: None,
            },
            fix,
        }
    }

    fn shown(&mut self, place: &Place, draft: Option<&'a Draft>) -> Shown {
        match (place, draft) {
            (Place::Line(number), _) => {
                let bytes = self.bytes;
                let index = self.indexes.entry(None).or_insert_with(|| LineIndex::new(bytes));
                let line = index.line(*number).map(|line| trim_line_end(&bytes[line]));
                Shown { line: Some(*number), source: line.map(|line| displayed(line).0), columns: None }
            }
            (Place::Text(range), Some(draft)) => {
                let text = draft.text();
                let index = self.indexes.entry(Some(draft.part)).or_insert_with(|| LineIndex::new(text));
                let mut shown = Shown::of(range, text);
                shown.line = Some(draft.first_line + index.ended_before(range.start));
                shown
            }
            (Place::Text(_), None) => Shown::default(),
            _ => Shown { line: draft.map(|draft| draft.first_line).filter(|line| *line > 1), ..Shown::default() },
        }
    }

    fn finish(mut self) -> Vec<Judged> {
        number_equals(self.judged.iter_mut().map(|judged| &mut judged.finding));
        self.judged.sort_by(|a, b| order(&a.finding).cmp(&order(&b.finding)));
        self.judged
    }
}

/// The order of the findings of a file.
fn order(finding: &Finding) -> (usize, &str, usize) {
    (finding.line.unwrap_or(0), &finding.rule, finding.column.unwrap_or(0))
}

/// A finding about a member, another entry, or the directory of a set.
fn of_group(rule: &'static Rule, group: &Group<'_>, note: Note) -> Judged {
    let member = match note.place {
        Place::Member(at) => Some(&group.members[at]),
        _ => None,
    };
    let path = match (&note.place, member) {
        (_, Some(member)) => member.path.clone(),
        (Place::Entry(name), _) => format!("{}/{}", group.path, visible(name.as_bytes())),
        _ => group.path.to_owned(),
    };
    let id = member.and_then(|member| member.patch_id).map(|id| hex(&id));
    let anchor = match (&note.place, member) {
        (_, Some(member)) => stem(&member.name).to_owned(),
        (Place::Entry(name), _) => name.clone(),
        _ => String::new(),
    };
    let subject = member.map(|member| visible(&member.subject)).filter(|subject| !subject.is_empty());
    Judged {
        base: 0,
        part: member.map_or(0, |member| member.part),
        finding: Finding {
            rule: rule.about.id.to_owned(),
            name: rule.about.name.to_owned(),
            severity: group.settings.severity(rule, note.severity),
            path,
            line: member.map(|member| member.line),
            column: None,
            end_column: None,
            fingerprint: fingerprint(rule, id.as_deref().unwrap_or_default(), &anchor),
            source: None,
            message: note.message,
            help: note.help,
            fix: note.fix.as_ref().map(|fix| fix.class),
            patch_id: id,
            subject,
            waived: None,
        },
        fix: note.fix,
    }
}

/// A line with a place in it, for display.
#[derive(Default)]
struct Shown {
    line: Option<usize>,
    source: Option<String>,
    columns: Option<(usize, usize)>,
}

impl Shown {
    /// The line that a place begins in, its number aside.
    fn of(range: &Range<usize>, text: &[u8]) -> Self {
        let start = range.start.min(text.len());
        let begin = text[..start].rfind_byte(b'\n').map_or(0, |before| before + 1);
        let end = text[begin..].find_byte(b'\n').map_or(text.len(), |end| begin + end);
        let content = trim_line_end(&text[begin..end]);
        let (source, columns) = displayed(content);
        let column = |offset: usize| columns.get(offset.min(content.len())).copied().unwrap_or(1);
        let within = start - begin..range.end.clamp(start, end) - begin;
        let columns = (!within.is_empty()).then(|| (column(within.start), column(within.end)));
        Self { line: None, source: Some(source), columns: columns.filter(|(a, b)| a < b) }
    }
}

/// A line for display, tabs as they are, and for each byte of it, and its end, the column where it is shown, from 1.
fn displayed(line: &[u8]) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(line.len());
    let mut columns = Vec::with_capacity(line.len() + 1);
    let mut width = 0;
    let mut at = 0;
    while at < line.len() && width < SHOWN {
        let (c, size) = bstr::decode_utf8(&line[at..]);
        let piece = match c {
            Some('\t') => "\t".to_owned(),
            _ => visible(&line[at..at + size]),
        };
        columns.extend(std::iter::repeat_n(width + 1, size));
        width += piece.chars().count();
        out += &piece;
        at += size;
    }
    columns.resize(line.len() + 1, width + 1);
    if at < line.len() {
        out.push('…');
    }
    (out, columns)
}

/// The name of a file without its number, which changes when patches before it come and go.
fn stem(name: &str) -> &str {
    name.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('-')
}

fn fingerprint(rule: &Rule, patch: &str, anchor: &str) -> String {
    finding::fingerprint([rule.about.id, patch, anchor])
}
