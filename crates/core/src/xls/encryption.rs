//! Streams of encrypted workbooks ([MS-XLS] 2.2.10): the data of the records is encrypted, what tells them apart is not. They
//! are decrypted in place before anything is read.

use bytes::Bytes;

use super::{
    globals::{BOF, EOF},
    records::Records,
};
use crate::{
    crypto::{FilePass, RecordCipher, with_password},
    error::Result,
    limits::Budget,
};

const FILEPASS: u16 = 0x002f;
const BOUNDSHEET: u16 = 0x0085;
/// USREXCL, FILELOCK, INTERFACEHDR, RRDINFO, RRDHEAD.
const PLAIN: [u16; 5] = [0x0194, 0x0195, 0x00e1, 0x0196, 0x0138];

/// Bytes that are decrypted between two looks at the clock.
const BATCH_BYTES: usize = 1 << 20;

/// The stream as it was before it was encrypted, and whether it was.
pub(super) fn decrypt(
    stream: Bytes,
    password: Option<&str>,
    budget: &Budget,
) -> Result<(Bytes, bool)> {
    let Some((pass, mut at)) = find(&stream)? else {
        return Ok((stream, false));
    };
    let mut cipher = with_password(password, |password| pass.unlock(password))?;
    let mut bytes = Vec::from(stream);
    while at < bytes.len() {
        at = budget.timed(|| Ok(decrypt_batch(&mut bytes, at, &mut cipher)))?;
    }
    Ok((bytes.into(), true))
}

/// What the globals say of encryption, and where it begins.
fn find(stream: &[u8]) -> Result<Option<(FilePass, usize)>> {
    let mut records = Records::new(stream, 0);
    let mut is_old = false;
    // What is wrong with the records shows when they are read.
    while let Ok(Some(mut record)) = records.next() {
        match record.id {
            BOF => is_old = record.data.u16().is_ok_and(|version| version < 0x0600),
            EOF => break,
            FILEPASS => {
                let pass = FilePass::parse(record.data.0, is_old)
                    .map_err(|error| error.in_part("Workbook").at_byte(record.at as u64))?;
                return Ok(Some((pass, records.position())));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Decrypts some records, and says where the next one is.
fn decrypt_batch(stream: &mut [u8], start: usize, cipher: &mut RecordCipher) -> usize {
    let mut at = start;
    while at - start < BATCH_BYTES {
        let Some(&[a, b, c, d]) = stream.get(at..).and_then(<[u8]>::first_chunk) else {
            return stream.len();
        };
        let (id, len) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        at += 4;
        let end = at + usize::from(len);
        let Some(data) = stream.get_mut(at..end) else {
            return stream.len(); // reading it is an error
        };
        match id {
            BOF | FILEPASS => {}
            id if PLAIN.contains(&id) => {}
            BOUNDSHEET => cipher.decrypt(data, at, 4), // the place of the sheet is not encrypted
            _ => cipher.decrypt(data, at, 0),
        }
        at = end;
    }
    at
}
