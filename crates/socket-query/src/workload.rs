//! The container and the systemd unit that the path of a control group names.
//!
//! Only well-known forms of names are recognised, from the innermost group outwards. A path without
//! any of them has no container and no unit.
//!
//! | runtime | cgroup driver | name of the group |
//! | --- | --- | --- |
//! | docker | systemd | `docker-ID.scope` |
//! | docker | cgroupfs | `docker/ID` |
//! | containerd (CRI) | systemd | `cri-containerd-ID.scope` |
//! | CRI-O | systemd | `crio-ID.scope` |
//! | containerd (CRI) | cgroupfs | `podUID/ID` below `kubepods` |
//! | CRI-O | cgroupfs | `crio-ID` |
//! | podman | systemd | `libpod-ID.scope` |
//! | podman | cgroupfs | `libpod-ID` |
//! | nerdctl | systemd | `nerdctl-ID.scope` |
//!
//! `ID` is 64 lower-case hexadecimal digits. The groups of the monitors (`crio-conmon-ID`,
//! `libpod-conmon-ID`) belong to no container: their processes run on the host.
//!
//! A systemd unit is the innermost group whose name ends in `.service`, `.scope`, `.socket`,
//! `.mount` or `.swap`. Slices are not units that processes run in. systemd puts `_` before a name
//! that would hide a file of the control group (`cg_escape`); it is left out here.

use bstr::{BStr, ByteSlice as _};

/// Digits of a container id: the hexadecimal form of 256 bits.
const ID_DIGITS: usize = 64;

/// Prefixes of the id in the name of a container's group.
const ID_PREFIXES: [&[u8]; 5] = [b"docker-", b"cri-containerd-", b"crio-", b"libpod-", b"nerdctl-"];

/// Ends of the names of systemd units that processes run in.
const UNIT_SUFFIXES: [&[u8]; 5] = [b".service", b".scope", b".socket", b".mount", b".swap"];

/// Returns the id of the innermost container that a control group belongs to: 64 lower-case
/// hexadecimal digits.
///
/// `path` is the path of the group below the mount of the hierarchy.
///
/// # Trust
///
/// A process that may create control groups chooses their names: with a delegated subtree it can
/// claim to be a container.
///
/// # Examples
///
/// ```
/// let id = "0123456789abcdef".repeat(4);
/// let path = format!("/system.slice/docker-{id}.scope/init");
/// assert_eq!(socket_query::container_id(path.as_str().into()), Some(&*id));
/// assert_eq!(socket_query::container_id("/system.slice/ssh.service".into()), None);
/// ```
pub fn container_id(path: &BStr) -> Option<&str> {
    let mut groups = path.rsplit_str("/").peekable();
    let is_in_pod = |parent: &&[u8]| parent.starts_with(b"pod") && contains_kubepods(path);
    while let Some(group) = groups.next() {
        let parent = groups.peek();
        if let Some(id) = prefixed_id(group) {
            return Some(id);
        }
        if parent.is_some_and(|parent| *parent == b"docker" || is_in_pod(parent))
            && let Some(id) = exact_id(group)
        {
            return Some(id);
        }
    }
    None
}

/// Returns the name of the innermost systemd unit that a control group belongs to.
///
/// `path` is the path of the group below the mount of the hierarchy. Units of a user's service
/// manager are named like those of the system.
///
/// # Examples
///
/// ```
/// let unit = socket_query::systemd_unit("/system.slice/nginx.service/worker".into());
/// assert_eq!(unit, Some("nginx.service".into()));
/// assert_eq!(socket_query::systemd_unit("/system.slice".into()), None);
/// ```
pub fn systemd_unit(path: &BStr) -> Option<&BStr> {
    path.rsplit_str("/").find_map(|group| {
        let name = group.strip_prefix(b"_").unwrap_or(group);
        let is_unit = |suffix: &&[u8]| name.len() > suffix.len() && name.ends_with(suffix);
        UNIT_SUFFIXES.iter().any(is_unit).then(|| BStr::new(name))
    })
}

