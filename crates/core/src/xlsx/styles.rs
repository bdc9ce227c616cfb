//! The styles part: which cell formats show a number as a date or time (ECMA-376 part 1, 18.8).

use std::collections::HashMap;

use super::{
    formats::{NumberKind, kind_of_builtin, kind_of_code},
    package::Package,
};
use crate::{
    error::Result,
    xml::{Token, Tokens},
};

/// For each cell format (`s` of a cell) what its numbers are.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    kinds: Vec<NumberKind>,
}

impl Styles {
    pub(crate) fn read(package: &Package, part: Option<&str>) -> Result<Self> {
        match part {
            Some(part) => package.parse(part, Self::parse),
            None => Ok(Styles::default()),
        }
    }

    fn parse(tokens: &mut Tokens<'_>) -> Result<Self> {
        let mut codes: HashMap<u32, NumberKind> = HashMap::new();
        let mut kinds = Vec::new();
        let mut in_cell_formats = false;
        loop {
            match tokens.next()? {
                Token::Open(tag) => match tag.name() {
                    "numFmt" => {
                        let id = tag
                            .attribute("numFmtId")?
                            .and_then(|id| id.trim().parse().ok());
                        let code = tag.attribute("formatCode")?;
                        if let (Some(id), Some(code)) = (id, code) {
                            codes.insert(id, kind_of_code(&code));
                        }
                    }
                    "cellXfs" => in_cell_formats = true,
                    "cellStyleXfs" | "cellStyles" | "dxfs" => in_cell_formats = false,
                    "xf" if in_cell_formats => {
                        let id = tag
                            .attribute("numFmtId")?
                            .and_then(|id| id.trim().parse().ok());
                        let id = id.unwrap_or(0);
                        // A workbook may redefine a built-in format.
                        kinds.push(
                            codes
                                .get(&id)
                                .copied()
                                .unwrap_or_else(|| kind_of_builtin(id)),
                        );
                    }
                    _ => {}
                },
                Token::End => return Ok(Styles { kinds }),
                _ => {}
            }
        }
    }

    /// What a number with cell format `s` is, at index `s`.
    pub(crate) fn kinds(&self) -> &[NumberKind] {
        &self.kinds
    }
}
