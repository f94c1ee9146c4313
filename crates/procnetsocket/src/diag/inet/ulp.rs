//! Upper layer protocols of TCP.
//!
//! # Format
//!
//! `INET_DIAG_ULP_INFO` contains attributes: the name, and one for TLS or MPTCP which contains
//! attributes, too (`tcp_diag_put_ulp`, `tls_get_info`, `subflow_get_info`).

use super::super::{
    bytes::{Attribute, Fault},
    uapi::{
        INET_ULP_INFO_MPTCP, INET_ULP_INFO_NAME, INET_ULP_INFO_TLS, MPTCP_SUBFLOW_ATTR_FLAGS,
        MPTCP_SUBFLOW_ATTR_ID_LOC, MPTCP_SUBFLOW_ATTR_ID_REM, MPTCP_SUBFLOW_ATTR_MAP_DATALEN,
        MPTCP_SUBFLOW_ATTR_MAP_SEQ, MPTCP_SUBFLOW_ATTR_MAP_SFSEQ, MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ,
        MPTCP_SUBFLOW_ATTR_SSN_OFFSET, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, MPTCP_SUBFLOW_ATTR_TOKEN_REM,
        TLS_INFO_CIPHER, TLS_INFO_RX_NO_PAD, TLS_INFO_RXCONF, TLS_INFO_TXCONF, TLS_INFO_VERSION,
        TLS_INFO_ZC_RO_TX,
    },
};
use crate::model::{MptcpSubflow, MptcpSubflowFlags, ShortName, TlsInfo, TlsMode, Ulp, UlpInfo};

/// Reads `INET_DIAG_ULP_INFO`.
pub(super) fn decode_ulp(attribute: &Attribute<'_>) -> Result<Ulp, Fault> {
    let mut ulp = Ulp::default();
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            INET_ULP_INFO_NAME => {
                ulp.name = ShortName::new(inner.value).ok_or_else(|| {
                    inner.fault("a name of at most 16 bytes (INET_ULP_INFO_NAME)")
                })?;
            }
            INET_ULP_INFO_TLS => ulp.info = Some(UlpInfo::Tls(decode_tls(&inner)?)),
            INET_ULP_INFO_MPTCP => ulp.info = Some(UlpInfo::Mptcp(decode_subflow(&inner)?)),
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
            TLS_INFO_VERSION => tls.version = Some(inner.u16("2 bytes (TLS_INFO_VERSION)")?),
            TLS_INFO_CIPHER => tls.cipher = Some(inner.u16("2 bytes (TLS_INFO_CIPHER)")?),
            TLS_INFO_TXCONF => {
                let mode = inner.u16("2 bytes (TLS_INFO_TXCONF)")?;
                tls.transmit = Some(TlsMode::from_number(mode));
            }
            TLS_INFO_RXCONF => {
                let mode = inner.u16("2 bytes (TLS_INFO_RXCONF)")?;
                tls.receive = Some(TlsMode::from_number(mode));
            }
            // Flags: they are present or absent, and have no value.
            TLS_INFO_ZC_RO_TX => tls.zero_copy_send = true,
            TLS_INFO_RX_NO_PAD => tls.receive_no_padding = true,
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
            MPTCP_SUBFLOW_ATTR_TOKEN_REM => {
                flow.remote_token = Some(inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_TOKEN_REM)")?);
            }
            MPTCP_SUBFLOW_ATTR_TOKEN_LOC => {
                flow.local_token = Some(inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_TOKEN_LOC)")?);
            }
            MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ => {
                flow.relative_write_seq =
                    Some(inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ)")?);
            }
            MPTCP_SUBFLOW_ATTR_MAP_SEQ => {
                flow.map_seq = Some(inner.u64("8 bytes (MPTCP_SUBFLOW_ATTR_MAP_SEQ)")?);
            }
            MPTCP_SUBFLOW_ATTR_MAP_SFSEQ => {
                flow.map_subflow_seq = Some(inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_MAP_SFSEQ)")?);
            }
            MPTCP_SUBFLOW_ATTR_SSN_OFFSET => {
                flow.ssn_offset = Some(inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_SSN_OFFSET)")?);
            }
            MPTCP_SUBFLOW_ATTR_MAP_DATALEN => {
                flow.map_length = Some(inner.u16("2 bytes (MPTCP_SUBFLOW_ATTR_MAP_DATALEN)")?);
            }
            MPTCP_SUBFLOW_ATTR_FLAGS => {
                let flags = inner.u32("4 bytes (MPTCP_SUBFLOW_ATTR_FLAGS)")?;
                flow.flags = MptcpSubflowFlags::from_bits(flags);
            }
            MPTCP_SUBFLOW_ATTR_ID_REM => {
                flow.remote_id = Some(inner.u8("1 byte (MPTCP_SUBFLOW_ATTR_ID_REM)")?);
            }
            MPTCP_SUBFLOW_ATTR_ID_LOC => {
                flow.local_id = Some(inner.u8("1 byte (MPTCP_SUBFLOW_ATTR_ID_LOC)")?);
            }
            _ => {}
        }
    }
    Ok(flow)
}
