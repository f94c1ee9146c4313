//! Command lines, made from the flag table.

use builtin_cli::FlagDoc;
use ss_builtin::flags;
use testkit::Xorshift;

/// The words of `-f`.
const FAMILIES: [&str; 5] = ["inet", "inet6", "link", "unix", "netlink"];

/// Lists of `-A`: every table, every alias, and removed tables.
const TABLES: [&str; 31] = [
    "all",
    "inet",
    "tcp",
    "udp",
    "raw",
    "unix",
    "unix_stream",
    "u_str",
    "unix_dgram",
    "u_dgr",
    "unix_seqpacket",
    "u_seq",
    "packet",
    "packet_raw",
    "p_raw",
    "packet_dgram",
    "p_dgr",
    "netlink",
    "tcp,udp",
    "udp,tcp,raw",
    "all,!tcp",
    "all,!unix,!netlink",
    "inet,!udp",
    "inet,!tcp,!raw",
    "unix,!u_str",
    "packet,!p_raw",
    "!tcp",
    "tcp,!tcp",
    "!tcp,tcp",
    "u_str,u_seq,p_dgr,netlink,raw",
    "tcp,tcp",
];

/// Returns the values that are tried for an option.
pub(crate) fn values(flag: &FlagDoc) -> &'static [&'static str] {
    match flag.value.map(|value| value.name) {
        Some("FAMILY") => &FAMILIES,
        Some("TABLE[,...]") => &TABLES,
        _ => &[],
    }
}

/// Returns the options that are compared: those that work on the text tables, and print the same as
/// the real `ss`. A filter from a file has the same meaning as one in arguments.
pub(crate) fn compared() -> Vec<&'static FlagDoc> {
    let ours_alone =
        |flag: &FlagDoc| flag.is_exact || matches!(flag.name(), "help" | "version" | "filter");
    // Live tests compare host names and other namespaces, which need more than a fake root.
    let has_means = |flag: &FlagDoc| matches!(flag.grant, None | Some("processes"));
    let works = |flag: &FlagDoc| flag.refusal.is_none() && flag.source.is_none() && has_means(flag);
    flags().filter(|flag| works(flag) && !ours_alone(flag)).collect()
}

/// How an option can be spelled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OptionSpelling {
    /// `-t`, `-f inet`
    Short,
    /// `-finet`
    Joined,
    /// `--tcp`, `--family inet`
    Long,
    /// `--family=inet`
    Equals,
}

impl OptionSpelling {
    pub(crate) const ALL: [Self; 4] = [Self::Short, Self::Long, Self::Joined, Self::Equals];
}

/// An option as it is used once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) flag: &'static FlagDoc,
    pub(crate) value: Option<&'static str>,
}

impl Use {
    /// Returns the use of an option with its value number `index`.
    pub(crate) fn new(flag: &'static FlagDoc, index: usize) -> Self {
        let values = values(flag);
        let value = (!values.is_empty()).then(|| values[index % values.len()]);
        Self { flag, value }
    }

    /// Returns the words on the command line.
    fn words(self, spelling: OptionSpelling) -> Vec<String> {
        let short = self.flag.short.map(|letter| format!("-{letter}"));
        let long = format!("--{}", self.flag.name());
        let separate = |name: String| {
            std::iter::once(name).chain(self.value.map(String::from)).collect::<Vec<_>>()
        };
        match (spelling, short, self.value) {
            (OptionSpelling::Joined, Some(short), value) => vec![short + value.unwrap_or_default()],
            (OptionSpelling::Short, Some(short), _) => separate(short),
            (OptionSpelling::Equals, _, Some(value)) => vec![format!("{long}={value}")],
            _ => separate(long),
        }
    }
}

/// Returns the command line of those options, each in its own spelling.
pub(crate) fn line(uses: &[Use], spellings: &[OptionSpelling]) -> Vec<String> {
    let spelling = |index: usize| spellings[index % spellings.len()];
    uses.iter().enumerate().flat_map(|(index, one)| one.words(spelling(index))).collect()
}

