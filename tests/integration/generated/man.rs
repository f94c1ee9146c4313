//! The manual page.

#![expect(clippy::disallowed_methods, reason = "the test asks the formatter itself")]

use std::{fmt::Write as _, process::Command};

use ss_builtin::{Flag, FlagValue, Refusal, WordList, flags};

use crate::workspace;

const HEAD: &str = r#".\" Generated from the table of options; scripts/record-generated writes it.
.TH SS-BUILTIN 1 "" "ss-builtin" "User Commands"
.SH NAME
ss-builtin \- list sockets in a restricted shell, as ss(8) of iproute2 does
.SH SYNOPSIS
.B ss
.RI [ OPTIONS ]
.RI [ FILTER ]
.SH DESCRIPTION
This
.B ss
is a builtin of a shell that holds no authority over the system. It prints what
.BR ss (8)
of iproute2 7.x prints for the same sockets, and refuses what the host of the shell did not grant.
Without options it lists every socket that is neither listening nor unconnected.
"#;

const FILTER: &str = r#".SH FILTER
.nf
FILTER := [ { state | exclude } STATE ]... [ EXPRESSION ]
EXPRESSION := TERM | EXPRESSION or TERM | EXPRESSION [ and ] TERM
TERM := ( EXPRESSION ) | not TERM | PREDICATE
.fi
.PP
A filter may be one argument or many. Blanks separate words, and a backslash takes the next character as
it stands.
.B and
and
.B or
bind alike, from the left;
.B not
binds one term.
.BR & ", " && ", " | ", " || " and " !
are other spellings.
.TP
.IR STATE
established, syn\-sent, syn\-recv, fin\-wait\-1, fin\-wait\-2, time\-wait, close\-wait, last\-ack, listening, closing,
closed, bound\-inactive; all, connected, synchronized, bucket, big.
.TP
.BI src " HOST" "\fR,\fP dst" " HOST"
The address, or the address and the port, of this side or of the other:
.IR ADDRESS [/ LENGTH ][: PORT ].
IPv6 addresses stand in brackets;
.B *
stands for any. A prefix
.RB ( inet: ", " inet6: ", " unix: ", " link: ", " netlink: ", " vsock: )
names the family, and restricts the listing to it. For unix sockets it is a pattern of the shell.
.TP
.BI sport " OP PORT" "\fR,\fP dport" " OP PORT"
.I OP
is one of = != < <= > >= or eq ne lt le gt ge;
.I PORT
is a number or the name of a service.
.TP
.BI dev " NAME"
The interface that the socket is bound to, by name or number. Also
.BR != .
.TP
.BI fwmark " MARK" "\fR[\fP/" MASK \fR]\fP
The firewall mark. Also
.BR != .
.TP
.BI cgroup " PATH"
The control group. Also
.BR != .
.TP
.BI user " NAME" "\fR,\fP user" " UID"
The user that the socket belongs to. Also
.BR != .
Not of iproute2, as the next one.
.TP
.BI pid " N" "\fR,\fP comm" " PATTERN"
A process of this number, or of a name that matches a pattern of the shell, holds the socket. Also
.BR != .
Both need the grant
.IR processes .
.TP
.B autobound
The kernel chose the port.
"#;

const STATUS: &str = r".SH EXIT STATUS
.TP
0
Everything that was asked for was listed.
.TP
1
Something was refused or could not be read; standard error says what. What was printed is right, and is not
all.
.TP
255
The command line was not understood.
";

const TAIL: &str = r".SH EXAMPLES
.TP
.B ss \-tln 'sport = :8080'
What listens on port 8080.
.TP
.B ss \-tn state established dst 192.0.2.0/24
Connections to a network.
.TP
.B ss \-tn \-\-sort \-send\-q \-\-limit 10
The ten connections with the fullest send queues.
.TP
.B ss \-tln \-\-json
The same as data; the schema is docs/ss.schema.json of the source.
.SH SECURITY
Names of sockets and processes were chosen by others. They are printed with control, invisible and
direction\-changing characters escaped, also to pipes. No environment variable is read.
.SH SEE ALSO
.BR ss (8),
.BR sock_diag (7),
.BR proc (5)
";

