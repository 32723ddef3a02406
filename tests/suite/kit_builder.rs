//! The small world of the other tests is what they take it for: kpatch and git see it alike.

use crate::support::{LAYOUTS, World};

#[test]
fn the_usual_bump_has_one_outcome_of_each_kind() {
    let mut commits = Vec::new();
    for layout in LAYOUTS {
        let world = World::new(layout);
        assert_eq!(world.sandbox.git(&world.kit, &["status", "--porcelain"]), "");
        assert_eq!(world.patches().len(), 6);
        let report = world.report(&["bump", "6.6.13", "6.6.14"]);
        let outcomes: Vec<_> = report["patches"].as_array().unwrap().iter().map(|row| row["outcome"].clone()).collect();
        assert_eq!(outcomes, ["offset", "refreshed", "upstreamed", "same"]);
        assert_eq!(report["state"], "landed");
        // What git makes of the new files is the branch.
        let tip = world.branch("v6.6.14-linuxkit").unwrap();
        let clone = world.sandbox.path("clone");
        world
            .sandbox
            .git(&world.kit, &["clone", "-q", "-b", "v6.6.14", world.linux.to_str().unwrap(), clone.to_str().unwrap()]);
        let files: Vec<String> = world.patches_only().iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(files.len(), 3);
        let paths: Vec<String> = files.iter().map(|name| world.patch(name).to_str().unwrap().to_owned()).collect();
        let args: Vec<&str> = ["am", "-q", "--keep-cr"].into_iter().chain(paths.iter().map(String::as_str)).collect();
        world.sandbox.git(&clone, &args);
        let tree = world.sandbox.git(&clone, &["rev-parse", "HEAD^{tree}"]);
        assert_eq!(tree, world.sandbox.git(&world.linux, &["rev-parse", &format!("{tip}^{{tree}}")]));
        assert_eq!(report["tree"], tree.as_str());
        commits.push(tip);
    }
    // One layout and the other: the commits are the same.
    assert_eq!(commits[0], commits[1]);
}
