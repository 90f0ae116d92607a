//! A Docker Engine of a test's own, which it may end, stop and fill: in namespaces of its own, so
//! that nothing of it is left, whatever becomes of it, and no other engine notices.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::fault::{needs_root, send, wait_until};

/// The images that the application's pipelines may rest on; those that the tests' engine has are
/// copied.
const IMAGES: [&str; 2] = ["node:20-alpine", "xtask-stand-in/node:20-alpine"];

/// A running engine; gone with it.
pub struct OwnEngine {
    dir: TempDir,
    outer: Child,
}

impl OwnEngine {
    /// Starts an engine that has the application's images and, if `disk` says so (`600m`), a disk
    /// of that size.
    #[track_caller]
    pub fn start(disk: Option<&str>) -> Self {
        needs_root("it starts an engine of its own");
        for program in ["dockerd", "docker", "unshare", "setpriv", "ip"] {
            let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
            assert!(found.is_ok_and(|found| found.status.success()), "this test needs the program {program}");
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("data")).expect("a folder");
        let mut engine = Self { outer: spawn(dir.path(), disk), dir };
        engine.wait_until_it_answers();
        engine.load_images();
        engine
    }

    /// Starts it again with all that it had, once it is killed; not one with a disk of its own.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.outer.wait().expect("its end");
        for left in ["pid", "engine.sock"] {
            let _ = fs::remove_file(self.dir.path().join(left));
        }
        let _ = fs::remove_dir_all(self.dir.path().join("exec"));
        self.outer = spawn(self.dir.path(), None);
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&mut self) {
        wait_until("the test's own engine", || {
            let ended = self.outer.try_wait().expect("a child");
            assert!(ended.is_none(), "dockerd ended: {}", self.log());
            self.docker(&["version"]).status.success().then_some(())
        });
    }

    fn load_images(&self) {
        let has = |image: &&&str| {
            let found = Command::new("docker").args(["image", "inspect", image]).output();
            found.is_ok_and(|found| found.status.success())
        };
        let images: Vec<_> = IMAGES.iter().filter(has).collect();
        assert!(!images.is_empty(), "this test needs one of the images {IMAGES:?}: run `cargo xtask setup`");
        let save = Command::new("docker").arg("save").args(images).stdout(Stdio::piped()).spawn();
        let mut save = save.expect("docker");
        let loaded = self.client().arg("load").stdin(save.stdout.take().expect("its output")).output();
        assert!(save.wait().is_ok_and(|status| status.success()), "docker save");
        let loaded = loaded.expect("docker");
        assert!(loaded.status.success(), "docker load: {}", String::from_utf8_lossy(&loaded.stderr));
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("engine.sock")
    }

    /// The value for `--engine`.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn client(&self) -> Command {
        let mut command = Command::new("docker");
        command.env_remove("DOCKER_CONTEXT").env("DOCKER_HOST", self.address());
        command
    }

    fn docker(&self, args: &[&str]) -> Output {
        self.client().args(args).output().expect("docker")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The engine's process, as this namespace sees it.
    fn pid(&self) -> u32 {
        let outer = self.outer.id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).unwrap_or_default();
        children.split_whitespace().next().and_then(|pid| pid.parse().ok()).expect("the engine's process")
    }

    /// Fills its disk for good, once it has let go of what it took for something that failed: Go closes
    /// files that nobody uses any more when it collects garbage.
    #[track_caller]
    pub fn fill_disk(&self) {
        let data = format!("/proc/{}/root{}/data", self.pid(), self.dir.path().display());
        wait_until("room on the disk of the test's own engine", || {
            self.docker(&["info"]); // work makes garbage
            let stat = Command::new("stat").args(["-f", "-c", "%a %b", &data]).output().expect("stat");
            let blocks = String::from_utf8(stat.stdout).expect("text");
            let (free, all) = blocks.trim().split_once(' ').expect("two numbers");
            let number = |text: &str| text.parse::<u64>().expect("a number");
            (number(free) > number(all) / 4).then_some(())
        });
        let file = fs::File::options().create(true).append(true).open(format!("{data}/full"));
        let full = std::io::copy(&mut std::io::repeat(0), &mut file.expect("a file"));
        assert_eq!(full.expect_err("a full disk").kind(), std::io::ErrorKind::StorageFull);
    }

    /// Everything with a label of this value that it has, by name.
    #[track_caller]
    pub fn with_label(&self, label: &str, value: &str) -> Vec<String> {
        crate::engine::labelled(&|| self.client(), label, value)
    }

    /// A command line that runs where its containers can be reached.
    pub fn beside(&self, command_line: &[String]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.pid())).args(command_line);
        command
    }

    /// Ends it as a crash would.
    pub fn kill(&self) {
        send("KILL", self.pid());
    }

    /// Lets it hang: it keeps its connections and says nothing.
    pub fn hang(&self) {
        send("STOP", self.pid());
    }
}

/// The engine's process, in namespaces of its own.
fn spawn(dir: &Path, disk: Option<&str>) -> Child {
    let at = dir.display();
    let disk =
        disk.map(|size| format!("mount -t tmpfs -o size={size} tmpfs {at}/data\n")).unwrap_or_default();
    let script = format!(
        "{disk}ip link set lo up\necho '{{}}' > {at}/none.json\n\
         exec dockerd --host unix://{at}/engine.sock --data-root {at}/data --exec-root {at}/exec \
         --pidfile {at}/pid --config-file {at}/none.json --iptables=false --ip6tables=false"
    );
    let log = fs::File::options().create(true).append(true).open(dir.join("log")).expect("a file");
    let mut command = Command::new("setpriv");
    // Dies with the thread of the test, and with it all that it started.
    command.args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]);
    command.args(["--mount-proc", "sh", "-ec", &script]).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a file")).stderr(log);
    command.spawn().expect("setpriv")
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
        // The mounts go when the last process of the namespace is gone.
        wait_until("the end of the test's own engine", || fs::remove_dir_all(self.dir.path()).ok());
    }
}