/// Returns the command line of those options as one cluster of letters (`-tan`), with the value of
/// the last one after it; those without a letter, and those with a value before the last, are
/// separate words.
pub(crate) fn cluster(uses: &[Use]) -> Vec<String> {
    let mut letters = String::from("-");
    let mut words = Vec::new();
    for (index, one) in uses.iter().enumerate() {
        match one.flag.short {
            Some(letter) if one.value.is_none() => letters.push(letter),
            Some(letter) if index + 1 == uses.len() => {
                letters.push(letter);
                words.extend(one.value.map(String::from));
            }
            _ => words.splice(0..0, one.words(OptionSpelling::Long)).for_each(drop),
        }
    }
    // The value of the last letter directly follows the cluster.
    let values =
        usize::from(uses.last().is_some_and(|one| one.value.is_some() && one.flag.short.is_some()));
    if letters.len() > 1 {
        words.insert(words.len() - values, letters);
    }
    words
}

/// Returns whether a line that [`line`] or [`cluster`] made has the option `-e`.
pub(crate) fn is_extended(args: &[String]) -> bool {
    has(args, 'e', "-ex")
}

/// Returns whether a line that [`line`] or [`cluster`] made has one of these letters, or a long
/// option that begins so.
fn has(args: &[String], letter: char, long: &str) -> bool {
    // The value of a letter follows it.
    let letters =
        |cluster: &str| cluster.split(['f', 'A']).next().is_some_and(|own| own.contains(letter));
    args.iter().any(|arg| match arg.strip_prefix('-') {
        // Long names may be abbreviated, and no other begins so.
        Some(option) if option.starts_with('-') => option.starts_with(long),
        Some(cluster) => letters(cluster),
        None => false,
    })
}

/// Returns the line for the real `ss` with the same meaning: with `-T` alone iproute2 shows no
/// processes (a regression), so it gets `-p`, too.
pub(crate) fn for_real(args: &[String]) -> Vec<String> {
    let mut args = args.to_vec();
    if has(&args, 'T', "-th") && !has(&args, 'p', "-pr") {
        args.insert(0, "-p".to_owned());
    }
    args
}

/// Returns a line of up to seven options.
pub(crate) fn random(random: &mut Xorshift) -> (Vec<Use>, Vec<String>) {
    let compared = compared();
    let count = 1 + random.below(7);
    let uses: Vec<_> = (0..count)
        .map(|_| {
            let flag = *random.pick(&compared);
            Use::new(flag, usize::try_from(random.below(1000)).unwrap())
        })
        .collect();
    let words = if random.one_in(3) {
        cluster(&uses)
    } else {
        let spellings: Vec<_> = uses.iter().map(|_| *random.pick(&OptionSpelling::ALL)).collect();
        line(&uses, &spellings)
    };
    (uses, words)
}

#[test]
fn spellings_are_accepted_by_getopt() {
    let find = |long: &str| flags().find(|flag| flag.name() == long).unwrap();
    let uses = [Use::new(find("tcp"), 0), Use::new(find("tos"), 0), Use::new(find("family"), 1)];
    assert_eq!(line(&uses, &[OptionSpelling::Short]), ["-t", "--tos", "-f", "inet6"]);
    assert_eq!(line(&uses, &[OptionSpelling::Joined]), ["-t", "--tos", "-finet6"]);
    assert_eq!(line(&uses, &[OptionSpelling::Long]), ["--tcp", "--tos", "--family", "inet6"]);
    assert_eq!(line(&uses, &[OptionSpelling::Equals]), ["--tcp", "--tos", "--family=inet6"]);
    assert_eq!(cluster(&uses), ["--tos", "-tf", "inet6"]);
    assert_eq!(cluster(&[uses[2], uses[0]]), ["--family", "inet6", "-t"]);
    let has =
        |args: &[&str]| is_extended(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(has(&["-tae"]) && has(&["-t", "--extended"]) && has(&["-eA", "tcp"]));
    assert!(!has(&["-tfinet6", "--tcp", "netlink", "--no-header", "-Anetlink"]));
    let real =
        |args: &[&str]| for_real(&args.iter().map(ToString::to_string).collect::<Vec<_>>()).len();
    assert!(real(&["-tT"]) == 2 && real(&["--threads"]) == 2 && real(&["-fT", "-T"]) == 3);
    assert!(real(&["-tTp"]) == 1 && real(&["--threads", "--proc"]) == 2 && real(&["-t"]) == 1);
}
