//! The uid, inode and kernel object of a socket, and the directions that are shut down.

use procnetsocket::model::{Inode, Shutdown};

use super::{
    field::{push_nonzero, push_text},
    number::{push_decimal, push_hex},
};

/// Appends uid, inode and kernel object; uid 0 and an unknown object are left out.
pub(super) fn push_uid_inode(
    out: &mut Vec<u8>,
    uid: u32,
    inode: Option<Inode>,
    object: Option<u64>,
) {
    push_nonzero(out, " uid:", uid);
    push_text(out, " ino:");
    push_inode(out, inode);
    if let Some(object) = object {
        push_text(out, " sk:");
        push_hex(out, object, 1);
    }
}

/// Appends the number of an inode; 0 means none.
pub(super) fn push_inode(out: &mut Vec<u8>, inode: Option<Inode>) {
    push_decimal(out, inode.map_or(0, Inode::get));
}

/// Appends an arrow with a head for each open direction: ` <->`.
pub(super) fn push_directions(out: &mut Vec<u8>, shutdown: Shutdown) {
    let head = |direction, mark| if shutdown.contains(direction) { b'-' } else { mark };
    out.extend([b' ', head(Shutdown::RECEIVE, b'<'), b'-', head(Shutdown::SEND, b'>')]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_in_the_open_directions() {
        let mut out = Vec::new();
        for bits in 0..4 {
            push_directions(&mut out, Shutdown::from_bits(bits));
        }
        assert_eq!(String::from_utf8(out).unwrap(), " <-> --> <-- ---");
    }
}
