//! A row that is serialized and deserialized is unchanged.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{OwnedSocket, Socket},
};
use rstest::rstest;

use crate::diag::fixture::messages;

/// Number of messages that are mutated.
const MUTATIONS: u32 = 20_000;

#[track_caller]
fn comes_back(socket: Socket<'_>) {
    let text = serde_json::to_string(&socket).unwrap();
    let back: OwnedSocket = serde_json::from_str(&text).expect(&text);
    assert_eq!(back.as_socket(), socket, "{text}");
}

#[test]
fn every_fixture_is_read_back() {
    for (table, message) in messages() {
        comes_back(Decoder::new(table).decode(&message).unwrap());
    }
}

/// A listing prints these keys before those of the row.
const BEFORE: [(&str, &str); 7] = [
    ("inet", "tcp"),
    ("inet6", "tcp"),
    ("unix", "u_str"),
    ("packet", "p_raw"),
    ("netlink", "nl"),
    ("vsock", "v_str"),
    ("xdp", "xdp"),
];

#[test]
fn every_fixture_matches_schema() {
    let location = "file:///ss.schema.json";
    let schema = include_str!("../../../../../docs/ss.schema.json");
    let mut compiler = boon::Compiler::new();
    compiler.add_resource(location, serde_json::from_str(schema).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let line = compiler.compile(&format!("{location}#/$defs/line"), &mut schemas).unwrap();
    for (table, message) in messages() {
        let mut row = serde_json::to_value(Decoder::new(table).decode(&message).unwrap()).unwrap();
        let (_, netid) = BEFORE.into_iter().find(|(family, _)| row["family"] == *family).unwrap();
        row["netid"] = netid.into();
        row["state"] = "UNCONN".into();
        let checked = schemas.validate(&row, line).map_err(|error| error.to_string());
        assert_eq!(checked, Ok(()), "{row}");
    }
}

#[test]
fn mutated_messages_are_read_back() {
    let fixtures = messages();
    let mut random = XorShift(0x51ce_6a1d_90f3_72b5);
    let mut rows = 0;
    for _ in 0..MUTATIONS {
        let (table, message) = &fixtures[random.below(fixtures.len())];
        let mut message = message.clone();
        random.mutate(&mut message);
        if let Ok(socket) = Decoder::new(*table).decode(&message) {
            comes_back(socket);
            rows += 1;
        }
    }
    assert!(rows > MUTATIONS / 10, "only {rows} of {MUTATIONS} messages are rows");
}

/// Returns the serialized form of the first fixture of a table.
fn written(table: Table) -> String {
    let (_, message) = messages().into_iter().find(|(of, _)| *of == table).unwrap();
    serde_json::to_string(&Decoder::new(table).decode(&message).unwrap()).unwrap()
}

#[test]
fn words_and_strings_replace_lossy_numbers() {
    insta::assert_snapshot!(written(Table::Udp4), @r#"{"family":"inet","source":"sock_diag","protocol":"udp","local":{"address":"127.0.0.53","port":53},"peer":{"address":"0.0.0.0","port":0},"kernel_state":"close","recv_q":0,"send_q":0,"uid":101,"inode":9,"cookie":"5","drops":9,"memory":{"receive_allocated":1,"receive_limit":2,"transmit_allocated":3,"send_limit":4,"forward_allocated":-1,"send_queued":6,"options":7,"backlog":8,"drops":9}}"#);
    insta::assert_snapshot!(written(Table::Netlink), @r#"{"family":"netlink","source":"sock_diag","protocol":0,"port_id":1234,"groups":5,"recv_q":1,"send_q":3,"dump":"1","drops":9,"inode":123,"cookie":"13","type":3,"kernel_state":1,"remote_port_id":2,"remote_group":3,"multicast_groups":[1,3,64,65],"memory":{"receive_allocated":1,"receive_limit":2,"transmit_allocated":3,"send_limit":4,"forward_allocated":-1,"send_queued":6,"options":7,"backlog":8,"drops":9},"flags":["cb_running","pktinfo"]}"#);
    insta::assert_snapshot!(written(Table::Vsock), @r#"{"family":"vsock","source":"sock_diag","type":"stream","kernel_state":"established","shutdown":["send"],"local":{"cid":3,"port":1024},"peer":{"cid":2,"port":4294967295},"inode":123,"cookie":"14"}"#);
}

/// Returns the serialized form of an internet socket with this member.
fn rewritten(member: &str) -> String {
    let end = r#"{"address":"127.0.0.1","port":1}"#;
    let row = format!(
        r#"{{"family":"inet","protocol":"tcp","local":{end},"peer":{end},"kernel_state":"close",
        "recv_q":0,"send_q":0,"uid":0,{member}}}"#
    );
    let socket: OwnedSocket = serde_json::from_str(&row).expect(&row);
    let written = serde_json::to_string(&socket.as_socket()).unwrap();
    written.split_once(r#""uid":0"#).unwrap().1.to_owned()
}

#[rstest]
#[case::of_the_socket(r#""retransmits":0,"probes":0"#, "}")]
#[case::of_the_account(
    r#""info":{"tcp":{"lost":0,"backoff":1}}"#,
    r#","info":{"tcp":{"backoff":1}}}"#
)]
#[case::words_for_none_as_zeros(
    r#""info":{"tcp":{"send_ssthresh":2147483647,"pacing_rate":0}}"#,
    r#","info":{"tcp":{"pacing_rate":0}}}"#
)]
fn zeros_are_absent_and_schema_documents_this_once(#[case] member: &str, #[case] expected: &str) {
    assert_eq!(rewritten(member), expected);
    let schema = include_str!("../../../../../docs/ss.schema.json");
    assert_eq!(schema.matches("a number that is absent is zero or was not reported").count(), 1);
}

