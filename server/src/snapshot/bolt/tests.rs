use std::collections::BTreeMap;
use std::io::{self, Cursor};

use proptest::prelude::*;

use super::{BoltError, BoltReader, BoltWriter, ReadAt};

type Content = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

impl ReadAt for &[u8] {
    fn read_exact_at(&self, out: &mut [u8], at: u64) -> io::Result<()> {
        let start = usize::try_from(at).unwrap();
        let found = self.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }
}

fn written(content: &Content) -> Vec<u8> {
    let mut writer = BoltWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, entries) in content {
        writer.begin_bucket(name).unwrap();
        for (key, value) in entries {
            writer.put(key.clone(), value.clone()).unwrap();
        }
    }
    let (file, len) = writer.finish().unwrap();
    assert_eq!(file.get_ref().len() as u64, len);
    file.into_inner()
}

fn read(file: &[u8], names: &[&str]) -> Result<Content, BoltError> {
    let reader = BoltReader::open(file, file.len() as u64)?;
    let mut content = Content::new();
    for name in names {
        let Some(mut entries) = reader.bucket(name)? else { continue };
        let bucket = content.entry((*name).to_owned()).or_default();
        while let Some((key, value)) = entries.next()? {
            bucket.insert(key.to_vec(), value.to_vec());
        }
    }
    Ok(content)
}

fn numbered(count: u32, value: impl Fn(u32) -> Vec<u8>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    (0..count).map(|n| (n.to_be_bytes().to_vec(), value(n))).collect()
}

fn sample() -> Content {
    let large = (0..3).map(|n| (vec![b'k', n], vec![n; 5000 * usize::from(n)])).collect();
    let many = numbered(400, |n| vec![7; n as usize % 60]);
    Content::from([("empty".into(), BTreeMap::new()), ("large".into(), large), ("many".into(), many)])
}

#[test]
fn what_was_written_is_read() {
    let file = written(&sample());
    assert_eq!(file.len() % 4096, 0);
    assert_eq!(read(&file, &["empty", "large", "many", "missing"]).unwrap(), sample());
}

#[test]
fn a_file_without_buckets_is_one() {
    assert_eq!(read(&written(&Content::new()), &["any"]).unwrap(), Content::new());
}

#[test]
fn a_hundred_thousand_keys_take_several_levels() {
    let content = Content::from([("key".into(), numbered(100_000, |n| n.to_le_bytes().repeat(8)))]);
    assert_eq!(read(&written(&content), &["key"]).unwrap(), content);
}

#[test]
fn keys_longer_than_a_page_still_make_a_tree() {
    let entries: BTreeMap<_, _> = (0..50u8).map(|n| ([vec![n], vec![0; 9000]].concat(), vec![n])).collect();
    let content = Content::from([("wide".into(), entries)]);
    assert_eq!(read(&written(&content), &["wide"]).unwrap(), content);
}

#[test]
fn keys_out_of_order_are_refused() {
    let mut writer = BoltWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.begin_bucket("b").unwrap();
    writer.put(vec![2], vec![]).unwrap();
    assert!(writer.put(vec![1], vec![]).is_err());
    assert!(writer.put(vec![2], vec![]).is_err());
    assert!(writer.put(vec![], vec![]).is_err());
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let file = written(&sample());
    for len in (0..file.len()).step_by(97).chain([file.len() - 1]) {
        assert!(read(&file[..len], &["empty", "large", "many"]).is_err(), "cut at {len}");
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let noise: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(matches!(read(&noise, &["key"]), Err(BoltError::NotBolt)));
    assert!(matches!(read(b"", &["key"]), Err(BoltError::NotBolt)));
}

/// No sum covers the pages: what is read may differ, but reading ends, without a panic, and its keys are in order.
#[test]
fn any_altered_byte_is_survived() {
    let large = BTreeMap::from([(b"k".to_vec(), vec![3; 5000])]);
    let many = numbered(120, |n| vec![7; n as usize % 60]);
    let file = written(&Content::from([("large".into(), large), ("many".into(), many)]));
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= [0x01, 0x80, 0xff][at % 3];
        let _ = read(&altered, &["large", "many"]);
    }
}

/// The head of each meta page is summed, and the other one is still there.
#[test]
fn one_damaged_meta_page_is_no_loss() {
    let file = written(&sample());
    for at in (16..80).chain(4096 + 16..4096 + 80) {
        let mut altered = file.clone();
        altered[at] ^= 0x10;
        assert_eq!(read(&altered, &["empty", "large", "many"]).unwrap(), sample(), "byte {at}");
    }
    let mut altered = file;
    altered[60] ^= 1;
    altered[4096 + 60] ^= 1;
    assert!(matches!(read(&altered, &["many"]), Err(BoltError::NotBolt)));
}

#[test]
fn a_tree_that_leads_back_to_itself_ends() {
    let mut file = written(&Content::from([("many".into(), numbered(2000, |_| vec![1; 40]))]));
    let branch = (2..file.len() / 4096).find(|page| file[page * 4096 + 8] == 1).expect("the tree has two levels");
    let child = branch * 4096 + 16 + 8;
    file[child..child + 8].copy_from_slice(&(branch as u64).to_le_bytes());
    let error = read(&file, &["many"]).unwrap_err();
    assert!(matches!(error, BoltError::Damaged { what: "is used twice", .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_written_is_read(
        content in prop::collection::btree_map(
            "[a-z]{1,12}",
            prop::collection::btree_map(
                prop::collection::vec(any::<u8>(), 1..40),
                prop_oneof![
                    8 => prop::collection::vec(any::<u8>(), 0..200),
                    1 => (0..20_000usize).prop_map(|len| vec![5; len]),
                ],
                0..300,
            ),
            0..4,
        ),
    ) {
        let names: Vec<_> = content.keys().map(String::as_str).collect();
        prop_assert_eq!(read(&written(&content), &names).unwrap(), content.clone());
    }
}
