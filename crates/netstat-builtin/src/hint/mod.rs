//! Commands that are missing, and the `ss` command to use instead.
//!
//! [`hint`] is a pure function of the arguments. Arguments in its result are quoted for a shell,
//! and those that cannot be shown are left out.

mod command;
mod fuser;
mod ip;
mod lsof;

use std::fmt;

use bstr::{BString, ByteSlice};
use builtin_api::{Builtin, CallContext, Error, ExitCode};

/// A missing command that users may type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// `fuser` of psmisc.
    Fuser,
    /// `ip` of iproute2.
    Ip,
    /// `lsof`.
    Lsof,
    /// `nstat` of iproute2.
    Nstat,
}

impl Tool {
    /// Every tool.
    pub const ALL: [Self; 4] = [Self::Fuser, Self::Ip, Self::Lsof, Self::Nstat];

    /// Returns the name of the command.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fuser => "fuser",
            Self::Ip => "ip",
            Self::Lsof => "lsof",
            Self::Nstat => "nstat",
        }
    }
}

/// The command to use instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// This command line for a shell, which does the same except for the note.
    Command {
        /// The command.
        line: String,
        /// The difference to the missing command.
        note: Option<&'static str>,
    },
    /// No `ss` command does it, for this reason.
    Nothing(&'static str),
}

impl Hint {
    const GENERAL: Self = Self::Nothing("no `ss` command answers this");
    const OPEN_FILES: Self = Self::Nothing("`ss` lists sockets, and no open files");

    fn command(line: String) -> Self {
        Self::Command { line, note: None }
    }

    fn with_note(self, note: Option<&'static str>) -> Self {
        match self {
            Self::Command { line, .. } => Self::Command { line, note },
            nothing @ Self::Nothing(_) => nothing,
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not available in this shell; ")?;
        match self {
            Self::Command { line, note: None } => write!(f, "use: {line}"),
            Self::Command { line, note: Some(note) } => write!(f, "use: {line} ({note})"),
            Self::Nothing(reason) => f.write_str(reason),
        }
    }
}

/// Returns the command to use instead of `tool` with these arguments.
pub fn hint(tool: Tool, args: &[BString]) -> Hint {
    /// Longest arguments, in bytes, that are parsed.
    const MAX_BYTES: usize = 1024;
    let total = args.iter().fold(0_usize, |sum, arg| sum.saturating_add(arg.len()));
    let words: Option<Vec<&str>> = args.iter().map(|arg| arg.to_str().ok()).collect();
    let found = match words {
        Some(words) if total <= MAX_BYTES => match tool {
            Tool::Fuser => fuser::hint(&words),
            Tool::Ip => ip::hint(&words),
            Tool::Lsof => lsof::hint(&words),
            Tool::Nstat => Some(
                Hint::command("ss -s".to_owned()).with_note(Some("it counts sockets, not packets")),
            ),
        },
        _ => None,
    };
    found.unwrap_or(Hint::GENERAL)
}

/// A builtin with the name of a missing command. It prints the command to use instead, in one line
/// on standard error, and ends with the status of a command that is not found.
#[derive(Clone, Copy, Debug)]
pub struct MissingTool(pub Tool);

impl Builtin for MissingTool {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn summary(&self) -> &'static str {
        "not available; names the ss command to use instead"
    }

