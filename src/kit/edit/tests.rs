use super::*;

/// A kit with this Makefile; what `edit` makes of the series.
fn makefile(text: &str, edit: impl Fn(&Kit, &[SeriesState]) -> Result<Option<FileChange>, KitError>) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("kernel")).expect("made");
    fs::write(dir.path().join("kernel/Makefile"), text).expect("written");
    let kit = Kit::open(dir.path()).expect("a kit");
    match edit(&kit, &kit.series().expect("readable")) {
        Ok(Some(change)) => {
            assert_eq!(change.old.as_deref(), Some(text.as_bytes()));
            String::from_utf8(change.new.expect("an edit")).expect("UTF-8")
        }
        Ok(None) => "unchanged".to_owned(),
        Err(error) => {
            format!("error: {error}").replace(&dir.path().canonicalize().expect("there").display().to_string(), "")
        }
    }
}

fn find<'s>(all: &'s [SeriesState], name: &str) -> &'s SeriesState {
    all.iter().find(|state| state.name() == name).expect("a series of that name")
}

fn add(text: &str, version: &str, like: &str) -> String {
    makefile(text, |kit, all| kit.add_version(&version.parse().expect("a version"), find(all, like)).map(Some))
}

fn deprecate(text: &str, name: &str) -> String {
    makefile(text, |kit, all| kit.deprecate(find(all, name)))
}

fn remove(text: &str, name: &str) -> String {
    makefile(text, |kit, all| kit.remove_version(find(all, name)))
}

#[test]
fn a_version_goes_where_the_order_of_its_list_wants_it() {
    for (old, new) in [
        ("KERNELS_all=6.6.13 5.15.27\n", "KERNELS_all=7.0.5 6.6.13 5.15.27\n"),
        ("KERNELS_all=5.15.27 6.6.13 \n", "KERNELS_all=5.15.27 6.6.13 7.0.5 \n"),
        ("KERNELS_all = 6.6.13\r\n", "KERNELS_all = 7.0.5 6.6.13\r\n"),
        ("KERNELS_all=8.1.1 6.6.13 # two\n", "KERNELS_all=8.1.1 7.0.5 6.6.13 # two\n"),
        ("KERNELS_all=6.6.13 8.1.1", "KERNELS_all=6.6.13 7.0.5 8.1.1"),
        (
            "KERNELS_all= \\\n  6.6.13 \\\n  5.15.27\nDEPRECATED_all=4.19.1\n",
            "KERNELS_all= \\\n  7.0.5 \\\n  6.6.13 \\\n  5.15.27\nDEPRECATED_all=4.19.1\n",
        ),
        // Only where the series before it is; its order may stand in another list.
        (
            "KERNELS_all=5.4.1 5.15.27\nKERNELS_x86_64=6.6.13\n",
            "KERNELS_all=5.4.1 5.15.27\nKERNELS_x86_64=6.6.13 7.0.5\n",
        ),
        (
            "KERNELS_x86_64=6.6.13\nKERNELS_aarch64=6.6.13\n",
            "KERNELS_x86_64=7.0.5 6.6.13\nKERNELS_aarch64=7.0.5 6.6.13\n",
        ),
        ("KERNELS_all=\nDEPRECATED_all=6.6.13\n", "KERNELS_all=7.0.5\nDEPRECATED_all=6.6.13\n"),
        ("KERNELS_all=6.6.13 5.15.27 6.1.2\n", "KERNELS_all=7.0.5 6.6.13 5.15.27 6.1.2\n"),
    ] {
        assert_eq!(add(old, "7.0.5", "6.6.x"), new, "{old}");
    }
    assert!(add("KERNELS_all=6.6.13\nDEPRECATED_all=7.0.5\n", "7.0.5", "6.6.x").contains("lists 7.0.5 already"));
}

