//! XOR obfuscation, method 1 ([MS-OFFCRYPTO] 2.3.7.1 to 2.3.7.3): a key of 16 bits, which turns the password into 16 bytes
//! that are mixed with the data. Excel wrote it up to 95, and later for some countries.

/// Characters of a password that count.
const MAX_LEN: usize = 15;
/// Fills the password up to 16 bytes.
const PAD: [u8; 15] = [
    0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf, 0x0f, 0x00,
];

/// What is mixed with the data.
pub(super) struct XorArray([u8; 16]);

impl XorArray {
    /// The bytes of this password, if it has this key and this verifier.
    pub(super) fn unlock(password: &str, key: u16, verifier: u16) -> Option<XorArray> {
        let password = bytes(password);
        let fits =
            !password.is_empty() && key_of(&password) == key && verifier_of(&password) == verifier;
        fits.then(|| XorArray::new(&password, key))
    }

    /// The document rotates these bytes right by one, and what comes of mixing them with the data left by three. Here the data
    /// is rotated before it is mixed, so these bytes take both rotations: two to the left.
    fn new(password: &[u8], key: u16) -> XorArray {
        let mut array = [0; 16];
        let filled = password
            .iter()
            .chain(&PAD)
            .zip(key.to_le_bytes().into_iter().cycle());
        for (to, (byte, key)) in array.iter_mut().zip(filled) {
            *to = (byte ^ key).rotate_left(2);
        }
        XorArray(array)
    }

    /// Decrypts bytes at this place of the array, which goes round.
    pub(super) fn decrypt(&self, data: &mut [u8], index: usize) {
        let array = self.0.iter().cycle().skip(index % self.0.len());
        for (byte, mask) in data.iter_mut().zip(array) {
            *byte = byte.rotate_left(3) ^ mask;
        }
    }
}

/// Each character as its low byte, or its high one where that is zero: of the two ways in [MS-OFFCRYPTO] 2.3.7.4 the one that
/// does not need to know the code page of the writer. They are the same for Latin-1.
fn bytes(password: &str) -> Vec<u8> {
    let byte = |unit: u16| match unit.to_le_bytes() {
        [0, high] => high,
        [low, _] => low,
    };
    password.encode_utf16().take(MAX_LEN).map(byte).collect()
}

/// The tables of the document are the states of a shift register, that of CRC-16: the numbers to begin with are eight steps
/// apart for each character, those of the seven lower bits of a character one step.
fn key_of(password: &[u8]) -> u16 {
    let (mut first, mut bits, mut key) = (0xffff, 0x8000, 0);
    for byte in password.iter().rev() {
        for bit in 0..8 {
            (first, bits) = (step(first), step(bits));
            if bit < 7 && byte >> bit & 1 != 0 {
                key ^= bits;
            }
        }
    }
    key ^ first
}

fn step(register: u16) -> u16 {
    match register & 0x8000 {
        0 => register << 1,
        _ => register << 1 ^ 0x1021,
    }
}

fn verifier_of(password: &[u8]) -> u16 {
    let len = password.len() as u8;
    let bytes = password.iter().rev().chain([&len]);
    let turned = bytes.fold(0_u16, |bits, byte| {
        ((bits << 1 | bits >> 14) & 0x7fff) ^ u16::from(*byte)
    });
    turned ^ 0xce4b
}
