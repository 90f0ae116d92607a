//! Commands: what runs, in what surroundings, wrapped where BuildKit alone would get it wrong.

use bollard_buildkit_proto::pb;

use super::lower::Surroundings;
use crate::pipeline::{Config, ImageConfig, Network, RESULTS_DIR, RESULTS_VARIABLE};

/// The id under which the session hands out the host's CA bundle.
pub(crate) const CA_SECRET: &str = "xtask.ca";
/// The id under which the session hands out apt's configuration, which names that bundle: apt reads
/// no variable for it.
pub(crate) const APT_SECRET: &str = "xtask.apt";
/// What is in it: <https://manpages.debian.org/apt-transport-https>.
pub(crate) const APT_CONFIG: &str = "Acquire::https::CaInfo \"/dev/.xtask/ca.pem\";\n";
/// The id under which the session tells, at the moment of asking, how many seconds are left.
pub(crate) const DEADLINE_SECRET: &str = "xtask.deadline";
/// In a test's results: its exit code, when it ended in seconds since 1970, and the machine's uptime
/// when it began and when it ended, in seconds.
pub(crate) const EXIT_CODE_FILE: &str = ".exit-code";
/// In a test's results: its output, since BuildKit clips logs to 2 MiB a step.
pub(crate) const OUTPUT_FILE: &str = ".output";
/// In a test's results: the end of an output that is longer than the first file may be.
pub(crate) const OUTPUT_END_FILE: &str = ".output-end";

/// Secrets live below `/dev`, which is a fresh tmpfs in every step: not even an empty mount point
/// is left in the layer.
const SECRETS_DIR: &str = "/dev/.xtask";

/// What a program of the usual kinds reads to find the certificates it trusts.
const CA_VARIABLES: [&str; 7] = [
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
];

/// What Docker itself sets when the image says nothing.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// BuildKit's `pb.Empty`: no input, no output.
pub(crate) const EMPTY: i64 = -1;

/// The exit code of a test that its time limit ended, as `timeout` of coreutils has it; the script
/// below writes it.
pub(crate) const TIMED_OUT: i32 = 124;

/// Runs the command of a test: its output to the log and into the results, all of it up to 64 MiB,
/// beyond that its beginning and its end; its exit code into the results; success to BuildKit, so
/// that the files can be had.
///
/// The step ends when its command does: what the command left running is ended, for it would hold
/// the output open for ever. That is safe only where the wrapper is the first process, so that
/// `/proc` shows this step's processes and no others. Spared is what keeps the output: `tee`, the
/// shell that reads its log (known by its id, since a command may be over before it has opened the
/// log) and what that shell runs (known by its input, which it inherits).
///
/// The time limit comes as a secret, because it must not be in the cache key; its clock ends without
/// a word when its sleep is cut short. A wrapper's own variables have names that no command uses,
/// for where a command has one, it would see the wrapper's value.
const TEST_SCRIPT: &str = r#"xtask_signal_all() {
  [ $$ = 1 ] || return 0
  for xtask_process in /proc/[0-9]*; do
    [ "$xtask_process/fd/0" -ef "$XTASK_RESULTS/.log" ] && continue
    case ${xtask_process#/proc/} in 1|$xtask_tee|$xtask_log|$2) ;; *) kill -"$1" "${xtask_process#/proc/}" 2>/dev/null;; esac
  done
}
xtask_limit=$(cat /dev/.xtask/deadline 2>/dev/null)
mkfifo "$XTASK_RESULTS/.pipe" "$XTASK_RESULTS/.log" || exit 125
{
  head -c 33554432 > "$XTASK_RESULTS/.output"
  exec tail -c 33554432 > "$XTASK_RESULTS/.output-end"
} < "$XTASK_RESULTS/.log" &
xtask_log=$!
tee "$XTASK_RESULTS/.log" < "$XTASK_RESULTS/.pipe" &
xtask_tee=$!
read -r xtask_began xtask_rest < /proc/uptime
if [ -n "$xtask_limit" ]; then
  {
    read -r xtask_clock xtask_rest < /proc/self/stat
    sleep "$xtask_limit" || exit
    : > "$XTASK_RESULTS/.timed-out"
    xtask_signal_all TERM "$xtask_clock"
    sleep 2
    xtask_signal_all KILL "$xtask_clock"
  } &
fi
"$@" > "$XTASK_RESULTS/.pipe" 2>&1
xtask_code=$?
read -r xtask_ended xtask_rest < /proc/uptime
xtask_signal_all KILL none
wait "$xtask_tee" "$xtask_log"
[ -e "$XTASK_RESULTS/.timed-out" ] && xtask_code=124
rm -f "$XTASK_RESULTS/.pipe" "$XTASK_RESULTS/.log" "$XTASK_RESULTS/.timed-out"
echo "$xtask_code $(date +%s) $xtask_began $xtask_ended" > "$XTASK_RESULTS/.exit-code"
[ -s "$XTASK_RESULTS/.exit-code" ]"#;

/// The user of a command: the one that was asked for, else the image's; empty for root.
pub(crate) fn user<'a>(config: &'a Config, image: &'a ImageConfig) -> &'a str {
    config.user.as_deref().unwrap_or(&image.user)
}

