//! A tree of 100,000 files.
#![cfg(target_os = "linux")]

use std::fs;

use tests::Fixture;

const FILES: usize = 100_000;
/// What a run may hold at its peak.
const LIMIT: u64 = 60 << 20;

#[test]
fn a_hundred_thousand_files_are_sent_once_in_bounded_memory() {
    let repo = Fixture::new();
    for dir in 0..FILES / 1000 {
        let dir = repo.path(&format!("web/crux-ui/src/generated/{dir:03}"));
        fs::create_dir_all(&dir).expect("a folder");
        for file in 0..1000 {
            fs::write(dir.join(format!("component-{file:03}.ts")), format!("export const n = {file}\n"))
                .expect("a file");
        }
    }
    let (first, peak) = repo.start(&["test-ui"]).finish_with_peak_memory();
    let first = first.expect(0);
    assert!(
        first.output("test-ui").contains(&format!("sources: {}", FILES + 1)),
        "{}",
        first.output("test-ui")
    );
    assert!(first.files_sent() > FILES as u64);
    assert!(peak > 1 << 20 && peak <= LIMIT, "{peak} bytes at the peak of the first run");

    let (second, peak) = repo.start(&["test-ui"]).finish_with_peak_memory();
    second.expect(0).assert_all_cached();
    assert!(peak <= LIMIT, "{peak} bytes at the peak with nothing changed");

    repo.write("web/crux-ui/src/generated/050/component-500.ts", "export const n = 'edited'\n");
    let third = repo.run(&["test-ui"]).expect(0);
    assert_eq!(third.files_sent(), 1);
    assert_eq!(third.outcome("exec npm ci"), "cached");
    assert_eq!(third.outcome("test npm run test"), "ran");
}