    fn is_listed(&self) -> bool {
        false
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        // OK because an error of standard error cannot be reported anywhere.
        let _ = writeln!(context.stderr, "{}: {}", self.0.name(), hint(self.0, args));
        Ok(ExitCode::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FILES: &str = "`ss` lists sockets, and no open files";
    const NONE: &str = "no `ss` command answers this";

    fn hint_of(line: &str) -> String {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        let tool = Tool::ALL.into_iter().find(|tool| tool.name() == name).unwrap();
        match hint(tool, &words.map(BString::from).collect::<Vec<_>>()) {
            Hint::Command { line, note: None } => line,
            Hint::Command { line, note: Some(note) } => format!("{line} # {note}"),
            Hint::Nothing(reason) => reason.to_owned(),
        }
    }

    #[rstest]
    // usual
    #[case("lsof -i", "ss -tuanp")]
    #[case("lsof -i :8080", "ss -tanp 'sport = :8080 or dport = :8080'")]
    #[case("lsof -i:8080", "ss -tanp 'sport = :8080 or dport = :8080'")]
    #[case("lsof -nP -i :8080", "ss -tanp 'sport = :8080 or dport = :8080'")]
    #[case("lsof -nPi :8080", "ss -tanp 'sport = :8080 or dport = :8080'")]
    #[case("lsof -ti:8080", "ss -tanp 'sport = :8080 or dport = :8080'")]
    #[case("lsof -i tcp:22", "ss -tanp 'sport = :22 or dport = :22'")]
    #[case("lsof -i UDP:53", "ss -uanp 'sport = :53 or dport = :53'")]
    #[case("lsof -i udp", "ss -uanp")]
    #[case("lsof -i 4", "ss -tuanp4")]
    #[case("lsof -i 6TCP", "ss -tanp6")]
    #[case("lsof -i :http", "ss -tanp 'sport = :http or dport = :http'")]
    #[case("lsof -iTCP -sTCP:LISTEN", "ss -tlnp")]
    #[case("lsof -iTCP -s TCP:LISTEN -P -n", "ss -tlnp")]
    #[case("lsof -i -sTCP:LISTEN", "ss -tlnp")]
    #[case("lsof -iTCP:8080 -sTCP:LISTEN", "ss -tlnp 'sport = :8080'")]
    #[case("lsof -iTCP -sTCP:ESTABLISHED", "ss -tnp state established")]
    #[case(
        "lsof -iTCP:22 -sTCP:CLOSE_WAIT",
        "ss -tnp state close-wait 'sport = :22 or dport = :22'"
    )]
    #[case("lsof -i @127.0.0.1", "ss -tuanp 'src 127.0.0.1 or dst 127.0.0.1'")]
    #[case(
        "lsof -i tcp@[::1]:22",
        "ss -tanp '( src [::1] or dst [::1] ) and ( sport = :22 or dport = :22 )'"
    )]
    #[case(
        "lsof -i :80,443",
        "ss -tanp 'sport = :80 or dport = :80 or sport = :443 or dport = :443'"
    )]
    #[case(
        "lsof -i :1-1024",
        "ss -tanp '( sport >= :1 and sport <= :1024 ) or ( dport >= :1 and dport <= :1024 )'"
    )]
    #[case("lsof -a -i -p 1234", "ss -tuanp 'pid = 1234'")]
    #[case("lsof -i -a -c nginx", "ss -tuanp 'comm = nginx'")]
    #[case("lsof -p 1234", "ss -anp 'pid = 1234' # it lists sockets, and no open files")]
    #[case("lsof -p 12,34", "ss -anp 'pid = 12 or pid = 34' # it lists sockets, and no open files")]
    #[case("lsof -U", "ss -xanp")]
    #[case("lsof", "ss -anp # it lists sockets, and no open files")]
    #[case("fuser 8080/tcp", "ss -tlnp 'sport = :8080'")]
    #[case("fuser -v 53/udp", "ss -ulnp 'sport = :53'")]
    #[case("fuser -n tcp 8080", "ss -tlnp 'sport = :8080'")]
    #[case("fuser -ntcp 80 443", "ss -tlnp 'sport = :80 or sport = :443'")]
    #[case("fuser -k 8080/tcp", "ss -tlnp 'sport = :8080' # it ends no process")]
    #[case("fuser -4vn tcp ssh", "ss -tlnp4 'sport = :ssh'")]
    #[case("nstat", "ss -s # it counts sockets, not packets")]
    #[case("nstat -az TcpRetransSegs", "ss -s # it counts sockets, not packets")]
    #[case("ip netns exec blue ss -tln", "ss -N blue -tln")]
    // boundary
    #[case("lsof /etc/passwd", FILES)]
    #[case("lsof +D /var", FILES)]
    #[case("lsof -i /dev/null", FILES)]
    #[case("fuser /run/x.sock", FILES)]
    #[case("fuser -m /mnt", FILES)]
    #[case("fuser", FILES)]
    #[case("fuser 80/tcp 53/udp", "ss -tulnp 'sport = :80 or sport = :53'")]
    #[case("fuser 22,10.0.0.1,99/tcp", NONE)]
    #[case("lsof -i :99999", NONE)]
    #[case("lsof -i :0", NONE)]
    #[case("lsof -i sctp", NONE)]
    #[case("lsof -iTCP -sTCP:^LISTEN", NONE)]
    #[case("lsof -r 2 -i", NONE)]
    #[case("lsof -p", NONE)]
    #[case("ip addr", NONE)]
    #[case("ip -s link", NONE)]
    #[case("ip route get 10.0.0.1", NONE)]
    #[case("ip", NONE)]
    #[case("ip netns", "no `ss` command lists namespaces; `ss -N NAME` lists the sockets of one")]
    #[case(
        "ip netns list",
        "no `ss` command lists namespaces; `ss -N NAME` lists the sockets of one"
    )]
    #[case("ip netns exec blue curl localhost", NONE)]
    #[case("ip -n blue addr", NONE)]
    // hostile
    #[case("lsof -i :80'$(reboot)'", NONE)]
    #[case("lsof -i @a;reboot", NONE)]
    #[case("lsof -c $(reboot)", NONE)]
    #[case("lsof -p 1;reboot", NONE)]
    #[case("fuser 80;reboot/tcp", NONE)]
    #[case("ip netns exec -x ss", NONE)]
    #[case("ip netns exec a;b ss $(reboot) it's", r"ss -N 'a;b' '$(reboot)' 'it'\''s'")]
    #[case("ip netns exec a ss \u{1b}[2J", NONE)]
    #[case("ip netns exec a ss \u{202e}x", NONE)]
    fn command_has_a_hint(#[case] typed: &str, #[case] hint: &str) {
        assert_eq!(hint_of(typed), hint, "{typed}");
    }

    #[test]
    fn words_that_cannot_be_shown_are_not_repeated() {
        assert_eq!(hint(Tool::Lsof, &[BString::from(b"-i:\xff")]), Hint::GENERAL);
        let long = vec![BString::from("80/tcp"); 1000];
        assert_eq!(hint(Tool::Fuser, &long), Hint::GENERAL);
    }

    #[test]
    fn message_is_one_line() {
        insta::assert_snapshot!(
            hint(Tool::Lsof, &["-p".into(), "7".into()]),
            @"not available in this shell; use: ss -anp 'pid = 7' (it lists sockets, and no open files)"
        );
        insta::assert_snapshot!(
            hint(Tool::Ip, &[]),
            @"not available in this shell; no `ss` command answers this"
        );
    }
}