/// Returns the page.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str(".SH OPTIONS\n");
    for flag in flags().iter().filter(|flag| !is_never(flag) && !flag.is_own()) {
        entry(&mut page, flag);
    }
    page.push_str(".SS Not of iproute2\nThese are not abbreviated.\n");
    for flag in flags().iter().filter(|flag| flag.is_own()) {
        entry(&mut page, flag);
    }
    page.push_str(".SS Refused\n");
    for flag in flags().iter().filter(|flag| is_never(flag)) {
        entry(&mut page, flag);
    }
    page.push_str(FILTER);
    page.push_str(STATUS);
    page.push_str(TAIL);
    page
}

fn is_never(flag: &Flag) -> bool {
    matches!(flag.refusal(), Some(Refusal::Never(_)))
}

fn entry(page: &mut String, flag: &Flag) {
    let mut spelled = String::new();
    if let Some(letter) = flag.short {
        write!(spelled, "\\fB\\-{}\\fP, ", char::from(letter)).unwrap();
    }
    write!(spelled, "\\fB\\-\\-{}\\fP", roff(flag.long)).unwrap();
    match flag.value {
        FlagValue::Needed(value) => write!(spelled, "=\\fI{}\\fP", roff(value)).unwrap(),
        FlagValue::OptionalNumber(value) => write!(spelled, "[=\\fI{}\\fP]", roff(value)).unwrap(),
        _ => {}
    }
    writeln!(page, ".TP\n{spelled}\n{}", sentence(flag)).unwrap();
}

fn sentence(flag: &Flag) -> String {
    let mut help = flag.help.chars();
    let first = help.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let mut text = roff(&format!("{first}{}.", help.as_str()));
    if let Some(Refusal::Never(reason)) = flag.refusal() {
        write!(text, " Refused: {}.", roff(reason)).unwrap();
    }
    if let Some(grant) = flag.grant() {
        write!(text, "\nNeeds the grant\n.IR {} .", roff(grant.name())).unwrap();
    }
    if let Some(words) = flag.words.filter(|_| !flag.help.starts_with("the same as")) {
        text.push_str(&choice(words));
    }
    text
}

/// Returns what a value is made of. The words stand as they are typed.
fn choice(words: &WordList) -> String {
    let mut text = format!("\n.I {}\nis one of {}.", words.name, roff(&words.all.join(", ")));
    if let Some((prefix, meaning)) = words.prefix {
        let prefix = roff(&prefix.to_string());
        write!(text, "\nBefore it,\n.B {prefix}\n{meaning}.").unwrap();
    }
    text
}

/// Returns text as roff takes it.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[test]
fn words_stand_as_they_are_understood() {
    let page = page();
    let entry = |name: &str| {
        let rest = page.split_once(&format!("\\fB\\-\\-{name}\\fP")).unwrap().1;
        rest.split(".TP").next().unwrap().replace("\\-", "-")
    };
    assert!(
        entry("family").contains("is one of inet, inet6, link, unix, netlink, vsock, xdp, help.")
    );
    assert!(entry("query").contains("is one of all, inet, tcp, mptcp, udp,"));
    assert!(
        entry("sort").contains("is one of recv-q, send-q, local, peer, port, uid, inode, state.")
    );
    assert!(entry("sort").contains("Before it,\n.B -\nreverses its order."));
    for flag in flags() {
        assert_eq!(entry(&roff(flag.long)).contains("Needs the grant"), flag.grant().is_some());
    }
}

#[test]
fn the_formatter_has_nothing_to_say() {
    let page = workspace::path("docs/man/ss-builtin.1");
    let formatted = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(page).output();
    let Ok(output) = formatted else {
        eprintln!("*** THE MANUAL PAGE WAS NOT CHECKED, because there is no groff. ***");
        return;
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
