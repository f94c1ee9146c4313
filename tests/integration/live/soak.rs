//! Random scripts, options and policies for a long time, while sockets open and close: after a
//! warm-up, descriptors and memory stay constant.
//!
//! Two kinds of shells run in turn: those in this process, each new with a new policy, and the
//! prompt of the confined program, which stays the same, with its brokers. `scripts/soak` runs it.

#![expect(
    clippy::disallowed_methods,
    reason = "the test reads what its own process holds, opens sockets and starts the program"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    num::NonZeroU64,
    os::unix::net::UnixDatagram,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bstr::{BString, ByteSlice as _};
use builtin_api::Registry;
use cap_std::ambient_authority;
use host_shell::{Script, ScriptLimits, Shell};
use procnetsocket::SocketTables;
use socket_query::{
    AddressFamily, FamilySet, Grant, Names, Policy, PolicyView, ProcessVisibility, Visibility,
    VisibleUsers,
};
use ss_builtin::Ss;
use testkit::Xorshift;

use super::{churn::Connections, fixture::Fixture, namespace::inside};
use crate::{escape::program, workspace};

/// Descriptors that the line editor has open only temporarily: a pair of sockets, which report
/// signals while it waits for a line.
const OF_THE_EDITOR: u64 = 2;
/// Descriptors of this process that are open only temporarily: both ends of a connection.
const OF_THE_CHURN: u64 = 2;
/// Resident memory that may be added after the warm-up: 16 MiB. The allocator keeps some for each
/// of the threads that ran at once.
const MORE_KILOBYTES: u64 = 16 * 1024;
/// Number of measurements.
const QUESTIONS: u32 = 20;
/// Lines at the prompt before the first measurement.
const WARM: u64 = 20;
/// Sockets that this process has open at a time.
const SOCKETS: usize = 40;

const OPTIONS: [&str; 30] = [
    "-tan",
    "-tlnp",
    "-uanp",
    "-xap",
    "-apH",
    "-tanT",
    "-s",
    "-aeimoO",
    "-an --json",
    "-anp --json-lines",
    "-an --sort=-lport,state --limit=5",
    "-an --sort family --json",
    "-a --count",
    "-f netlink -a",
    "-Q -an -A all",
    "-tan 'sport = :9'",
    "-tan state established '( dst 127.0.0.0/8 or dport > 1024 )'",
    "-xa src '*a*'",
    "-tan 'sport ='",
    "-tan 'not ( src [::1] )' --tos --cgroup",
    "-E --for 5ms",
    "-K dst 127.0.0.1",
    "-F /nowhere",
    "--nonsense",
    "--help",
    "-tan -N other",
    "-tanr src 127.0.0.1",
    "-tln src localhost",
    "-tanp 'comm = python3 or not pid = 1'",
    "-an --json --limit 3 'user = root and comm = *'",
];

const SCRIPTS: [&str; 16] = [
    "ss @",
    "ss @ | head -n 3",
    "ss @ | wc -l",
    "x=$(ss @); echo ${#x}",
    "for i in 1 2 3; do ss @; done | tail -n 1",
    "ss @ > f; grep -c : f; rm f",
    "f() { ss @ \"$@\"; }; f -n",
    "while read -r a b; do c=$b; done < <(ss @ | head -n 20); echo ${#c}",
    "( ss @ ) 2>&1 | sort | uniq -c | head -n 5",
    "ss @ | awk '{ n++ } END { print n }'",
    "ss @ | cut -c 1-9 | sort -u | tr a-z A-Z",
    "cat /etc/passwd; ss @ || echo $?",
    "nothing-of-this-name | ss @ | false",
    "set -- $(ss @ -H | head -n 2); echo $#",
    "ss @ | while read -r line; do echo \"$line\"; break; done",
    "a=(1 2 3); echo ${a[@]} | ss @ > /dev/null; echo $(( ${#a[@]} + 1 ))",
];

/// The resources of a process.
#[derive(Clone, Copy, Debug)]
struct Held {
    descriptors: u64,
    kilobytes: u64,
}

