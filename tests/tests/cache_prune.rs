//! Emptying the build cache. It is everyone's on this engine, so this test waits until no other
//! uses it, and is alone in its binary.

use tests::{Fixture, own_cache};

#[test]
fn after_a_prune_nothing_is_cached() {
    let _alone = own_cache();
    let repo = Fixture::without_lock();
    let volume = "const fs = require('fs'), file = '/root/.npm/xtask-' + require('./package.json').name\n\
        console.log('volume', fs.existsSync(file)); fs.writeFileSync(file, '')\n";
    repo.write("web/crux/extra.js", volume);
    repo.run(&["test-crux"]).expect(0);
    repo.run(&["test-crux"]).expect(0).assert_all_cached();

    let listed = repo.run(&["cache", "ls"]).expect(0);
    assert!(listed.stdout.contains("npm run prisma:gen"), "{}", listed.stdout);
    let pruned = repo.run(&["cache", "prune", "--yes"]).expect(0);
    assert!(pruned.stdout.contains("taken out"), "{}", pruned.stdout);

    let after = repo.run(&["test-crux"]).expect(0);
    let steps = after.steps();
    assert!(steps.iter().all(|step| step.outcome != "cached"), "{steps:#?}");
    assert_eq!(after.test()["cached"], false);
    assert!(!after.stdout.contains("CACHED"), "{}", after.stdout);
    assert_eq!(after.files_sent(), 12, "the engine's copies are gone, too: {:?}", after.all("uploaded"));
    assert!(after.output("test-crux").contains("volume true"), "volumes stay: {}", after.output("test-crux"));
}
