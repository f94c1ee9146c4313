//! Names that iproute2 has built in.

/// Returns the name of an ethertype (host order), or `None` when it has none.
pub fn ethertype(number: u16) -> Option<&'static str> {
    name_of(&ETHERTYPES, number)
}

/// Returns the ethertype of that name, in upper or lower case.
pub(crate) fn ethertype_number(name: &[u8]) -> Option<u16> {
    if name.eq_ignore_ascii_case(b"all") {
        return Some(ALL_ETHERTYPES);
    }
    let is_it = |(_, known): &&(u16, &str)| known.as_bytes().eq_ignore_ascii_case(name);
    ETHERTYPES.iter().find(is_it).map(|(number, _)| *number)
}

/// Returns the name of a netlink family, or `None` when it has none.
pub fn netlink_family(number: u32) -> Option<&'static str> {
    name_of(&NETLINK_FAMILIES, number)
}

/// Returns the netlink family of that name.
pub(crate) fn netlink_family_number(name: &[u8]) -> Option<u32> {
    let is_it = |(_, known): &&(u32, &str)| known.as_bytes() == name;
    NETLINK_FAMILIES.iter().find(is_it).map(|(number, _)| *number)
}

fn name_of<T: Ord + Copy>(names: &[(T, &'static str)], number: T) -> Option<&'static str> {
    let at = names.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    names.get(at).map(|(_, name)| *name)
}

/// Every ethertype (`ETH_P_ALL`); it is printed as `*`.
#[doc(alias = "ETH_P_ALL")]
const ALL_ETHERTYPES: u16 = 3;

/// Ethertypes in ascending order.
///
/// Source: `packet(7)`, `<linux/if_ether.h>`; the names are those that `ss` 7.2.0 prints.
const ETHERTYPES: [(u16, &str); 52] = [
    (0x0001, "802_3"),
    (0x0002, "ax25"),
    (0x0004, "802_2"),
    (0x0005, "snap"),
    (0x0006, "ddcmp"),
    (0x0007, "wan_ppp"),
    (0x0008, "ppp_mp"),
    (0x0009, "localtalk"),
    (0x000c, "can"),
    (0x0010, "ppptalk"),
    (0x0011, "tr_802_2"),
    (0x0015, "mobitex"),
    (0x0016, "control"),
    (0x0017, "irda"),
    (0x0018, "econet"),
    (0x0060, "loop"),
    (0x0200, "pup"),
    (0x0201, "pupat"),
    (0x0800, "ip"),
    (0x0805, "x25"),
    (0x0806, "arp"),
    (0x08ff, "bpq"),
    (0x0a00, "ieeepup"),
    (0x0a01, "ieeepupat"),
    (0x6000, "dec"),
    (0x6001, "dna_dl"),
    (0x6002, "dna_rc"),
    (0x6003, "dna_rt"),
    (0x6004, "lat"),
    (0x6005, "diag"),
    (0x6006, "cust"),
    (0x6007, "sca"),
    (0x6558, "teb"),
    (0x8035, "rarp"),
    (0x809b, "atalk"),
    (0x80f3, "aarp"),
    (0x8100, "802.1Q"),
    (0x8137, "ipx"),
    (0x86dd, "ipv6"),
    (0x8847, "mpls_uc"),
    (0x8848, "mpls_mc"),
    (0x884c, "atmmpoa"),
    (0x8863, "ppp_disc"),
    (0x8864, "ppp_ses"),
    (0x8884, "atmfate"),
    (0x8892, "profinet"),
    (0x88a2, "aoe"),
    (0x88a4, "ethercat"),
    (0x88a8, "802.1ad"),
    (0x88ca, "tipc"),
    (0x88cc, "LLDP"),
    (0x8902, "cfm"),
];

/// Netlink families in ascending order.
///
/// Source: `netlink(7)`, `<linux/netlink.h>`; the names are those that `ss` 7.2.0 prints.
const NETLINK_FAMILIES: [(u32, &str); 21] = [
    (0, "rtnl"),
    (1, "unused"),
    (2, "usersock"),
    (3, "fw"),
    (4, "tcpdiag"),
    (5, "nflog"),
    (6, "xfrm"),
    (7, "selinux"),
    (8, "iscsi"),
    (9, "audit"),
    (10, "fiblookup"),
    (11, "connector"),
    (12, "nft"),
    (13, "ip6fw"),
    (14, "dec-rt"),
    (15, "uevent"),
    (16, "genl"),
    (18, "scsi-trans"),
    (19, "ecryptfs"),
    (20, "rdma"),
    (21, "crypto"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_round_trip() {
        for (number, name) in ETHERTYPES {
            assert_eq!(ethertype(number), Some(name));
            assert_eq!(ethertype_number(name.to_uppercase().as_bytes()), Some(number));
        }
        for (number, name) in NETLINK_FAMILIES {
            assert_eq!(netlink_family(number), Some(name));
            assert_eq!(netlink_family_number(name.as_bytes()), Some(number));
        }
        assert_eq!((ethertype(3), ethertype_number(b"all")), (None, Some(3)));
        assert_eq!((netlink_family(99), netlink_family_number(b"RTNL")), (None, None));
    }
}