impl Held {
    fn here() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kilobytes = memory.trim().trim_end_matches(" kB").parse().unwrap();
        // Without the one that lists them.
        let descriptors =
            u64::try_from(fs::read_dir("/proc/self/fd").unwrap().count()).unwrap() - 1;
        Self { descriptors, kilobytes }
    }

    fn parse(line: &str) -> Self {
        let (descriptors, kilobytes) = line.trim().split_once(' ').expect("two numbers");
        let [descriptors, kilobytes] = [descriptors, kilobytes].map(|word| word.parse().unwrap());
        Self { descriptors, kilobytes }
    }

    fn least(self, other: Self) -> Self {
        Self {
            descriptors: self.descriptors.min(other.descriptors),
            kilobytes: self.kilobytes.min(other.kilobytes),
        }
    }

    /// Checks that no more resources are used than before, except descriptors that are open only
    /// temporarily.
    fn is_flat(self, before: Self, coming: u64, whose: &str) {
        let most = before.descriptors + coming;
        assert!(self.descriptors <= most, "{whose}: {before:?}, then {self:?}");
        let most = before.kilobytes + MORE_KILOBYTES;
        assert!(self.kilobytes <= most, "{whose}: {before:?}, then {self:?}");
    }
}

/// The prompt of the confined program.
struct SoakPrompt {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl SoakPrompt {
    fn start() -> Self {
        let mut child = Command::new("python3")
            .arg(workspace::path("tests/fixture/prompt_for_long.py"))
            .arg(program::path())
            .args(["--grant", "sockets,processes,events,resolve"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    /// Types a line, and returns the resources of the program after it.
    fn run(&mut self, line: &str) -> Held {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut reported = String::new();
        self.stdout.read_line(&mut reported).unwrap();
        Held::parse(&reported)
    }
}

impl Drop for SoakPrompt {
    fn drop(&mut self) {
        self.stdin = None;
        // OK because the last status of the shell has no meaning.
        drop(self.child.wait());
    }
}

/// Sockets of this process that open and close.
#[derive(Default)]
struct Sockets(Vec<Box<dyn std::any::Any>>);

impl Sockets {
    fn change(&mut self, random: &mut Xorshift) {
        if self.0.len() >= SOCKETS || random.one_in(3) {
            let keep = usize::try_from(random.below(1 + u64::try_from(self.0.len()).unwrap()));
            self.0.truncate(keep.unwrap());
        }
        self.0.push(match random.below(3) {
            0 => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                Box::new((listener, client))
            }
            1 => Box::new(UdpSocket::bind("[::1]:0").unwrap()),
            _ => Box::new(UnixDatagram::pair().unwrap()),
        });
    }
}

fn line(random: &mut Xorshift) -> String {
    random.pick::<&str>(&SCRIPTS).replace('@', random.pick::<&str>(&OPTIONS))
}

fn policy(random: &mut Xorshift) -> Policy {
    let grants = [Grant::Sockets, Grant::Processes, Grant::Kill, Grant::Events];
    let grants = grants.into_iter().filter(|_| !random.one_in(4)).collect();
    let hidden = |is_hidden| if is_hidden { Visibility::Hidden } else { Visibility::Shown };
    let families = if random.one_in(3) {
        FamilySet::of(AddressFamily::Inet).union(FamilySet::of(AddressFamily::Unix))
    } else {
        FamilySet::ALL
    };
    Policy::new(grants)
        .with_families(families)
        .with_users(if random.one_in(4) { VisibleUsers::Uid(0) } else { VisibleUsers::All })
        .with_processes(*random.pick(&[ProcessVisibility::Names, ProcessVisibility::Full]))
        .with_unix_names(hidden(random.one_in(2)))
        .with_secrets(hidden(random.one_in(2)))
        .with_max_rows(NonZeroU64::new(random.below(300)))
}

/// Runs some scripts in one new shell of this process.
fn scripts(tables: &Arc<SocketTables>, random: &mut Xorshift) -> u64 {
    let view = PolicyView::new(Arc::clone(tables), policy(random), Names::default());
    let mut registry = Registry::new();
    registry.register(Ss::new(view)).unwrap();
    let timeout = Duration::from_millis(*random.pick(&[20, 30_000, 30_000, 30_000]));
    let limits = ScriptLimits { timeout, ..ScriptLimits::default() };
    let mut shell = Shell::builder().registry(registry).limits(limits).build().unwrap();
    let count = 1 + random.below(4);
    for _ in 0..count {
        let text = line(random);
        let script = Script { text: text.clone(), ..Script::default() };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        shell.run(&script, &mut stdout, &mut stderr);
        for bytes in [BString::from(stdout), stderr.into()] {
            let harmful =
                |c: &char| !matches!(c, '\n' | '\t') && builtin_cli::is_unsafe_to_show(*c);
            let found = bytes.to_str().expect("text").chars().find(harmful);
            assert_eq!(found, None, "{text}: {bytes:?}");
        }
    }
    count
}

/// Returns the resources of this process and of the confined program after what they ran has ended:
/// a command whose output was closed may take a moment longer than its script.
fn settled(prompt: &mut SoakPrompt) -> [Held; 2] {
    (0..QUESTIONS).fold([Held::here(), prompt.run(":")], |[here, there], _| {
        [here.least(Held::here()), there.least(prompt.run(":"))]
    })
}

/// Runs for that time, while connections are opened and closed.
fn soak(time: Duration) {
    let _staying = Fixture::start(&["stay", "200"]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let churn = scope.spawn(|| churn(&is_over));
        let outcome = catch_unwind(AssertUnwindSafe(|| run_scripts(time)));
        is_over.store(true, Ordering::Relaxed);
        let churned = churn.join().unwrap();
        assert!(churned > 0);
        eprintln!("live soak: {churned} connections opened and closed in {} s", time.as_secs());
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

/// Opens and closes connections until the test is over, and returns their number. It leaves most of
/// the machine to the scripts.
fn churn(is_over: &AtomicBool) -> u64 {
    let connections = Connections::of(1);
    let mut churned = 0;
    while !is_over.load(Ordering::Relaxed) {
        for _ in 0..10 {
            connections.open_and_close();
            churned += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    churned
}

/// Runs scripts for that time, the first quarter of it as a warm-up.
fn run_scripts(time: Duration) {
    let tables = Arc::new(SocketTables::open_ambient(ambient_authority()).unwrap());
    let random = &mut Xorshift::new(5);
    let mut prompt = SoakPrompt::start();
    let mut sockets = Sockets::default();
    let [mut ran, mut typed] = [0_u64; 2];
    let mut warm: Option<[Held; 2]> = None;
    let start = Instant::now();
    loop {
        sockets.change(random);
        ran += scripts(&tables, random);
        prompt.run(&line(random));
        typed += 1;
        let elapsed = start.elapsed();
        let is_over = elapsed >= time && warm.is_some();
        if is_over || (warm.is_none() && typed >= WARM && elapsed >= time / 4) {
            sockets.0.clear();
            let held = settled(&mut prompt);
            let Some(warm) = warm.replace(held).filter(|_| is_over) else { continue };
            eprintln!(
                "live soak: {} s; {ran} scripts in process: {:?} after the warm-up, {:?} at the end; \
                 {typed} at the prompt of the confined program: {:?} and {:?} with its brokers",
                elapsed.as_secs(),
                warm[0],
                held[0],
                warm[1],
                held[1]
            );
            held[0].is_flat(warm[0], OF_THE_CHURN, "this process");
            held[1].is_flat(warm[1], OF_THE_EDITOR, "the confined program");
            return;
        }
    }
}

#[test]
#[ignore = "runs for SOAK_SECONDS; scripts/soak runs it"]
fn for_long() {
    inside("live::soak::for_long", || {
        let seconds =
            std::env::var("SOAK_SECONDS").map_or(600, |value| value.parse().expect("a number"));
        soak(Duration::from_secs(seconds));
    });
}
