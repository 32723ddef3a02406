//! `docs/lint.schema.json` and what `lint --json` prints hold each other to their word.

use serde_json::{Value, json};

use kpatch::ops::lint::report::LintRun;

use super::{json as print, sample};

fn validator() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lint.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).expect("the schema is there")).expect("JSON");
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn printed(run: &LintRun) -> Value {
    serde_json::from_str(&print(run).expect("a report")).expect("JSON")
}

#[test]
fn reports_are_what_the_schema_says_and_are_read_back() {
    let validator = validator();
    let empty = LintRun { reports: Vec::new(), waivers: Vec::new() };
    for run in [sample::run(), sample::mended(), sample::hostile(), empty] {
        let text = print(&run).expect("a report");
        assert!(sample::is_harmless(&text));
        let value = serde_json::from_str(&text).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!((&value["schema"], &value["verb"]), (&json!(1), &json!("lint")));
        assert_eq!(serde_json::from_str::<LintRun>(&text).expect("it is read back"), run);
    }
}

/// The pointers of all objects in `value`.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            fields.iter().for_each(|(name, value)| objects(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, value)| objects(value, &format!("{at}/{number}"), found));
        }
        _ => {}
    }
}

#[test]
fn a_field_too_many_or_too_few_is_wrong() {
    let validator = validator();
    for run in [sample::run(), sample::mended()] {
        let good = printed(&run);
        let mut found = Vec::new();
        objects(&good, "", &mut found);
        assert!(found.len() > 4);
        for pointer in &found {
            let fields = good.pointer(pointer).and_then(Value::as_object).expect("an object");
            let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                let mut value = good.clone();
                change(value.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object"));
                value
            };
            let more = changed(&|fields| drop(fields.insert("more".into(), json!(1))));
            assert!(!validator.is_valid(&more), "{pointer} may have more");
            for name in fields.keys() {
                let less = changed(&|fields| drop(fields.remove(name)));
                assert!(!validator.is_valid(&less), "{pointer} may lack {name}");
                let other = changed(&|fields| drop(fields.insert(name.clone(), json!([[]]))));
                assert!(!validator.is_valid(&other), "{pointer}/{name} may be anything");
            }
        }
    }
}
