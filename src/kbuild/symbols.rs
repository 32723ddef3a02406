//! What the Kconfig files say of an option: for people to read. What an option becomes, only the kernel's tools say.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::thread;

use nom_kconfig::attribute::expression::{Expression, OrExpression};
use nom_kconfig::attribute::r#type::Type;
use nom_kconfig::{Attribute, Entry, Kconfig, KconfigFile, KconfigInput, Symbol as Word, parse_kconfig};

use super::values::Values;
use super::{KbuildError, Sources};
use crate::arch::Arch;
use crate::kconfig::Config;

/// Parsing goes as deep as the files are nested.
const STACK: usize = 256 << 20;

/// The options of a kernel for one architecture, by name without `CONFIG_`.
#[derive(Debug, Default)]
pub struct Symbols {
    table: BTreeMap<String, Symbol>,
}

/// One option; it may be defined in several places.
#[derive(Debug, Clone, Default)]
pub struct Symbol {
    /// `bool`, `tristate`, `string`, `int` or `hex`; absent if no place says.
    pub kind: Option<&'static str>,
    /// The question to the user; absent for one that only others can set.
    pub prompt: Option<String>,
    /// The files that define it, relative to the top of the kernel, each with its line.
    pub places: Vec<(String, usize)>,
    /// Its help text.
    pub help: Option<String>,
    /// Its defaults, as they are written.
    pub defaults: Vec<String>,
    /// The options that select it, each with the condition where there is one.
    pub selected_by: Vec<(String, Option<String>)>,
    /// The options that imply it.
    pub implied_by: Vec<(String, Option<String>)>,
    /// For each place: what all has to hold there.
    depends: Vec<Vec<Expression>>,
    selects: Vec<(String, Option<Expression>)>,
    implies: Vec<(String, Option<Expression>)>,
}

impl Sources {
    /// Reads the Kconfig files for an architecture.
    pub fn symbols(&self, arch: Arch) -> Result<Symbols, KbuildError> {
        self.ask_again()?;
        let dir = self.dir();
        thread::scope(|scope| {
            let work = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read(dir, arch));
            let work = work.map_err(|error| KbuildError::Parse(error.to_string()))?;
            work.join().unwrap_or_else(|_| Err(KbuildError::Parse("the parser failed".into())))
        })
    }
}

