//! The results directory of a test, in which its user must be able to write.

use bollard_buildkit_proto::pb::{self, file_action::Action, user_opt::User};

use super::definition::{OpRef, input};
use super::exec;
use super::lower::{Lowering, action, chain, mkdir};
use crate::pipeline::{Fs, FsNode, RESULTS_DIR};

/// The output of a test's operation that holds its results.
const OUTPUT: i64 = 1;
/// Where they are in it, if they are not all of it. The top of a mount belongs to root whatever one
/// does, so that of another user is a directory in it.
const OWNED: &str = "/owned";

impl Lowering<'_> {
    /// The results of a test, alone.
    pub(super) fn results(&mut self, fs: &Fs) -> Option<OpRef> {
        let output = OpRef { index: OUTPUT, ..self.fs(fs)? };
        let FsNode::Test { base, config, .. } = &*fs.0 else { return Some(output) };
        if is_root(exec::user(config, self.image_config(base))) {
            return Some(output);
        }
        let copy = pb::FileActionCopy {
            src: OWNED.into(),
            dest: "/".into(),
            mode: -1,      // as it is
            timestamp: -1, // as it is
            dir_copy_contents: true,
            ..Default::default()
        };
        let name = "copy the results".into();
        Some(self.file(vec![input(&output)], action(false, Action::Copy(copy)), name, true))
    }

    /// An empty directory for the results of a test on `base` that runs as `user`.
    pub(super) fn results_mount(&mut self, base: &Fs, user: &str, inputs: &mut Vec<pb::Input>) -> pb::Mount {
        let mount =
            pb::Mount { input: exec::EMPTY, dest: RESULTS_DIR.into(), output: OUTPUT, ..Default::default() };
        if is_root(user) {
            return mount;
        }
        let owned = self.owned(base, user);
        inputs.push(input(&owned));
        pb::Mount { input: inputs.len() as i64 - 1, selector: OWNED.into(), ..mount }
    }

    /// A file system with one directory, which belongs to `user`; a name is looked up in `base`.
    fn owned(&mut self, base: &Fs, user: &str) -> OpRef {
        let name = user.split(':').next().unwrap_or_default();
        let id = name.parse().ok().map(User::ById);
        let users = if id.is_some() { None } else { self.fs(base) };
        let user = id
            .or(users.is_some().then(|| User::ByName(pb::NamedUserOpt { name: name.to_owned(), input: 0 })));
        let owner = pb::ChownOpt { user: Some(pb::UserOpt { user }), group: None };
        let made = pb::FileActionMkDir { owner: Some(owner), timestamp: 0, ..mkdir(OWNED) };
        let inputs = users.iter().map(input).collect();
        // The users are only looked up there: it is made on nothing.
        let actions = chain(false, vec![Action::Mkdir(made)]);
        self.file(inputs, actions, "results directory".into(), true)
    }
}

/// Whether a user, as a command has it, is root.
fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
}
