//! How much one message, one call and one connection may be.

/// Largest message that is read; services set it as their generated server's `max_decoding_message_size`.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1_024;
/// Calls that one connection may have under way.
pub(crate) const MAX_CONCURRENT_STREAMS: u32 = 200;
/// Streams that one connection may make the server reset before it is closed. hyper and h2 have no limit of their
/// own when tonic passes none on (CVE-2025-8671, "MadeYouReset").
pub(crate) const MAX_LOCAL_RESETS: usize = 1_024;
/// Streams that one connection may reset before they were answered (CVE-2023-44487, "Rapid Reset").
pub(crate) const MAX_PENDING_RESETS: usize = 20;
/// Largest metadata that is read, in bytes.
pub(crate) const MAX_HEADER_LIST: u32 = 16 * 1_024;
