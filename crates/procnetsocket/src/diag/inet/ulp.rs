//! Upper layer protocols of TCP.
//!
//! # Format
//!
//! `INET_DIAG_ULP_INFO` holds attributes: the name, and one for TLS or MPTCP which holds attributes
//! in turn (`tcp_diag_put_ulp`, `tls_get_info`, `subflow_get_info`).

use super::super::bytes::{Attribute, Fault};
use crate::model::{MptcpSubflow, MptcpSubflowFlags, ShortName, TlsInfo, TlsMode, Ulp, UlpInfo};

/// Reads `INET_DIAG_ULP_INFO`.
pub(super) fn decode_ulp(attribute: &Attribute<'_>) -> Result<Ulp, Fault> {
    let mut ulp = Ulp::default();
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            // INET_ULP_INFO_NAME, _TLS, _MPTCP
            1 => {
                ulp.name = ShortName::new(inner.value).ok_or_else(|| {
                    inner.fault("a name of at most 16 bytes (INET_ULP_INFO_NAME)")
                })?;
            }
            2 => ulp.info = Some(UlpInfo::Tls(decode_tls(&inner)?)),
            3 => ulp.info = Some(UlpInfo::Mptcp(decode_subflow(&inner)?)),
            _ => {}
        }
    }
    Ok(ulp)
}

fn decode_tls(attribute: &Attribute<'_>) -> Result<TlsInfo, Fault> {
    let mut tls = TlsInfo::default();
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            1 => tls.version = Some(inner.u16("2 bytes (TLS_INFO_VERSION)")?),
            2 => tls.cipher = Some(inner.u16("2 bytes (TLS_INFO_CIPHER)")?),
            3 => {
                let mode = inner.u16("2 bytes (TLS_INFO_TXCONF)")?;
                tls.transmit = Some(TlsMode::from_number(mode));
            }
            4 => {
                let mode = inner.u16("2 bytes (TLS_INFO_RXCONF)")?;
                tls.receive = Some(TlsMode::from_number(mode));
            }
            // Flags: they are there or not, and have no value.
            5 => tls.zero_copy_send = true,
            6 => tls.receive_no_padding = true,
            _ => {}
        }
    }
    Ok(tls)
}

fn decode_subflow(attribute: &Attribute<'_>) -> Result<MptcpSubflow, Fault> {
    let mut flow = MptcpSubflow::default();
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            1 => flow.remote_token = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_TOKEN_REM)")?,
            2 => flow.local_token = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_TOKEN_LOC)")?,
            3 => {
                flow.relative_write_seq = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ)")?;
            }
            4 => flow.map_seq = inner.u64("8 bytes (MPTCP_SUBFLOW_ATTR_MAP_SEQ)")?,
            5 => flow.map_subflow_seq = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_MAP_SFSEQ)")?,
            6 => flow.ssn_offset = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_SSN_OFFSET)")?,
            7 => flow.map_length = inner.u16("2 bytes (MPTCP_SUBFLOW_ATTR_MAP_DATALEN)")?,
            8 => {
                let flags = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_FLAGS)")?;
                flow.flags = MptcpSubflowFlags::from_bits(flags);
            }
            9 => flow.remote_id = inner.u8("1 byte (MPTCP_SUBFLOW_ATTR_ID_REM)")?,
            10 => flow.local_id = inner.u8("1 byte (MPTCP_SUBFLOW_ATTR_ID_LOC)")?,
            _ => {}
        }
    }
    Ok(flow)
}