#[test]
fn call_lines_are_copied_in_front() {
    let old = "ifeq ($(ARCH),x86_64)\r\n$(eval $(call kernel,6.6.13,6.6.x,$(EXTRA),$(DEBUG)))\r\n\
        $(eval $(call kernel,6.6.13,6.6.x,,-dbg))\r\n$(eval $(call kernel,6.6.9,6.6.x,-rt,))\r\n\r\n\
        $(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))\r\nelse ifeq ($(ARCH),aarch64)\r\n  $(eval $(call kernel,6.6.13,6.6.x,,))\r\n\
        #$(eval $(call kernel,6.6.13,6.6.x,-rt,))\r\nendif";
    let new = "ifeq ($(ARCH),x86_64)\r\n$(eval $(call kernel,7.0.5,7.0.x,$(EXTRA),$(DEBUG)))\r\n\
        $(eval $(call kernel,7.0.5,7.0.x,,-dbg))\r\n$(eval $(call kernel,6.6.13,6.6.x,$(EXTRA),$(DEBUG)))\r\n\
        $(eval $(call kernel,6.6.13,6.6.x,,-dbg))\r\n$(eval $(call kernel,6.6.9,6.6.x,-rt,))\r\n\r\n\
        $(eval $(call kernel,5.15.27,5.15.x,$(EXTRA),$(DEBUG)))\r\nelse ifeq ($(ARCH),aarch64)\r\n  $(eval $(call kernel,7.0.5,7.0.x,,))\r\n  $(eval $(call kernel,6.6.13,6.6.x,,))\r\n\
        #$(eval $(call kernel,6.6.13,6.6.x,-rt,))\r\nendif";
    assert_eq!(add(old, "7.0.5", "6.6.x"), new);
    assert_eq!(remove(new, "7.0.x"), old);
    assert_eq!(deprecate(new, "7.0.x"), old);
    assert_eq!(
        add("$(eval $(call kernel,6.6.13,6.6.x,,))", "7.0.5", "6.6.x"),
        "$(eval $(call kernel,7.0.5,7.0.x,,))\n$(eval $(call kernel,6.6.13,6.6.x,,))"
    );
    let many = "$(eval $(call kernel,6.6.12,6.6.x,,))\n$(eval $(call kernel,6.6.13,6.6.x,,))\n";
    let one_more = "$(eval $(call kernel,6.6.12,6.6.x,,))\n$(eval $(call kernel,7.0.5,7.0.x,,))\n$(eval $(call kernel,6.6.13,6.6.x,,))\n";
    assert_eq!(add(many, "7.0.5", "6.6.x"), one_more);
    let two = "$(eval $(call kernel,6.6.13,6.6.x,,))$(eval $(call kernel,5.1.1,5.1.x,,))\n";
    assert!(add(two, "7.0.5", "6.6.x").contains("neither a list nor a line of its own for 6.6.x"));
}

#[test]
fn what_is_deprecated_moves_to_the_list_of_the_same_suffix() {
    for (old, new) in [
        (
            "KERNELS_all=6.6.13 5.15.27 \nDEPRECATED_all=5.10.104 5.11.4-rt\n",
            "KERNELS_all=6.6.13 \nDEPRECATED_all=5.10.104 5.11.4-rt 5.15.27\n",
        ),
        ("KERNELS_all=5.15.27 6.6.13 \nDEPRECATED_all=\n", "KERNELS_all=6.6.13 \nDEPRECATED_all=5.15.27\n"),
        (
            "DEPRECATED_x86_64=5.4.172 \r\nKERNELS_all=6.6.13\r\nKERNELS_x86_64 =  5.15.27\r\n",
            "DEPRECATED_x86_64=5.15.27 5.4.172 \r\nKERNELS_all=6.6.13\r\nKERNELS_x86_64 =  \r\n",
        ),
        (
            "KERNELS_all=6.6.13 \\\n 5.15.27 \\\n 5.1.1\nDEPRECATED_all := # none\n",
            "KERNELS_all=6.6.13 \\\n 5.1.1\nDEPRECATED_all := 5.15.27# none\n",
        ),
        ("KERNELS_all=5.15.27\nDEPRECATED_all =\n", "KERNELS_all=\nDEPRECATED_all = 5.15.27\n"),
        (
            "KERNELS_all=5.15.20 5.15.27 6.1.1\nDEPRECATED_all=4.1.1\n",
            "KERNELS_all=6.1.1\nDEPRECATED_all=4.1.1 5.15.20 5.15.27\n",
        ),
    ] {
        assert_eq!(deprecate(old, "5.15.x"), new, "{old}");
    }
    assert_eq!(deprecate("KERNELS_all=6.6.13\nDEPRECATED_all=5.15.27\n", "5.15.x"), "unchanged");
    assert_eq!(
        deprecate("KERNELS_x86_64=5.15.27\nDEPRECATED_all=\n", "5.15.x"),
        "error: '/kernel/Makefile' has no list DEPRECATED_x86_64"
    );
    assert_eq!(
        remove("KERNELS_all=6.6.13  5.15.27\nDEPRECATED_all=5.15.20 4.1.1\n", "5.15.x"),
        "KERNELS_all=6.6.13\nDEPRECATED_all=4.1.1\n"
    );
}

#[test]
fn build_args_are_those_of_the_older_series() {
    let dir = tempfile::tempdir().expect("a directory");
    let own = dir.path().join("kernel/6.6.x");
    fs::create_dir_all(&own).expect("made");
    let text = "KERNEL_VERSION=6.6.13\r\nKERNEL_SERIES=6.6.x\r\nBUILD_IMAGE=org/alpine:6.6.13\r\n";
    fs::write(own.join("build-args"), text).expect("written");
    let kit = Kit::open(dir.path()).expect("a kit");
    let state = kit.series().expect("readable").remove(0);
    let change = kit.add_version(&"7.0.5".parse().expect("a version"), &state).expect("an edit");
    assert!(change.path.ends_with("kernel/7.0.x/build-args") && change.old.is_none());
    assert_eq!(
        String::from_utf8(change.new.expect("bytes")).expect("UTF-8"),
        "KERNEL_VERSION=7.0.5\r\nKERNEL_SERIES=7.0.x\r\nBUILD_IMAGE=org/alpine:6.6.13\r\n"
    );
    let change = kit.deprecate(&state).expect("an edit").expect("a change");
    assert!(change.path.ends_with("kernel/6.6.x/deprecated") && change.new == Some(Vec::new()));
    assert_eq!(kit.remove_version(&state).expect("an edit").expect("a change").new, None);
}
