//! Text and objects agree: the words of each row are reconstructed from its object, and compared
//! with the row.

use std::net::IpAddr;

use bstr::{BString, ByteSlice};
use builtin_cli::Escaped;
use serde_json::Value;

use super::{objects, roots, run};

#[test]
fn text_and_objects_agree_row_by_row() {
    let mut compared = 0;
    for (name, root) in roots() {
        let root = root.build();
        for line in ["-anoeHO", "-anHO", "-lnoeHO", "-uanoeHO -x"] {
            let text = run(&root, line);
            let rows = objects(&run(&root, &format!("--json {line}")));
            let lines: Vec<_> = text.stdout.lines().collect();
            assert_eq!(lines.len(), rows.len(), "root {name:?}: ss {line}");
            for (line_of_text, row) in lines.iter().zip(&rows) {
                let shown =
                    if line.contains('e') { ComparedPart::Details } else { ComparedPart::Columns };
                let expected = row_words(row, shown);
                assert_eq!(words(line_of_text), expected, "root {name:?}: ss {line}: {row}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "only {compared} rows were compared");
}

/// The part of a row that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComparedPart {
    Columns,
    /// With timer, uid and kernel object.
    Details,
}

/// Returns the words of a row of text.
pub(crate) fn words(line: &[u8]) -> Vec<BString> {
    let words = line.fields_with(|c| matches!(c, ' ' | '\t'));
    words.filter(|word| !word.is_empty()).map(BString::from).collect()
}

/// Returns the words that a row of text has to have, from its object: all of them for a text table,
/// and only the first ones for sock_diag, which reports more.
pub(crate) fn row_words(row: &Value, shown: ComparedPart) -> Vec<BString> {
    let mut cells = vec![
        string(row, "netid").to_owned(),
        string(row, "state").to_owned(),
        queue(row, "recv_q"),
        queue(row, "send_q"),
    ];
    match string(row, "family") {
        "inet" | "inet6" => {
            cells.push(inet_end(row, "local", row["interface"].as_u64()));
            cells.push(inet_end(row, "peer", None));
        }
        "unix" => {
            cells.extend([unix_name(row), number(row, "inode"), "*".into()]);
            cells.push(number(row, "peer_inode"));
        }
        "packet" => cells.extend([packet_local(row), "*".to_owned()]),
        "netlink" => cells.extend([netlink_local(row), netlink_peer(row)]),
        family => panic!("unexpected family {family}"),
    }
    if shown == ComparedPart::Details {
        cells.push(details(row));
    }
    words(cells.join(" ").as_bytes())
}

/// Returns the process column that a row of text has to have; the last process found comes first.
pub(crate) fn users(row: &Value) -> String {
    let process = |process: &Value| {
        let bytes = process["name_bytes"]
            .as_str()
            .map_or_else(|| process["name"].as_str().unwrap_or_default().as_bytes().to_vec(), hex);
        let name = Escaped::quoted(&bytes);
        let tid = process["tid"].as_u64().map_or(String::new(), |tid| format!(",tid={tid}"));
        format!("(\"{name}\",pid={}{tid},fd={})", process["pid"], process["fd"])
    };
    let processes = row["processes"].as_array().unwrap();
    let processes: Vec<_> = processes.iter().rev().map(process).collect();
    if processes.is_empty() { String::new() } else { format!("users:({})", processes.join(",")) }
}

fn string<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} is no string in {row}"))
}

/// Returns a number, and 0 for one that is absent.
fn number(row: &Value, key: &str) -> String {
    row[key].as_u64().unwrap_or(0).to_string()
}

/// The text prints counters of 32 bits as signed.
fn signed(number: &Value) -> i32 {
    let number = number.as_i64().unwrap_or(0);
    u32::try_from(number).map_or_else(|_| i32::try_from(number).unwrap(), u32::cast_signed)
}

fn queue(row: &Value, key: &str) -> String {
    signed(&row[key]).to_string()
}

fn inet_end(row: &Value, key: &str, interface: Option<u64>) -> String {
    let address: IpAddr = string(&row[key], "address").parse().unwrap();
    let is_v6_only = row["v6_only"].as_bool() == Some(true);
    let address = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) if address.is_unspecified() && !is_v6_only => "*".to_owned(),
        IpAddr::V6(address) => match address.segments() {
            // As `inet_ntop` prints the old compatible addresses.
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
                let [.., a, b, c, d] = address.octets();
                format!("[::{a}.{b}.{c}.{d}]")
            }
            _ => format!("[{address}]"),
        },
    };
    let interface =
        interface.map_or(String::new(), |index| format!("%{}", interface_of(row, index)));
    let port = match row[key]["port"].as_u64().unwrap() {
        0 => "*".to_owned(),
        port => port.to_string(),
    };
    format!("{address}{interface}:{port}")
}

