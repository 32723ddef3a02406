//! Whole patch sets of the corpus from one release to another, beside what git makes of them.

use kpatch::apply::{Release, Stack};
use kpatch::carry::{Carried, Context, Outcome, carry, renames};
use kpatch::event::{Interrupt, Silent};
use kpatch::git::Store;
use kpatch::patch_set::PatchSet;

use crate::support::{Sandbox, corpus};

fn read(set: &str) -> PatchSet {
    let files = std::fs::read_dir(corpus().join(set)).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
    });
    PatchSet::read(files.collect()).unwrap()
}

fn run(store: &Store, set: &PatchSet, base: &str, target: &str) -> (Stack, Carried) {
    let interrupt = Interrupt::new();
    let (base, target) = (Release::find(store, base).unwrap(), Release::find(store, target).unwrap());
    let stack = Stack::build(store, base, &set.patches, &Silent, &interrupt).unwrap().unwrap();
    let renames = renames(store, &set.patches, &stack.base, &target).unwrap();
    let context = Context { store, patches: &set.patches, history: None, observer: &Silent, interrupt: &interrupt };
    let carried = carry(context, &stack, target, renames).unwrap().unwrap();
    (stack, carried)
}

#[test]
fn look() {
    let sandbox = Sandbox::new();
    let store = Store::open(&sandbox.linux()).unwrap();
    for (set, base, target) in [
        ("patches-6.1.170", "v6.1.170", "v6.1.176"),
        ("patches-6.1.170-rt", "v6.1.170", "v6.1.176"),
        ("patches-6.1.176", "v6.1.176", "v6.12.100"),
        ("patches-6.12.100", "v6.12.100", "v6.12.100"),
    ] {
        let set_ = read(set);
        let (_, carried) = run(&store, &set_, base, target);
        let mut counts = std::collections::BTreeMap::new();
        for (patch, pick) in set_.patches.iter().zip(&carried.picks) {
            let name = format!("{:?}", pick.outcome);
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned();
            if !matches!(pick.outcome, Outcome::Same | Outcome::Offset { .. }) {
                let mut d = format!("{:?}", pick.outcome);
                d.truncate(200);
                println!("{set} {}: {d}", patch.file);
            }
            *counts.entry(name).or_insert(0) += 1;
        }
        println!("{set} {base} {target} {counts:?} {}", carried.tip());
    }
}
