//! Prints a policy in plain words.

use std::fmt;

use socket_query::{
    AddressFamily, FamilySet, Grant, Policy, ProcessVisibility, Visibility, VisibleUsers,
};

/// Displays a policy in plain words: grants, refusals, and what is shown of sockets.
///
/// This is what `host-shell --check` prints, one property per line.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a>(pub &'a Policy);

/// Returns what a grant allows, and what happens without it.
const fn meaning(grant: Grant) -> (&'static str, &'static str) {
    match grant {
        Grant::Sockets => (
            "ss, netstat and portwatch list sockets",
            "ss, netstat and portwatch list nothing, whatever else is granted",
        ),
        Grant::Processes => (
            "-p and -T show the processes that have a socket open; filters by process",
            "-p and -T show no process; filters by process are refused",
        ),
        Grant::Resolve => (
            "-r looks up names of hosts, as do filters; whoever runs a name server sees the queries",
            "-r prints addresses as numbers; names of hosts in filters are refused",
        ),
        Grant::Events => ("ss -E follows sockets as they end", "ss -E is refused"),
        Grant::Kill => (
            "ss -K closes the sockets that a filter admits, with CAP_NET_ADMIN",
            "ss -K is refused",
        ),
        Grant::Namespaces => {
            ("ss -N lists the network namespaces of --namespace", "ss -N is refused")
        }
        _ => ("", ""),
    }
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.0;
        let (granted, refused): (Vec<_>, Vec<_>) =
            Grant::ALL.into_iter().partition(|grant| policy.grants().contains(*grant));
        section(f, "granted:", granted.iter().map(|grant| (grant.name(), meaning(*grant).0)))?;
        section(f, "refused:", refused.iter().map(|grant| (grant.name(), meaning(*grant).1)))?;
        writeln!(f, "sockets that are shown:")?;
        line(f, "families", &families(policy.families()))?;
        let users = match policy.users() {
            VisibleUsers::Uid(uid) => {
                format!("those of user id {uid}; not those whose user id is not known")
            }
            _ => "those of every user".to_owned(),
        };
        line(f, "users", &users)?;
        line(f, "unix names", shown(policy.unix_names(), "hidden, and refused in filters"))?;
        line(f, "keys of TCP", shown(policy.secrets(), "hidden"))?;
        if let Some(processes) = policy.processes() {
            line(
                f,
                "processes",
                match processes {
                    ProcessVisibility::Full => {
                        "numbers, names, users, executables and command lines, which may hold \
                         passwords"
                    }
                    _ => "numbers, names and users",
                },
            )?;
        }
        line(f, "net admin", net_admin(policy))?;
        if policy.narrows() {
            line(f, "counters", "ss -s is refused, as it counts sockets that are hidden")?;
        }
        let rows = policy.max_rows().map(|rows| format!("at most {rows} rows"));
        let time = policy.max_time().map(|time| format!("at most {time:?}"));
        let bounds: Vec<_> = rows.into_iter().chain(time).collect();
        let bounds = if bounds.is_empty() {
            "no limit of this policy".to_owned()
        } else {
            format!("{}; past that it ends with an error", bounds.join(", "))
        };
        line(f, "a listing", &bounds)
    }
}

fn section<'a>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    lines: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    if lines.len() == 0 {
        return writeln!(f, "{title} nothing");
    }
    writeln!(f, "{title}")?;
    lines.into_iter().try_for_each(|(name, text)| line(f, name, text))
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {name:<11} {text}")
}

fn net_admin(policy: &Policy) -> &'static str {
    if policy.grants().contains(Grant::Kill) {
        "kept for kill, if there; shows firewall marks, packet filters (-b) and keys (-i), too"
    } else if policy.net_admin() {
        "kept, if there: firewall marks (-e), packet filters (-b) and keys (-i) are shown"
    } else {
        "given up: firewall marks (-e), packet filters (-b) and keys (-i) are not shown"
    }
}

fn shown(visibility: Visibility, hidden: &'static str) -> &'static str {
    match visibility {
        Visibility::Shown => "shown",
        Visibility::Hidden => hidden,
    }
}

fn families(families: FamilySet) -> String {
    if families == FamilySet::ALL {
        return "every family".to_owned();
    }
    let names: Vec<_> = families.iter().map(AddressFamily::name).collect();
    if names.is_empty() { "none: no socket is shown".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU64, time::Duration};

    use super::*;

    fn explained(policy: &Policy) -> String {
        Explained(policy).to_string()
    }

    #[test]
    fn default_policy_is_explained() {
        insta::assert_snapshot!(explained(&Policy::default()), @"
        granted:
          sockets     ss, netstat and portwatch list sockets
        refused:
          processes   -p and -T show no process; filters by process are refused
          resolve     -r prints addresses as numbers; names of hosts in filters are refused
          events      ss -E is refused
          kill        ss -K is refused
          namespaces  ss -N is refused
        sockets that are shown:
          families    every family
          users       those of every user
          unix names  shown
          keys of TCP hidden
          net admin   given up: firewall marks (-e), packet filters (-b) and keys (-i) are not shown
          a listing   no limit of this policy
        ");
    }

    #[test]
    fn narrow_policy_is_explained() {
        let families = FamilySet::of(AddressFamily::Inet).union(FamilySet::of(AddressFamily::Unix));
        let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
            .with_families(families)
            .with_users(VisibleUsers::Uid(1000))
            .with_processes(ProcessVisibility::Full)
            .with_unix_names(Visibility::Hidden)
            .with_secrets(Visibility::Shown)
            .with_net_admin(true)
            .with_max_rows(NonZeroU64::new(5))
            .with_max_time(Some(Duration::from_millis(1500)));
        insta::assert_snapshot!(explained(&policy), @"
        granted:
          sockets     ss, netstat and portwatch list sockets
          processes   -p and -T show the processes that have a socket open; filters by process
        refused:
          resolve     -r prints addresses as numbers; names of hosts in filters are refused
          events      ss -E is refused
          kill        ss -K is refused
          namespaces  ss -N is refused
        sockets that are shown:
          families    unix, inet
          users       those of user id 1000; not those whose user id is not known
          unix names  hidden, and refused in filters
          keys of TCP shown
          processes   numbers, names, users, executables and command lines, which may hold passwords
          net admin   kept, if there: firewall marks (-e), packet filters (-b) and keys (-i) are shown
          counters    ss -s is refused, as it counts sockets that are hidden
          a listing   at most 5 rows, at most 1.5s; past that it ends with an error
        ");
    }

    #[test]
    fn policy_that_allows_nothing_is_explained() {
        let policy = Policy::nothing().with_families(FamilySet::EMPTY);
        let text = explained(&policy);
        assert!(text.starts_with("granted: nothing\nrefused:\n  sockets "), "{text}");
        assert!(text.contains("none: no socket is shown"), "{text}");
    }

    #[test]
    fn every_grant_has_a_meaning_and_every_line_fits_a_terminal() {
        for policy in [Policy::nothing(), Policy::new(Grant::ALL.into_iter().collect())] {
            let text = explained(&policy.with_users(VisibleUsers::Uid(u32::MAX)));
            for grant in Grant::ALL {
                assert!(!meaning(grant).0.is_empty() && text.contains(grant.name()), "{grant}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        }
    }
}