/// Returns the id in `PREFIX-ID` or `PREFIX-ID.scope`.
fn prefixed_id(group: &[u8]) -> Option<&str> {
    let name = group.strip_suffix(b".scope").unwrap_or(group);
    ID_PREFIXES.iter().find_map(|prefix| exact_id(name.strip_prefix(*prefix)?))
}

fn exact_id(name: &[u8]) -> Option<&str> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_id = name.len() == ID_DIGITS && name.iter().all(is_digit);
    name.to_str().ok().filter(|_| is_id)
}

/// Returns whether one of the groups is `kubepods`, under which the kubelet places its pods.
fn contains_kubepods(path: &BStr) -> bool {
    path.split_str("/").any(|group| group == b"kubepods")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ID: &str = "4f1c0d2e3b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef";
    const OUTER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[rstest]
    #[case::docker_systemd("/system.slice/docker-ID.scope", true)]
    #[case::docker_cgroupfs("/docker/ID", true)]
    #[case::docker_subgroup("/system.slice/docker-ID.scope/init.scope", true)]
    #[case::docker_in_docker("/docker/OUTER/docker/ID", true)]
    #[case::containerd_systemd("/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope", true)]
    #[case::containerd_cgroupfs("/kubepods/burstable/pod0f3c/ID", true)]
    #[case::crio_systemd("/kubepods.slice/kubepods-pod1.slice/crio-ID.scope", true)]
    #[case::crio_cgroupfs("/kubepods/besteffort/pod0f3c/crio-ID", true)]
    #[case::podman_systemd("/machine.slice/libpod-ID.scope/container", true)]
    #[case::podman_rootless(
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
        true
    )]
    #[case::podman_cgroupfs("/libpod_parent/libpod-ID", true)]
    #[case::nerdctl("/system.slice/nerdctl-ID.scope", true)]
    #[case::crio_monitor("/system.slice/crio-conmon-ID.scope", false)]
    #[case::podman_monitor("/machine.slice/libpod-conmon-ID.scope", false)]
    #[case::bare_id("/ID", false)]
    #[case::bare_id_elsewhere("/default/ID", false)]
    #[case::pod_without_kubepods("/podcast/ID", false)]
    #[case::upper_case(
        "/docker/4F1C0D2E3B5A69788796A5B4C3D2E1F00123456789ABCDEF0123456789ABCDEF",
        false
    )]
    #[case::too_short("/docker/4f1c0d2e", false)]
    #[case::too_long("/docker/ID0", false)]
    #[case::not_utf8_length(
        "/docker/é1c0d2e3b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef",
        false
    )]
    #[case::root("/", false)]
    #[case::empty("", false)]
    fn container_is_recognised_by_known_forms_only(#[case] path: &str, #[case] is_known: bool) {
        let path = path.replace("ID", ID).replace("OUTER", OUTER);
        assert_eq!(container_id(path.as_str().into()), is_known.then_some(ID), "{path}");
    }

    #[rstest]
    #[case::service("/system.slice/nginx.service", Some("nginx.service"))]
    #[case::template(
        "/system.slice/system-getty.slice/getty@tty1.service",
        Some("getty@tty1.service")
    )]
    #[case::delegated_subgroup("/system.slice/nginx.service/a/b", Some("nginx.service"))]
    #[case::user_unit(
        "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.service",
        Some("app-x.service")
    )]
    #[case::session("/user.slice/user-0.slice/session-3.scope", Some("session-3.scope"))]
    #[case::socket("/system.slice/cups.socket", Some("cups.socket"))]
    #[case::escaped("/system.slice/_cgroup.service", Some("cgroup.service"))]
    #[case::slice_alone("/user.slice/user-1000.slice", None)]
    #[case::suffix_alone("/.service", None)]
    #[case::escaped_suffix_alone("/_.service", None)]
    #[case::other_name("/docker/x", None)]
    #[case::root("/", None)]
    #[case::empty("", None)]
    fn unit_is_the_innermost_group_with_a_unit_name(
        #[case] path: &str,
        #[case] unit: Option<&str>,
    ) {
        assert_eq!(systemd_unit(path.into()), unit.map(BStr::new));
    }
}