fn read(dir: &Path, arch: Arch) -> Result<Symbols, KbuildError> {
    let src = Path::new(arch.defconfig()).components().nth(1).expect("arch/NAME/…").as_os_str().to_string_lossy();
    let variables: HashMap<&str, &str> =
        HashMap::from([("SRCARCH", &*src), ("ARCH", arch.kernel()), ("SUBARCH", arch.kernel()), ("srctree", ".")]);
    let file = KconfigFile::new_with_vars(dir.to_owned(), PathBuf::from("Kconfig"), &variables, &HashMap::new());
    let text = file.read_to_string().map_err(|error| KbuildError::Parse(error.to_string()))?;
    let (_, kconfig) = parse_kconfig(KconfigInput::new_extra(&text, file))
        .map_err(|error| KbuildError::Parse(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
    let mut reader = Reader { dir, lines: HashMap::new(), symbols: Symbols::default(), above: Vec::new() };
    reader.file(&kconfig);
    let mut symbols = reader.symbols;
    symbols.reverse();
    Ok(symbols)
}

/// Walks through the files.
struct Reader<'a> {
    dir: &'a Path,
    /// For each file: where its options are.
    lines: HashMap<String, Vec<(String, usize)>>,
    symbols: Symbols,
    /// The conditions of the menus and `if`s around.
    above: Vec<Expression>,
}

impl Reader<'_> {
    fn file(&mut self, kconfig: &Kconfig) {
        for entry in &kconfig.entries {
            self.entry(entry, &kconfig.file);
        }
    }

    fn entry(&mut self, entry: &Entry, file: &str) {
        match entry {
            Entry::Config(config) | Entry::MenuConfig(config) => self.config(&config.symbol, &config.attributes, file),
            Entry::Source(source) => source.kconfigs.iter().for_each(|kconfig| self.file(kconfig)),
            Entry::If(r#if) => self.below(vec![r#if.condition.clone()], &r#if.entries, file),
            Entry::Menu(menu) => {
                let conditions = menu.depends_on.iter().map(|depends| depends.expression.clone());
                self.below(conditions.collect(), &menu.entries, file);
            }
            Entry::Choice(choice) => {
                let conditions = choice.options.iter().filter_map(|option| match option {
                    Attribute::DependsOn(depends) => Some(depends.expression.clone()),
                    _ => None,
                });
                self.below(conditions.collect(), &choice.entries, file);
            }
            _ => {}
        }
    }

    fn below(&mut self, conditions: Vec<Expression>, entries: &[Entry], file: &str) {
        let height = self.above.len();
        self.above.extend(conditions);
        for entry in entries {
            self.entry(entry, file);
        }
        self.above.truncate(height);
    }

    fn config(&mut self, name: &str, attributes: &[Attribute], file: &str) {
        let line = self.line(file, name);
        let mut depends = self.above.clone();
        let symbol = self.symbols.table.entry(name.to_owned()).or_default();
        symbol.places.push((file.to_owned(), line));
        for attribute in attributes {
            match attribute {
                Attribute::Help(text) => symbol.help = Some(text.trim().to_owned()),
                Attribute::Prompt(prompt) => symbol.prompt = Some(unquoted(&prompt.prompt)),
                Attribute::Type(kind) => {
                    let (word, prompt, default) = parts(&kind.r#type);
                    symbol.kind = Some(word);
                    symbol.prompt = prompt.map(|prompt| unquoted(prompt)).or_else(|| symbol.prompt.take());
                    symbol.defaults.extend(default.map(|value| conditional(&value.to_string(), kind.r#if.as_ref())));
                }
                Attribute::Default(default) => {
                    symbol.defaults.push(conditional(&default.expression.to_string(), default.r#if.as_ref()));
                }
                Attribute::DependsOn(on) => depends.push(on.expression.clone()),
                Attribute::Select(select) => symbol.selects.push((select.symbol.clone(), select.r#if.clone())),
                Attribute::Imply(imply) => {
                    if let Word::NonConstant(target) = &imply.symbol {
                        symbol.implies.push((target.clone(), imply.r#if.clone()));
                    }
                }
                _ => {}
            }
        }
        symbol.depends.push(depends);
    }

    /// Where an option is defined in a file, from 1; the next of its places there each time.
    fn line(&mut self, file: &str, name: &str) -> usize {
        let dir = self.dir;
        let lines = self.lines.entry(file.to_owned()).or_insert_with(|| {
            let text = std::fs::read(dir.join(file)).unwrap_or_default();
            let entries = super::scan::entries(&String::from_utf8_lossy(&text)).into_iter();
            entries.map(|entry| (entry.name, entry.number)).collect()
        });
        match lines.iter().position(|(known, _)| known == name) {
            Some(at) => lines.remove(at).1,
            None => 0,
        }
    }
}

/// The word for a type, its prompt, and the default that is said with it.
fn parts(kind: &Type) -> (&'static str, Option<&String>, Option<&Expression>) {
    match kind {
        Type::Bool(prompt) => ("bool", prompt.as_ref(), None),
        Type::Tristate(prompt) => ("tristate", prompt.as_ref(), None),
        Type::String(prompt) => ("string", prompt.as_ref(), None),
        Type::Hex(prompt) => ("hex", prompt.as_ref(), None),
        Type::Int(prompt) => ("int", prompt.as_ref(), None),
        Type::DefBool(value) => ("bool", None, Some(value)),
        Type::DefTristate(value) => ("tristate", None, Some(value)),
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

fn conditional(value: &str, condition: Option<&Expression>) -> String {
    condition.map_or_else(|| value.to_owned(), |condition| format!("{value} if {condition}"))
}

impl Symbols {
    /// An option by its name, with or without `CONFIG_`.
    pub fn get(&self, name: &str) -> Option<&Symbol> {
        self.table.get(bare(name)).filter(|symbol| !symbol.places.is_empty())
    }

    /// Names that are like this one, the likest first, without `CONFIG_`.
    pub fn near(&self, name: &str) -> Vec<&str> {
        let name = bare(name).to_ascii_uppercase();
        let distance = |known: &str| {
            let holds = known.contains(&name) || (known.len() > 3 && name.contains(known));
            let edits = edits(name.as_bytes(), known.as_bytes());
            if edits <= 2 {
                edits
            } else if holds {
                3
            } else {
                usize::MAX
            }
        };
        let defined = self.table.iter().filter(|(_, symbol)| !symbol.places.is_empty());
        let mut near: Vec<(usize, &str)> = defined.map(|(known, _)| (distance(known), known.as_str())).collect();
        near.retain(|(distance, _)| *distance < usize::MAX);
        near.sort_unstable_by_key(|(distance, known)| (*distance, known.len(), *known));
        near.into_iter().map(|(_, known)| known).take(5).collect()
    }

    /// What a configuration lacks for an option, each as it is written: the parts of its dependencies that do not hold. Empty
    /// if all hold, or if only a compiler can say.
    pub fn unmet(&self, name: &str, config: &Config) -> Vec<String> {
        let values = Values::of(config);
        let Some(symbol) = self.get(name) else { return Vec::new() };
        let lacks = |place: &Vec<Expression>| place.iter().flat_map(|on| values.lacks(on)).collect::<Vec<String>>();
        // Of several places, the one that lacks least.
        let mut all: Vec<Vec<String>> = symbol.depends.iter().map(lacks).collect();
        all.sort_by_key(Vec::len);
        let mut first = all.into_iter().next().unwrap_or_default();
        first.dedup();
        first
    }

    /// The options, set in a configuration, that select this one; without `CONFIG_`.
    pub fn selecting(&self, name: &str, config: &Config) -> Vec<&str> {
        let values = Values::of(config);
        let name = bare(name);
        let selects = |symbol: &Symbol| {
            let mut mine = symbol.selects.iter().filter(|(target, _)| target == name);
            mine.any(|(_, condition)| condition.as_ref().is_none_or(|condition| !values.is_no(condition)))
        };
        let all = self.table.iter().filter(|(known, symbol)| values.is_set(known) && selects(symbol));
        all.map(|(known, _)| known.as_str()).collect()
    }

    /// True if what an option depends on names another one.
    pub fn depends_on(&self, name: &str, other: &str) -> bool {
        let other = bare(other);
        let names = |expression: &Expression| {
            let text = expression.to_string();
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == other)
        };
        self.get(name).is_some_and(|symbol| symbol.depends.iter().flatten().any(names))
    }

    /// Tells every option who selects and implies it.
    fn reverse(&mut self) {
        let mut selected = Vec::new();
        let mut implied = Vec::new();
        let text = |condition: &Option<Expression>| condition.as_ref().map(ToString::to_string);
        for (name, symbol) in &self.table {
            selected.extend(symbol.selects.iter().map(|(target, when)| (target.clone(), (name.clone(), text(when)))));
            implied.extend(symbol.implies.iter().map(|(target, when)| (target.clone(), (name.clone(), text(when)))));
        }
        for (target, by) in selected {
            self.table.entry(target).or_default().selected_by.push(by);
        }
        for (target, by) in implied {
            self.table.entry(target).or_default().implied_by.push(by);
        }
    }
}

impl Symbol {
    /// What has to hold for it, as it is written, with the `if`s and menus around; one text for each place.
    pub fn depends(&self) -> Vec<String> {
        let join = |place: &Vec<Expression>| {
            let wrap = |expression: &Expression| match expression {
                OrExpression::Expression(_) if place.len() > 1 => format!("({expression})"),
                expression => expression.to_string(),
            };
            place.iter().map(wrap).collect::<Vec<_>>().join(" && ")
        };
        self.depends.iter().filter(|place| !place.is_empty()).map(join).collect()
    }
}

/// The name without `CONFIG_`.
fn bare(name: &str) -> &str {
    name.strip_prefix("CONFIG_").unwrap_or(name)
}

/// How many letters have to be changed, put in or taken out; more than two are not counted.
fn edits(a: &[u8], b: &[u8]) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "mainmenu \"Linux\"\n\nsource \"arch/$(SRCARCH)/Kconfig\"\n\nconfig NET\n\tbool \"Networking\"\n\tselect BPF if HAVE_BPF\n\timply VETH\n\nconfig BPF\n\tbool\n\nmenu \"Devices\"\n\tdepends on NET\n\nif PCI || ISA\n\nconfig VETH\n\ttristate \"Pairs\"\n\tdepends on !OLD && (A || B) && $(cc-option,-x)\n\tdefault m if NET\n\thelp\n\t  Two ends.\n\nendif\nendmenu\n\nconfig BITS\n\tint\n\tdefault 64\n\nconfig WIDE\n\tdef_bool BITS >= 64\n\tdepends on BITS > 32\n";

    fn symbols() -> Symbols {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("arch/x86")).expect("made");
        std::fs::write(dir.path().join("Kconfig"), TOP).expect("written");
        std::fs::write(dir.path().join("arch/x86/Kconfig"), "config PCI\n\tbool \"PCI\"\n").expect("written");
        read(dir.path(), Arch::X86_64).expect("readable")
    }

    fn config(text: &str) -> Config {
        Config::parse(text.as_bytes()).expect("a configuration")
    }

    #[test]
    fn an_option_with_all_that_is_around_it() {
        let symbols = symbols();
        let veth = symbols.get("CONFIG_VETH").expect("it is there");
        assert_eq!((veth.kind, veth.prompt.as_deref()), (Some("tristate"), Some("Pairs")));
        assert_eq!(veth.places, [("Kconfig".to_owned(), 18)]);
        assert_eq!(veth.help.as_deref(), Some("Two ends."));
        assert_eq!(veth.defaults, ["m if NET"]);
        assert_eq!(veth.implied_by, [("NET".to_owned(), None)]);
        assert!(veth.depends()[0].starts_with("NET && (PCI || ISA) && !OLD"), "{:?}", veth.depends());
        let bpf = symbols.get("BPF").expect("it is there");
        assert_eq!(bpf.selected_by, [("NET".to_owned(), Some("HAVE_BPF".to_owned()))]);
        assert_eq!(symbols.get("PCI").expect("it is there").places, [("arch/x86/Kconfig".to_owned(), 1)]);
        assert!(symbols.get("HAVE_BPF").is_none());
        assert_eq!(symbols.near("CONFIG_VETHH"), ["VETH"]);
        assert!(symbols.depends_on("VETH", "CONFIG_NET") && !symbols.depends_on("VETH", "ET"));
    }

    #[test]
    fn what_is_missing_is_named_as_it_is_written() {
        let symbols = symbols();
        let unmet = |text: &str| symbols.unmet("VETH", &config(text));
        assert_eq!(unmet(""), ["NET", "PCI || ISA", "A || B"]);
        assert_eq!(unmet("CONFIG_NET=y\nCONFIG_PCI=y\nCONFIG_B=m\nCONFIG_OLD=y\n"), ["!OLD"]);
        assert_eq!(unmet("CONFIG_NET=m\nCONFIG_ISA=y\nCONFIG_A=y\n"), Vec::<String>::new());
        assert_eq!(symbols.unmet("WIDE", &config("CONFIG_BITS=32\n")), ["BITS > 32"]);
        assert_eq!(symbols.unmet("WIDE", &config("CONFIG_BITS=64\n")), Vec::<String>::new());
        assert_eq!(symbols.selecting("BPF", &config("CONFIG_NET=y\nCONFIG_HAVE_BPF=y\n")), ["NET"]);
        assert_eq!(symbols.selecting("BPF", &config("CONFIG_NET=y\n")), Vec::<&str>::new());
    }
}