/// The command's surroundings: variables, directory, user, network.
pub(crate) fn meta(
    args: Vec<String>,
    config: &Config,
    image: &ImageConfig,
    surroundings: &Surroundings,
) -> pb::Meta {
    let workdir = config.workdir.as_ref().map_or(image.workdir.as_str(), |path| path.as_str());
    pb::Meta {
        args,
        env: variables(config, image, surroundings.ca),
        cwd: if workdir.is_empty() { "/".into() } else { workdir.into() },
        user: user(config, image).into(),
        // Not part of the cache key: solver/llbsolver/ops/exec.go clears it before hashing.
        proxy_env: surroundings.proxy.clone(),
        ..Default::default()
    }
}

fn variables(config: &Config, image: &ImageConfig, ca: bool) -> Vec<String> {
    let mut env = image.env.clone();
    for (name, value) in &config.env {
        set(&mut env, name, value);
    }
    if ca {
        let bundle = format!("{SECRETS_DIR}/ca.pem");
        let apt = format!("{SECRETS_DIR}/apt.conf");
        let variables = CA_VARIABLES.iter().map(|name| (*name, &bundle)).chain([("APT_CONFIG", &apt)]);
        for (name, path) in variables {
            if !has(&env, name) && !config.secret_variables.iter().any(|variable| variable.name == name) {
                set(&mut env, name, path);
            }
        }
    }
    if !has(&env, "PATH") {
        set(&mut env, "PATH", DEFAULT_PATH);
    }
    env
}

fn has(env: &[String], name: &str) -> bool {
    env.iter().any(|line| line.split_once('=').is_some_and(|(known, _)| known == name))
}

fn set(env: &mut Vec<String>, name: &str, value: &str) {
    let line = format!("{name}={value}");
    match env.iter_mut().find(|line| line.split_once('=').is_some_and(|(known, _)| known == name)) {
        Some(known) => *known = line,
        None => env.push(line),
    }
}

/// The mode of a step's network. BuildKit's `HOST` would reach everything on the engine's machine,
/// so it is not offered.
pub(crate) fn network(network: Network) -> pb::NetMode {
    match network {
        Network::Default => pb::NetMode::Unset,
        Network::None => pb::NetMode::None,
    }
}

/// The arguments with what a plain command needs around it: secret variables are exported from
/// files by a shell, for BuildKit 0.8 ignores `secretenv` in silence.
pub(crate) fn plain(args: &[String], config: &Config) -> Vec<String> {
    if config.secret_variables.is_empty() {
        return args.to_vec();
    }
    shell(&format!("{}exec \"$@\"", exports(config)), args)
}

/// The arguments of a test command with its wrapper.
pub(crate) fn test(args: &[String], config: &Config) -> Vec<String> {
    shell(&format!("{}{TEST_SCRIPT}", exports(config)), args)
}

fn shell(script: &str, args: &[String]) -> Vec<String> {
    let wrapper = ["/bin/sh", "-c", script, "xtask"].map(str::to_owned);
    wrapper.into_iter().chain(args.iter().cloned()).collect()
}

/// A value keeps its line ends: the `x` saves them from the shell, which drops those at the end.
fn exports(config: &Config) -> String {
    let export = |name: &str| {
        format!(
            "xtask_secret=$(cat {SECRETS_DIR}/env/{name}; printf x) || exit 125; \
             {name}=${{xtask_secret%x}}; export {name}; unset xtask_secret; "
        )
    };
    config.secret_variables.iter().map(|variable| export(&variable.name)).collect()
}

/// Tells a command where its results directory is.
pub(crate) fn name_results(meta: &mut pb::Meta) {
    set(&mut meta.env, RESULTS_VARIABLE, RESULTS_DIR);
}

/// The secrets that every step gets: the CA bundle; a test also its time limit.
pub(crate) fn ambient_secrets(surroundings: &Surroundings, is_test: bool) -> Vec<pb::Mount> {
    let ca = surroundings.ca.then(|| {
        let apt = secret(APT_SECRET, &format!("{SECRETS_DIR}/apt.conf"), true);
        [secret(CA_SECRET, &format!("{SECRETS_DIR}/ca.pem"), true), apt]
    });
    let deadline = is_test.then(|| secret(DEADLINE_SECRET, &format!("{SECRETS_DIR}/deadline"), true));
    ca.into_iter().flatten().chain(deadline).collect()
}

/// The file from which a secret variable is exported.
pub(crate) fn variable_secret(id: &str, variable: &str) -> pb::Mount {
    secret(id, &format!("{SECRETS_DIR}/env/{variable}"), false)
}

/// A secret as a file that anyone in the step can read, whatever its user.
pub(crate) fn secret(id: &str, path: &str, optional: bool) -> pb::Mount {
    pb::Mount {
        input: EMPTY,
        dest: path.into(),
        output: EMPTY,
        mount_type: pb::MountType::Secret.into(),
        secret_opt: Some(pb::SecretOpt { id: id.into(), mode: 0o444, optional, ..Default::default() }),
        ..Default::default()
    }
}
