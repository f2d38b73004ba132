"""What kind of thing a segmented class is, as its code decides."""

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as Concept

from vesalius.imaging.image import Code

ANATOMY = Code("91723000", "SCT", "Anatomical Structure")
"""An organ or a region. Some tools write SNOMED's "Body structure", 123037004, in its place."""

ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
"""A lesion, a mass, an oedema."""

TISSUE = Code("85756007", "SCT", "Tissue")
"""A kind of tissue, or a class of which nothing is known."""

OBJECT = Code("260787004", "SCT", "Physical object")
"""A device or an implant."""

_LISTS = ((ABNORMAL, codes.cid7194), (TISSUE, codes.cid7191), (OBJECT, codes.cid7193))


def category_of(code: Code) -> Code:
    """The category that a code names itself, else that of the list in which the standard has it.

    A code of none of these lists is taken for an anatomical structure: the standard's own list of
    those cannot be complete.

    Args:
        code: Of a class.

    Source:
        DICOM PS3.16 CID 7150 (categories), 7191 (tissues), 7193 (physical objects) and 7194
        (morphologically abnormal structures).

    Examples:
        >>> category_of(Code("4147007", "SCT", "Mass")).meaning
        'Morphologically Abnormal Structure'
        >>> category_of(Code("10200004", "SCT", "Liver")).meaning
        'Anatomical Structure'
    """
    concept = Concept(code.value, code.scheme, code.meaning)
    listed = (category for category, known in _LISTS if concept in known.concepts.values())
    return code.category or next(listed, ANATOMY)