fn interface_of(row: &Value, index: u64) -> String {
    row["names"]["interface"].as_str().map_or_else(|| format!("if{index}"), str::to_owned)
}

fn unix_name(row: &Value) -> String {
    let (mark, text) = match (row["path"].as_str(), row["abstract"].as_str()) {
        (Some(path), None) => ("", path),
        (None, Some(name)) => ("@", name),
        (None, None) => return "*".to_owned(),
        both => panic!("a socket has one name: {both:?}"),
    };
    let bytes = row["name_bytes"].as_str().map_or(text.as_bytes().to_vec(), hex);
    let bytes = if mark.is_empty() { bytes } else { bytes.replace("\0", "@") };
    format!("{mark}{}", Escaped::column(&bytes).without_backslash())
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn packet_local(row: &Value) -> String {
    let protocol = match row["ethertype"].as_u64().unwrap() {
        3 => "*".to_owned(),
        number => format!("[{number}]"),
    };
    let interface =
        row["interface"].as_u64().map_or("*".to_owned(), |index| interface_of(row, index));
    format!("{protocol}:{interface}")
}

fn netlink_local(row: &Value) -> String {
    let port = match signed(&row["port_id"]) {
        -1 => "*".to_owned(),
        port => port.to_string(),
    };
    format!("{}:{port}", row["protocol"])
}

fn netlink_peer(row: &Value) -> String {
    if row["kernel_state"].as_u64() == Some(1) {
        format!("{}:{}", signed(&row["remote_group"]), signed(&row["remote_port_id"]))
    } else {
        "*".to_owned()
    }
}

/// Timer, uid, inode and kernel object.
fn details(row: &Value) -> String {
    let of_proc = string(row, "source") == "proc";
    match string(row, "netid") {
        "tcp" | "udp" | "raw" if !of_proc => timer(row) + &uid(row, row["cookie"].as_str()),
        "tcp" => {
            let behind = row["trailing"].as_str();
            let behind = behind.map_or(String::new(), |words| format!(" opt:\"{words}\""));
            timer(row) + &uid(row, row["pointer"].as_str().or(Some("0"))) + &behind
        }
        "p_raw" | "p_dgr" if of_proc => uid(row, Some("0")),
        "p_raw" | "p_dgr" => uid(row, row["cookie"].as_str()),
        "nl" => {
            let hex = |key: &str| row[key].as_str().filter(|_| of_proc).unwrap_or("0").to_owned();
            let groups = row["groups"].as_u64().unwrap();
            format!(" sk={} cb={} groups=0x{groups:08x}", hex("pointer"), hex("dump"))
        }
        _ => String::new(),
    }
}

fn uid(row: &Value, object: Option<&str>) -> String {
    let uid = row["uid"].as_u64().filter(|uid| *uid != 0);
    let uid = uid.map_or(String::new(), |uid| format!(" uid:{uid}"));
    let object = object.map_or(String::new(), |object| format!(" sk:{object}"));
    format!("{uid} ino:{}{object}", number(row, "inode"))
}

fn timer(row: &Value) -> String {
    let timer = &row["timer"];
    if timer.is_null() {
        return String::new();
    }
    let kind = timer["kind"].as_str().unwrap_or("unknown");
    let counter = |key: &str| row[key].as_u64().unwrap_or(0);
    let count = match string(row, "source") {
        "proc" if kind == "on" => counter("retransmits"),
        "proc" => counter("probes"),
        _ => counter("retransmits").max(counter("probes")),
    };
    format!(" timer:({kind},{},{count})", expiry(timer["expires_ms"].as_u64().unwrap()))
}

fn expiry(milliseconds: u64) -> String {
    let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
    match (minutes, rest / 1000, rest % 1000) {
        (0, 0, 0) => String::new(),
        (0, 0, part) => format!("{part:03}ms"),
        (0, seconds, 0) => format!("{seconds}sec"),
        (0, seconds @ ..10, part) => format!("{seconds}.{part:03}sec"),
        (0, seconds, _) => format!("{seconds}sec"),
        (minutes @ ..10, seconds @ 1.., _) => format!("{minutes}min{seconds}sec"),
        (minutes, ..) => format!("{minutes}min"),
    }
}