#[rstest]
// boundary
#[case::cookie(r#""cookie":"fffffffffffffffe""#, true)]
#[case::device(r#""file":{"inode":1,"device":{"major":4095,"minor":1048575}}"#, true)]
#[case::bit_without_a_word(r#""shutdown":["receive","bit1"]"#, true)]
#[case::kind_without_a_word(r#""peer_inode":7"#, true)]
#[case::key_that_nobody_knows(r#""later":[]"#, true)]
// hostile
#[case::no_cookie(r#""cookie":"ffffffffffffffff""#, false)]
#[case::sign(r#""cookie":"+1""#, false)]
#[case::number_for_digits(r#""cookie":1"#, false)]
#[case::wide_device(r#""file":{"inode":1,"device":{"major":4096,"minor":0}}"#, false)]
#[case::bit_of_no_number(r#""shutdown":["bit32"]"#, false)]
#[case::bit_above_the_set(r#""shutdown":["bit9"]"#, false)]
#[case::word_of_no_bit(r#""shutdown":["sideways"]"#, false)]
#[case::no_inode(r#""inode":0"#, false)]
#[case::two_names(r#""path":"/a","abstract":"b""#, false)]
#[case::half_a_byte(r#""path":"/a","name_bytes":"2""#, false)]
fn only_written_form_is_read(#[case] member: &str, #[case] is_read: bool) {
    let row = format!(r#"{{"family":"unix","type":"stream","kernel_state":"listening",{member}}}"#);
    assert_eq!(serde_json::from_str::<OwnedSocket>(&row).is_ok(), is_read, "{row}");
}

#[test]
fn groups_are_bounded() {
    let row = |group: u64| {
        format!(
            r#"{{"family":"netlink","protocol":0,"port_id":0,"groups":0,"recv_q":0,"send_q":0,
            "type":3,"kernel_state":0,"multicast_groups":[{group}]}}"#
        )
    };
    let groups = |group| match serde_json::from_str(&row(group)).unwrap() {
        OwnedSocket::Netlink(netlink) => netlink.detail.map(|detail| detail.groups),
        _ => None,
    };
    assert_eq!(groups(524_288).unwrap().iter().collect::<Vec<_>>(), [524_288]);
    // A malformed detail is ignored.
    assert_eq!((groups(524_289), groups(0)), (None, None));
}

/// A generator of numbers that are the same in every run (Marsaglia's xorshift64).
struct XorShift(u64);

impl XorShift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Changes a byte, a length, or the number of bytes.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let place = self.below(bytes.len());
        match self.below(6) {
            0 => bytes[place] = self.next().to_le_bytes()[0],
            1 => bytes[place] ^= 1 << self.below(8),
            2 => bytes[place] = [0, 1, 3, 4, 0x7f, 0x80, 0xff][self.below(7)],
            // A word, which is often a length.
            3 => {
                let word = self.next().to_le_bytes();
                let end = (place & !3) + 4;
                if let Some(found) = bytes.get_mut(place & !3..end) {
                    found.copy_from_slice(&[word[0], word[1] & 3, word[2], word[3] & 3]);
                }
            }
            4 => bytes.truncate(place),
            _ => {
                let piece = bytes[place..].to_vec();
                let other = self.below(bytes.len());
                bytes.splice(other..other, piece.into_iter().take(40));
            }
        }
    }
}
