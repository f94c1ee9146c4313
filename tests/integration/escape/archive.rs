//! Malformed archives, byte by byte.

/// The kind of a member of a tar archive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member<'a> {
    File(&'a [u8]),
    Link(&'a str),
}

/// Returns a tar archive (POSIX ustar) with members of any name.
pub(super) fn tar(members: &[(&str, Member<'_>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, member) in members {
        let (kind, target, content): (u8, &str, &[u8]) = match member {
            Member::File(content) => (b'0', "", content),
            Member::Link(target) => (b'2', target, b""),
        };
        let mut header = [0; 512];
        let mut put = |at: usize, field: &[u8]| {
            header[at..at + field.len()].copy_from_slice(field);
        };
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, &[kind]);
        put(157, target.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// Returns a zip archive with one stored member of any name.
pub(super) fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let name_size = u16::try_from(name.len()).unwrap().to_le_bytes();
    // Version 2.0, no flags, stored, the first moment of 1980, the checksum and both sizes.
    let common = [
        &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
        &crc32(content).to_le_bytes(),
        &size,
        &size,
        &name_size,
        &[0, 0],
    ]
    .concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), content].concat();
    // No comment, the first disk, no attributes, the local header at 0.
    let central = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &length(&central), &length(&local), &[0, 0]]
        .concat();
    [local, central, end].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !sum
}

/// Returns an archive with one member of any name, as the `zip` of the interpreter makes them.
pub(super) fn interpreters_zip(name: &str, content: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let name = name.as_bytes();
    [b"BKZIP\x01", &length(name)[..], name, &length(content), content, b"BKEND"].concat()
}
