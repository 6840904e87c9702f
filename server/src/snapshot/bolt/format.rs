//! Numbers of the format. Source: go.etcd.io/bbolt v1.5.0, `internal/common`.

/// The page size of what is written. etcd's own is that of its machine, which is the same nearly everywhere.
pub(super) const PAGE_BYTES: usize = 4096;
pub(super) const PAGE_HEADER_BYTES: usize = 16;
pub(super) const ENTRY_BYTES: usize = 16;
/// What a bucket's entry holds: its root page and a counter that etcd does not use.
pub(super) const BUCKET_BYTES: usize = 16;

pub(super) const BRANCH: u16 = 0x01;
pub(super) const LEAF: u16 = 0x02;
pub(super) const META: u16 = 0x04;
pub(super) const FREELIST: u16 = 0x10;
/// Flag of an entry whose value is a bucket.
pub(super) const BUCKET: u32 = 0x01;

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

/// The head of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) id: u64,
    pub(super) kind: u16,
    pub(super) count: u16,
    /// Further pages that belong to it.
    pub(super) overflow: u32,
}

impl PageHeader {
    pub(super) fn encode(&self) -> [u8; PAGE_HEADER_BYTES] {
        let mut out = [0; PAGE_HEADER_BYTES];
        out[..8].copy_from_slice(&self.id.to_le_bytes());
        out[8..10].copy_from_slice(&self.kind.to_le_bytes());
        out[10..12].copy_from_slice(&self.count.to_le_bytes());
        out[12..].copy_from_slice(&self.overflow.to_le_bytes());
        out
    }

    /// `None` if `bytes` are too few.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            id: u64_at(bytes, 0)?,
            kind: u16_at(bytes, 8)?,
            count: u16_at(bytes, 10)?,
            overflow: u32_at(bytes, 12)?,
        })
    }
}

/// What a meta page says, behind its page header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_bytes: u32,
    /// The page of the buckets' tree.
    pub(super) root: u64,
    /// The page that lists free ones.
    pub(super) freelist: u64,
    /// Pages in use or free; none beyond belongs to the database.
    pub(super) pages: u64,
    pub(super) txid: u64,
}

impl Meta {
    pub(super) const BYTES: usize = 64;
    const CHECKED_BYTES: usize = 56;

    pub(super) fn encode(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        for (at, value) in [(0, MAGIC), (4, VERSION), (8, self.page_bytes)] {
            out[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        for (at, value) in [(16, self.root), (32, self.freelist), (40, self.pages), (48, self.txid)] {
            out[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        let sum = fnv64a(&out[..Self::CHECKED_BYTES]);
        out[Self::CHECKED_BYTES..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// `None` if `bytes` are not a meta page's, or altered.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let is_meta = u32_at(bytes, 0)? == MAGIC && u32_at(bytes, 4)? == VERSION;
        let sum = fnv64a(bytes.get(..Self::CHECKED_BYTES)?);
        if !is_meta || u64_at(bytes, Self::CHECKED_BYTES)? != sum {
            return None;
        }
        Some(Self {
            page_bytes: u32_at(bytes, 8)?,
            root: u64_at(bytes, 16)?,
            freelist: u64_at(bytes, 32)?,
            pages: u64_at(bytes, 40)?,
            txid: u64_at(bytes, 48)?,
        })
    }
}

/// FNV-1a of 64 bits.
fn fnv64a(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
