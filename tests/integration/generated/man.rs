//! The manual page.

#![expect(clippy::disallowed_methods, reason = "the test asks the formatter itself")]

use std::process::Command;

use builtin_cli::{
    FlagDoc,
    man::{Entries, roff},
};
use rstest::rstest;

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
is a builtin of a shell without authority over the system. It prints what
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
A filter may be one argument or many. Blanks separate words, and a backslash makes the next character
literal.
.B and
and
.B or
have the same precedence, from left to right;
.B not
applies to one term.
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
IPv6 addresses need brackets;
.B *
is any. A prefix
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
This predicate and the next two are not in iproute2.
.TP
.BI pid " N" "\fR,\fP comm" " PATTERN"
A process of this number, or of a name that matches a pattern of the shell, has the socket open. Also
.BR != .
Both need the grant
.IR processes .
.TP
.BI peer\-pid " N" "\fR,\fP peer\-comm" " PATTERN"
The same for the socket at the other end, as
.B \-\-peers
finds it.
.TP
.B autobound
The kernel chose the port.
"#;

const STATUS: &str = r".SH EXIT STATUS
.TP
0
Everything was listed.
.TP
1
Something was refused or could not be read; standard error has the reason. The output is
correct, but incomplete.
.TP
255
The command line is invalid.
";

const TAIL: &str = r".SH EXAMPLES
.TP
.B ss \-tln 'sport = :8080'
The listeners on port 8080.
.TP
.B ss \-tn state established dst 192.0.2.0/24
Connections to a network.
.TP
.B ss \-tn \-\-sort \-send\-q \-\-limit 10
The ten connections with the fullest send queues.
.TP
.B ss \-tln \-\-json
The same as JSON; the schema is docs/ss.schema.json of the source.
.SH SECURITY
Other users chose the names of sockets and processes. They are printed with control, invisible and
direction\-changing characters escaped, also to pipes. No environment variable is read.
.SH SEE ALSO
.BR ss (8),
.BR sock_diag (7),
.BR proc (5)
";

const PORTWATCH_HEAD: &str = r#".\" Generated from the table of options; scripts/record-generated writes it.
.TH PORTWATCH 1 "" "portwatch" "User Commands"
.SH NAME
portwatch \- wait for ports, and print them as they open and close
.SH SYNOPSIS
.B portwatch
.RI [ OPTIONS ]
.RI [ FILTER ]
.SH DESCRIPTION
.B portwatch
watches TCP sockets that listen, UDP sockets that are bound and not connected, and unix sockets that listen.
Without
.BR \-\-wait ", " \-\-gone " and " \-\-list
it prints ports when they open and close.
.PP
.I FILTER
is the filter of
.BR ss (8).
A word such as :8080 or 8080 is short for 'sport = :8080', and tcp:8080 or tcp:[::1]:8080 names the protocol and
perhaps the address; a path or unix:NAME is a unix socket of that name.
.I DURATION
is a number with ms, s, m or h; without a unit it is in seconds.
.SH OPTIONS
"#;

const PORTWATCH_TAIL: &str = r".SH EXIT STATUS
.TP
0
The condition was met, or the time or the number of events to follow was reached.
.TP
1
Something was refused or could not be read; standard error has the reason.
.TP
2
The command line is invalid.
.TP
124
The time of
.B \-\-timeout
is over.
.SH EXAMPLES
.TP
.B portwatch \-\-wait :8080 \-\-timeout 30s
Wait until something listens on port 8080.
.TP
.B portwatch \-\-for 10s \-\-json\-lines
Ports that open and close in ten seconds, as JSON objects; the schema is docs/portwatch.schema.json of the source.
.SH SECURITY
Other users chose the names of sockets and processes, which are escaped. No environment variable is read.
.SH SEE ALSO
.BR ss (8)
";

/// Returns the page of `ss`.
pub(super) fn ss() -> String {
    let flags = ss_builtin::flags;
    let is_refused = |doc: &&FlagDoc| doc.refusal.is_some();
    format!(
        "{HEAD}.SH OPTIONS\n{}.SS Not in iproute2\nThese are not abbreviated.\n{}.SS Refused\n{}\
         {FILTER}{STATUS}{TAIL}",
        Entries(flags().filter(|doc| !is_refused(doc) && !doc.is_exact)),
        Entries(flags().filter(|doc| doc.is_exact)),
        Entries(flags().filter(is_refused)),
    )
}

/// Returns the page of `portwatch`.
pub(super) fn portwatch() -> String {
    format!("{PORTWATCH_HEAD}{}{PORTWATCH_TAIL}", Entries(portwatch_builtin::flags()))
}

#[test]
fn words_are_listed_as_they_are_parsed() {
    let page = ss();
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
    for doc in ss_builtin::flags() {
        let has_grant = entry(&roff(doc.name())).contains("Needs the grant");
        assert_eq!(has_grant, doc.grant.is_some(), "--{}", doc.name());
    }
}

#[rstest]
#[case::ss("docs/man/ss-builtin.1")]
#[case::portwatch("docs/man/portwatch.1")]
#[case::host_shell("docs/man/host-shell.1")]
fn formatter_reports_no_problem(#[case] page: &str) {
    let page = workspace::path(page);
    let formatted = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(page).output();
    let Ok(output) = formatted else {
        eprintln!("*** THE MANUAL PAGE WAS NOT CHECKED, because there is no groff. ***");
        return;
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
